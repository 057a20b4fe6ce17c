//! What an import finds of a whole API behind CloudFront.

use serde_json::{Value as Json, json};

use super::{Bench, tags};

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];
const NAME: &str = "api.example.com";

/// Everything that is made, by address, with what an import must read.
struct Made<'a> {
    bench: &'a Bench,
    specs: Vec<(String, Json)>,
}

impl Made<'_> {
    async fn add(&mut self, address: &str, mut spec: Json) -> Json {
        let untagged = ["integration", "route/", "mapping", "record", "issued_certificate"];
        if !untagged.iter().any(|kind| address.contains(kind)) {
            spec["tags"] = tags(address, "zoo");
        }
        let outputs = self.bench.make(address, &spec).await;
        self.specs.push((address.to_owned(), spec));
        outputs
    }

    async fn certificate(&mut self, region: &str, key: &str, names: &[&str]) -> Json {
        self.add(&format!("{region}/certificate{key}"), json!({ "names": names })).await
    }

    async fn region(&mut self, region: &str, certificate: &Json) -> Json {
        let at = |kind: &str| format!("{region}/{kind}");
        let plain = json!({ "name": "giraffe", "cors": null, "disable_execute_api_endpoint": false });
        let api = self.add(&at("http_api"), plain).await;
        let endpoint = json!({ "api_id": api["id"], "disabled": false, "drain_seconds": 0 });
        self.specs.push((at("execute_api_endpoint"), endpoint));
        let function = format!("arn:aws:lambda:{region}:123456789012:function:giraffe:live");
        let integration = json!({ "api_id": api["id"], "function_arn": function, "timeout_ms": 30_000 });
        let integration = self.add(&at("integration"), integration).await;
        let route = json!({ "api_id": api["id"], "key": "GET /a/{b}", "integration_id": integration["id"] });
        self.add(&at("route/GET /a/{b}"), route).await;
        let throttle = json!({ "rate": "10.5", "burst": 20 });
        let stage = json!({ "api_id": api["id"], "name": "$default", "throttle": throttle, "access_log": null });
        self.add(&at("stage"), stage).await;
        let mut shared = Json::Null;
        for (key, name) in [("", NAME.to_owned()), ("/regional", format!("{region}.{NAME}"))] {
            let domain = json!({ "name": name, "certificate_arn": certificate["arn"] });
            let domain = self.add(&at(&format!("domain{key}")), domain).await;
            let mapping = json!({ "domain": name, "api_id": api["id"], "stage": "$default", "base_path": "" });
            self.add(&at(&format!("mapping{key}")), mapping).await;
            if key.is_empty() {
                shared = domain;
            }
        }
        let check = json!({
            "host": api["host"], "path": "/health", "interval_seconds": 10, "failure_threshold": 2,
            "measure_latency": true, "search_string": null,
        });
        let check = self.add(&at("health_check"), check).await;
        json!({ "value": {
            "routing": { "latency": { "region": region } }, "target": shared["target"],
            "target_zone_id": shared["zone_id"], "health_check_id": check["id"],
        } })
    }
}

fn record(zone: &Json, name: &str, sets: Json) -> Json {
    json!({ "zone_id": zone, "name": name, "types": ["A", "AAAA"], "sets": sets, "drain_seconds": 60 })
}

#[tokio::test]
async fn an_api_behind_cloudfront_is_discovered_as_it_is() {
    let bench = Bench::start().await;
    let zone = json!({ "name": "example.com", "comment": "", "force_destroy": false, "tags": { "team": "web" } });
    let (aws, component) = bench.at("global/hosted_zone/theirs");
    let zone = component.create(&aws, &zone).await.unwrap()["id"].clone();
    let claim = super::claim(&REGIONS);
    bench.make("global/claim", &claim).await;

    let mut made = Made { bench: &bench, specs: Vec::new() };
    let wildcard = format!("*.{NAME}");
    let mut certificates = Vec::new();
    for region in REGIONS {
        certificates.push(made.certificate(region, "", &[NAME, &wildcard]).await);
    }
    let for_cdn = made.certificate("us-east-1", "/cdn", &["www.example.com"]).await;
    for (domain, certificate) in [(NAME, &certificates[0]), ("www.example.com", &for_cdn)] {
        let validation = json!({
            "zone_id": zone, "name": certificate["validation_name"], "value": certificate["validation_value"],
            "domain": domain,
        });
        made.add(&format!("global/validation_record/{domain}"), validation).await;
    }
    let mut sets = json!({});
    for (region, certificate) in REGIONS.iter().zip(&certificates) {
        let issued = json!({ "arn": certificate["arn"], "names": [NAME, wildcard] });
        made.add(&format!("{region}/issued_certificate"), issued).await;
        sets[region] = made.region(region, certificate).await;
    }
    let issued = json!({ "arn": for_cdn["arn"], "names": ["www.example.com"] });
    made.add("us-east-1/issued_certificate/cdn", issued).await;
    made.add(&format!("global/record/{NAME}"), record(&zone, NAME, sets)).await;
    let distribution = json!({
        "comment": "giraffe", "aliases": ["www.example.com"], "price_class": "PriceClass_100",
        "certificate_arn": for_cdn["arn"], "origins": { "latency": { "host": NAME, "path": "" } }, "group": null,
        "default_behavior": { "target": "latency", "writes": true }, "behaviors": [],
    });
    let distribution = made.add("global/distribution", distribution).await;
    let alias = json!({ "cdn": { "value": {
        "routing": "simple", "target": distribution["domain_name"], "target_zone_id": "Z2FDTNDATAQYW2",
        "health_check_id": null,
    } } });
    made.add("global/record/www.example.com", record(&zone, "www.example.com", alias)).await;

    let specs = made.specs;
    let kinds: Vec<&str> = multiregion::components::REGISTRY.iter().map(|component| component.meta().name).collect();
    let ledger = bench.engine().discover(&kinds, Default::default()).await.unwrap();
    for (address, spec) in &specs {
        let entry = ledger.entries.get(&address.parse().unwrap()).unwrap_or_else(|| panic!("{address} is not found"));
        assert_eq!(&entry.spec, spec, "{address}");
    }
    // These and the claim.
    let found: Vec<String> = ledger.entries.keys().map(ToString::to_string).collect();
    assert_eq!(found.len(), specs.len() + 1, "{found:#?}");

    // What it stands on is deleted after it.
    let stands_on = |address: &str, parent: &str| {
        let entry = &ledger.entries[&address.parse().unwrap()];
        assert!(entry.depends_on.contains(&parent.parse().unwrap()), "{address} stands on {parent}");
    };
    stands_on("us-west-2/route/GET /a/{b}", "us-west-2/integration");
    stands_on("us-west-2/mapping/regional", "us-west-2/domain/regional");
    stands_on("us-west-2/domain", "us-west-2/issued_certificate");
    stands_on("us-west-2/issued_certificate", "us-west-2/certificate");
    stands_on(&format!("global/record/{NAME}"), "us-west-2/health_check");
    stands_on(&format!("global/record/{NAME}"), "us-east-1/domain");
    stands_on("global/distribution", &format!("global/record/{NAME}"));
    stands_on("global/record/www.example.com", "global/distribution");
}
