//! CloudFront is asked as the SDK asks it.

use super::*;
use crate::memory::testing::{Service, refusal};

fn config(reference: &str, enabled: bool, rest: &str) -> String {
    format!(
        "<DistributionConfig xmlns=\"{NAMESPACE}\"><CallerReference>{reference}</CallerReference><Origins>\
         <Quantity>1</Quantity><Items><Origin><Id>a</Id><DomainName>a.com</DomainName></Origin></Items></Origins>\
         <DefaultCacheBehavior><TargetOriginId>a</TargetOriginId></DefaultCacheBehavior><Comment>giraffe</Comment>\
         <Enabled>{enabled}</Enabled>{rest}</DistributionConfig>"
    )
}

fn create(service: &Service, reference: &str) -> (Element, String) {
    let body = format!(
        "<DistributionConfigWithTags xmlns=\"{NAMESPACE}\">{}<Tags><Items><Tag><Key>team</Key><Value>web</Value></Tag>\
         </Items></Tags></DistributionConfigWithTags>",
        config(reference, true, "")
    );
    let made = service.ask("POST /2020-05-31/distribution?WithTags", &body);
    assert_eq!(made.status, StatusCode::CREATED);
    (made.as_xml(), etag(&made))
}

fn etag(answer: &Answer) -> String {
    answer.headers.get(ETAG).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_distribution_is_changed_by_who_knows_its_version_and_goes_when_it_is_disabled() {
    let service = Service::new("cloudfront");
    let (made, first) = create(&service, "one");
    let path = format!("/2020-05-31/distribution/{}", made.text_at(&["Id"]));
    assert_eq!(made.text_at(&["DistributionConfig", "PriceClass"]), "PriceClass_All");
    let update = |etag: Option<&str>, body: &str| service.ask_if_match(&format!("PUT {path}/config"), body, etag);
    let disabled = config("one", false, "");
    assert_eq!(refusal(&update(None, &disabled)).0, "InvalidIfMatchVersion");
    assert_eq!(update(Some("E1"), &disabled).status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(refusal(&update(Some(&first), &config("two", false, ""))).0, "IllegalUpdate");
    let delete = |etag: &str| service.ask_if_match(&format!("DELETE {path}"), "", Some(etag));
    assert_eq!(refusal(&delete(&first)).0, "DistributionNotDisabled");
    let second = etag(&update(Some(&first), &disabled));
    assert_ne!(first, second);
    let read = service.ask(&format!("GET {path}/config"), "");
    assert_eq!((etag(&read), read.as_xml().name), (second.clone(), "DistributionConfig".to_owned()));
    assert_eq!(refusal(&delete(&first)).0, "PreconditionFailed");
    assert_eq!(delete(&second).status, StatusCode::NO_CONTENT);
    assert_eq!(refusal(&service.ask(&format!("GET {path}"), "")).0, "NoSuchDistribution");
    assert_eq!(refusal(&update(Some(&second), &disabled)).0, "NoSuchDistribution");
    let again = service.ask("POST /2020-05-31/distribution", &config("one", true, ""));
    assert_eq!(refusal(&again).0, "DistributionAlreadyExists");
}

#[test]
fn wrong_settings_are_refused() {
    let service = Service::new("cloudfront");
    let wrong = "<Aliases><Quantity>2</Quantity><Items><CNAME>a.com</CNAME></Items></Aliases>";
    for (body, code) in [
        (config("one", true, wrong), "InconsistentQuantities"),
        (config("", true, ""), "InvalidArgument"),
        (config("one", true, "").replace("Comment", "Remark"), "InvalidArgument"),
        ("{}".to_owned(), "MalformedXML"),
    ] {
        assert_eq!(refusal(&service.ask("POST /2020-05-31/distribution", &body)).0, code);
    }
    assert_eq!(refusal(&service.ask("POST /2020-05-31/distribution/E1/invalidation", "")).0, "NotImplemented");
}

#[test]
fn distributions_are_listed_in_pages() {
    let service = Service::new("cloudfront");
    assert_eq!(service.ask("GET /2020-05-31/distribution", "").as_xml().child("Items"), None);
    for reference in ["one", "two", "three"] {
        create(&service, reference);
    }
    let mut found = Vec::new();
    let mut next = String::new();
    for _ in 0..2 {
        let page = service.ask(&format!("GET /2020-05-31/distribution?MaxItems=2&Marker={next}"), "").as_xml();
        found.extend(page.items_at(&["Items"]).iter().map(|item| item.text_at(&["Id"]).to_owned()));
        next = page.text_at(&["NextMarker"]).to_owned();
        assert_eq!(page.items_at(&["Items"])[0].text_at(&["Comment"]), "giraffe");
    }
    found.dedup();
    assert_eq!((found.len(), next), (3, String::new()));
}

#[test]
fn tags_are_set_and_taken_away() {
    let service = Service::new("cloudfront");
    let (made, _) = create(&service, "one");
    let arn = crate::message::encode(made.text_at(&["ARN"]));
    let tags = || {
        let all = service.ask(&format!("GET /2020-05-31/tagging?Resource={arn}"), "").as_xml();
        let text = |tag: &Element, name: &str| tag.text_at(&[name]).to_owned();
        let tags = all.items_at(&["Items"]).iter().map(|tag| (text(tag, "Key"), text(tag, "Value")));
        tags.collect::<BTreeMap<_, _>>()
    };
    let ask = |operation: &str, body: &str| {
        service.ask(&format!("POST /2020-05-31/tagging?Operation={operation}&Resource={arn}"), body)
    };
    let tag = "<Tags><Items><Tag><Key>a</Key><Value>1</Value></Tag></Items></Tags>";
    assert_eq!(ask("Tag", tag).status, StatusCode::NO_CONTENT);
    assert_eq!(tags().len(), 2);
    assert_eq!(refusal(&ask("Tag", &tag.replace(">a<", ">a#<"))).0, "InvalidTagging");
    assert_eq!(ask("Untag", "<TagKeys><Items><Key>team</Key></Items></TagKeys>").status, StatusCode::NO_CONTENT);
    assert_eq!(tags(), BTreeMap::from([("a".to_owned(), "1".to_owned())]));
    let nowhere = arn.replace(made.text_at(&["Id"]), "E1");
    let of = |arn: &str| refusal(&service.ask(&format!("GET /2020-05-31/tagging?Resource={arn}"), "")).0;
    assert_eq!((of(&nowhere).as_str(), of("nonsense").as_str()), ("NoSuchResource", "InvalidArgument"));
}

#[test]
fn managed_policies_are_there() {
    let service = Service::new("cloudfront");
    let found = service.ask("GET /2020-05-31/cache-policy/4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "").as_xml();
    assert_eq!(found.text_at(&["CachePolicyConfig", "Name"]), "Managed-CachingDisabled");
    let missing = service.ask("GET /2020-05-31/origin-request-policy/1", "");
    assert_eq!(refusal(&missing).0, "NoSuchOriginRequestPolicy");
}
