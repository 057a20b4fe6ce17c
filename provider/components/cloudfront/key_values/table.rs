//! The routing table that the function reads, as keys and values. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::distance::{CACHES, by_distance};
use super::{PROPAGATION, Route, Spec, Steering};
use crate::desired::{Gated, Input};

/// The key of the table of regions.
const ROUTES: &str = "routes";
/// The key of the countries of each region.
const COUNTRIES: &str = "countries";

/// The keys and values of a spec. A value that is unknown while planning counts as zero.
pub(super) fn values(spec: &Spec) -> BTreeMap<String, String> {
    let regions = ordered(spec);
    let weight = |region: &&str| spec.regions.get(*region).and_then(|gated| gated.value.weight.known().copied());
    let weights: Vec<i64> = regions.iter().map(|region| weight(region).unwrap_or_default()).collect();
    let by = serde_json::to_value(spec.steering).unwrap_or_default();
    let routes = json!({ "by": by, "regions": regions, "weights": weights, "failover": spec.failover_status_codes });
    let mut values = BTreeMap::from([(ROUTES.to_owned(), routes.to_string())]);
    match spec.steering {
        Steering::Edge => {
            values.extend(CACHES.map(|cache| (format!("near/{cache}"), by_distance(cache, &regions).join(","))));
        }
        Steering::Country => {
            let countries = |region: &&str| {
                let route = spec.regions.get(*region).map(|gated| &gated.value);
                let codes = route.into_iter().flat_map(|route| &route.countries);
                ((*region).to_owned(), Json::from(codes.map(String::as_str).collect::<String>()))
            };
            let countries: serde_json::Map<String, Json> = regions.iter().map(countries).collect();
            values.insert(COUNTRIES.to_owned(), Json::Object(countries).to_string());
        }
        Steering::Weight | Steering::Order => {}
    }
    values
}

/// The regions in the order of preference.
fn ordered(spec: &Spec) -> Vec<&str> {
    let mut regions: Vec<_> = spec.regions.iter().map(|(name, gated)| (name.as_str(), &gated.value)).collect();
    regions.sort_by_key(|(name, route)| (!route.primary, *name));
    regions.into_iter().map(|(name, _)| name).collect()
}

#[derive(Deserialize, Serialize)]
struct Routes {
    by: Steering,
    regions: Vec<String>,
    weights: Vec<i64>,
    failover: Vec<i32>,
}

/// The spec that keys and values of a store describe. A table that the provider did not write has no regions.
pub(super) fn read(store_arn: &str, values: &BTreeMap<String, String>) -> Spec {
    let text = |key: &str| values.get(key).map_or("", String::as_str);
    let routes: Option<Routes> = serde_json::from_str(text(ROUTES)).ok();
    let countries: BTreeMap<String, String> = serde_json::from_str(text(COUNTRIES)).unwrap_or_default();
    let route = |(at, (region, weight)): (usize, (&String, &i64))| {
        let codes: Vec<char> = countries.get(region).map(|codes| codes.chars().collect()).unwrap_or_default();
        let countries: BTreeSet<String> = codes.chunks(2).map(|code| code.iter().collect()).collect();
        let value = Route { primary: at == 0, weight: Input::Known(*weight), countries };
        (region.clone(), Gated { ready: Vec::new(), value })
    };
    let regions = routes.iter().flat_map(|routes| routes.regions.iter().zip(&routes.weights).enumerate().map(route));
    Spec {
        store_arn: Input::Known(store_arn.to_owned()),
        regions: regions.collect(),
        steering: routes.as_ref().map_or(Steering::Order, |routes| routes.by),
        failover_status_codes: routes.map(|routes| routes.failover).unwrap_or_default(),
        drain_seconds: PROPAGATION.as_secs(),
        deviations: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(steering: Steering) -> Spec {
        let route = |primary, weight, countries: &[&str]| Gated {
            ready: Vec::new(),
            value: Route {
                primary,
                weight: Input::Known(weight),
                countries: countries.iter().map(|code| (*code).to_owned()).collect(),
            },
        };
        Spec {
            store_arn: Input::from("arn"),
            steering,
            regions: BTreeMap::from([
                ("ap-northeast-1".to_owned(), route(false, 1, &["JP"])),
                ("eu-central-1".to_owned(), route(false, 2, &["AT", "DE"])),
                ("us-east-1".to_owned(), route(true, 3, &["US"])),
            ]),
            failover_status_codes: vec![502, 504],
            drain_seconds: PROPAGATION.as_secs(),
            deviations: Default::default(),
        }
    }

    #[test]
    fn the_table_has_the_regions_in_order() {
        insta::assert_snapshot!(
            values(&spec(Steering::Country)).iter().map(|(key, value)| format!("{key} {value}\n")).collect::<String>(),
            @r#"
        countries {"ap-northeast-1":"JP","eu-central-1":"ATDE","us-east-1":"US"}
        routes {"by":"country","failover":[502,504],"regions":["us-east-1","ap-northeast-1","eu-central-1"],"weights":[3,1,2]}
        "#
        );
        let near = values(&spec(Steering::Edge));
        assert_eq!(near["near/sa-east-1"], "us-east-1,eu-central-1,ap-northeast-1");
        assert_eq!(near["near/ap-southeast-2"], "ap-northeast-1,us-east-1,eu-central-1");
        assert_eq!(near.len(), 1 + CACHES.len());
    }

    #[test]
    fn a_table_is_read_back() {
        for steering in [Steering::Edge, Steering::Country, Steering::Weight, Steering::Order] {
            let written = spec(steering);
            let read = read("arn", &values(&written));
            assert_eq!(values(&read), values(&written));
            if steering == Steering::Country {
                assert_eq!(read, written);
            }
        }
        assert!(read("arn", &BTreeMap::from([(ROUTES.to_owned(), "{}".to_owned())])).regions.is_empty());
    }

    /// AWS, CloudFront quotas: a value has at most 1 KB. AWS has fewer than 40 regions.
    #[test]
    fn the_table_of_forty_regions_fits_into_the_store() {
        let mut spec = spec(Steering::Edge);
        let route = spec.regions["us-east-1"].clone();
        spec.regions = (0..40).map(|n| (format!("ap-southeast-{n:02}"), route.clone())).collect();
        let longest = values(&spec).into_values().map(|value| value.len()).max();
        assert!(longest <= Some(super::super::MAX_VALUE), "{longest:?}");
    }
}
