//! Calls to CloudFront in the form that the SDK sends.

use super::*;
use crate::memory::testing::{Service, error_of};

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
    let created = service.send("POST /2020-05-31/distribution?WithTags", &body);
    assert_eq!(created.status, StatusCode::CREATED);
    (created.as_xml(), etag(&created))
}

fn etag(response: &Response) -> String {
    response.headers.get(ETAG).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_distribution_update_needs_the_current_etag_and_a_deletion_a_disabled_distribution() {
    let service = Service::new("cloudfront");
    let (created, first) = create(&service, "one");
    let path = format!("/2020-05-31/distribution/{}", created.text_at(&["Id"]));
    assert_eq!(created.text_at(&["DistributionConfig", "PriceClass"]), "PriceClass_All");
    let update = |etag: Option<&str>, body: &str| service.send_if_match(&format!("PUT {path}/config"), body, etag);
    let disabled = config("one", false, "");
    assert_eq!(error_of(&update(None, &disabled)).0, "InvalidIfMatchVersion");
    assert_eq!(update(Some("E1"), &disabled).status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(error_of(&update(Some(&first), &config("two", false, ""))).0, "IllegalUpdate");
    let delete = |etag: &str| service.send_if_match(&format!("DELETE {path}"), "", Some(etag));
    assert_eq!(error_of(&delete(&first)).0, "DistributionNotDisabled");
    let second = etag(&update(Some(&first), &disabled));
    assert_ne!(first, second);
    let read = service.send(&format!("GET {path}/config"), "");
    assert_eq!((etag(&read), read.as_xml().name), (second.clone(), "DistributionConfig".to_owned()));
    assert_eq!(error_of(&delete(&first)).0, "PreconditionFailed");
    assert_eq!(delete(&second).status, StatusCode::NO_CONTENT);
    assert_eq!(error_of(&service.send(&format!("GET {path}"), "")).0, "NoSuchDistribution");
    assert_eq!(error_of(&update(Some(&second), &disabled)).0, "NoSuchDistribution");
    let again = service.send("POST /2020-05-31/distribution", &config("one", true, ""));
    assert_eq!(error_of(&again).0, "DistributionAlreadyExists");
}

#[test]
fn invalid_settings_are_rejected() {
    let service = Service::new("cloudfront");
    let wrong = "<Aliases><Quantity>2</Quantity><Items><CNAME>a.com</CNAME></Items></Aliases>";
    for (body, code) in [
        (config("one", true, wrong), "InconsistentQuantities"),
        (config("", true, ""), "InvalidArgument"),
        (config("one", true, "").replace("Comment", "Remark"), "InvalidArgument"),
        ("{}".to_owned(), "MalformedXML"),
    ] {
        assert_eq!(error_of(&service.send("POST /2020-05-31/distribution", &body)).0, code);
    }
    assert_eq!(error_of(&service.send("POST /2020-05-31/public-key", "")).0, "NotImplemented");
}

#[test]
fn distributions_are_listed_in_pages() {
    let service = Service::new("cloudfront");
    assert_eq!(service.send("GET /2020-05-31/distribution", "").as_xml().child("Items"), None);
    for reference in ["one", "two", "three"] {
        create(&service, reference);
    }
    let mut found = Vec::new();
    let mut next = String::new();
    for _ in 0..2 {
        let page = service.send(&format!("GET /2020-05-31/distribution?MaxItems=2&Marker={next}"), "").as_xml();
        found.extend(page.items_at(&["Items"]).iter().map(|item| item.text_at(&["Id"]).to_owned()));
        next = page.text_at(&["NextMarker"]).to_owned();
        assert_eq!(page.items_at(&["Items"])[0].text_at(&["Comment"]), "giraffe");
    }
    found.dedup();
    assert_eq!((found.len(), next), (3, String::new()));
}

#[test]
fn tags_are_added_and_removed() {
    let service = Service::new("cloudfront");
    let (created, _) = create(&service, "one");
    let arn = crate::message::encode(created.text_at(&["ARN"]));
    let tags = || {
        let all = service.send(&format!("GET /2020-05-31/tagging?Resource={arn}"), "").as_xml();
        let text = |tag: &Element, name: &str| tag.text_at(&[name]).to_owned();
        let tags = all.items_at(&["Items"]).iter().map(|tag| (text(tag, "Key"), text(tag, "Value")));
        tags.collect::<BTreeMap<_, _>>()
    };
    let ask = |operation: &str, body: &str| {
        service.send(&format!("POST /2020-05-31/tagging?Operation={operation}&Resource={arn}"), body)
    };
    let tag = "<Tags><Items><Tag><Key>a</Key><Value>1</Value></Tag></Items></Tags>";
    assert_eq!(ask("Tag", tag).status, StatusCode::NO_CONTENT);
    assert_eq!(tags().len(), 2);
    assert_eq!(error_of(&ask("Tag", &tag.replace(">a<", ">a#<"))).0, "InvalidTagging");
    assert_eq!(ask("Untag", "<TagKeys><Items><Key>team</Key></Items></TagKeys>").status, StatusCode::NO_CONTENT);
    assert_eq!(tags(), BTreeMap::from([("a".to_owned(), "1".to_owned())]));
    let nowhere = arn.replace(created.text_at(&["Id"]), "E1");
    let of = |arn: &str| error_of(&service.send(&format!("GET /2020-05-31/tagging?Resource={arn}"), "")).0;
    assert_eq!((of(&nowhere).as_str(), of("nonsense").as_str()), ("NoSuchResource", "InvalidArgument"));
}

#[test]
fn managed_policies_exist_and_cannot_be_changed() {
    let service = Service::new("cloudfront");
    let path = "/2020-05-31/cache-policy/4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
    let found = service.send(&format!("GET {path}"), "").as_xml();
    assert_eq!(found.text_at(&["CachePolicyConfig", "Name"]), "Managed-CachingDisabled");
    let missing = service.send("GET /2020-05-31/origin-request-policy/1", "");
    assert_eq!(error_of(&missing).0, "NoSuchOriginRequestPolicy");
    assert_eq!(error_of(&service.send(&format!("DELETE {path}"), "")).0, "IllegalDelete");
    let count = |kind: &str| {
        let all = service.send(&format!("GET /2020-05-31/response-headers-policy?Type={kind}"), "").as_xml();
        all.items_at(&["Items"]).len()
    };
    assert_eq!((count("custom"), count("managed")), (0, 2));
}

#[test]
fn a_policy_is_created_listed_updated_and_deleted() {
    let service = Service::new("cloudfront");
    let config = |name: &str, ttl: u32| {
        format!("<CachePolicyConfig><Name>{name}</Name><MinTTL>{ttl}</MinTTL></CachePolicyConfig>")
    };
    let created = service.send("POST /2020-05-31/cache-policy", &config("a", 1));
    assert_eq!(created.status, StatusCode::CREATED);
    let again = service.send("POST /2020-05-31/cache-policy", &config("a", 1));
    assert_eq!(error_of(&again).0, "CachePolicyAlreadyExists");
    let path = format!("/2020-05-31/cache-policy/{}", created.as_xml().text_at(&["Id"]));
    let put = |etag: Option<&str>| service.send_if_match(&format!("PUT {path}"), &config("a", 2), etag);
    assert_eq!(error_of(&put(Some("E1"))).0, "PreconditionFailed");
    let newest = etag(&put(Some(&etag(&created))));
    let listed = service.send("GET /2020-05-31/cache-policy?Type=custom", "").as_xml();
    let item = &listed.items_at(&["Items"])[0];
    assert_eq!(item.text_at(&["Type"]), "custom");
    assert_eq!(item.text_at(&["CachePolicy", "CachePolicyConfig", "MinTTL"]), "2");
    let delete = || service.send_if_match(&format!("DELETE {path}"), "", Some(&newest));
    assert_eq!((delete().status, error_of(&delete()).0.as_str()), (StatusCode::NO_CONTENT, "NoSuchCachePolicy"));
}

#[test]
fn an_invalidation_belongs_to_a_distribution() {
    let service = Service::new("cloudfront");
    let (distribution, _) = create(&service, "one");
    let path = format!("/2020-05-31/distribution/{}/invalidation", distribution.text_at(&["Id"]));
    let body = "<InvalidationBatch><Paths><Quantity>1</Quantity><Items><Path>/*</Path></Items></Paths>\
                <CallerReference>a</CallerReference></InvalidationBatch>";
    let created = service.send(&format!("POST {path}"), body).as_xml();
    let found = service.send(&format!("GET {path}/{}", created.text_at(&["Id"])), "").as_xml();
    assert_eq!(found, created);
    let listed = service.send(&format!("GET {path}"), "").as_xml();
    assert_eq!(listed.items_at(&["Items"])[0].text_at(&["Id"]), created.text_at(&["Id"]));
    assert_eq!(error_of(&service.send(&format!("GET {path}/I1"), "")).0, "NoSuchInvalidation");
    assert_eq!(error_of(&service.send(&format!("POST {path}"), "")).0, "InvalidArgument");
    let nowhere = service.send("POST /2020-05-31/distribution/E1/invalidation", body);
    assert_eq!(error_of(&nowhere).0, "NoSuchDistribution");
}
