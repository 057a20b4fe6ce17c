//! ACM.

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, FailureReason, Filters, KeyAlgorithm, ValidationMethod,
};
use aws_sdk_route53::types::{ChangeAction, ResourceRecord, ResourceRecordSet, RrType};

use crate::fixtures::configuration;
use crate::world::{World, error_of};

async fn describe(world: &World, arn: &str) -> CertificateDetail {
    world.acm().describe_certificate().certificate_arn(arn).send().await.unwrap().certificate.unwrap()
}

#[tokio::test]
async fn a_certificate_is_issued_after_its_validation_record_exists() {
    let world = World::slow().await;
    let zone = world.zone().await;
    let arn = world.request_certificate("api.a.com").await;
    let found = describe(&world, &arn).await;
    assert_eq!(found.status, Some(CertificateStatus::PendingValidation));
    assert!(found.domain_validation_options.unwrap()[0].resource_record.is_none());

    world.wait();
    assert!(describe(&world, &arn).await.domain_validation_options.unwrap()[0].resource_record.is_some());
    world.validate(&zone, &arn).await;
    assert_eq!(describe(&world, &arn).await.status, Some(CertificateStatus::PendingValidation));
    world.wait();
    let found = describe(&world, &arn).await;
    assert_eq!(found.status, Some(CertificateStatus::Issued));
    assert!(found.issued_at.is_some());
}

fn plain(name: &str, kind: RrType, value: &str) -> ResourceRecordSet {
    let value = ResourceRecord::builder().value(value).build().unwrap();
    ResourceRecordSet::builder().name(name).r#type(kind).ttl(300).resource_records(value).build().unwrap()
}

#[tokio::test]
async fn a_validation_record_below_a_delegation_is_not_seen() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let delegation = plain("dev.a.com", RrType::Ns, "ns-1.awsdns-01.org.");
    world.change(&zone, ChangeAction::Create, vec![delegation.clone()]).await.unwrap();
    let arn = world.request_certificate("api.dev.a.com").await;
    world.validate(&zone, &arn).await;
    assert_eq!(describe(&world, &arn).await.status, Some(CertificateStatus::PendingValidation));
    world.change(&zone, ChangeAction::Delete, vec![delegation]).await.unwrap();
    assert_eq!(describe(&world, &arn).await.status, Some(CertificateStatus::Issued));
}

#[tokio::test]
async fn a_caa_record_decides_whether_amazon_may_issue() {
    for (value, expected) in [
        ("0 issue \"letsencrypt.org\"", CertificateStatus::Failed),
        ("0 issue \"amazon.com\"", CertificateStatus::Issued),
        ("0 iodef \"mailto:a@a.com\"", CertificateStatus::Issued),
    ] {
        let world = World::immediate().await;
        let zone = world.zone().await;
        world.change(&zone, ChangeAction::Create, vec![plain("a.com", RrType::Caa, value)]).await.unwrap();
        let arn = world.request_certificate("api.a.com").await;
        world.validate(&zone, &arn).await;
        let found = describe(&world, &arn).await;
        let reason = (expected == CertificateStatus::Failed).then_some(FailureReason::CaaError);
        assert_eq!((found.status, found.failure_reason), (Some(expected), reason), "{value}");
    }
}

#[tokio::test]
async fn the_validation_record_is_the_same_in_every_region() {
    let mut world = World::immediate().await;
    let mut records = Vec::new();
    for region in ["us-east-1", "eu-central-1"] {
        world.set_region(region);
        let arn = world.request_certificate("*.a.com").await;
        records
            .push(describe(&world, &arn).await.domain_validation_options.unwrap()[0].resource_record.clone().unwrap());
    }
    assert_eq!(records[0], records[1]);
    assert!(records[0].name.ends_with(".a.com."), "{records:?}");
}

#[tokio::test]
async fn a_repeated_request_returns_the_same_certificate() {
    let world = World::immediate().await;
    let request = |token: &str| world.acm().request_certificate().domain_name("a.com").idempotency_token(token).send();
    let first = request("one").await.unwrap().certificate_arn;
    assert_eq!(request("one").await.unwrap().certificate_arn, first);
    assert_ne!(request("two").await.unwrap().certificate_arn, first);
}

#[tokio::test]
async fn a_certificate_in_use_cannot_be_deleted() {
    let world = World::slow().await;
    let zone = world.zone().await;
    let arn = world.request_certificate("api.a.com").await;
    world.wait();
    world.validate(&zone, &arn).await;
    describe(&world, &arn).await;
    world.wait();
    let domain = || world.apigatewayv2().create_domain_name().domain_name("api.a.com");
    domain().domain_name_configurations(configuration(&arn)).send().await.unwrap();
    assert_eq!(describe(&world, &arn).await.in_use_by.unwrap().len(), 1);

    let delete = || world.acm().delete_certificate().certificate_arn(&arn).send();
    assert_eq!(error_of!(delete().await).0, "ResourceInUseException");
    world.apigatewayv2().delete_domain_name().domain_name("api.a.com").send().await.unwrap();
    assert_eq!(error_of!(delete().await).0, "ResourceInUseException");
    world.wait();
    delete().await.unwrap();
}

#[tokio::test]
async fn a_certificate_is_listed_by_its_key_algorithm() {
    let world = World::immediate().await;
    let request =
        |algorithm: KeyAlgorithm| world.acm().request_certificate().domain_name("a.com").key_algorithm(algorithm);
    let arn = request(KeyAlgorithm::EcPrime256v1).send().await.unwrap().certificate_arn.unwrap();
    assert_eq!(describe(&world, &arn).await.key_algorithm.unwrap().as_str(), "EC-prime256v1");
    let list = async |filters: Option<Filters>| {
        let answer = world.acm().list_certificates().set_includes(filters).send().await.unwrap();
        answer.certificate_summary_list.unwrap_or_default().len()
    };
    assert_eq!(list(None).await, 0);
    assert_eq!(list(Some(Filters::builder().key_types(KeyAlgorithm::EcPrime256v1).build())).await, 1);
    assert_eq!(error_of!(request(KeyAlgorithm::Rsa4096).send().await).0, "ValidationException");
    let long = format!("{}.com", "a.".repeat(31));
    assert_eq!(error_of!(world.acm().request_certificate().domain_name(long).send().await).0, "ValidationException");
}

#[tokio::test]
async fn a_certificate_by_e_mail_waits_for_its_link() {
    let world = World::immediate().await;
    let request =
        world.acm().request_certificate().domain_name("*.api.a.com").validation_method(ValidationMethod::Email);
    let arn = request.send().await.unwrap().certificate_arn.unwrap();
    let found = describe(&world, &arn).await;
    assert_eq!(found.status, Some(CertificateStatus::PendingValidation));
    let option = &found.domain_validation_options.unwrap()[0];
    assert!(option.resource_record.is_none(), "{option:?}");
    assert!(option.validation_emails.as_deref().unwrap().contains(&"admin@api.a.com".to_owned()), "{option:?}");
    world.aws.approve_certificates("b.com");
    assert_eq!(describe(&world, &arn).await.status, Some(CertificateStatus::PendingValidation));
    world.aws.approve_certificates("a.com");
    assert_eq!(describe(&world, &arn).await.status, Some(CertificateStatus::Issued));
}
