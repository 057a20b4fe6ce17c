//! The table of AWS services: clients, endpoint names, documentation, scopes and limits follow from its lines.

use super::clients::{Clients, Pool};
use super::{Region, data_plane};
use crate::desired::Limit;

/// An AWS service that the provider calls.
#[derive(Debug)]
pub struct Service {
    /// The name in the provider's `endpoints` argument: `lambda`. IAM actions have the same name, with hyphens.
    pub name: &'static str,
    /// The service's own name, for documentation: `Lambda`.
    pub title: &'static str,
    /// Whether the service has a control plane in each region.
    pub scope: Scope,
    /// The SDK crates of its clients.
    pub crates: &'static [&'static str],
    /// AWS's limits on its calls.
    pub(super) limits: &'static [ServiceLimit],
}

/// Where a service's objects are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In one region; each region has limits of its own.
    Regional,
    /// In the account: every region's endpoint returns the same objects and shares the same limits.
    Global,
}

/// A limit in the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServiceLimit {
    pub(super) limit: Limit,
    /// Whether the calls count only against this limit, and not against the one on all calls of the service.
    pub(super) is_separate: bool,
}

/// A limit on one operation, or with `*` on all calls of a service.
const fn limit(operation: &'static str, burst: u32, per_second: f64) -> ServiceLimit {
    ServiceLimit { limit: Limit { operation, burst, per_second }, is_separate: false }
}

/// A limit on an operation that does not count against the limit on all calls of its service.
const fn separate(operation: &'static str, burst: u32, per_second: f64) -> ServiceLimit {
    ServiceLimit { limit: Limit { operation, burst, per_second }, is_separate: true }
}

macro_rules! services {
    ($($name:ident $title:literal $scope:ident [$($client:ident: $sdk:ident $(at $endpoint:path)?),*] [$($limit:expr),* $(,)?];)*) => {
        /// Every service that the provider calls, by name.
        pub static SERVICES: &[Service] = &[$(Service {
            name: stringify!($name),
            title: $title,
            scope: Scope::$scope,
            crates: &[$(stringify!($sdk)),*],
            limits: &[$($limit),*],
        }),*];

        /// The clients of every service, by region.
        #[derive(Default)]
        pub(super) struct Pools {
            $($($client: Pool<$sdk::Client>,)*)*
        }

        impl Clients {
            $($(
                pub(super) fn $client(&self, region: &str) -> $sdk::Client {
                    let new = || {
                        let config = self.config(stringify!($name), region);
                        let builder = $sdk::config::Builder::from(&config);
                        $(let builder = $endpoint(builder, config.endpoint_url());)?
                        $sdk::Client::from_conf(builder.build())
                    };
                    self.pools.$client.get(region, new)
                }
            )*)*
        }

        impl Region {
            $($(
                #[doc = concat!("The client of ", $title, " in this region.")]
                pub fn $client(&self) -> $sdk::Client {
                    self.aws.clients.$client(self.region())
                }
            )*)*
        }
    };
}

// Each line has the name, the title, the scope, the clients with their SDK crates, and the limits: calls after a pause (the
// burst), then calls per second. A client whose endpoint the SDK would change has a function that sets it. `execute_api` has
// no client: probes send it plain requests.
//
// Sources: "Amazon API Gateway quotas", "Amazon Route 53 quotas", "Lambda quotas" (API requests), "ACM quotas" (API rate
// quotas: one for each operation, none for all together), "CloudWatch Logs quotas", "CloudWatch service quotas". AWS publishes no limits for IAM and
// CloudFront; theirs are rates that AWS accepted in our measurements.
services! {
    account     "Account Management"    Regional [account: aws_sdk_account] [];
    acm         "Certificate Manager"   Regional [acm: aws_sdk_acm] [
        limit("acm:AddTagsToCertificate", 5, 5.0),
        limit("acm:DeleteCertificate", 5, 5.0),
        limit("acm:DescribeCertificate", 10, 10.0),
        limit("acm:ListCertificates", 8, 8.0),
        limit("acm:ListTagsForCertificate", 10, 10.0),
        limit("acm:RemoveTagsFromCertificate", 5, 5.0),
        limit("acm:RequestCertificate", 5, 5.0),
    ];
    apigateway  "API Gateway"           Regional [apigateway: aws_sdk_apigateway, apigatewayv2: aws_sdk_apigatewayv2] [
        limit("apigateway:*", 40, 10.0),
    ];
    cloudfront  "CloudFront"            Global   [cloudfront: aws_sdk_cloudfront] [limit("cloudfront:*", 10, 5.0)];
    cloudfront_keyvaluestore "CloudFront KeyValueStore" Global [
        cloudfront_keyvaluestore: aws_sdk_cloudfrontkeyvaluestore at data_plane::key_value_stores
    ] [];
    cloudwatch  "CloudWatch"            Regional [cloudwatch: aws_sdk_cloudwatch] [limit("cloudwatch:DescribeAlarms", 9, 9.0)];
    execute_api "requests to the APIs"  Regional [] [];
    iam         "IAM"                   Global   [iam: aws_sdk_iam] [limit("iam:*", 20, 10.0)];
    lambda      "Lambda"                Regional [lambda: aws_sdk_lambda] [
        limit("lambda:*", 15, 15.0),
        separate("lambda:GetFunction", 100, 100.0),
        separate("lambda:GetPolicy", 15, 15.0),
        separate("lambda:InvokeFunction", 100, 100.0),
    ];
    logs        "CloudWatch Logs"       Regional [logs: aws_sdk_cloudwatchlogs] [limit("logs:*", 10, 10.0)];
    route53     "Route 53"              Global   [route53: aws_sdk_route53] [limit("route53:*", 50, 10.0)];
    sts         "STS"                   Regional [sts: aws_sdk_sts] [];
    wafv2       "WAF"                   Regional [wafv2: aws_sdk_wafv2] [];
}

/// The service of an operation or an IAM action: `lambda:CreateFunction`.
pub(super) fn service_of(operation: &str) -> Option<&'static Service> {
    let name = operation.split_once(':').map_or(operation, |(name, _)| name);
    SERVICES.iter().find(|service| service.name.replace('_', "-") == name || service.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = include_str!("../../Cargo.toml");

    #[test]
    fn services_are_sorted_and_limit_only_their_own_calls() {
        assert!(SERVICES.is_sorted_by(|one, next| one.name < next.name));
        for Service { name, limits, .. } in SERVICES {
            for ServiceLimit { limit, .. } in *limits {
                let service = limit.operation.split_once(':').map(|(service, _)| service);
                assert_eq!(service, Some(*name), "{}", limit.operation);
            }
        }
    }

    /// The compiler reports crates that are missing in the manifest, but not crates that are missing in the table.
    #[test]
    fn the_manifest_and_the_table_list_the_same_crates() {
        let dependency = |line: &'static str| line.split_once(" = ").map(|(name, _)| name.replace('-', "_"));
        let crates = MANIFEST.lines().filter(|line| line.starts_with("aws-sdk-")).filter_map(dependency);
        let mut used: Vec<&str> = SERVICES.iter().flat_map(|service| service.crates).copied().collect();
        used.sort_unstable();
        assert_eq!(crates.collect::<Vec<_>>(), used);
    }

    /// A profile that overrides the settings of one SDK crate overrides those of all of them.
    #[test]
    fn a_profile_overrides_all_sdk_crates_or_none() {
        let override_of = |line: &'static str| {
            let (profile, package) = line.strip_prefix("[profile.")?.strip_suffix(']')?.split_once(".package.")?;
            Some((profile, package.trim_matches('"').strip_prefix("aws-sdk-")?))
        };
        let overrides: Vec<_> = MANIFEST.lines().filter_map(override_of).collect();
        for (profile, _) in &overrides {
            for name in SERVICES.iter().flat_map(|service| service.crates) {
                let name = name.trim_start_matches("aws_sdk_");
                assert!(overrides.contains(&(profile, name)), "[profile.{profile}.package.aws-sdk-{name}] is missing");
            }
        }
    }
}
