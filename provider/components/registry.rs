//! The registry of all kinds.

use super::AnyComponent;
use super::acm::certificate::Certificate;
use super::acm::issued_certificate::IssuedCertificate;
use super::apigateway::domain::Domain;
use super::apigateway::execute_api_endpoint::ExecuteApiEndpoint;
use super::apigateway::http_api::HttpApi;
use super::apigateway::integration::Integration;
use super::apigateway::mapping::Mapping;
use super::apigateway::route::Route;
use super::apigateway::stage::Stage;
use super::cloudfront::distribution::Distribution;
use super::erased::Erased;
use super::execute_api::probe::Probe;
use super::iam::role::Role;
use super::lambda::alias::Alias;
use super::lambda::function::Function;
use super::lambda::permission::Permission;
use super::lambda::provisioned_concurrency::ProvisionedConcurrency;
use super::lambda::version::Version;
use super::logs::claim::Claim;
use super::logs::completion_marker::CompletionMarker;
use super::logs::log_group::LogGroup;
use super::route53::health_check::HealthCheck;
use super::route53::hosted_zone::HostedZone;
use super::route53::record::Record;
use super::route53::validation_record::ValidationRecord;

/// Every kind. A kind is listed after the kinds that its spec refers to: an import searches in this order.
pub static REGISTRY: &[&dyn AnyComponent] = &[
    &Erased::<Claim>::new(),
    &Erased::<Role>::new(),
    &Erased::<LogGroup>::new(),
    &Erased::<Function>::new(),
    &Erased::<Version>::new(),
    &Erased::<Alias>::new(),
    &Erased::<ProvisionedConcurrency>::new(),
    &Erased::<HttpApi>::new(),
    &Erased::<ExecuteApiEndpoint>::new(),
    &Erased::<Integration>::new(),
    &Erased::<Route>::new(),
    &Erased::<Stage>::new(),
    &Erased::<Permission>::new(),
    &Erased::<Certificate>::new(),
    &Erased::<ValidationRecord>::new(),
    &Erased::<IssuedCertificate>::new(),
    &Erased::<Domain>::new(),
    &Erased::<Mapping>::new(),
    &Erased::<Probe>::new(),
    &Erased::<HealthCheck>::new(),
    &Erased::<Distribution>::new(),
    &Erased::<Record>::new(),
    &Erased::<HostedZone>::new(),
    &Erased::<CompletionMarker>::new(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn facts_name_fields_that_exist() {
        for component in REGISTRY {
            let (meta, fields) = (component.meta(), component.fields());
            assert!(!fields.is_empty(), "the spec of {} is no struct", meta.name);
            for field in [meta.immutable, meta.uncompared, meta.secret].concat() {
                assert!(fields.contains(&field), "{} has no field {field:?}: {fields:?}", meta.name);
            }
        }
    }

    #[test]
    fn facts_are_complete() {
        let names: BTreeSet<&str> = REGISTRY.iter().map(|component| component.meta().name).collect();
        assert_eq!(names.len(), REGISTRY.len(), "two kinds have one name");
        for component in REGISTRY {
            let meta = component.meta();
            assert!(!meta.name.is_empty() && !meta.id.is_empty(), "{meta:?}");
            assert!(meta.about.ends_with('.'), "{}: {:?} is no sentence", meta.name, meta.about);
            assert!(meta.actions.is_sorted(), "the actions of {} are not sorted", meta.name);
        }
    }
}
