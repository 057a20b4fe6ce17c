//! Versions and aliases.

use serde_json::{Map, Value, json};

use super::super::{ApiCall, Outcome, field_or, json, no_content, text};
use super::function::check_revision;
use super::{Function, FunctionRef, listed, not_found, text_of};
use crate::message::ApiError;

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
        let Some(alias) = self.aliases.get_mut(name) else { return Err(not_found(&target.arn, name)) };
        check_revision(&body, text(alias, "RevisionId"))?;
        if let Some(fields) = alias.as_object_mut() {
            super::super::copy_fields(fields, &body, &["FunctionVersion", "Description"]);
        }
        alias["RevisionId"] = call.ids.uuid().into();
        set_routing(alias, &body);
        json(200, alias)
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
