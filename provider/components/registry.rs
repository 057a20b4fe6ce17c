//! The registry of kinds: where the engine finds them.

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

/// Every kind. A new kind of AWS object is one file and one line here; parents stand before children.
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
