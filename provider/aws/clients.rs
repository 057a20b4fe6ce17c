//! Clients of the AWS services, one per service and region, and the endpoints they talk to.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use aws_types::SdkConfig;
use aws_types::origin::Origin;
use aws_types::region::Region;

/// Makes clients when they are first asked for and keeps them.
pub(super) struct Clients {
    sdk: SdkConfig,
    endpoints: Endpoints,
    lambda: Pool<aws_sdk_lambda::Client>,
    logs: Pool<aws_sdk_cloudwatchlogs::Client>,
    apigateway: Pool<aws_sdk_apigatewayv2::Client>,
    acm: Pool<aws_sdk_acm::Client>,
    iam: Pool<aws_sdk_iam::Client>,
    route53: Pool<aws_sdk_route53::Client>,
    cloudfront: Pool<aws_sdk_cloudfront::Client>,
}

/// Where the user wants requests to go.
#[derive(Debug, Clone, Default)]
pub(super) struct Endpoints {
    /// Every service that `by_service` does not name.
    pub(super) all: Option<String>,
    /// Single services.
    pub(super) by_service: BTreeMap<String, String>,
}

impl Endpoints {
    /// Where requests to `service` go; `None` for AWS's own endpoint.
    pub(super) fn of(&self, service: &str) -> Option<&str> {
        self.by_service.get(service).or(self.all.as_ref()).map(String::as_str)
    }

    /// `sdk` for one service of one region.
    pub(super) fn apply(&self, sdk: &SdkConfig, service: &str, region: &str) -> SdkConfig {
        let mut builder = sdk.to_builder().region(Region::new(region.to_owned()));
        if let Some(url) = self.of(service) {
            builder.set_endpoint_url(Some(url.to_owned()));
            // Without it, AWS_ENDPOINT_URL_* of the environment would win over the provider's own arguments.
            builder.insert_origin("endpoint_url", Origin::shared_config());
        }
        builder.build()
    }
}

impl Clients {
    /// Clients with `sdk`'s credentials.
    pub(super) fn new(sdk: SdkConfig, endpoints: Endpoints) -> Self {
        Self {
            sdk,
            endpoints,
            lambda: Pool::default(),
            logs: Pool::default(),
            apigateway: Pool::default(),
            acm: Pool::default(),
            iam: Pool::default(),
            route53: Pool::default(),
            cloudfront: Pool::default(),
        }
    }

    /// Where requests to `service` go, for messages.
    pub(super) fn endpoint(&self, service: &str, region: &str) -> String {
        let chosen = self.endpoints.of(service).or(self.sdk.endpoint_url());
        chosen.map_or_else(|| format!("{service}.{region}"), str::to_owned)
    }

    /// Where requests to the APIs themselves go; `None` when their own host names lead to them.
    pub(super) fn execute_api(&self) -> Option<&str> {
        self.endpoints.of("execute_api").or(self.sdk.endpoint_url())
    }

    pub(super) fn lambda(&self, region: &str) -> aws_sdk_lambda::Client {
        self.lambda.get(region, || aws_sdk_lambda::Client::new(&self.config("lambda", region)))
    }

    pub(super) fn logs(&self, region: &str) -> aws_sdk_cloudwatchlogs::Client {
        self.logs.get(region, || aws_sdk_cloudwatchlogs::Client::new(&self.config("logs", region)))
    }

    pub(super) fn apigateway(&self, region: &str) -> aws_sdk_apigatewayv2::Client {
        self.apigateway.get(region, || aws_sdk_apigatewayv2::Client::new(&self.config("apigateway", region)))
    }

    pub(super) fn acm(&self, region: &str) -> aws_sdk_acm::Client {
        self.acm.get(region, || aws_sdk_acm::Client::new(&self.config("acm", region)))
    }

    pub(super) fn iam(&self, region: &str) -> aws_sdk_iam::Client {
        self.iam.get(region, || aws_sdk_iam::Client::new(&self.config("iam", region)))
    }

    pub(super) fn route53(&self, region: &str) -> aws_sdk_route53::Client {
        self.route53.get(region, || aws_sdk_route53::Client::new(&self.config("route53", region)))
    }

    pub(super) fn cloudfront(&self, region: &str) -> aws_sdk_cloudfront::Client {
        self.cloudfront.get(region, || aws_sdk_cloudfront::Client::new(&self.config("cloudfront", region)))
    }

    pub(super) fn account(&self, region: &str) -> aws_sdk_account::Client {
        aws_sdk_account::Client::new(&self.config("account", region))
    }

    fn config(&self, service: &str, region: &str) -> SdkConfig {
        self.endpoints.apply(&self.sdk, service, region)
    }
}

/// The clients of one service by region.
struct Pool<C>(Mutex<HashMap<String, C>>);

impl<C> Default for Pool<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C: Clone> Pool<C> {
    fn get(&self, region: &str, make: impl FnOnce() -> C) -> C {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region.to_owned()).or_insert_with(make).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_own_endpoint_wins() {
        let endpoints = Endpoints {
            all: Some("http://localhost:1".to_owned()),
            by_service: BTreeMap::from([("lambda".to_owned(), "http://localhost:2".to_owned())]),
        };
        assert_eq!(endpoints.of("lambda"), Some("http://localhost:2"));
        assert_eq!(endpoints.of("iam"), Some("http://localhost:1"));
        assert_eq!(Endpoints::default().of("iam"), None);
    }
}
