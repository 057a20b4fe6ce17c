//! Configurations that the rows change step by step.

use std::collections::BTreeMap;

/// A configuration, built from the parts that a row changes.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) regions: BTreeMap<&'static str, &'static str>,
    /// The regions that receive no traffic.
    pub(super) drained: &'static [&'static str],
    pub(super) function: BTreeMap<&'static str, String>,
    /// Whether the configuration contains the hosted zone.
    pub(super) zone: bool,
    pub(super) domain: Option<&'static str>,
    pub(super) routing: Option<&'static str>,
    /// Further arguments of the API, as lines of HCL.
    pub(super) extra: &'static str,
}

impl Config {
    /// An API in these regions, without a domain.
    pub(super) fn bare(regions: &[&'static str]) -> Self {
        let function =
            [("source_dir", "\"${path.module}/src\""), ("handler", "\"app.handler\""), ("runtime", "\"python3.12\"")];
        Self {
            regions: regions.iter().map(|region| (*region, "{}")).collect(),
            drained: &[],
            function: function.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
            zone: false,
            domain: None,
            routing: None,
            extra: "",
        }
    }

    /// Three regions behind latency records with health checks.
    pub(super) fn latency() -> Self {
        Self {
            zone: true,
            domain: Some(DOMAIN),
            routing: Some(r#"policy = "latency", health_check = { path = "/health" }, drain_seconds = 1"#),
            ..Self::bare(&["us-east-1", "us-west-2", "eu-central-1"])
        }
    }

    /// The configuration as HCL.
    pub(super) fn hcl(&self) -> String {
        let lines = |map: Vec<(String, String)>| {
            map.into_iter().map(|(name, value)| format!("    {name} = {value}\n")).collect::<String>()
        };
        let regions =
            lines(self.regions.iter().map(|(name, value)| (format!("{name:?}"), (*value).to_owned())).collect());
        let function = lines(self.function.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect());
        let part = |name: &str, value: Option<&str>| {
            value.map_or(String::new(), |value| format!("  {name} = {{ {value} }}\n"))
        };
        let zone = if self.zone { ZONE } else { "" };
        format!(
            "{zone}\nresource \"multiregion_api\" \"this\" {{\n  name = \"ipgiraffe\"\n  regions = {{\n{regions}  }}\n  drained = {:?}\n  function = {{\n{function}  }}\n{}{}{}\n}}\n",
            self.drained,
            part("domain", self.domain),
            part("routing", self.routing),
            self.extra
        )
    }
}

/// The hosted zone of every configuration with a domain.
const ZONE: &str = r#"
resource "multiregion_zone" "this" {
  name = "ipgiraffe.com"
}
"#;

/// The domain of most rows.
pub(super) const DOMAIN: &str = r#"name = "api.ipgiraffe.com", zone_id = multiregion_zone.this.id"#;
