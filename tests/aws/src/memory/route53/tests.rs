//! Calls to Route 53 in the form that the SDK sends.

use super::*;
use crate::memory::testing::{Service, error_of};

fn zone(service: &Service, name: &str) -> String {
    let body = format!(
        "<CreateHostedZoneRequest xmlns=\"{NAMESPACE}\"><Name>{name}</Name><CallerReference>{name}</CallerReference>\
         <HostedZoneConfig><Comment>mine</Comment></HostedZoneConfig></CreateHostedZoneRequest>"
    );
    let created = service.send("POST /2013-04-01/hostedzone", &body);
    assert_eq!(created.status, StatusCode::CREATED);
    let created = created.as_xml();
    assert_eq!(created.items_at(&["DelegationSet", "NameServers"]).len(), 4);
    created.text_at(&["HostedZone", "Id"]).trim_start_matches("/hostedzone/").to_owned()
}

fn record(name: &str, rest: &str, value: &str) -> String {
    format!(
        "<ResourceRecordSet><Name>{name}</Name><Type>A</Type>{rest}<TTL>60</TTL><ResourceRecords><ResourceRecord>\
         <Value>{value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
    )
}

fn alias(name: &str, set: &str) -> String {
    format!(
        "<ResourceRecordSet><Name>{name}</Name><Type>A</Type><SetIdentifier>{set}</SetIdentifier><Region>{set}</Region>\
         <AliasTarget><HostedZoneId>Z1</HostedZoneId><DNSName>D-1.Example.com</DNSName>\
         <EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>"
    )
}

fn change(service: &Service, zone: &str, changes: &[(&str, String)]) -> Response {
    let changes = changes.iter().map(|(action, set)| format!("<Change><Action>{action}</Action>{set}</Change>"));
    let body = format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"{NAMESPACE}\"><ChangeBatch><Changes>{}</Changes></ChangeBatch>\
         </ChangeResourceRecordSetsRequest>",
        changes.collect::<String>()
    );
    service.send(&format!("POST /2013-04-01/hostedzone/{zone}/rrset/"), &body)
}

fn list(service: &Service, zone: &str, query: &str) -> Element {
    service.send(&format!("GET /2013-04-01/hostedzone/{zone}/rrset?{query}"), "").as_xml()
}

fn names(list: &Element) -> Vec<String> {
    list.items_at(&["ResourceRecordSets"]).iter().map(|set| set.text_at(&["Name"]).to_owned()).collect()
}

fn error(response: &Response) -> String {
    let (code, message) = error_of(response);
    assert_eq!((code.as_str(), response.status), ("InvalidChangeBatch", StatusCode::BAD_REQUEST));
    message
}

#[test]
fn a_zone_is_created_once_and_deleted_when_empty() {
    let service = Service::new("route53");
    let id = zone(&service, "Example.com");
    let path = format!("/2013-04-01/hostedzone/{id}");
    let found = service.send(&format!("GET {path}"), "").as_xml();
    assert_eq!(found.text_at(&["HostedZone", "Name"]), "example.com.");
    assert_eq!(found.text_at(&["HostedZone", "Config", "Comment"]), "mine");
    let comment = service.send(&format!("POST {path}"), "<UpdateHostedZoneCommentRequest/>").as_xml();
    assert_eq!(comment.at(&["HostedZone", "Config", "Comment"]), None);
    let again = "<a><Name>example.com</Name><CallerReference>Example.com</CallerReference></a>";
    assert_eq!(error_of(&service.send("POST /2013-04-01/hostedzone", again)).0, "HostedZoneAlreadyExists");

    assert!(change(&service, &id, &[("CREATE", record("a.example.com", "", "192.0.2.1"))]).status.is_success());
    assert_eq!(error_of(&service.send(&format!("DELETE {path}"), "")).0, "HostedZoneNotEmpty");
    let gone = change(&service, &id, &[("DELETE", record("a.example.com.", "", "192.0.2.1"))]).as_xml();
    let change = gone.text_at(&["ChangeInfo", "Id"]).to_owned();
    assert_eq!(service.send(&format!("GET /2013-04-01{change}"), "").as_xml().text_at(&["ChangeInfo", "Id"]), change);
    assert!(service.send(&format!("DELETE {path}"), "").status.is_success());
    for what in ["GET", "DELETE"] {
        assert_eq!(error_of(&service.send(&format!("{what} {path}"), "")).0, "NoSuchHostedZone");
    }
    // The caller reference stays in use.
    assert_eq!(error_of(&service.send("POST /2013-04-01/hostedzone", again)).0, "HostedZoneAlreadyExists");
    assert_eq!(error_of(&service.send("GET /2013-04-01/change/C1", "")).0, "NoSuchChange");
}

#[test]
fn zones_are_listed_by_id_and_by_name() {
    let service = Service::new("route53");
    for name in ["b.com", "z.a.com", "a.com"] {
        zone(&service, name);
    }
    let by_name = |query: &str| {
        let page = service.send(&format!("GET /2013-04-01/hostedzonesbyname?{query}"), "").as_xml();
        let zones = page.items_at(&["HostedZones"]).iter().map(|zone| zone.text_at(&["Name"]).to_owned());
        (zones.collect::<Vec<_>>(), page)
    };
    assert_eq!(by_name("").0, ["a.com.", "z.a.com.", "b.com."]);
    assert_eq!(by_name("dnsname=b.com").0, ["b.com."]);
    let (first, page) = by_name("maxitems=1");
    assert_eq!((first, page.text_at(&["IsTruncated"])), (vec!["a.com.".to_owned()], "true"));
    let next = (page.text_at(&["NextDNSName"]), page.text_at(&["NextHostedZoneId"]));
    assert_eq!(by_name(&format!("dnsname={}&hostedzoneid={}", next.0, next.1)).0, ["z.a.com.", "b.com."]);

    let mut found = Vec::new();
    let mut next = String::new();
    for _ in 0..3 {
        let page = service.send(&format!("GET /2013-04-01/hostedzone?maxitems=1&marker={next}"), "").as_xml();
        found.extend(page.items_at(&["HostedZones"]).iter().map(|zone| zone.text_at(&["Name"]).to_owned()));
        next = page.text_at(&["NextMarker"]).to_owned();
    }
    found.sort();
    assert_eq!((found, next), (vec!["a.com.".into(), "b.com.".into(), "z.a.com.".into()], String::new()));
}

#[test]
fn a_batch_is_atomic() {
    let service = Service::new("route53");
    let id = zone(&service, "a.com");
    let (one, two) = (record("one.a.com", "", "192.0.2.1"), record("two.a.com", "", "192.0.2.2"));
    assert!(change(&service, &id, &[("CREATE", one.clone())]).status.is_success());
    let found = error(&change(&service, &id, &[("CREATE", two.clone()), ("CREATE", one.clone())]));
    assert_eq!(found, "[Tried to create resource record set [name='one.a.com.', type='A'] but it already exists]");
    assert_eq!(names(&list(&service, &id, "")), ["a.com.", "a.com.", "one.a.com."]);
    let found = error(&change(&service, &id, &[("DELETE", alias("x.a.com", "us-east-1")), ("DELETE", two)]));
    assert!(found.contains("[name='x.a.com.', type='A', set identifier='us-east-1'] but it was not found"), "{found}");
    assert!(found.contains("[name='two.a.com.', type='A'] but it was not found"), "{found}");
    let other = record("one.a.com", "", "192.0.2.9");
    let found = error(&change(&service, &id, &[("DELETE", other.clone())]));
    assert!(found.contains("but the values provided do not match the current values"), "{found}");
    let twice = [("UPSERT", one.clone()), ("UPSERT", other.clone())];
    assert!(error(&change(&service, &id, &twice)).contains("invalid set of changes"));
    assert!(change(&service, &id, &[("DELETE", one), ("CREATE", other)]).status.is_success());
    let found = list(&service, &id, "name=one.a.com");
    let values = found.items_at(&["ResourceRecordSets"])[0].items_at(&["ResourceRecords"]);
    assert_eq!(values[0].text_at(&["Value"]), "192.0.2.9");
}

#[test]
fn a_record_set_has_values_or_a_target_and_a_zone_keeps_its_ns_records() {
    let service = Service::new("route53");
    let id = zone(&service, "a.com");
    let neither = "<ResourceRecordSet><Name>b.a.com</Name><Type>A</Type></ResourceRecordSet>".to_owned();
    assert_eq!(error_of(&change(&service, &id, &[("CREATE", neither)])).0, "InvalidInput");
    assert_eq!(error_of(&change(&service, &id, &[("MAKE", record("b.a.com", "", "192.0.2.1"))])).0, "InvalidInput");
    assert_eq!(error_of(&change(&service, "Z1", &[("CREATE", record("a", "", "1"))])).0, "NoSuchHostedZone");
    let zone = list(&service, &id, "").items_at(&["ResourceRecordSets"])[0].clone();
    let body = String::from_utf8(zone.to_message()).unwrap();
    let own = body.split_once("?>\n").unwrap().1.to_owned();
    assert!(error(&change(&service, &id, &[("DELETE", own)])).contains("at least one NS record"));
}

#[test]
fn an_alias_is_deleted_in_any_spelling() {
    let service = Service::new("route53");
    let id = zone(&service, "a.com");
    let spelled = alias("API.a.com", "us-east-1");
    assert!(change(&service, &id, &[("UPSERT", spelled.clone())]).status.is_success());
    let found = list(&service, &id, "name=api.a.com").items_at(&["ResourceRecordSets"])[0].clone();
    assert_eq!(found.text_at(&["AliasTarget", "DNSName"]), "d-1.example.com.");
    assert!(
        change(&service, &id, &[("UPSERT", spelled), ("UPSERT", alias("api.a.com", "us-west-2"))]).status.is_success()
    );
    let gone = alias("api.a.com.", "us-east-1").replace("D-1.Example.com", "d-1.example.com.");
    assert!(change(&service, &id, &[("DELETE", gone)]).status.is_success());
}

#[test]
fn pages_continue_where_they_ended() {
    let service = Service::new("route53");
    let id = zone(&service, "a.com");
    let sets = ["us-east-1", "us-west-2", "eu-west-1"].map(|set| ("CREATE", alias("api.a.com", set)));
    assert!(change(&service, &id, &sets).status.is_success());
    assert!(change(&service, &id, &[("CREATE", record("*.b.a.com", "", "192.0.2.1"))]).status.is_success());
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let page = list(&service, &id, &format!("maxitems=1{next}"));
        let set = &page.items_at(&["ResourceRecordSets"])[0];
        found.push(format!("{} {}", set.text_at(&["Name"]), set.text_at(&["SetIdentifier"])));
        if page.text_at(&["IsTruncated"]) != "true" {
            break;
        }
        let text = |name: &str| page.text_at(&[name]).to_owned();
        next = format!("&name={}&type={}", text("NextRecordName"), text("NextRecordType"));
        next += &format!("&identifier={}", text("NextRecordIdentifier"));
    }
    let expected =
        ["a.com. ", "a.com. ", "api.a.com. eu-west-1", "api.a.com. us-east-1", "api.a.com. us-west-2", "*.b.a.com. "];
    assert_eq!(found, expected);
    assert_eq!(error_of(&service.send(&format!("GET /2013-04-01/hostedzone/{id}/rrset?type=A"), "")).0, "InvalidInput");
}

fn check(service: &Service, reference: &str, settings: &str) -> Response {
    let body = format!(
        "<CreateHealthCheckRequest xmlns=\"{NAMESPACE}\"><CallerReference>{reference}</CallerReference>\
         <HealthCheckConfig>{settings}</HealthCheckConfig></CreateHealthCheckRequest>"
    );
    service.send("POST /2013-04-01/healthcheck", &body)
}

const HTTPS: &str = "<FullyQualifiedDomainName>a.com</FullyQualifiedDomainName><Type>HTTPS</Type>";

#[test]
fn a_health_check_is_created_once_per_caller_reference() {
    let service = Service::new("route53");
    let created = check(&service, "one", HTTPS);
    assert_eq!(created.status, StatusCode::CREATED);
    let id = created.as_xml().text_at(&["HealthCheck", "Id"]).to_owned();
    let config = created.as_xml().at(&["HealthCheck", "HealthCheckConfig"]).unwrap().clone();
    assert_eq!((config.text_at(&["Port"]), config.text_at(&["EnableSNI"])), ("443", "true"));
    let same = format!("<FailureThreshold>3</FailureThreshold>{HTTPS}<Regions></Regions>");
    assert_eq!(check(&service, "one", &same).as_xml().text_at(&["HealthCheck", "Id"]), id);
    let other = format!("{HTTPS}<Port>8443</Port>");
    assert_eq!(error_of(&check(&service, "one", &other)).0, "HealthCheckAlreadyExists");
    assert_eq!(
        error_of(&check(&service, "two", &format!("{HTTPS}<RequestInterval>20</RequestInterval>"))).0,
        "InvalidInput"
    );
    let path = format!("/2013-04-01/healthcheck/{id}");
    assert!(service.send(&format!("DELETE {path}"), "").status.is_success());
    assert_eq!(error_of(&service.send(&format!("GET {path}"), "")).0, "NoSuchHealthCheck");
    assert_eq!(error_of(&check(&service, "one", HTTPS)).0, "HealthCheckAlreadyExists");
}

#[test]
fn a_health_check_update_needs_the_current_version() {
    let service = Service::new("route53");
    let id = check(&service, "one", HTTPS).as_xml().text_at(&["HealthCheck", "Id"]).to_owned();
    let update = |version: &str, settings: &str| {
        let body = format!(
            "<UpdateHealthCheckRequest xmlns=\"{NAMESPACE}\"><HealthCheckVersion>{version}</HealthCheckVersion>\
             {settings}</UpdateHealthCheckRequest>"
        );
        service.send(&format!("POST /2013-04-01/healthcheck/{id}"), &body)
    };
    let found = update("1", "<ResourcePath>/health</ResourcePath><FailureThreshold>5</FailureThreshold>").as_xml();
    let found = found.child("HealthCheck").unwrap();
    assert_eq!(found.text_at(&["HealthCheckVersion"]), "2");
    assert_eq!(found.text_at(&["HealthCheckConfig", "FailureThreshold"]), "5");
    assert_eq!(error_of(&update("1", "")).0, "HealthCheckVersionMismatch");
    let reset = "<ResetElements><ResettableElementName>ResourcePath</ResettableElementName></ResetElements>";
    assert_eq!(update("2", reset).as_xml().at(&["HealthCheck", "HealthCheckConfig", "ResourcePath"]), None);
    assert_eq!(error_of(&update("3", "<FailureThreshold>11</FailureThreshold>")).0, "InvalidInput");

    check(&service, "two", HTTPS);
    let page = service.send("GET /2013-04-01/healthcheck?maxitems=1", "").as_xml();
    let next = service.send(&format!("GET /2013-04-01/healthcheck?marker={}", page.text_at(&["NextMarker"])), "");
    assert_eq!((page.text_at(&["IsTruncated"]), next.as_xml().text_at(&["IsTruncated"])), ("true", "false"));
    assert_eq!(next.as_xml().items_at(&["HealthChecks"]).len(), 1);
}

#[test]
fn a_zone_has_at_most_ten_tags() {
    let service = Service::new("route53");
    let id = zone(&service, "a.com");
    let path = format!("/2013-04-01/tags/hostedzone/{id}");
    let add = |range: std::ops::Range<u8>, removed: &str| {
        let tags: String = range.map(|n| format!("<Tag><Key>k{n}</Key><Value>v</Value></Tag>")).collect();
        let body = format!("<a><AddTags>{tags}</AddTags><RemoveTagKeys><Key>{removed}</Key></RemoveTagKeys></a>");
        service.send(&format!("POST {path}"), &body)
    };
    let tags = || service.send(&format!("GET {path}"), "").as_xml().items_at(&["ResourceTagSet", "Tags"]).len();
    assert!(add(0..10, "").status.is_success());
    assert_eq!(error_of(&add(10..11, "")).0, "InvalidInput");
    assert!(add(10..11, "k0").status.is_success());
    assert_eq!(tags(), 10);
    assert_eq!(error_of(&service.send("GET /2013-04-01/tags/healthcheck/1", "")).0, "NoSuchHealthCheck");
    assert_eq!(error_of(&service.send("GET /2013-04-01/geolocations", "")).0, "NotImplemented");
}
