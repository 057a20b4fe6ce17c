//! WAF: web ACLs and their associations with stages of REST APIs. Rules are stored and not executed.

use serde_json::{Value, json};

use super::apigateway::ApiGateway;
use super::{ApiCall, Outcome, Store, field_or, json, text};
use crate::message::ApiError;
use crate::upstream::Place;

/// The web ACLs and associations of all accounts and regions.
#[derive(Debug, Default, Clone)]
pub(super) struct Wafv2 {
    /// By ARN, as AWS returns them.
    web_acls: Store<Value>,
    /// The ARN of a web ACL, by the ARN of the stage.
    associations: Store<String>,
}

impl Wafv2 {
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>, gateway: &ApiGateway) -> Outcome {
        let body = call.request.json();
        let resource = text(&body, "ResourceArn");
        match call.operation.name.as_str() {
            "CreateWebACL" => self.create(call, &body),
            "ListWebACLs" => {
                let all = self.web_acls.all(call.place).map(|(_, web_acl)| summary(web_acl));
                json(200, &json!({ "WebACLs": all.collect::<Vec<_>>() }))
            }
            "DeleteWebACL" => self.delete(call, &body, gateway),
            "AssociateWebACL" => {
                let web_acl = text(&body, "WebACLArn");
                if self.web_acls.get(call.place, web_acl).is_none_or(|found| found["Scope"] != "REGIONAL") {
                    return Err(missing());
                }
                if !has_stage(gateway, call.place, resource) {
                    return Err(missing());
                }
                self.associations.put(call.place, resource, web_acl.to_owned());
                json(200, &json!({}))
            }
            "DisassociateWebACL" => {
                if !has_stage(gateway, call.place, resource) {
                    return Err(missing());
                }
                self.associations.remove(call.place, resource);
                json(200, &json!({}))
            }
            "GetWebACLForResource" => {
                if !has_stage(gateway, call.place, resource) {
                    return Err(missing());
                }
                let web_acl = self.associations.get(call.place, resource);
                let web_acl = web_acl.and_then(|arn| self.web_acls.get(call.place, arn));
                json(200, &web_acl.map_or_else(|| json!({}), |web_acl| json!({ "WebACL": web_acl })))
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn create(&mut self, call: &mut ApiCall<'_>, body: &Value) -> Outcome {
        let Place { account, region } = call.place;
        let (name, id) = (text(body, "Name"), call.ids.uuid());
        let is_regional = body["Scope"] == "REGIONAL";
        if !is_regional && region != "us-east-1" {
            return Err(ApiError::new(400, "WAFInvalidParameterException", "The scope is not valid."));
        }
        if self.web_acls.all(call.place).any(|(_, other)| other["Name"] == name && other["Scope"] == body["Scope"]) {
            let message =
                "AWS WAF couldn't perform the operation because some resource in your request is a duplicate.";
            return Err(ApiError::new(400, "WAFDuplicateItemException", message));
        }
        let scope = if is_regional { "regional" } else { "global" };
        let arn = format!("arn:aws:wafv2:{region}:{account}:{scope}/webacl/{name}/{id}");
        let web_acl = json!({
            "Name": name,
            "Id": id,
            "ARN": arn,
            "Scope": body["Scope"],
            "DefaultAction": body["DefaultAction"],
            "VisibilityConfig": body["VisibilityConfig"],
            "Rules": field_or(body, "Rules", json!([])),
            "LockToken": call.ids.uuid(),
        });
        self.web_acls.put(call.place, &arn, web_acl.clone());
        json(200, &json!({ "Summary": summary(&web_acl) }))
    }

    fn delete(&mut self, call: &ApiCall<'_>, body: &Value, gateway: &ApiGateway) -> Outcome {
        let found = self.web_acls.all(call.place).find(|(_, web_acl)| web_acl["Id"] == body["Id"]);
        let arn = found.map(|(arn, _)| arn.to_owned()).ok_or_else(missing)?;
        // An association ends with its stage.
        let is_used = |(stage, web_acl): (&str, &String)| *web_acl == arn && has_stage(gateway, call.place, stage);
        if self.associations.all(call.place).any(is_used) {
            let message =
                "AWS WAF couldn't perform the operation because your resource is being used by another resource.";
            return Err(ApiError::new(400, "WAFAssociatedItemException", message));
        }
        self.web_acls.remove(call.place, &arn);
        json(200, &json!({}))
    }
}

fn summary(web_acl: &Value) -> Value {
    let field = |name: &str| web_acl[name].clone();
    json!({ "Name": field("Name"), "Id": field("Id"), "ARN": field("ARN"), "LockToken": field("LockToken") })
}

fn missing() -> ApiError {
    let message = "AWS WAF couldn't perform the operation because your resource doesn't exist.";
    ApiError::new(400, "WAFNonexistentItemException", message)
}

/// Whether an ARN is that of a stage of a REST API.
fn has_stage(gateway: &ApiGateway, place: &Place, arn: &str) -> bool {
    let path = arn.strip_prefix(&format!("arn:aws:apigateway:{}::/restapis/", place.region));
    let stage = path.and_then(|path| path.split_once("/stages/"));
    stage.is_some_and(|(api, stage)| gateway.rest.exists(place, api, Some(stage)))
}
