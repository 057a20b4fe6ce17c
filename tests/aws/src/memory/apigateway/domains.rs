//! Custom domain names and what they are mapped to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Ids, Outcome, Question, json, no_content, or, text};
use super::{ApiGateway, Domain, arn, listed, remove};
use crate::message::Refusal;
use crate::upstream::Place;

/// The hosted zone of API Gateway's own hosts: us-east-1's, everywhere.
const HOSTED_ZONE: &str = "Z1UJRXOUMOOFQ8";

impl ApiGateway {
    pub(super) fn domain_name(&mut self, question: &mut Question<'_>) -> Outcome {
        match question.operation.name.as_str() {
            "CreateDomainName" => self.create_domain(question),
            "GetDomainNames" => {
                listed(question, self.domains.all(question.place).map(|(_, domain)| domain.domain.clone()).collect())
            }
            "GetDomainName" => json(200, &self.domain(question)?.domain),
            "UpdateDomainName" => {
                let body = question.request.json();
                let domain = &mut self.domain(question)?.domain;
                if let Some(wanted) = body["domainNameConfigurations"].get(0) {
                    configure(&mut domain["domainNameConfigurations"][0], wanted);
                }
                if let Some(mutual) = body.get("mutualTlsAuthentication") {
                    domain["mutualTlsAuthentication"] = mutual.clone();
                }
                json(200, domain)
            }
            "DeleteDomainName" => {
                self.domain(question)?;
                self.domains.remove(question.place, question.name(0));
                no_content()
            }
            _ => Err(question.not_implemented()),
        }
    }

    fn create_domain(&mut self, question: &mut Question<'_>) -> Outcome {
        let body = question.request.json();
        let name = text(&body, "domainName");
        if self.domains.get(question.place, name).is_some() {
            return Err(Refusal::new(409, "ConflictException", "The domain name you provided already exists."));
        }
        let label = question.ids.next("d-", 10, Ids::LOWER);
        let mut configuration = json!({
            "apiGatewayDomainName": format!("{label}.execute-api.{}.amazonaws.com", question.place.region),
            "domainNameStatus": "AVAILABLE",
            "hostedZoneId": HOSTED_ZONE,
        });
        configure(&mut configuration, &body["domainNameConfigurations"][0]);
        let mut domain = json!({
            "apiMappingSelectionExpression": "$request.basepath",
            "domainName": name,
            "domainNameArn": arn(question, &format!("domainnames/{name}")),
            "domainNameConfigurations": [configuration],
            "routingMode": or(&body, "routingMode", "API_MAPPING_ONLY"),
            "tags": or(&body, "tags", json!({})),
        });
        if let Some(mutual) = body.get("mutualTlsAuthentication") {
            domain["mutualTlsAuthentication"] = mutual.clone();
        }
        self.domains.put(question.place, name, Domain { domain: domain.clone(), mappings: BTreeMap::new() });
        json(201, &domain)
    }

    fn domain(&mut self, question: &Question<'_>) -> Result<&mut Domain, Refusal> {
        let missing = || Refusal::new(404, "NotFoundException", "Invalid domain name identifier specified");
        self.domains.get_mut(question.place, question.name(0)).ok_or_else(missing)
    }

    pub(super) fn mapping(&mut self, question: &mut Question<'_>) -> Outcome {
        let operation = question.operation.name.as_str();
        if operation == "GetApiMappings" {
            let mappings = self.domain(question)?.mappings.values().cloned().collect();
            return listed(question, mappings);
        }
        if operation == "CreateApiMapping" {
            return self.create_mapping(question);
        }
        let id = question.name(1).to_owned();
        let missing = || Refusal::new(404, "NotFoundException", "Invalid API mapping identifier specified");
        let mapping = self.domain(question)?.mappings.get(&id).cloned().ok_or_else(missing)?;
        match operation {
            "GetApiMapping" => json(200, &mapping),
            "UpdateApiMapping" => {
                let body = question.request.json();
                let mut changed = mapping;
                for field in ["apiId", "stage", "apiMappingKey"] {
                    if let Some(value) = body.get(field) {
                        changed[field] = value.clone();
                    }
                }
                self.check_mapping(question, &changed, &id)?;
                self.domain(question)?.mappings.insert(id, changed.clone());
                json(200, &changed)
            }
            "DeleteApiMapping" => {
                self.domain(question)?.mappings.remove(&id);
                no_content()
            }
            _ => Err(question.not_implemented()),
        }
    }

    fn create_mapping(&mut self, question: &mut Question<'_>) -> Outcome {
        self.domain(question)?;
        let body = question.request.json();
        let id = question.ids.next("", 6, Ids::LOWER);
        let mapping = json!({
            "apiId": body["apiId"],
            "apiMappingId": id,
            "apiMappingKey": or(&body, "apiMappingKey", ""),
            "stage": body["stage"],
        });
        self.check_mapping(question, &mapping, &id)?;
        self.domain(question)?.mappings.insert(id, mapping.clone());
        json(201, &mapping)
    }

    /// A mapping leads to a stage that exists, and no two of a domain name have one key.
    fn check_mapping(&mut self, question: &Question<'_>, mapping: &Value, id: &str) -> Result<(), Refusal> {
        let stages = |place: &Place| self.apis.get(place, text(mapping, "apiId")).map(|api| &api.stages);
        let missing = || Refusal::new(404, "NotFoundException", "Invalid API identifier specified");
        if !stages(question.place).ok_or_else(missing)?.contains_key(text(mapping, "stage")) {
            return Err(Refusal::new(400, "BadRequestException", "Invalid stage identifier specified"));
        }
        let others = self.domain(question)?.mappings.iter().filter(|(other, _)| *other != id);
        if others.into_iter().any(|(_, other)| other["apiMappingKey"] == mapping["apiMappingKey"]) {
            let message = "ApiMapping key already exists for this domain name";
            return Err(Refusal::new(409, "ConflictException", message));
        }
        Ok(())
    }
}

/// Makes a domain name's configuration what is wanted of it.
fn configure(configuration: &mut Value, wanted: &Value) {
    let defaults = [("endpointType", "REGIONAL"), ("ipAddressType", "ipv4"), ("securityPolicy", "TLS_1_2")];
    for (field, default) in defaults {
        configuration[field] = or(wanted, field, default);
    }
    for field in ["certificateArn", "certificateName", "ownershipVerificationCertificateArn"] {
        match wanted.get(field) {
            Some(value) => configuration[field] = value.clone(),
            None => remove(configuration, field),
        }
    }
}
