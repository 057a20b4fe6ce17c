//! API Gateway and WAF: HTTP APIs, REST APIs, custom domain names, API keys, web ACLs.

use serde_json::{Value, json};

use super::{Collector, items, text};
use crate::error::Error;
use crate::message::encode;
use crate::upstream::{Lookup, Place};

impl Collector<'_> {
    pub(super) async fn apis(&mut self, place: &Place) -> Result<(), Error> {
        let all = self.json(place, "apigateway", Lookup::Get("/v2/apis")).await?;
        for api in items(&all, "items") {
            let id = text(api, "apiId");
            self.label(id, "api", text(api, "name"));
            let key = format!("{}/apigateway/api/{id}", place.region);
            self.add(key.clone(), api.clone());
            for (collection, id_field, name_field) in [
                ("integrations", "integrationId", "integrationUri"),
                ("authorizers", "authorizerId", "name"),
                ("routes", "routeId", "routeKey"),
                ("stages", "stageName", "stageName"),
            ] {
                let parts = self.json(place, "apigateway", Lookup::Get(&format!("/v2/apis/{id}/{collection}"))).await?;
                for part in items(&parts, "items") {
                    if id_field != name_field {
                        self.label(text(part, id_field), collection.trim_end_matches('s'), text(part, name_field));
                    }
                    self.add(format!("{key}/{collection}/{}", text(part, id_field)), part.clone());
                }
            }
        }
        Ok(())
    }

    pub(super) async fn domains(&mut self, place: &Place) -> Result<(), Error> {
        let all = self.json(place, "apigateway", Lookup::Get("/v2/domainnames")).await?;
        for domain in items(&all, "items") {
            let name = text(domain, "domainName");
            let target = text(&domain["domainNameConfigurations"][0], "apiGatewayDomainName");
            self.label(target, "domain_target", &format!("{}/{name}", place.region));
            let key = format!("{}/apigateway/domain/{name}", place.region);
            self.add(key.clone(), domain.clone());
            let path = format!("/v2/domainnames/{}/apimappings", encode(name));
            let mappings = self.json(place, "apigateway", Lookup::Get(&path)).await?;
            for mapping in items(&mappings, "items") {
                let id = text(mapping, "apiMappingId");
                self.label(id, "mapping", text(mapping, "apiMappingKey"));
                self.add(format!("{key}/mapping/{id}"), mapping.clone());
            }
        }
        Ok(())
    }

    pub(super) async fn rest_apis(&mut self, place: &Place) -> Result<(), Error> {
        for api in self.all(place, "/restapis").await? {
            let id = text(&api, "id");
            self.label(id, "rest_api", text(&api, "name"));
            self.label(text(&api, "rootResourceId"), "rest_resource", "/");
            let key = format!("{}/apigateway/rest_api/{id}", place.region);
            self.add(key.clone(), api.clone());
            for authorizer in self.all(place, &format!("/restapis/{id}/authorizers")).await? {
                self.label(text(&authorizer, "id"), "rest_authorizer", text(&authorizer, "name"));
                self.add(format!("{key}/authorizers/{}", text(&authorizer, "id")), authorizer.clone());
            }
            for resource in self.all(place, &format!("/restapis/{id}/resources?embed=methods")).await? {
                self.label(text(&resource, "id"), "rest_resource", text(&resource, "path"));
                self.add(format!("{key}/resources{}", text(&resource, "path")), resource.clone());
            }
            for deployment in self.all(place, &format!("/restapis/{id}/deployments")).await? {
                self.label(text(&deployment, "id"), "rest_deployment", text(&deployment, "description"));
                self.add(format!("{key}/deployments/{}", text(&deployment, "id")), deployment.clone());
            }
            let stages = self.json(place, "apigateway", Lookup::Get(&format!("/restapis/{id}/stages"))).await?;
            for stage in items(&stages, "item") {
                self.add(format!("{key}/stages/{}", text(stage, "stageName")), stage.clone());
            }
        }
        Ok(())
    }

    pub(super) async fn keys_and_plans(&mut self, place: &Place) -> Result<(), Error> {
        for key in self.all(place, "/apikeys?includeValues=true").await? {
            self.label(text(&key, "id"), "api_key", text(&key, "name"));
            // A digest of the value and the owner, whose id is random.
            self.label(text(&key, "description"), "api_key_description", text(&key, "name"));
            self.add(format!("{}/apigateway/api_key/{}", place.region, text(&key, "id")), key.clone());
        }
        for plan in self.all(place, "/usageplans").await? {
            let id = text(&plan, "id");
            self.label(id, "usage_plan", text(&plan, "name"));
            let key = format!("{}/apigateway/usage_plan/{id}", place.region);
            self.add(key.clone(), plan.clone());
            for member in self.all(place, &format!("/usageplans/{id}/keys")).await? {
                self.add(format!("{key}/keys/{}", text(&member, "id")), member.clone());
            }
        }
        Ok(())
    }

    /// All pages of a list of API Gateway v1.
    async fn all(&self, place: &Place, path: &str) -> Result<Vec<Value>, Error> {
        let (mut all, mut position) = (Vec::new(), String::new());
        let separator = if path.contains('?') { '&' } else { '?' };
        loop {
            let path = format!("{path}{separator}limit=500{position}");
            let page = self.json(place, "apigateway", Lookup::Get(&path)).await?;
            all.extend(items(&page, "item").cloned());
            let Some(next) = page["position"].as_str() else { return Ok(all) };
            position = format!("&position={}", encode(next));
        }
    }

    pub(super) async fn web_acls(&mut self, place: &Place) -> Result<(), Error> {
        let target = |operation: &str| format!("AWSWAF_20190729.{operation}");
        let all = self.json(place, "wafv2", Lookup::Target(&target("ListWebACLs"), &json!({}))).await?;
        for web_acl in items(&all, "WebACLs") {
            self.label(text(web_acl, "Id"), "web_acl", text(web_acl, "Name"));
            self.add(format!("{}/wafv2/web_acl/{}", place.region, text(web_acl, "Name")), web_acl.clone());
        }
        for api in self.all(place, "/restapis").await? {
            let id = text(&api, "id");
            let stages = self.json(place, "apigateway", Lookup::Get(&format!("/restapis/{id}/stages"))).await?;
            for stage in items(&stages, "item") {
                let stage = text(stage, "stageName");
                let arn = format!("arn:aws:apigateway:{}::/restapis/{id}/stages/{stage}", place.region);
                let body = json!({ "ResourceArn": arn });
                let found = self.json(place, "wafv2", Lookup::Target(&target("GetWebACLForResource"), &body)).await?;
                if let Some(web_acl) = found["WebACL"]["ARN"].as_str() {
                    self.add(format!("{}/wafv2/association/{id}/{stage}", place.region), json!({ "web_acl": web_acl }));
                }
            }
        }
        Ok(())
    }
}
