//! From the provider's arguments to an account: credentials, endpoints, and whose they are.

use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_account::types::RegionOptStatus;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use tokio::sync::OnceCell;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::clients::{Clients, Endpoints};
use super::clock::Timeouts;
use super::failure::{BAD_CREDENTIALS, Failure, NO_CREDENTIALS, UNAVAILABLE_CREDENTIALS};
use super::limits::Limiter;
use super::memory::Memory;
use super::sender::{Call, Sender};
use super::{Aws, CallError, CancellationToken, Clock, Config, ConnectError, Run, StaticCredentials, http};
use crate::desired::{Limit, Owner};

/// Where a provider is at home when nobody says otherwise.
const DEFAULT_REGION: &str = "us-east-1";
/// The longest time one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long credentials may take: a sign-in by SSO, a process that asks a vault. Less than an attempt, which waits for them.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a question of the provider itself may take, with its repetitions.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(60);
/// A plan should not wait for an endpoint that is not there.
const QUESTION_RETRIES: usize = 2;
const DEFAULT_RETRIES: u32 = 8;
const DEFAULT_PARALLEL_CALLS: usize = 64;

impl Aws {
    /// Loads credentials, reads which account they belong to, and refuses a wrong account. No other call is made.
    ///
    /// `limits` are AWS's limits on single operations, which the kinds publish; those of the services are known here.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(
        config: Config,
        limits: impl IntoIterator<Item = Limit>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConnectError> {
        let endpoints = Endpoints { all: config.endpoint_url.clone(), by_service: config.endpoints.clone() };
        // What the SDK logs on the way may hold credentials.
        let sdk = sdk_config(&config, &endpoints, &clock).with_subscriber(Dispatch::none()).await;
        let region = sdk.region().map_or(DEFAULT_REGION, |region| region.as_ref()).to_owned();
        let identity = identity(&endpoints.apply(&sdk, "sts", &region), &endpoints, &region, &clock).await?;
        check_account(&config, &identity.account_id)?;
        let limiter = match config.keep_rate_limits {
            true => Limiter::of(limits, clock.now()),
            false => Limiter::off(),
        };
        let sender = Sender::new(
            limiter,
            config.max_parallel_calls.unwrap_or(DEFAULT_PARALLEL_CALLS),
            config.max_retries.unwrap_or(DEFAULT_RETRIES) as usize,
        );
        Ok(Self {
            home_region: region,
            account_id: identity.account_id,
            partition: identity.partition,
            default_tags: config.default_tags,
            web: http::Web::new(&sdk, config.network),
            clients: Clients::new(sdk, endpoints),
            sender,
            memory: Memory::default(),
            enabled_regions: OnceCell::new(),
            locks: std::sync::Mutex::default(),
            clock,
        })
    }

    /// The regions of the account that are enabled; `None` when they could not be listed.
    pub async fn enabled_regions(&self) -> Option<Vec<String>> {
        self.list_regions().await.ok()
    }

    /// The regions of the account that are enabled.
    ///
    /// # Errors
    /// The call that failed. A failure is not remembered: it may pass.
    pub async fn list_regions(&self) -> Result<Vec<String>, CallError> {
        self.enabled_regions.get_or_try_init(|| self.ask_for_regions()).await.cloned()
    }

    async fn ask_for_regions(&self) -> Result<Vec<String>, CallError> {
        let region = self.home_region.as_str();
        let run = question(&self.clock);
        let endpoint = self.clients.endpoint("account", region);
        let call = Call { operation: "account:ListRegions", region, endpoint: &endpoint, run: &run, repeatable: true };
        let client = self.clients.account(region);
        let sender = Sender::new(Limiter::off(), 1, QUESTION_RETRIES);
        let ask = || {
            client
                .list_regions()
                .region_opt_status_contains(RegionOptStatus::Enabled)
                .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
                .into_paginator()
                .items()
                .send()
                .collect::<Result<Vec<_>, _>>()
        };
        match sender.send(call, ask).await {
            Ok(regions) => Ok(regions.into_iter().filter_map(|region| region.region_name).collect()),
            Err(failure) => {
                tracing::debug!(error = %failure.error, "the account's enabled regions are not known");
                Err(failure.error)
            }
        }
    }
}

/// A run for a question that no resource asks.
fn question(clock: &Arc<dyn Clock>) -> Run {
    Run::new(Owner::new("", ""), "", clock.now() + QUESTION_TIMEOUT, CancellationToken::new(), clock.clone())
}

async fn sdk_config(config: &Config, endpoints: &Endpoints, clock: &Arc<dyn Clock>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(http::CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http::client(config.network.as_ref()))
        .sleep_impl(Timeouts(Arc::clone(clock)))
        .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build())
        // Repeating is ours: with our own clock, within the run's time, under the limiter.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &config.profile {
        // The default chain would let the environment win over a profile that was named on purpose.
        let credentials = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(credentials);
    }
    if let Some(StaticCredentials { access_key, secret_key, token }) = &config.credentials {
        let credentials = Credentials::new(access_key, secret_key, token.clone(), None, "provider arguments");
        loader = loader.credentials_provider(credentials);
    }
    let sdk = loader.load().await;
    assume_role(config, endpoints, sdk).await
}

async fn assume_role(config: &Config, endpoints: &Endpoints, sdk: SdkConfig) -> SdkConfig {
    let Some(role) = &config.assume_role else { return sdk };
    let region = sdk.region().map_or(DEFAULT_REGION, |region| region.as_ref()).to_owned();
    let mut builder = AssumeRoleProvider::builder(&role.role_arn)
        .configure(&endpoints.apply(&sdk, "sts", &region))
        .session_name(role.session_name.as_deref().unwrap_or("multiregion"));
    if let Some(external_id) = &role.external_id {
        builder = builder.external_id(external_id);
    }
    if let Some(seconds) = role.duration_seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
        builder = builder.session_length(Duration::from_secs(seconds));
    }
    let provider = builder.build().await;
    sdk.to_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

struct Identity {
    account_id: String,
    partition: String,
}

async fn identity(
    sdk: &SdkConfig,
    endpoints: &Endpoints,
    region: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Identity, ConnectError> {
    let client = aws_sdk_sts::Client::new(sdk);
    let run = question(clock);
    let endpoint = endpoints.of("sts").or(sdk.endpoint_url()).map_or_else(|| format!("sts.{region}"), str::to_owned);
    let call = Call { operation: "sts:GetCallerIdentity", region, endpoint: &endpoint, run: &run, repeatable: true };
    let sender = Sender::new(Limiter::off(), 1, QUESTION_RETRIES);
    let answer = sender
        .send(call, || client.get_caller_identity().send())
        .await
        .map_err(|failure| connect_error(failure, &endpoint))?;
    let partition = answer.arn().and_then(|arn| arn.split(':').nth(1)).filter(|name| !name.is_empty());
    let (Some(account_id), partition) = (answer.account(), partition.unwrap_or("aws")) else {
        return Err(ConnectError::Credentials("sts:GetCallerIdentity named no account".into()));
    };
    Ok(Identity { account_id: account_id.to_owned(), partition: partition.to_owned() })
}

/// Who may call GetCallerIdentity needs no permission: a refusal is about the credentials. An answer without a code of
/// AWS's own is from something else than AWS.
fn connect_error(failure: Failure, endpoint: &str) -> ConnectError {
    match failure.error {
        CallError::Unreachable { endpoint, source, .. } => {
            ConnectError::Unreachable { endpoint, source: Box::new(source) }
        }
        error => {
            let code = error.code().unwrap_or_default();
            let foreign = code.starts_with("HTTP ") || failure.verdict == super::failure::Verdict::Unclear;
            match code {
                NO_CREDENTIALS => ConnectError::NoCredentials,
                // Nothing was sent, so there is neither a refusal nor a request to name.
                BAD_CREDENTIALS => ConnectError::Credentials(error.message().into()),
                UNAVAILABLE_CREDENTIALS => ConnectError::Unavailable(error.message().into()),
                _ if foreign => ConnectError::Unreachable { endpoint: endpoint.to_owned(), source: error.into() },
                _ => ConnectError::Credentials(error.into()),
            }
        }
    }
}

fn check_account(config: &Config, account_id: &str) -> Result<(), ConnectError> {
    let forbidden = config.forbidden_account_ids.iter().any(|id| id == account_id);
    let allowed = config.allowed_account_ids.is_empty() || config.allowed_account_ids.iter().any(|id| id == account_id);
    if forbidden || !allowed {
        return Err(ConnectError::WrongAccount { account_id: account_id.to_owned(), forbidden });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::FakeClock;

    fn config(endpoint: &str) -> Config {
        Config {
            region: Some("eu-central-1".to_owned()),
            credentials: Some(StaticCredentials {
                access_key: "AKIDEXAMPLE".to_owned(),
                secret_key: "canary-secret".to_owned(),
                token: None,
            }),
            endpoint_url: Some(endpoint.to_owned()),
            ..Config::default()
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_does_not_answer_is_named() {
        // Nobody listens on port 9 of this machine.
        let error = Aws::connect(config("http://127.0.0.1:9"), [], Arc::new(FakeClock::default())).await.err().unwrap();
        assert_eq!(error.to_string(), "http://127.0.0.1:9 does not answer as AWS does");
        assert!(!format!("{error:?} {}", crate::aws::chain(&error)).contains("canary"));
    }

    #[test]
    fn only_the_right_account_is_let_in() {
        let mut config = config("http://127.0.0.1:9");
        assert!(check_account(&config, "111111111111").is_ok());
        config.allowed_account_ids = vec!["222222222222".to_owned()];
        assert!(matches!(
            check_account(&config, "111111111111"),
            Err(ConnectError::WrongAccount { forbidden: false, .. })
        ));
        assert!(check_account(&config, "222222222222").is_ok());
        config.forbidden_account_ids = vec!["222222222222".to_owned()];
        assert!(matches!(
            check_account(&config, "222222222222"),
            Err(ConnectError::WrongAccount { forbidden: true, .. })
        ));
    }
}
