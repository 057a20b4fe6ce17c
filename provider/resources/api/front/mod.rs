//! The front of a region: the API Gateway API that receives requests and calls the functions.
//!
//! The rest of the resource sees a front only through [`Front`] and the functions of this module. Each protocol is one
//! file: what an API of that protocol consists of, and how an import reads it back.

mod http_api;

use std::collections::BTreeMap;

use crate::desired::{Address, Input, Kind};
use crate::plan::View;
use crate::resources::api::config::Gateway;
use crate::resources::api::expand::Draft;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::Deployed;
use crate::schema::Attr;

use crate::components::apigateway::http_api::HttpApi;

/// The front of one region, whichever protocol it has.
pub(super) struct Front {
    /// The API's id.
    pub(super) api_id: Input<String>,
    /// The URL of API Gateway's default endpoint.
    pub(super) endpoint: Input<String>,
    /// The host name of API Gateway's default endpoint.
    pub(super) host: Input<String>,
    /// The stage that custom domain names lead to.
    pub(super) stage: Input<String>,
    /// The component that opens and closes the default endpoint.
    pub(super) default_endpoint: Address,
    /// The permissions with which the API calls the functions.
    pub(super) permissions: Vec<Address>,
    /// The components that must succeed before the API can answer any request.
    pub(super) ready: Vec<Address>,
    /// The components that must also succeed before each function can answer a request, by the names of the functions.
    pub(super) routed: BTreeMap<Option<String>, Vec<Address>>,
}

/// The kinds of all protocols, parents before children.
pub(super) const KINDS: &[&str] = http_api::KINDS;

/// Adds the front of `region`, which calls `functions`.
pub(super) fn in_region(draft: &mut Draft<'_>, region: &str, functions: &[Deployed]) -> Front {
    http_api::in_region(draft, region, functions)
}

/// The URL of the default endpoint of `region`.
pub(super) fn endpoint(view: &View, region: &str) -> Attr<String> {
    http_api::endpoint(view, region)
}

/// The kinds of the APIs themselves: a region that has one is a region of the resource.
pub(super) const APIS: &[&str] = &[HttpApi::KIND];

/// The attribute `gateway`, read back from the fronts of `regions`.
pub(super) fn imported(found: &FoundComponents<'_>, regions: &[String]) -> Gateway {
    http_api::imported(found, regions)
}
