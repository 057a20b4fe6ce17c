//! Several names of one API, and their certificates.

use std::collections::BTreeSet;

use super::configs::Config;
use super::stage::{Stage, unwrapped};

super::rows![
    additional_names_are_added_served_by_cloudfront_and_removed,
    certificates_are_replaced_without_a_gap,
    names_at_another_dns_service_are_validated_by_hand,
    a_private_zone_holds_the_same_names,
];

/// The HTTP status that a client gets at each name.
async fn statuses(stage: &Stage, names: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for name in names {
        statuses.push(stage.get(name, "/").await.status);
    }
    statuses
}

/// Removes the API from the state and imports it; the plan must be empty.
async fn reimport(stage: &Stage) {
    for args in [&["state", "rm", API][..], &["import", "-no-color", API, "ipgiraffe"]] {
        let run = stage.workspace.run(args).await.expect("the command runs");
        run.ok().unwrap_or_else(|failed| panic!("{failed}"));
    }
    stage.assert_nothing_to_do().await;
}

const API: &str = "multiregion_api.this";
const ZONE: &str = "zone_id = multiregion_zone.this.id";

async fn additional_names_are_added_served_by_cloudfront_and_removed(stage: Stage) {
    let mut config = Config::latency();
    stage.apply(&config.hcl()).await;
    let all = ["api.ipgiraffe.com", "www.ipgiraffe.com", "a.tenants.ipgiraffe.com"];
    assert_eq!(statuses(&stage, &all).await, [200, 502, 502]);

    let named = |names: &str| -> &'static str {
        Box::leak(format!(r#"name = "api.ipgiraffe.com", additional_names = {names}, {ZONE}"#).into_boxed_str())
    };
    config.domain = Some(named(r#"["www.ipgiraffe.com", "*.tenants.ipgiraffe.com"]"#));
    let changes = stage.changes(&config.hcl()).await;
    assert!(changes.added.contains("global/record/*.tenants.ipgiraffe.com"), "{changes:?}");
    assert!(changes.added.contains("us-west-2/domain/www.ipgiraffe.com"), "{changes:?}");
    stage.apply(&config.hcl()).await;
    assert_eq!(statuses(&stage, &all).await, [200, 200, 200]);
    // Each name follows the health of the regions.
    stage.aws.set_down(&["us-east-1"]);
    assert_eq!(statuses(&stage, &all).await, [200, 200, 200]);
    stage.aws.set_down(&[]);
    reimport(&stage).await;

    // Each domain has a validation record of its own; a wildcard shares that of its parent.
    let records: BTreeSet<String> =
        stage.components().await.into_keys().filter(|address| address.contains("validation_record")).collect();
    let expected = ["api", "tenants", "www"].map(|name| format!("global/validation_record/{name}.ipgiraffe.com"));
    assert_eq!(records, BTreeSet::from(expected));

    config.extra = "  cdn = { origin = \"latency\" }\n";
    stage.apply(&config.hcl()).await;
    assert_eq!(statuses(&stage, &all).await, [200, 200, 200]);
    assert!(!stage.components().await.contains_key("us-west-2/domain/www.ipgiraffe.com"));
    reimport(&stage).await;

    config.extra = "";
    config.domain = Some(named("[\"www.ipgiraffe.com\"]"));
    stage.apply(&config.hcl()).await;
    assert_eq!(statuses(&stage, &all).await, [200, 200, 502]);

    config.domain = Some(named("[\"www.elsewhere.example\"]"));
    let refused = stage.refused(&config.hcl()).await;
    assert!(refused.contains("Name is outside of the hosted zone"), "{refused}");
    config.domain = Some(named("[]"));
    stage.apply(&config.hcl()).await;
    stage.destroy().await;
}

/// The key algorithms and validation methods of all certificates in use.
async fn certificates(stage: &Stage) -> BTreeSet<String> {
    let objects = stage.aws.inventory().await.expect("the inventory is taken").objects;
    let certificates = objects.into_iter().filter(|(key, _)| key.contains("/acm/certificate/"));
    let facts = certificates.map(|(_, one)| {
        let one = &one["certificate"];
        format!("{} {}", one["KeyAlgorithm"], one["DomainValidationOptions"][0]["ValidationMethod"]).replace('"', "")
    });
    facts.collect()
}

async fn certificates_are_replaced_without_a_gap(stage: Stage) {
    let mut config = Config::latency();
    let with = |certificate: &str| -> &'static str {
        Box::leak(format!(r#"name = "api.ipgiraffe.com", certificate = {{ {certificate} }}, {ZONE}"#).into_boxed_str())
    };
    stage.apply(&config.hcl()).await;
    assert_eq!(certificates(&stage).await, BTreeSet::from(["RSA-2048 DNS".to_owned()]));

    config.domain = Some(with("key_algorithm = \"EC_prime256v1\""));
    let changes = stage.changes(&config.hcl()).await;
    assert!(changes.changed.contains("us-west-2/certificate") && changes.removed.is_empty(), "{changes:?}");
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    let calls = stage.writes();
    let position =
        |call: &str| calls.iter().position(|made| made == call).unwrap_or_else(|| panic!("{call}: {calls:#?}"));
    let order = ["acm:RequestCertificate", "apigateway:UpdateDomainName", "acm:DeleteCertificate"];
    assert!(order.map(|call| position(&format!("{call} us-west-2"))).is_sorted(), "{calls:#?}");
    assert!(!calls.iter().any(|call| call.starts_with("route53:")), "the records stay: {calls:#?}");
    assert_eq!(certificates(&stage).await, BTreeSet::from(["EC-prime256v1 DNS".to_owned()]));
    reimport(&stage).await;

    stage.destroy().await;
}

/// Creates or deletes CNAME records in the zone, as another DNS service would have them.
async fn change_cnames(stage: &Stage, action: &str, records: &[(String, String)]) {
    let zone = stage.attributes("multiregion_zone.this").await["id"].as_str().expect("an id").to_owned();
    let change = |(name, value): &(String, String)| {
        format!(
            "<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>CNAME</Type><TTL>60</TTL>\
             <ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord></ResourceRecords>\
             </ResourceRecordSet></Change>"
        )
    };
    let changes: String = records.iter().map(change).collect();
    let body = format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>\
         {changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    );
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset/");
    stage.change_in_aws("POST", "route53", "us-east-1", &path, &body).await;
}

/// The zone belongs to another owner, so the API does not name it. The warnings of the first apply name the records to create.
async fn names_at_another_dns_service_are_validated_by_hand(stage: Stage) {
    let mut config = Config::latency();
    config.domain = Some(r#"name = "api.ipgiraffe.com", additional_names = ["www.ipgiraffe.com"]"#);
    config.routing = Some("drain_seconds = 1");
    config.extra = "  timeouts = { create = \"20s\" }\n  on_create_failure = \"keep\"\n";
    stage.configure(&config.hcl()).await;
    let applied = stage.ok(stage.workspace.apply().await.expect("apply runs"));
    let warnings = unwrapped(&format!("{}{}", applied.stdout, applied.stderr));
    let records = stage.attributes(API).await["validation_records"].clone();
    let records = records.as_object().expect("a map");
    assert_eq!(records.keys().collect::<Vec<_>>(), ["api.ipgiraffe.com", "www.ipgiraffe.com"]);
    let text = |record: &serde_json::Value, field: &str| record[field].as_str().expect("text").to_owned();
    let mut created: Vec<(String, String)> =
        records.values().map(|record| (text(record, "name"), text(record, "value"))).collect();
    for (name, value) in &created {
        assert!(warnings.contains(&format!("{name}. CNAME {value}.")), "{name} is missing in: {warnings}");
    }
    change_cnames(&stage, "CREATE", &created).await;
    config.extra = "";
    stage.apply(&config.hcl()).await;

    let endpoint = stage.attributes(API).await["endpoints"]["us-west-2"].clone();
    assert_eq!(endpoint["serving"], true);
    let own = ("api.ipgiraffe.com".to_owned(), endpoint["domain_target"].as_str().expect("a host").to_owned());
    change_cnames(&stage, "CREATE", std::slice::from_ref(&own)).await;
    created.push(own);
    assert_eq!(stage.get("api.ipgiraffe.com", "/").await.status, 200);
    change_cnames(&stage, "DELETE", &created).await;
    stage.destroy().await;
}

async fn a_private_zone_holds_the_same_names(stage: Stage) {
    let body = "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>ipgiraffe.com</Name>\
                <VPC><VPCRegion>us-east-1</VPCRegion><VPCId>vpc-1</VPCId></VPC><CallerReference>private</CallerReference>\
                </CreateHostedZoneRequest>";
    stage.change_in_aws("POST", "route53", "us-east-1", "/2013-04-01/hostedzone", body).await;
    let objects = stage.aws.inventory().await.expect("the inventory is taken").objects;
    let zones: Vec<&String> = objects.keys().filter(|key| key.contains("/route53/zone/")).collect();
    let private = zones.first().and_then(|key| key.rsplit('/').next()).expect("a zone").to_owned();

    let mut config = Config::latency();
    let domain = format!(r#"name = "api.ipgiraffe.com", private_zone_id = "{private}", {ZONE}"#);
    config.domain = Some(Box::leak(domain.into_boxed_str()));
    stage.apply(&config.hcl()).await;
    let in_vpc = async || stage.get_with("api.ipgiraffe.com", "/", "x-test-network: vpc\r\n").await.status;
    assert_eq!(in_vpc().await, 200);
    reimport(&stage).await;

    // A client in the VPC sees only the private zone.
    config.domain = Some(super::configs::DOMAIN);
    stage.apply(&config.hcl()).await;
    assert_eq!(in_vpc().await, 502);
    assert_eq!(stage.get("api.ipgiraffe.com", "/").await.status, 200);
    stage.delete_in_aws("route53", "us-east-1", &format!("/2013-04-01/hostedzone/{private}")).await;
    stage.destroy().await;
}
