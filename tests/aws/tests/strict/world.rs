//! A local AWS of one's own, and the SDK's clients for it.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_types::region::Region;
use strict_aws::{Delays, LocalAws, Options};

/// Longer than any test: what is delayed by it comes only when the clock is put forward.
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
    /// Nothing takes time.
    pub(crate) async fn immediate() -> Self {
        Self::start(Options::immediate()).await
    }

    /// What takes time takes for ever, until the clock is put forward.
    pub(crate) async fn slow() -> Self {
        Self::start(Options { delays: Delays::all(LONG), ..Options::default() }).await
    }

    pub(crate) async fn start(options: Options) -> Self {
        let options = Options { backend: crate::BACKEND, ..options };
        let key = options.account.clone();
        Self { aws: LocalAws::start(options).await.unwrap(), region: "us-east-1".to_owned(), key }
    }

    /// From now on the clients have this access key; twelve digits are an account.
    pub(crate) fn use_key(&mut self, key: &str) {
        self.key = key.to_owned();
    }

    /// From now on the clients ask this region.
    pub(crate) fn go_to(&mut self, region: &str) {
        self.region = region.to_owned();
    }

    /// As long as anything takes in [`World::slow`].
    pub(crate) fn wait(&self) {
        self.aws.advance(LONG);
    }

    clients! {
        acm: aws_sdk_acm,
        account: aws_sdk_account,
        apigateway: aws_sdk_apigatewayv2,
        cloudfront: aws_sdk_cloudfront,
        iam: aws_sdk_iam,
        lambda: aws_sdk_lambda,
        logs: aws_sdk_cloudwatchlogs,
        route53: aws_sdk_route53,
    }
}

/// The code and the message of AWS's refusal.
macro_rules! refusal {
    ($result:expr) => {{
        use aws_sdk_lambda::error::ProvideErrorMetadata;
        let error = $result.unwrap_err();
        (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
    }};
}
pub(crate) use refusal;
