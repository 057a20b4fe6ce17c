//! A Lambda function of a resource: its arguments, their checks, its components in every region, and its import.

mod checks;
pub(crate) mod code;
mod config;
mod expand;
mod http;
pub(crate) mod import;
mod origin;
mod package;
mod probe;
mod runtime;
mod settings;

use std::collections::BTreeMap;

pub(crate) use checks::{account, check_arguments, check_has_routes, check_routes, check_throttle, unknown_authorizer};
use code::package_source;
pub(crate) use code::{Code, Source, needed_package};
pub(crate) use config::*;
pub(crate) use expand::{Deployed, in_region, role, serving_version, uses_vpc};
pub(crate) use http::{
    AWS_IAM, Api as HttpApi, Authorizer, Authorizers, integrate, permission_of_http_api,
    permission_of_rest_api as permission, throttle as stage_throttle,
};
pub(crate) use origin::{check_region, check_vpc};
pub(crate) use package::package as check_package;
pub(crate) use probe::{Target, Wanted, below, probe, probe_of_domain};
pub(crate) use settings::{effective, environment as check_environment};

use super::owned::Owned;
use super::package::Digests;
use crate::components::Tags;
use crate::desired::{Address, Desired};
use crate::resources::Context;
use crate::schema::{Attr, TextMap};

/// The digests of the packages of functions, by the names of the functions.
pub(crate) type Packages = BTreeMap<Option<String>, Digests>;

/// The expansion of the resource that has the functions.
pub(crate) struct Expanding<'a, 'd> {
    /// Its name, with which the names of the functions begin.
    pub(crate) name: &'a str,
    /// What the expansion depends on.
    pub(crate) context: &'a Context<'a>,
    /// Its owner and tags.
    pub(crate) owned: Owned<'a>,
    /// The digests of the packages.
    pub(crate) packages: &'a Packages,
    /// Whether log groups stay in AWS when they are no longer desired.
    pub(crate) retain_logs: bool,
    /// The components so far.
    pub(crate) desired: &'d mut Desired,
}

impl Expanding<'_, '_> {
    fn tags(&self, address: &Address) -> Tags {
        self.owned.tags(address)
    }
}

/// One region of a function.
pub(crate) struct Place<'a> {
    /// The region.
    pub(crate) region: &'a str,
    /// The environment variables of all functions in the region.
    pub(crate) environment: &'a Attr<TextMap>,
    /// The VPC of all functions in the region.
    pub(crate) vpc: &'a Attr<Vpc>,
    /// The settings of the function.
    pub(crate) own: RegionFunction,
}
