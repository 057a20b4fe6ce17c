//! Continuous deployment: which requests the staging distribution answers. Sessions are not modeled.
//!
//! Source: AWS, Amazon CloudFront Developer Guide, "Route requests to the staging distribution".

use super::{Edge, all};
use crate::data_plane::header;
use crate::distribution::Distribution;
use crate::error::Error;
use crate::message::Request;
use crate::upstream::Lookup;
use crate::xml::Element;

impl Edge<'_> {
    /// Takes the settings of the staging distribution for a request that the policy sends to it.
    pub(super) async fn choose(&mut self, request: &Request) -> Result<(), Error> {
        let policy = &self.distribution.continuous_deployment_policy;
        if policy.is_empty() {
            return Ok(());
        }
        let get = async |path: String| {
            self.proxy.upstream.xml(&self.place, "cloudfront", Lookup::Get(&format!("/2020-05-31/{path}"))).await
        };
        let Some(found) = get(format!("continuous-deployment-policy/{policy}")).await? else { return Ok(()) };
        let Some(name) = of_policy(&found).filter(|_| self.is_for_staging(&found, request)) else { return Ok(()) };
        let all = all(self.proxy).await?;
        let Some(staging) = all.into_iter().find(|one| one.host == name) else { return Ok(()) };
        let Some(config) = get(format!("distribution/{}/config", staging.id)).await? else { return Ok(()) };
        let aliases = std::mem::take(&mut self.distribution.aliases);
        self.distribution = Distribution::read(&config);
        self.distribution.aliases = aliases;
        self.id = staging.id;
        Ok(())
    }

    fn is_for_staging(&self, policy: &Element, request: &Request) -> bool {
        let text = |part: &str, name: &str| policy.text_at(&[CONFIG, "TrafficConfig", part, name]).to_owned();
        let name = text("SingleHeaderConfig", "Header").to_lowercase();
        if !name.is_empty() {
            return header(request, &name) == Some(text("SingleHeaderConfig", "Value").as_str());
        }
        let share = text("SingleWeightConfig", "Weight").parse().unwrap_or_default();
        self.proxy.edge.is_for_staging(&self.id, share)
    }
}

const CONFIG: &str = "ContinuousDeploymentPolicyConfig";

/// The host of the staging distribution of a policy, if the policy is enabled.
pub(crate) fn of_policy(policy: &Element) -> Option<&str> {
    let config = policy.child(CONFIG).filter(|config| config.text_at(&["Enabled"]) == "true")?;
    config.items_at(&["StagingDistributionDnsNames", "Items"]).first().map(|name| name.text.as_str())
}
