//! The objects of CloudFront.

use serde_json::json;

use super::{Collector, to_json, xml_tags};
use crate::error::Error;
use crate::message::encode;
use crate::upstream::{Lookup, Place};
use crate::xml::Element;

impl Collector<'_> {
    /// The policies of the account.
    pub(super) async fn cloudfront_policies(&mut self, place: &Place) -> Result<(), Error> {
        for kind in ["cache-policy", "origin-request-policy", "response-headers-policy"] {
            let path = format!("/2020-05-31/{kind}?Type=custom");
            let all = self.xml(place, "cloudfront", Lookup::Get(&path)).await?;
            for item in all.items_at(&["Items"]) {
                let policy = ending(item, "Policy");
                let config = ending(&policy, "Config");
                let (id, name) = (policy.text_at(&["Id"]), config.text_at(&["Name"]));
                self.label(id, kind, name);
                // The comment holds the owner and its random id.
                if let Some((owner, owner_id)) = config.text_at(&["Comment"]).split_once(' ') {
                    self.label(owner_id, "owner_id", owner);
                }
                self.add(format!("global/cloudfront/{kind}/{id}"), json!({ "config": to_json(&config) }));
            }
        }
        Ok(())
    }

    /// The continuous deployment policies.
    pub(super) async fn continuous_deployment_policies(&mut self, place: &Place) -> Result<(), Error> {
        let all = self.xml(place, "cloudfront", Lookup::Get("/2020-05-31/continuous-deployment-policy")).await?;
        for item in all.items_at(&["Items"]) {
            let policy = ending(item, "Policy");
            let id = policy.text_at(&["Id"]);
            self.label(id, "continuous-deployment-policy", "staging");
            let details = json!({ "config": to_json(&ending(&policy, "Config")) });
            self.add(format!("global/cloudfront/continuous-deployment-policy/{id}"), details);
        }
        Ok(())
    }

    /// The CloudFront functions.
    pub(super) async fn viewer_functions(&mut self, place: &Place) -> Result<(), Error> {
        let all = self.xml(place, "cloudfront", Lookup::Get("/2020-05-31/function?Stage=DEVELOPMENT")).await?;
        for item in all.items_at(&["Items"]) {
            let name = item.text_at(&["Name"]);
            let arn = encode(item.text_at(&["FunctionMetadata", "FunctionARN"]));
            let tags =
                self.xml(place, "cloudfront", Lookup::Get(&format!("/2020-05-31/tagging?Resource={arn}"))).await?;
            let details = json!({
                "config": to_json(item.child("FunctionConfig").unwrap_or(&Element::default())),
                "tags": xml_tags(tags.items_at(&["Items"])),
            });
            self.add(format!("global/cloudfront/function/{name}"), details);
        }
        Ok(())
    }

    /// The key value stores with their keys.
    pub(super) async fn key_value_stores(&mut self, place: &Place) -> Result<(), Error> {
        let all = self.xml(place, "cloudfront", Lookup::Get("/2020-05-31/key-value-store")).await?;
        for item in all.items_at(&["Items"]) {
            let (name, id) = (item.text_at(&["Name"]), item.text_at(&["Id"]));
            self.label(id, "key_value_store", name);
            let arn = encode(item.text_at(&["ARN"]));
            let tags =
                self.xml(place, "cloudfront", Lookup::Get(&format!("/2020-05-31/tagging?Resource={arn}"))).await?;
            let path = format!("/key-value-stores/{arn}/keys?MaxResults=50");
            let keys = self.json(place, "cloudfront-keyvaluestore", Lookup::Get(&path)).await?;
            let details = json!({
                "keys": keys["Items"],
                "status": item.text_at(&["Status"]),
                "tags": xml_tags(tags.items_at(&["Items"])),
            });
            self.add(format!("global/cloudfront/key-value-store/{name}"), details);
        }
        Ok(())
    }

    /// The distributions.
    pub(super) async fn distributions(&mut self, place: &Place) -> Result<(), Error> {
        let all = self.xml(place, "cloudfront", Lookup::Get("/2020-05-31/distribution")).await?;
        for item in all.items_at(&["Items"]) {
            let (id, comment) = (item.text_at(&["Id"]), item.text_at(&["Comment"]));
            self.label(id, "distribution", comment);
            self.label(item.text_at(&["DomainName"]), "distribution_host", comment);
            let arn = encode(item.text_at(&["ARN"]));
            let tags =
                self.xml(place, "cloudfront", Lookup::Get(&format!("/2020-05-31/tagging?Resource={arn}"))).await?;
            let config =
                self.xml(place, "cloudfront", Lookup::Get(&format!("/2020-05-31/distribution/{id}/config"))).await?;
            let details = json!({
                "config": to_json(&config),
                "status": item.text_at(&["Status"]),
                "tags": xml_tags(tags.items_at(&["Items"])),
            });
            self.add(format!("global/cloudfront/distribution/{id}"), details);
        }
        Ok(())
    }
}

/// The child whose name ends with `suffix`.
fn ending(element: &Element, suffix: &str) -> Element {
    element.children.iter().find(|child| child.name.ends_with(suffix)).cloned().unwrap_or_default()
}
