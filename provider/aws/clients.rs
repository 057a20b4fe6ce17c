//! SDK clients, one per service and region, and the endpoints that they send requests to.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use aws_types::SdkConfig;
use aws_types::origin::Origin;
use aws_types::region::Region;

use super::services::Pools;

/// Creates clients on first use and keeps them. The table of services adds a method for each client.
pub(super) struct Clients {
    sdk: SdkConfig,
    endpoints: Endpoints,
    pub(super) pools: Pools,
}

/// The endpoints in the provider's arguments.
#[derive(Debug, Clone, Default)]
pub(super) struct Endpoints {
    /// The endpoint of every service that `by_service` does not name.
    pub(super) all: Option<String>,
    /// The endpoints of single services.
    pub(super) by_service: BTreeMap<String, String>,
}

impl Endpoints {
    /// The endpoint of `service`; `None` for AWS's own.
    fn of(&self, service: &str) -> Option<&str> {
        self.by_service.get(service).or(self.all.as_ref()).map(String::as_str)
    }

    /// `sdk` for one service in one region.
    pub(super) fn apply(&self, sdk: &SdkConfig, service: &str, region: &str) -> SdkConfig {
        let mut builder = sdk.to_builder().region(Region::new(region.to_owned()));
        if let Some(url) = self.of(service) {
            builder.set_endpoint_url(Some(url.to_owned()));
            // Without an origin, AWS_ENDPOINT_URL_* of the environment would override the provider's own arguments.
            builder.insert_origin("endpoint_url", Origin::shared_config());
        }
        builder.build()
    }
}

impl Clients {
    /// Clients that use `sdk`'s credentials.
    pub(super) fn new(sdk: SdkConfig, endpoints: Endpoints) -> Self {
        Self { sdk, endpoints, pools: Pools::default() }
    }

    /// The endpoint of `service`, for messages: its URL, or service and region for AWS's own.
    pub(super) fn endpoint(&self, service: &str, region: &str) -> String {
        let chosen = self.endpoints.of(service).or(self.sdk.endpoint_url());
        chosen.map_or_else(|| format!("{service}.{region}"), str::to_owned)
    }

    /// The endpoint for requests to the APIs themselves; `None` when each API has its own host name.
    pub(super) fn execute_api(&self) -> Option<&str> {
        self.endpoints.of("execute_api").or(self.sdk.endpoint_url())
    }

    /// The configuration of a client of `service` in `region`.
    pub(super) fn config(&self, service: &str, region: &str) -> SdkConfig {
        self.endpoints.apply(&self.sdk, service, region)
    }
}

/// The clients of one service by region.
pub(super) struct Pool<C>(Mutex<HashMap<String, C>>);

impl<C> Default for Pool<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C: Clone> Pool<C> {
    /// The client of `region`, which `new` creates on first use.
    pub(super) fn get(&self, region: &str, new: impl FnOnce() -> C) -> C {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region.to_owned()).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_of_a_service_overrides_the_general_one() {
        let endpoints = Endpoints {
            all: Some("http://localhost:1".to_owned()),
            by_service: BTreeMap::from([("lambda".to_owned(), "http://localhost:2".to_owned())]),
        };
        assert_eq!(endpoints.of("lambda"), Some("http://localhost:2"));
        assert_eq!(endpoints.of("iam"), Some("http://localhost:1"));
        assert_eq!(Endpoints::default().of("iam"), None);
    }
}
