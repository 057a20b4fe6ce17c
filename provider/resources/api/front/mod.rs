//! The front of a region: the API Gateway API that receives requests and calls the functions.
//!
//! The rest of the resource sees a front only through [`Front`] and the functions of this module. Each protocol is one
//! file: what an API of that protocol consists of, and how an import reads it back.

mod authorizers;
mod http_api;
mod rest_api;
mod rest_content;
mod rest_keys;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::components::logs::log_group::{self, LogGroup};
use crate::desired::{Address, Desired, Handle, Input, Kind};
use crate::plan::View;
use crate::resources::api::config::{Gateway, IpAddressType, Protocol};
use crate::resources::api::expand::Draft;
use crate::resources::api::shape::Shape;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::import::Common;
use crate::resources::shared::function::{Deployed, Function};
use crate::schema::Attr;
use crate::wire::Path;

use crate::components::apigateway::http_api::HttpApi;
use crate::components::apigateway::rest_api::RestApi;
use crate::components::apigateway::rest_definition::RestDefinition;
use crate::components::apigateway::rest_deployment::RestDeployment;

/// The front of one region, whichever protocol it has.
pub(super) struct Front {
    /// The API's id.
    pub(super) api_id: Input<String>,
    /// The URL of API Gateway's default endpoint.
    pub(super) endpoint: Input<String>,
    /// The host name of API Gateway's default endpoint.
    pub(super) host: Input<String>,
    /// The first segment of every path at the default endpoint: the stage of a REST API. Empty for an HTTP API.
    pub(super) base_path: String,
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
pub(super) const KINDS: [&[&str]; 2] = [http_api::KINDS, rest_api::KINDS];

/// Adds the front of `region`, which calls `functions`.
pub(super) fn in_region(draft: &mut Draft<'_>, region: &str, functions: &[Deployed]) -> Front {
    match draft.shape.gateway.protocol {
        Protocol::Http => http_api::in_region(draft, region, functions),
        Protocol::Rest => rest_api::in_region(draft, region, functions),
    }
}

/// The URL of the default endpoint of `region`.
pub(super) fn endpoint(view: &View, region: &str) -> Attr<String> {
    match view.components.contains_key::<Address>(&Address::of::<RestApi>(region)) {
        true => rest_api::endpoint(view, region),
        false => http_api::endpoint(view, region),
    }
}

/// The generated values of API keys, by the names of the keys; null without any.
pub(super) fn api_key_values(shape: &Shape, view: &View) -> Attr<BTreeMap<String, Attr<String>>> {
    rest_keys::values(shape, view)
}

/// The kinds of the APIs themselves: a region that has one is a region of the resource.
pub(super) const APIS: &[&str] = &[HttpApi::KIND, RestApi::KIND];

/// The attribute `gateway`, read back from the fronts of `regions`.
pub(super) fn imported(found: &FoundComponents<'_>, regions: &[String]) -> Gateway {
    match found.first::<RestApi>(regions).is_some() {
        true => rest_api::imported(found, regions),
        false => http_api::imported(found, regions),
    }
}

/// A function, with the arguments that only the content of REST APIs shows.
pub(super) fn imported_function(found: &FoundComponents<'_>, regions: &[String], one: &Common) -> Function {
    let function = one.function(found, regions);
    match rest_content::Routed::of(found, regions) {
        Some(routed) => routed.function(found, &one.name().cloned(), function),
        None => function,
    }
}

/// The definitions of REST APIs that `desired`, the expansion of an imported configuration, describes exactly: their deployments
/// have the same digest.
pub(super) fn described(desired: &Desired, found: &FoundComponents<'_>) -> Vec<(Address, Json)> {
    let regions = found.regions(&[RestApi::KIND]);
    let definition = |region: &String| {
        let digest = found.regional::<RestDeployment>(region)?.digest;
        let wanted = desired.get(&Address::of::<RestDeployment>(region))?;
        let is_same =
            digest.known().is_some_and(|digest| wanted.spec.get("digest").is_some_and(|wanted| wanted == digest));
        let address: Address = Address::of::<RestDefinition>(region).into();
        let spec = desired.get(&address)?.spec.clone();
        is_same.then_some((address, spec))
    };
    regions.iter().filter_map(definition).collect()
}

/// Whether a REST API was found whose definition is not known.
pub(super) fn is_undescribed(found: &FoundComponents<'_>) -> bool {
    let definitions = found.all::<RestDefinition>();
    definitions.iter().any(|(_, spec)| spec.document.known().is_none_or(String::is_empty))
}

/// Adds the log group of the access log of `region`; `None` without an access log.
fn access_log_group(draft: &mut Draft<'_>, region: &str) -> Option<Handle<LogGroup>> {
    let log = draft.shape.gateway.access_log.as_ref()?;
    let address = Address::of::<LogGroup>(region).key("access");
    let spec = log_group::Spec {
        // A group with this prefix needs no statement of its own in the region's resource policy, whose size is limited.
        name: format!("/aws/vendedlogs/multiregion/{}/access", draft.shape.name),
        retention_days: log.retention_days,
        tags: draft.tags(&address),
        retain: draft.shape.retain_logs,
    };
    Some(draft.desired.add(address, Path::of("gateway").attribute("access_log"), &spec))
}

/// The attribute `gateway.ip_address_type`, read from an API.
fn address_type(dual_stack: bool) -> IpAddressType {
    if dual_stack { IpAddressType::Dualstack } else { IpAddressType::Ipv4 }
}
