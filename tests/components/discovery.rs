//! Discovery of all components of an owner, as an import needs it.

use multiregion::components::REGISTRY;
use multiregion::plan::Ledger;
use serde_json::{Value as Json, json};

use super::acm::validation_record;
use super::lambda::{function, package, role, source};
use super::{Bench, OWNER, REGION, at, claim, tags, with};

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];
const NAME: &str = "api.example.com";

/// Creates components and collects the specs that a discovery must find, by address.
struct Builder<'a> {
    bench: &'a Bench,
    specs: Vec<(String, Json)>,
}

impl Builder<'_> {
    async fn add(&mut self, address: &str, mut spec: Json) -> Json {
        let untagged = ["integration", "route/", "mapping", "record", "issued_certificate"];
        if !untagged.iter().any(|kind| address.contains(kind)) {
            spec["tags"] = tags(address, "zoo");
        }
        let outputs = self.bench.create(address, &spec).await;
        self.specs.push((address.to_owned(), spec));
        outputs
    }

    async fn certificate(&mut self, region: &str, key: &str, names: &[&str]) -> Json {
        self.add(&format!("{region}/certificate{key}"), json!({ "names": names })).await
    }

    /// Everything of one region; returns the region's record set.
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

/// Discovers all components of the owner; each of `expected` must be found with its spec.
async fn discover(bench: &Bench, expected: &[(String, Json)]) -> Ledger {
    let kinds: Vec<&str> = REGISTRY.iter().map(|component| component.meta().name).collect();
    let ledger = bench.engine().discover(&kinds, Default::default()).await.unwrap();
    for (address, spec) in expected {
        let entry = ledger.entries.get(&address.parse().unwrap()).unwrap_or_else(|| panic!("{address} is not found"));
        assert_eq!(&entry.spec, spec, "{address}");
    }
    ledger
}

fn record(zone: &Json, name: &str, sets: Json) -> Json {
    json!({ "zone_id": zone, "name": name, "types": ["A", "AAAA"], "sets": sets, "drain_seconds": 60 })
}

#[tokio::test]
async fn an_api_behind_cloudfront_is_discovered_with_its_specs() {
    let bench = Bench::start().await;
    let zone = json!({ "name": "example.com", "comment": "", "force_destroy": false, "tags": { "team": "web" } });
    let (aws, component) = bench.at("global/hosted_zone/theirs");
    let zone = component.create(&aws, &zone).await.unwrap()["id"].clone();
    let claim = claim(&REGIONS);
    bench.create("global/claim", &claim).await;

    let mut builder = Builder { bench: &bench, specs: Vec::new() };
    let wildcard = format!("*.{NAME}");
    let mut certificates = Vec::new();
    for region in REGIONS {
        certificates.push(builder.certificate(region, "", &[NAME, &wildcard]).await);
    }
    let for_cdn = builder.certificate("us-east-1", "/cdn", &["www.example.com"]).await;
    for (domain, certificate) in [(NAME, &certificates[0]), ("www.example.com", &for_cdn)] {
        let validation = validation_record(&zone, certificate, domain);
        builder.add(&format!("global/validation_record/{domain}"), validation).await;
    }
    let mut sets = json!({});
    for (region, certificate) in REGIONS.iter().zip(&certificates) {
        let issued = json!({ "arn": certificate["arn"], "names": [NAME, wildcard] });
        builder.add(&format!("{region}/issued_certificate"), issued).await;
        sets[region] = builder.region(region, certificate).await;
    }
    let issued = json!({ "arn": for_cdn["arn"], "names": ["www.example.com"] });
    builder.add("us-east-1/issued_certificate/cdn", issued).await;
    builder.add(&format!("global/record/{NAME}"), record(&zone, NAME, sets)).await;
    let distribution = super::cloudfront::distribution(NAME, "www.example.com", &for_cdn["arn"]);
    let distribution = builder.add("global/distribution", distribution).await;
    let alias = json!({ "cdn": { "value": {
        "routing": "simple", "target": distribution["domain_name"], "target_zone_id": "Z2FDTNDATAQYW2",
        "health_check_id": null,
    } } });
    builder.add("global/record/www.example.com", record(&zone, "www.example.com", alias)).await;

    let specs = builder.specs;
    let ledger = discover(&bench, &specs).await;
    // The builder's components, the claim, and the probes of each API at its default endpoint and at its custom domain name.
    let found: Vec<String> = ledger.entries.keys().map(ToString::to_string).collect();
    assert_eq!(found.len(), specs.len() + 1 + 2 * REGIONS.len(), "{found:#?}");

    // A component's dependencies are deleted after it.
    let assert_depends_on = |address: &str, parent: &str| {
        let entry = &ledger.entries[&address.parse().unwrap()];
        assert!(entry.depends_on.contains(&parent.parse().unwrap()), "{address} must depend on {parent}");
    };
    assert_depends_on("us-west-2/route/GET /a/{b}", "us-west-2/integration");
    assert_depends_on("us-west-2/mapping/regional", "us-west-2/domain/regional");
    assert_depends_on("us-west-2/domain", "us-west-2/issued_certificate");
    assert_depends_on("us-west-2/issued_certificate", "us-west-2/certificate");
    assert_depends_on(&format!("global/record/{NAME}"), "us-west-2/health_check");
    assert_depends_on(&format!("global/record/{NAME}"), "us-east-1/domain");
    assert_depends_on("global/distribution", &format!("global/record/{NAME}"));
    assert_depends_on("global/record/www.example.com", "global/distribution");
}

#[tokio::test]
async fn a_function_and_its_parts_are_discovered_with_their_specs() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let claim = claim(&[REGION]);
    let claimed = bench.create("global/claim", &claim).await;
    let spec = function(&role(&bench).await, package(&source(folder.path(), "one")));
    let group =
        json!({ "name": format!("/aws/lambda/{OWNER}"), "retention_days": 7, "tags": tags(&at("log_group"), "zoo") });
    let access = format!("/aws/vendedlogs/multiregion/{OWNER}/access");
    let access = json!({ "name": access, "retention_days": 7, "tags": tags(&at("log_group/access"), "zoo") });
    bench.create(&at("log_group"), &group).await;
    bench.create(&at("log_group/access"), &access).await;
    bench.create(&at("function"), &spec).await;
    let version = json!({ "function": OWNER, "fingerprint": "first" });
    let number = bench.create(&at("version"), &version).await["number"].clone();
    let alias = json!({ "function": OWNER, "name": "live", "version": number });
    bench.create(&at("alias"), &alias).await;
    let statement = format!("multiregion-{OWNER}");
    let permission = json!({ "function": OWNER, "alias": "live", "statement_id": statement, "api_id": "abc" });
    bench.create(&at("permission"), &permission).await;
    let warm = json!({ "function": OWNER, "alias": "live", "instances": 1 });
    bench.create(&at("provisioned_concurrency"), &warm).await;
    let marker = json!({ "claim_arn": claimed["arn"], "regions": [REGION] });
    bench.create("global/completion_marker", &marker).await;

    let expected = [
        (at("alias"), alias),
        (at("function"), with(&spec, json!({ "source": null }))),
        (at("log_group"), group),
        (at("log_group/access"), access),
        (at("permission"), permission),
        (at("provisioned_concurrency"), warm),
        (at("version"), version),
        (at("version_check"), json!({ "function": OWNER, "version": number, "request": null })),
        ("global/claim".to_owned(), claim),
        ("global/completion_marker".to_owned(), marker),
    ];
    let ledger = discover(&bench, &expected).await;
    // The expected components and the role.
    assert_eq!(ledger.entries.len(), expected.len() + 1);
}
