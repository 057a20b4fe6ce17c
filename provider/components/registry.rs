//! The registry of all kinds.

use super::erased::Erased;
use super::{AnyComponent, acm, apigateway, cloudfront, cloudwatch, execute_api, iam, lambda, logs, route53, wafv2};

/// Every kind. A kind is listed after the kinds that its spec refers to: an import searches in this order.
pub static REGISTRY: &[&dyn AnyComponent] = &[
    &Erased::<logs::claim::Claim>::new(),
    &Erased::<iam::role::Role>::new(),
    &Erased::<logs::log_group::LogGroup>::new(),
    &Erased::<lambda::function::Function>::new(),
    &Erased::<lambda::version::Version>::new(),
    &Erased::<lambda::version_check::VersionCheck>::new(),
    &Erased::<lambda::canary::Canary>::new(),
    &Erased::<lambda::alias::Alias>::new(),
    &Erased::<lambda::provisioned_concurrency::ProvisionedConcurrency>::new(),
    &Erased::<lambda::edge_function::EdgeFunction>::new(),
    &Erased::<apigateway::http_api::HttpApi>::new(),
    &Erased::<apigateway::execute_api_endpoint::ExecuteApiEndpoint>::new(),
    &Erased::<apigateway::rest_api::RestApi>::new(),
    &Erased::<lambda::permission::Permission>::new(),
    &Erased::<apigateway::integration::Integration>::new(),
    &Erased::<apigateway::authorizer::Authorizer>::new(),
    &Erased::<apigateway::route::Route>::new(),
    &Erased::<apigateway::stage::Stage>::new(),
    &Erased::<apigateway::route_settings::RouteSettings>::new(),
    &Erased::<apigateway::rest_definition::RestDefinition>::new(),
    &Erased::<apigateway::rest_deployment::RestDeployment>::new(),
    &Erased::<apigateway::rest_stage::RestStage>::new(),
    &Erased::<apigateway::rest_endpoint::RestEndpoint>::new(),
    &Erased::<apigateway::api_key_value::ApiKeyValue>::new(),
    &Erased::<apigateway::api_key::ApiKey>::new(),
    &Erased::<apigateway::usage_plan::UsagePlan>::new(),
    &Erased::<apigateway::usage_plan_key::UsagePlanKey>::new(),
    &Erased::<wafv2::web_acl_association::WebAclAssociation>::new(),
    &Erased::<acm::certificate::Certificate>::new(),
    &Erased::<route53::validation_record::ValidationRecord>::new(),
    &Erased::<acm::issued_certificate::IssuedCertificate>::new(),
    &Erased::<apigateway::domain::Domain>::new(),
    &Erased::<apigateway::mapping::Mapping>::new(),
    &Erased::<execute_api::probe::Probe>::new(),
    &Erased::<execute_api::verification::Verification>::new(),
    &Erased::<cloudwatch::alarm_baseline::AlarmBaseline>::new(),
    &Erased::<cloudwatch::alarm_watch::AlarmWatch>::new(),
    &Erased::<route53::health_check::HealthCheck>::new(),
    &Erased::<route53::alarm_health_check::AlarmHealthCheck>::new(),
    &Erased::<route53::routing_control_health_check::RoutingControlHealthCheck>::new(),
    &Erased::<route53::calculated_health_check::CalculatedHealthCheck>::new(),
    &Erased::<route53::cidr_collection::CidrCollection>::new(),
    &Erased::<route53::cidr_location::CidrLocation>::new(),
    &Erased::<cloudfront::cache_policy::CachePolicy>::new(),
    &Erased::<cloudfront::origin_request_policy::OriginRequestPolicy>::new(),
    &Erased::<cloudfront::response_headers_policy::ResponseHeadersPolicy>::new(),
    &Erased::<cloudfront::key_value_store::KeyValueStore>::new(),
    &Erased::<cloudfront::viewer_function::ViewerFunction>::new(),
    &Erased::<cloudfront::distribution::Distribution>::new(),
    &Erased::<cloudfront::continuous_deployment_policy::ContinuousDeploymentPolicy>::new(),
    &Erased::<cloudfront::key_values::KeyValues>::new(),
    &Erased::<cloudfront::invalidation::Invalidation>::new(),
    &Erased::<route53::record::Record>::new(),
    &Erased::<route53::hosted_zone::HostedZone>::new(),
    &Erased::<logs::completion_marker::CompletionMarker>::new(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn facts_name_fields_that_exist() {
        for component in REGISTRY {
            let (meta, fields) = (component.meta(), component.fields());
            assert!(!fields.is_empty(), "the spec of {} is not a struct", meta.name);
            for field in [meta.immutable, meta.rolled_out, meta.uncompared, meta.secret].concat() {
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
            assert!(meta.about.ends_with('.'), "{}: {:?} is not a sentence", meta.name, meta.about);
            assert!(meta.actions.is_sorted(), "the actions of {} are not sorted", meta.name);
        }
    }
}
