//! Health checks and CIDR collections.

use serde_json::json;

use super::{Collector, to_json, xml_tags};
use crate::dns;
use crate::error::Error;
use crate::upstream::{Lookup, Place};

impl Collector<'_> {
    pub(super) async fn health_checks(&mut self, place: &Place) -> Result<(), Error> {
        let checks = self.xml(place, "route53", Lookup::Get("/2013-04-01/healthcheck?maxitems=1000")).await?;
        for check in checks.items_at(&["HealthChecks"]) {
            let id = check.text_at(&["Id"]);
            let text = |name: &str| check.text_at(&["HealthCheckConfig", name]).to_owned();
            self.label(id, "health_check", &(text("FullyQualifiedDomainName") + &text("ResourcePath")));
            let tags = self.xml(place, "route53", Lookup::Get(&format!("/2013-04-01/tags/healthcheck/{id}"))).await?;
            let details = json!({
                "config": check.at(&["HealthCheckConfig"]).map(to_json),
                "tags": xml_tags(tags.items_at(&["ResourceTagSet", "Tags"])),
            });
            self.add(format!("global/route53/health_check/{id}"), details);
        }
        Ok(())
    }

    pub(super) async fn cidr_collections(&mut self, place: &Place) -> Result<(), Error> {
        let list = self.xml(place, "route53", Lookup::Get("/2013-04-01/cidrcollection")).await?;
        for collection in list.items_at(&["CidrCollections"]) {
            let [id, name] = ["Id", "Name"].map(|field| collection.text_at(&[field]));
            self.label(id, "cidr_collection", name.rsplit_once('-').map_or(name, |(name, _)| name));
            let blocks = dns::blocks_of(&self.proxy.upstream, place, id).await?.unwrap_or_default();
            let blocks: std::collections::BTreeMap<_, _> =
                blocks.into_iter().map(|block| (block.cidr, block.location)).collect();
            self.add(format!("global/route53/cidr_collection/{id}"), json!({ "blocks": blocks }));
        }
        Ok(())
    }
}
