//! From the provider's arguments to an AWS account: credentials, endpoints, and the account's id.

use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_account::types::RegionOptStatus;
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use futures::future::{Either, FutureExt, select};
use tokio::sync::OnceCell;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::breaker::FIRST_ANSWER;
use super::clients::{Clients, Endpoints};
use super::clock::Timeouts;
use super::failure::{BAD_CREDENTIALS, Failure, NO_CREDENTIALS, UNAVAILABLE_CREDENTIALS};
use super::limits::Limiter;
use super::sender::{Call, Sender};
use super::upload::UploadBudget;
use super::{
    Aws, CallError, CancellationToken, Clock, Config, ConnectError, Run, StaticCredentials, chain, http, network,
};
use crate::desired::Limit;

/// The home region when neither the arguments nor the environment name one.
const DEFAULT_REGION: &str = "us-east-1";
/// The longest time that one attempt of a call may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long it may take to obtain credentials, as by SSO or from an external process. Less than the timeout of an attempt,
/// which includes it.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a call of the provider itself may take, with its retries.
const OWN_CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Few, so that a plan does not wait long for an endpoint that does not exist.
const OWN_CALL_RETRIES: usize = 2;
/// How many times a call is retried when the configuration does not say.
pub(crate) const DEFAULT_RETRIES: u32 = 8;
/// How many calls are concurrent at most when the configuration does not say.
pub(crate) const DEFAULT_PARALLEL_CALLS: u32 = 64;
/// The name of a session when the configuration has none.
pub(crate) const DEFAULT_SESSION_NAME: &str = "multiregion";

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
        let trust = network::trusted()?;
        // The SDK's log messages may contain credentials.
        let sdk = sdk_config(&config, &trust, &endpoints, &clock).with_subscriber(Dispatch::none()).await;
        let region = sdk.region().map_or(DEFAULT_REGION, |region| region.as_ref()).to_owned();
        let web = http::Web::new(&sdk, trust, config.network.clone());
        let clients = Clients::new(sdk, endpoints);
        let identity = identity(&clients, &region, &clock).await?;
        check_account(&config, &identity.account_id)?;
        let limiter = match config.keep_rate_limits {
            true => Limiter::of(limits, clock.now()),
            false => Limiter::off(),
        };
        let sender = Sender::new(
            limiter,
            config.max_parallel_calls.unwrap_or(DEFAULT_PARALLEL_CALLS as usize),
            config.max_retries.unwrap_or(DEFAULT_RETRIES) as usize,
        );
        Ok(Self {
            home_region: region,
            account_id: identity.account_id,
            partition: identity.partition,
            default_tags: config.default_tags,
            ignore_tags: config.ignore_tags,
            roles: config.roles,
            web,
            clients,
            sender,
            outages: Arc::default(),
            uploads: UploadBudget::default(),
            enabled_regions: OnceCell::new(),
            locks: std::sync::Mutex::default(),
            clock,
        })
    }

    /// The enabled regions of the account; `None` when they could not be listed.
    pub async fn enabled_regions(&self) -> Option<Vec<String>> {
        tokio::select! {
            biased;
            regions = self.list_regions() => regions.ok(),
            // A plan does not wait longer for a check that it can do without.
            () = self.clock.sleep(2 * FIRST_ANSWER) => None,
        }
    }

    /// The enabled regions of the account.
    ///
    /// # Errors
    /// The error of the call. Only a success is cached.
    pub async fn list_regions(&self) -> Result<Vec<String>, CallError> {
        self.enabled_regions.get_or_try_init(|| self.read_regions()).await.cloned()
    }

    async fn read_regions(&self) -> Result<Vec<String>, CallError> {
        let region = self.home_region.as_str();
        let run = own_run(&self.clock);
        let endpoint = self.clients.endpoint("account", region);
        let operation = "account:ListRegions";
        let call = Call { operation, region, endpoint: &endpoint, run: &run, repeatable: true, health: None };
        let client = self.clients.account(region);
        let sender = Sender::new(Limiter::off(), 1, OWN_CALL_RETRIES);
        let attempt = || {
            async {
                let request = client
                    .list_regions()
                    .region_opt_status_contains(RegionOptStatus::Enabled)
                    .region_opt_status_contains(RegionOptStatus::EnabledByDefault);
                let regions = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
                regions.map_err(|error| call.failure(error))
            }
            .boxed()
        };
        match sender.send(call, attempt).await {
            Ok(regions) => Ok(regions.into_iter().filter_map(|region| region.region_name).collect()),
            Err(failure) => {
                tracing::debug!(error = %failure.error, "the account's enabled regions could not be listed");
                Err(failure.error)
            }
        }
    }
}

/// A run for a call of the provider itself.
fn own_run(clock: &Arc<dyn Clock>) -> Run {
    Run::new(clock.now() + OWN_CALL_TIMEOUT, CancellationToken::new(), clock.clone())
}

async fn sdk_config(config: &Config, trust: &TlsContext, endpoints: &Endpoints, clock: &Arc<dyn Clock>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(http::CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http::client(config.network.as_ref(), trust))
        .sleep_impl(Timeouts(Arc::clone(clock)))
        .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build())
        // The sender retries: on the injected clock, until the run's deadline, within the rate limits.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(use_fips) = config.use_fips {
        loader = loader.use_fips(use_fips);
    }
    if let Some(use_dual_stack) = config.use_dual_stack {
        loader = loader.use_dual_stack(use_dual_stack);
    }
    if let Some(StaticCredentials { access_key, secret_key, token }) = &config.credentials {
        let credentials = Credentials::new(access_key, secret_key, token.clone(), None, "provider arguments");
        loader = loader.credentials_provider(credentials);
    }
    let sdk = with_profile(config, loader.load().await);
    assume_role(config, endpoints, sdk).await
}

/// `sdk` with the credentials of the profile that the configuration names, unless the configuration has credentials itself.
/// In the default chain, credentials of the environment would take precedence over the profile.
fn with_profile(config: &Config, sdk: SdkConfig) -> SdkConfig {
    let (Some(profile), None) = (&config.profile, &config.credentials) else { return sdk };
    // A profile with a role, a web identity or SSO sends requests of its own.
    let mut settings = ProviderConfig::without_region()
        .with_region(Some(sdk.region().cloned().unwrap_or_else(|| Region::from_static(DEFAULT_REGION))))
        .with_use_fips(sdk.use_fips())
        .with_use_dual_stack(sdk.use_dual_stack());
    if let Some(client) = sdk.http_client() {
        settings = settings.with_http_client(client);
    }
    if let Some(sleep) = sdk.sleep_impl() {
        settings = settings.with_sleep_impl(sleep);
    }
    let credentials = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&settings).build();
    sdk.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

async fn assume_role(config: &Config, endpoints: &Endpoints, sdk: SdkConfig) -> SdkConfig {
    let Some(role) = &config.assume_role else { return sdk };
    let region = sdk.region().map_or(DEFAULT_REGION, |region| region.as_ref()).to_owned();
    let mut builder = AssumeRoleProvider::builder(&role.role_arn)
        .configure(&endpoints.apply(&sdk, "sts", &region))
        .session_name(role.session_name.as_deref().unwrap_or(DEFAULT_SESSION_NAME));
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

/// Reads which account the credentials belong to: from STS in the home region, or in another region when that does not respond.
/// The credentials may be slow, which looks the same, so the first call goes on.
async fn identity(clients: &Clients, home: &str, clock: &Arc<dyn Clock>) -> Result<Identity, ConnectError> {
    // Boxed, because the compiler limits how deep the types of futures are nested.
    let mut first = caller_identity(clients, home, clock).boxed();
    let answer = tokio::select! {
        biased;
        answer = &mut first => Some(answer),
        () = clock.sleep(FIRST_ANSWER) => None,
    };
    let other = another_region(home);
    let second = caller_identity(clients, other, clock).boxed();
    match answer {
        Some(Err(error @ ConnectError::Unreachable { .. })) => {
            tracing::warn!(home, other, error = %chain(&error), "STS does not respond in the home region");
            second.await.map_err(|_| error)
        }
        Some(answer) => answer,
        None => match select(first, second).await {
            Either::Left((Err(error), second)) => second.await.map_err(|_| error),
            Either::Right((Err(_), first)) => first.await,
            Either::Left((answer, _)) | Either::Right((answer, _)) => answer,
        },
    }
}

/// Another region of the same partition, which is enabled in every account.
fn another_region(region: &str) -> &'static str {
    match region {
        "us-gov-west-1" => "us-gov-east-1",
        "cn-north-1" => "cn-northwest-1",
        "us-east-1" => "us-west-2",
        _ if region.starts_with("us-gov-") => "us-gov-west-1",
        _ if region.starts_with("cn-") => "cn-north-1",
        // The only region of its partition.
        _ if region.starts_with("eusc-") => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

async fn caller_identity(clients: &Clients, region: &str, clock: &Arc<dyn Clock>) -> Result<Identity, ConnectError> {
    let client = clients.sts(region);
    let run = own_run(clock);
    let endpoint = clients.endpoint("sts", region);
    let operation = "sts:GetCallerIdentity";
    let call = Call { operation, region, endpoint: &endpoint, run: &run, repeatable: true, health: None };
    let sender = Sender::new(Limiter::off(), 1, OWN_CALL_RETRIES);
    let attempt = || async { client.get_caller_identity().send().await.map_err(|error| call.failure(error)) }.boxed();
    let answer = sender.send(call, attempt).await.map_err(|failure| connect_error(failure, &endpoint))?;
    let partition = answer.arn().and_then(|arn| arn.split(':').nth(1)).filter(|name| !name.is_empty());
    let (Some(account_id), partition) = (answer.account(), partition.unwrap_or("aws")) else {
        return Err(ConnectError::Credentials("sts:GetCallerIdentity named no account".into()));
    };
    Ok(Identity { account_id: account_id.to_owned(), partition: partition.to_owned() })
}

/// The reason why GetCallerIdentity failed. The call needs no permission, so an error of AWS is about the credentials. A
/// response without an AWS error code does not come from AWS.
fn connect_error(failure: Failure, endpoint: &str) -> ConnectError {
    match failure.error {
        CallError::Unreachable { endpoint, source, .. } => {
            ConnectError::Unreachable { endpoint, source: Box::new(source) }
        }
        error => {
            let code = error.code().unwrap_or_default();
            let is_not_aws = code.starts_with("HTTP ") || failure.verdict == super::failure::Verdict::Unclear;
            match code {
                NO_CREDENTIALS => ConnectError::NoCredentials,
                // Nothing was sent: the error would name a call and a request id that do not exist.
                BAD_CREDENTIALS => ConnectError::Credentials(error.message().into()),
                UNAVAILABLE_CREDENTIALS => ConnectError::Unavailable(error.message().into()),
                _ if is_not_aws => ConnectError::Unreachable { endpoint: endpoint.to_owned(), source: error.into() },
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
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use ::http as http_types;
    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;

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
    async fn an_unreachable_endpoint_is_named() {
        // No process listens on port 9.
        let error = Aws::connect(config("http://127.0.0.1:9"), [], Arc::new(FakeClock::default())).await.err().unwrap();
        assert_eq!(error.to_string(), "could not reach AWS at http://127.0.0.1:9");
        assert!(!format!("{error:?} {}", crate::aws::chain(&error)).contains("canary"));
    }

    /// Notes the hosts of requests, and answers none.
    #[derive(Debug, Clone, Default)]
    struct Hosts(Arc<Mutex<BTreeSet<String>>>);

    impl HttpConnector for Hosts {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let uri: http_types::Uri = request.uri().parse().unwrap();
            self.0.lock().unwrap().insert(uri.host().unwrap().to_owned());
            HttpConnectorFuture::ready(Err(ConnectorError::user("no network".into())))
        }
    }

    #[tokio::test]
    async fn endpoints_with_fips_or_ipv6_are_used_where_that_is_configured() {
        for (use_fips, use_dual_stack, expected) in [
            (None, None, "sts.eu-central-1.amazonaws.com"),
            (Some(true), None, "sts-fips.eu-central-1.amazonaws.com"),
            (None, Some(true), "sts.eu-central-1.api.aws"),
            (Some(true), Some(true), "sts-fips.eu-central-1.api.aws"),
        ] {
            let hosts = Hosts::default();
            let network = Some(SharedHttpConnector::new(hosts.clone()));
            let config = Config { endpoint_url: None, network, use_fips, use_dual_stack, ..config("") };
            assert!(Aws::connect(config, [], Arc::new(FakeClock::default())).await.is_err());
            let hosts = hosts.0.lock().unwrap();
            assert!(hosts.contains(expected), "{expected}: {hosts:?}");
        }
    }

    #[test]
    fn only_an_allowed_account_is_accepted() {
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
