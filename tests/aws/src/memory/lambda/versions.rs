//! Versions and aliases.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value, json};

use super::super::{ApiCall, Outcome, field_or, json, no_content, text};
use super::function::check_revision;
use super::{Function, FunctionRef, listed, not_found, text_of};
use crate::message::ApiError;

/// How many requests a function has received through weighted aliases.
#[derive(Debug, Default)]
pub(super) struct Requests(AtomicU32);

impl Requests {
    /// Counts a request; returns how many came before it.
    fn next(&self) -> f64 {
        self.0.fetch_add(1, Ordering::SeqCst).into()
    }
}

impl Clone for Requests {
    fn clone(&self) -> Self {
        Self(AtomicU32::new(self.0.load(Ordering::SeqCst)))
    }
}

/// The fields in which versions of the same code and settings differ.
const VERSION_FIELDS: &[&str] = &["Description", "FunctionArn", "LastModified", "RevisionId", "Version"];

impl Function {
    pub(super) fn version_or_alias(&mut self, call: &mut ApiCall<'_>, target: &FunctionRef) -> Outcome {
        let alias = call.name(1).to_owned();
        let missing = || {
            ApiError::new(404, "ResourceNotFoundException", format!("Cannot find alias arn: {}:{alias}", target.arn))
        };
        match call.operation.name.as_str() {
            "PublishVersion" => {
                let body = call.request.json();
                check_revision(&body, text_of(&self.latest, "RevisionId"))?;
                let published = self.publish(call, &target.arn, text(&body, "Description"));
                json(201, &Value::Object(published))
            }
            "ListVersionsByFunction" => self.list_versions(call),
            "CreateAlias" => self.create_alias(call, target),
            "ListAliases" => {
                let after = call.query("Marker").unwrap_or_default();
                let aliases = self.aliases.iter().filter(|(name, _)| **name > after).map(|(_, alias)| alias.clone());
                listed("Aliases", aliases.collect(), "Name", call)
            }
            "GetAlias" => json(200, self.aliases.get(&alias).ok_or_else(missing)?),
            "UpdateAlias" => {
                if !self.aliases.contains_key(&alias) {
                    return Err(missing());
                }
                self.update_alias(call, target, &alias)
            }
            _ => {
                self.aliases.remove(&alias).ok_or_else(missing)?;
                self.policies.remove(&alias);
                self.provisioned.remove(&alias);
                no_content()
            }
        }
    }

    /// Publishes `$LATEST`, unless the last version is identical.
    pub(super) fn publish(&mut self, call: &mut ApiCall<'_>, arn: &str, description: &str) -> Map<String, Value> {
        if let Some(last) = self.versions.get(&self.last_version)
            && is_same(last, &self.latest)
        {
            return last.clone();
        }
        self.last_version += 1;
        let number = self.last_version;
        let mut version = self.latest.clone();
        version.insert("Version".to_owned(), number.to_string().into());
        version.insert("FunctionArn".to_owned(), format!("{arn}:{number}").into());
        version.insert("RevisionId".to_owned(), call.ids.uuid().into());
        if !description.is_empty() {
            version.insert("Description".to_owned(), description.into());
        }
        self.versions.insert(number, version.clone());
        version
    }

    fn list_versions(&self, call: &ApiCall<'_>) -> Outcome {
        let marker = call.query("Marker");
        let after: Option<u64> = marker.as_deref().map(|marker| marker.parse().unwrap_or_default());
        let latest = after.is_none().then_some(&self.latest);
        let numbered = self.versions.iter().filter(|(number, _)| **number > after.unwrap_or_default());
        let all = latest.into_iter().chain(numbered.map(|(_, version)| version));
        listed("Versions", all.map(|version| Value::Object(version.clone())).collect(), "Version", call)
    }

    pub(super) fn delete_version(&mut self, arn: &str, version: &str) -> Outcome {
        let number: u64 = version.parse().map_err(|_| not_found(arn, version))?;
        if !self.versions.contains_key(&number) {
            return Err(not_found(arn, version));
        }
        let leads_there = |alias: &Value| {
            let weights = &alias["RoutingConfig"]["AdditionalVersionWeights"];
            text(alias, "FunctionVersion") == version || weights.get(version).is_some()
        };
        if let Some(alias) = self.aliases.values().find(|alias| leads_there(alias)) {
            let alias = text(alias, "AliasArn");
            let message = format!("Version {version} is currently referenced by the following alias: {alias}");
            return Err(ApiError::new(409, "ResourceConflictException", message));
        }
        self.versions.remove(&number);
        self.policies.remove(version);
        self.provisioned.remove(version);
        no_content()
    }

    fn create_alias(&mut self, call: &mut ApiCall<'_>, target: &FunctionRef) -> Outcome {
        let body = call.request.json();
        let name = text(&body, "Name").to_owned();
        let arn = format!("{}:{name}", target.arn);
        if self.aliases.contains_key(&name) {
            return Err(ApiError::new(409, "ResourceConflictException", format!("Alias already exists: {arn}")));
        }
        let version = field_or(&body, "FunctionVersion", "$LATEST");
        self.check_version(target, &version)?;
        self.check_weights(target, &version, &body)?;
        let mut alias = json!({
            "AliasArn": arn,
            "Name": name,
            "FunctionVersion": version,
            "Description": field_or(&body, "Description", ""),
            "RevisionId": call.ids.uuid(),
        });
        set_routing(&mut alias, &body);
        self.aliases.insert(name, alias.clone());
        json(201, &alias)
    }

    fn update_alias(&mut self, call: &mut ApiCall<'_>, target: &FunctionRef, name: &str) -> Outcome {
        let body = call.request.json();
        if let Some(version) = body.get("FunctionVersion") {
            self.check_version(target, version)?;
        }
        let current = self.aliases.get(name).map(|alias| alias["FunctionVersion"].clone()).unwrap_or_default();
        self.check_weights(target, body.get("FunctionVersion").unwrap_or(&current), &body)?;
        let Some(alias) = self.aliases.get_mut(name) else { return Err(not_found(&target.arn, name)) };
        check_revision(&body, text(alias, "RevisionId"))?;
        if let Some(fields) = alias.as_object_mut() {
            super::super::copy_fields(fields, &body, &["FunctionVersion", "Description"]);
        }
        alias["RevisionId"] = call.ids.uuid().into();
        set_routing(alias, &body);
        json(200, alias)
    }

    /// An alias can send requests to one more version, which exists and is not `$LATEST`.
    ///
    /// # Source
    /// AWS Lambda developer guide, "Implement Lambda canary deployments using a weighted alias".
    fn check_weights(&self, target: &FunctionRef, version: &Value, body: &Value) -> Result<(), ApiError> {
        let invalid = |message: String| Err(ApiError::new(400, "InvalidParameterValueException", message));
        let weights = body["RoutingConfig"]["AdditionalVersionWeights"].as_object();
        for (other, weight) in weights.into_iter().flatten() {
            if version == "$LATEST" || other == "$LATEST" {
                return invalid("$LATEST is not supported for an alias pointing to more than 1 version".to_owned());
            }
            if version == other.as_str() {
                return invalid(format!(
                    "Invalid function version {other}. Function version {other} is already included in routing configuration."
                ));
            }
            if weights.is_some_and(|weights| weights.len() > 1) {
                return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1".to_owned());
            }
            if !weight.as_f64().is_some_and(|weight| (0.0..=1.0).contains(&weight)) {
                return invalid(format!("{weight} is not a weight from 0.0 to 1.0"));
            }
            self.check_version(target, &other.as_str().into())?;
        }
        Ok(())
    }

    /// The version that answers the next request to an alias: the share of the additional version is exact over many requests.
    pub(super) fn version_of_alias<'a>(&self, alias: &'a Value) -> &'a str {
        let own = text(alias, "FunctionVersion");
        let weights = alias["RoutingConfig"]["AdditionalVersionWeights"].as_object();
        let Some((other, weight)) = weights.and_then(|weights| weights.iter().next()) else { return own };
        let weight = weight.as_f64().unwrap_or_default();
        let requests = self.weighted.next();
        if ((requests + 1.0) * weight).floor() > (requests * weight).floor() { other } else { own }
    }

    fn check_version(&self, target: &FunctionRef, version: &Value) -> Result<(), ApiError> {
        let version = version.as_str().unwrap_or_default();
        let is_there = version.parse().is_ok_and(|number: u64| self.versions.contains_key(&number));
        if version == "$LATEST" || is_there { Ok(()) } else { Err(not_found(&target.arn, version)) }
    }
}

fn is_same(version: &Map<String, Value>, latest: &Map<String, Value>) -> bool {
    latest.iter().filter(|(field, _)| !VERSION_FIELDS.contains(&field.as_str())).all(|(field, value)| {
        // A field that only one of them has makes them different.
        version.get(field) == Some(value)
    }) && version.len() == latest.len()
}

/// Copies the weights; an empty map removes them.
fn set_routing(alias: &mut Value, body: &Value) {
    let Some(routing) = body.get("RoutingConfig") else { return };
    let is_empty = routing["AdditionalVersionWeights"].as_object().is_none_or(Map::is_empty);
    if let Some(fields) = alias.as_object_mut() {
        fields.remove("RoutingConfig");
        if !is_empty {
            fields.insert("RoutingConfig".to_owned(), routing.clone());
        }
    }
}
