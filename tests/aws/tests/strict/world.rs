//! A local AWS for one test, and SDK clients for it.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_types::region::Region;
use strict_aws::{Delays, LocalAws, Options};

/// Longer than any test: a delay of this length ends only when the clock is moved forward.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

pub(crate) struct World {
    pub(crate) aws: LocalAws,
    region: String,
    key: String,
}

macro_rules! clients {
    ($($name:ident: $sdk:ident),* $(,)?) => {
        $(
            pub(crate) fn $name(&self) -> $sdk::Client {
                let config = $sdk::Config::builder()
                    .behavior_version($sdk::config::BehaviorVersion::latest())
                    .region(Region::new(self.region.clone()))
                    .endpoint_url(self.aws.endpoint())
                    .credentials_provider(Credentials::new(&self.key, "test", None, None, "test"))
                    .retry_config($sdk::config::retry::RetryConfig::disabled())
                    .build();
                $sdk::Client::from_conf(config)
            }
        )*
    };
}

impl World {
    /// An AWS without delays.
    pub(crate) async fn immediate() -> Self {
        Self::start(Options::immediate()).await
    }

    /// An AWS whose delays end only when the clock is moved forward.
    pub(crate) async fn slow() -> Self {
        Self::start(Options { delays: Delays::all(LONG), ..Options::default() }).await
    }

    pub(crate) async fn start(options: Options) -> Self {
        let options = Options { backend: crate::BACKEND, ..options };
        let key = options.account.clone();
        Self { aws: LocalAws::start(options).await.unwrap(), region: "us-east-1".to_owned(), key }
    }

    /// Sets the access key of the clients; twelve digits are an account.
    pub(crate) fn set_access_key(&mut self, key: &str) {
        self.key = key.to_owned();
    }

    /// Sets the region of the clients.
    pub(crate) fn set_region(&mut self, region: &str) {
        self.region = region.to_owned();
    }

    /// Moves the clock forward by the delays of [`World::slow`].
    pub(crate) fn wait(&self) {
        self.aws.advance(LONG);
    }

    clients! {
        acm: aws_sdk_acm,
        account: aws_sdk_account,
        apigateway: aws_sdk_apigateway,
        apigatewayv2: aws_sdk_apigatewayv2,
        cloudfront: aws_sdk_cloudfront,
        iam: aws_sdk_iam,
        lambda: aws_sdk_lambda,
        logs: aws_sdk_cloudwatchlogs,
        route53: aws_sdk_route53,
    }
}

/// The code and the message of an AWS error.
macro_rules! error_of {
    ($result:expr) => {{
        use aws_sdk_lambda::error::ProvideErrorMetadata;
        let error = $result.unwrap_err();
        (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
    }};
}
pub(crate) use error_of;
