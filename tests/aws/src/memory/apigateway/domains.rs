//! Custom domain names and their API mappings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{ApiCall, Ids, Outcome, field_or, json, no_content, text};
use super::{ApiGateway, Domain, arn, listed, remove};
use crate::message::ApiError;

/// The hosted zone id of API Gateway's own hosts: that of us-east-1, in every region.
const HOSTED_ZONE: &str = "Z1UJRXOUMOOFQ8";

impl ApiGateway {
    pub(super) fn domain_name(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        match call.operation.name.as_str() {
            "CreateDomainName" => self.create_domain(call),
            "GetDomainNames" => {
                listed(call, self.domains.all(call.place).map(|(_, domain)| domain.domain.clone()).collect())
            }
            "GetDomainName" => json(200, &self.domain(call)?.domain),
            "UpdateDomainName" => {
                let body = call.request.json();
                let domain = &mut self.domain(call)?.domain;
                if let Some(requested) = body["domainNameConfigurations"].get(0) {
                    configure(&mut domain["domainNameConfigurations"][0], requested);
                }
                if let Some(mutual) = body.get("mutualTlsAuthentication") {
                    domain["mutualTlsAuthentication"] = mutual.clone();
                }
                json(200, domain)
            }
            "DeleteDomainName" => {
                self.domain(call)?;
                self.domains.remove(call.place, call.name(0));
                no_content()
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn create_domain(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        let name = text(&body, "domainName");
        if self.domains.get(call.place, name).is_some() {
            return Err(ApiError::new(409, "ConflictException", "The domain name you provided already exists."));
        }
        let label = call.ids.next("d-", 10, Ids::LOWER);
        let mut configuration = json!({
            "apiGatewayDomainName": format!("{label}.execute-api.{}.amazonaws.com", call.place.region),
            "domainNameStatus": "AVAILABLE",
            "hostedZoneId": HOSTED_ZONE,
        });
        configure(&mut configuration, &body["domainNameConfigurations"][0]);
        let mut domain = json!({
            "apiMappingSelectionExpression": "$request.basepath",
            "domainName": name,
            "domainNameArn": arn(call, &format!("domainnames/{name}")),
            "domainNameConfigurations": [configuration],
            "routingMode": field_or(&body, "routingMode", "API_MAPPING_ONLY"),
            "tags": field_or(&body, "tags", json!({})),
        });
        if let Some(mutual) = body.get("mutualTlsAuthentication") {
            domain["mutualTlsAuthentication"] = mutual.clone();
        }
        self.domains.put(call.place, name, Domain { domain: domain.clone(), mappings: BTreeMap::new() });
        json(201, &domain)
    }

    fn domain(&mut self, call: &ApiCall<'_>) -> Result<&mut Domain, ApiError> {
        let missing = || ApiError::new(404, "NotFoundException", "Invalid domain name identifier specified");
        self.domains.get_mut(call.place, call.name(0)).ok_or_else(missing)
    }

    pub(super) fn mapping(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let operation = call.operation.name.as_str();
        if operation == "GetApiMappings" {
            let mappings = self.domain(call)?.mappings.values().cloned().collect();
            return listed(call, mappings);
        }
        if operation == "CreateApiMapping" {
            return self.create_mapping(call);
        }
        let id = call.name(1).to_owned();
        let missing = || ApiError::new(404, "NotFoundException", "Invalid API mapping identifier specified");
        let mapping = self.domain(call)?.mappings.get(&id).cloned().ok_or_else(missing)?;
        match operation {
            "GetApiMapping" => json(200, &mapping),
            "UpdateApiMapping" => {
                let body = call.request.json();
                let mut changed = mapping;
                for field in ["apiId", "stage", "apiMappingKey"] {
                    if let Some(value) = body.get(field) {
                        changed[field] = value.clone();
                    }
                }
                self.check_mapping(call, &changed, &id)?;
                self.domain(call)?.mappings.insert(id, changed.clone());
                json(200, &changed)
            }
            "DeleteApiMapping" => {
                self.domain(call)?.mappings.remove(&id);
                no_content()
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn create_mapping(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        self.domain(call)?;
        let body = call.request.json();
        let id = call.ids.next("", 6, Ids::LOWER);
        let mapping = json!({
            "apiId": body["apiId"],
            "apiMappingId": id,
            "apiMappingKey": field_or(&body, "apiMappingKey", ""),
            "stage": body["stage"],
        });
        self.check_mapping(call, &mapping, &id)?;
        self.domain(call)?.mappings.insert(id, mapping.clone());
        json(201, &mapping)
    }

    /// Rejects a mapping with a key that the domain name already has.
    fn check_mapping(&mut self, call: &ApiCall<'_>, mapping: &Value, id: &str) -> Result<(), ApiError> {
        let others = self.domain(call)?.mappings.iter().filter(|(other, _)| *other != id);
        if others.into_iter().any(|(_, other)| other["apiMappingKey"] == mapping["apiMappingKey"]) {
            let message = "ApiMapping key already exists for this domain name";
            return Err(ApiError::new(409, "ConflictException", message));
        }
        Ok(())
    }
}

/// Applies the requested settings to a domain name's configuration.
fn configure(configuration: &mut Value, requested: &Value) {
    let defaults = [("endpointType", "REGIONAL"), ("ipAddressType", "ipv4"), ("securityPolicy", "TLS_1_2")];
    for (field, default) in defaults {
        configuration[field] = field_or(requested, field, default);
    }
    for field in ["certificateArn", "certificateName", "ownershipVerificationCertificateArn"] {
        match requested.get(field) {
            Some(value) => configuration[field] = value.clone(),
            None => remove(configuration, field),
        }
    }
}
