//! `multiregion_function`: a function with routes of its own in an API of another configuration.
//!
//! The function runs in the regions of the API. The provider finds the API in AWS by its name ([`Resource::refers_to`]), and adds
//! the function's integration and routes to it.

mod import;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Context, Expansion, OnCreateFailure, Reference, Resource, Settings};
use crate::components::apigateway::authorizer::{self, Authorizer};
use crate::components::apigateway::domain::{self, Domain};
use crate::components::apigateway::execute_api_endpoint::ExecuteApiEndpoint;
use crate::components::apigateway::http_api::{self, HttpApi};
use crate::components::apigateway::integration::Integration;
use crate::components::apigateway::mapping::Mapping;
use crate::components::apigateway::route::Route;
use crate::components::apigateway::route_settings::RouteSettings;
use crate::components::apigateway::stage::{self, Stage};
use crate::components::execute_api::probe::Probe;
use crate::components::iam::role::Role;
use crate::components::lambda::alias::Alias;
use crate::components::lambda::version::Version;
use crate::components::lambda::{function as lambda, permission, provisioned_concurrency, version_check};
use crate::components::logs::claim::Claim;
use crate::components::logs::log_group::LogGroup;
use crate::desired::{Address, AddressOf, Desired, Input, Kind, Owner, Rollout};
use crate::plan::View;
use crate::resources::shared::checks::{Found, refuse_errors};
use crate::resources::shared::components::{self, Component};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::{
    self, Authorizers, Code, Expanding, HttpApi as Api, PayloadFormat, Place, RegionFunction, Target, Wanted, code,
};
use crate::resources::shared::inputs::input;
use crate::resources::shared::owned::{self, Identity, Owned};
use crate::resources::shared::tags::{self, Bearer};
use crate::resources::shared::timeouts::timeouts;
use crate::resources::shared::values;
use crate::resources::shared::{package, regions};
use crate::schema::{Attr, Attributes, Schema, TextMap, Unknown, attributes, outputs};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

attributes! {
    /// The arguments of an attached function.
    pub(super) struct Config {
        /// The function's name: letters, digits, hyphens and underscores, at most 58 characters, starting with a letter. The
        /// Lambda function, the role and the log groups carry it, so it must be unique in the account. Changing the name
        /// creates a new function.
        name: String = required, example("\"reports\"");
        /// The `id` of the `multiregion_api` that the function is attached to. It must be an HTTP API of the same account, and
        /// may be in another configuration. The function runs in the regions of the API. When a region is added to the API
        /// or removed from it, the next apply of the function follows.
        api: String = required, example("multiregion_api.shop.id");
        /// The function, as one of `functions` of `multiregion_api`.
        function: function::Function = required;
        /// The settings that differ in a region, by the name of the region.
        regions: BTreeMap<String, Attr<RegionFunction>> = optional, example("{ \"eu-west-1\" = { environment = { STAGE = \"eu\" } } }");
        /// How long API Gateway waits for the function, in milliseconds.
        gateway_timeout_ms: i64 = optional_computed, default(30_000), range(50..=30_000);
        /// Tags for every AWS object of the function that supports tags. They override the provider's `default_tags`.
        tags: TextMap = optional_computed, example("{ team = \"web\" }");
        timeouts: Timeouts = optional_computed, default(Timeouts::default());
        /// Whether a destroy of the function is refused.
        deletion_protection: bool = optional_computed, default(false);
        /// Whether the log groups stay in AWS when the function or a region of its API is removed. Their owner id is removed, and
        /// the next create of the same name adopts them. A destroy uses the value of the last apply.
        retain_logs: bool = optional_computed, default(false);
        on_create_failure: OnCreateFailure = optional_computed, default(OnCreateFailure::Rollback);
    }
}

timeouts! {
    /// How long each operation may take.
    pub(super) struct Timeouts { create: 30 minutes, update: 30 minutes, delete: 30 minutes }
}

outputs! {
    /// The computed attributes of an attached function.
    struct Outputs {
        /// The function's name.
        id: String;
        /// The version of the function that receives the requests, by region.
        versions: BTreeMap<String, Attr<String>>;
        components: BTreeMap<String, Attr<Component>>;
    }
}

/// The kinds of an attached function's components.
const KINDS: &[&str] = &[
    Role::KIND,
    LogGroup::KIND,
    lambda::Function::KIND,
    Version::KIND,
    version_check::VersionCheck::KIND,
    Alias::KIND,
    provisioned_concurrency::ProvisionedConcurrency::KIND,
    permission::Permission::KIND,
    Integration::KIND,
    Route::KIND,
    RouteSettings::KIND,
    Probe::KIND,
];

/// The kinds of the API that the expansion reads.
const KINDS_OF_API: &[&str] =
    &[Claim::KIND, HttpApi::KIND, ExecuteApiEndpoint::KIND, Authorizer::KIND, Stage::KIND, Domain::KIND, Mapping::KIND];

/// The resource type.
pub(super) struct Function;

impl Resource for Function {
    fn type_name(&self) -> &'static str {
        "multiregion_function"
    }

    fn schema(&self) -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::new(
                "A Lambda function with routes of its own in the HTTP API of a `multiregion_api`, which may be in another \
                 configuration. It is deployed separately: neither its code nor its routes are part of the API's plan. The \
                 API is not destroyed as long as a function is attached to it.",
            )
            .with::<Config>()
            .with::<Outputs>()
            .with::<Identity>()
        });
        &SCHEMA
    }

    fn check(&self, value: &Value, default_tags: &BTreeMap<String, String>) -> Diagnostics {
        let config = Config::read(value);
        let mut found = Found::default();
        name(&config, &mut found);
        let overrides = config.regions().known().into_iter().flatten();
        let is_open = config.regions().is_unknown() || overrides.clone().any(|(_, own)| own.is_unknown());
        let overrides = overrides.filter_map(|(region, own)| Some((region.as_str(), own.known()?.clone())));
        let overrides: Vec<_> = overrides.map(|(region, own)| (region, regions::path(region), own)).collect();
        for (region, path, own) in &overrides {
            found.0.extend(regions::unknown(region, path.clone()));
            function::check_region(region, own, path, &mut found);
        }
        if let Ok(arguments) = config.function() {
            function::check_arguments(arguments, &path(), &overrides, is_open, &mut found);
            function::check_routes(arguments, &path(), &mut found);
        }
        found.0.extend(tags::check(config.tags(), default_tags, Bearer::Usual, &Path::of("tags")));
        found.0
    }

    fn refers_to(&self, config: &Value) -> Option<Reference> {
        let api = Config::read(config).api().ok()?.clone();
        Some(Reference { owner: owner_of_api(&api), kinds: KINDS_OF_API.to_vec(), attribute: Path::of("api") })
    }

    fn expand(&self, value: &Value, context: &Context<'_>) -> Result<Expansion, Diagnostics> {
        let mut found = self.mistakes(value, context.default_tags);
        let config = Config::read(value);
        let arguments = config.function().cloned().unwrap_or_default();
        let source = function::needed_package(&arguments);
        let package = package::read(source.as_ref(), &path(), value, context, |package| {
            function::check_package(&arguments, &path(), package)
        });
        found.extend(package.mistakes);
        found.extend(function::account(&arguments, &path(), context.account_id));
        let api = context.referent.map(FoundComponents::new);
        let in_api = api.map(|api| api.regions(&[HttpApi::KIND])).unwrap_or_default();
        if let Some(api) = &api {
            found.extend(outside_api(&config, &in_api));
            found.extend(in_api.first().and_then(|region| unknown_authorizer(&arguments, api, region)));
        }
        refuse_errors(found)?;
        let missing = match (api, in_api.is_empty(), config.api()) {
            (None, _, Ok(api)) | (_, true, Ok(api)) => vec![api_not_found(api, context.account_id)],
            _ => Vec::new(),
        };
        let packages = BTreeMap::from([(None, package.digests)]);
        let desired = api.filter(|_| missing.is_empty()).map(|api| {
            let draft = Draft { config: &config, context, packages: &packages, api };
            draft.desired(self, &in_api)
        });
        let desired = desired.and_then(Result::ok);
        Ok(Expansion {
            addresses_known: desired.is_some(),
            desired: desired.unwrap_or_default(),
            unread: package.unread,
            missing,
        })
    }

    fn kinds(&self) -> Vec<&'static str> {
        owned::kinds(KINDS)
    }

    fn settings(&self, config: &Value) -> Settings {
        let config = Config::read(config);
        let owner = self.owner(config.name().map(String::as_str).unwrap_or_default());
        let mut settings = Settings::new(owner, config.timeouts().unwrap_or_default().limits());
        if let Ok(on_create_failure) = config.on_create_failure() {
            settings.on_create_failure = on_create_failure;
        }
        settings.deletion_protection = config.deletion_protection().unwrap_or_default();
        settings
    }

    fn state(&self, config: &Value, view: &View) -> Value {
        let aliases = view.components.keys().filter_map(|address| address.clone().typed::<Alias>());
        let version = |address: AddressOf<Alias>| {
            let region = address.scope.region()?.to_owned();
            Some((region, function::serving_version(view, &address)))
        };
        // Until the API is found, its regions are unknown.
        let is_expanded = !view.components.is_empty();
        let outputs = Outputs {
            id: Config::read(config).name.clone(),
            versions: if is_expanded { Attr::Known(aliases.filter_map(version).collect()) } else { Attr::Unknown },
            components: if is_expanded { Attr::Known(components::of(view)) } else { Attr::Unknown },
        };
        let computed = outputs.values().into_iter().chain(Identity::of(view).values());
        values::state(config, self.schema(), computed)
    }

    fn imported(&self, name: &str, view: &View) -> Value {
        self.state(&import::configuration(name, view, view), view)
    }

    fn imported_beside(&self, name: &str, view: &View, referent: &View) -> Value {
        self.state(&import::configuration(name, view, referent), view)
    }
}

/// The path of the function's arguments.
fn path() -> Path {
    Path::of("function")
}

/// The API of this name.
fn owner_of_api(name: &str) -> Owner {
    Owner::new("multiregion_api", name)
}

fn api_not_found(api: &str, account_id: &str) -> Diagnostic {
    let detail = format!(
        "Account {account_id} has no multiregion_api named {api:?} with an HTTP API. Set api to the id of a multiregion_api, and \
         apply that resource first."
    );
    Diagnostic::error(Path::of("api"), "API not found", detail)
}

/// An error for each region with settings that is no region of the API.
fn outside_api(config: &Config, in_api: &[String]) -> Diagnostics {
    let names = config.regions().known().into_iter().flat_map(|regions| regions.keys());
    let outside = names.filter(|name| !in_api.contains(name));
    let error = |name: &String| {
        let detail = format!(
            "The API does not run in {name}, so the function does not run there either. The API's regions are {}. Remove the \
             settings of {name}, or add the region to the API first.",
            in_api.join(", ")
        );
        Diagnostic::error(regions::path(name), "Region without the API", detail)
    };
    outside.map(error).collect()
}

/// The authorizers of the API in `region`, by name.
fn authorizers(api: &FoundComponents<'_>, region: &str) -> Authorizers {
    let here = api.all::<Authorizer>().into_iter().filter(|(address, _)| address.scope.region() == Some(region));
    let known = here.filter_map(|(address, spec)| {
        let id =
            api.output(&address.clone().typed::<Authorizer>()?, authorizer::ID).map_or(Input::Unknown, Input::Known);
        let known = if spec.jwt.is_some() { function::Authorizer::Jwt(id) } else { function::Authorizer::Lambda(id) };
        Some((address.key?, known))
    });
    known.collect()
}

/// An error when the API has no authorizer of the name that the function uses.
fn unknown_authorizer(arguments: &function::Function, api: &FoundComponents<'_>, region: &str) -> Option<Diagnostic> {
    let given = arguments.authorizer().known().filter(|given| *given != function::AWS_IAM)?;
    let known = authorizers(api, region);
    function::unknown_authorizer(given, known.keys().map(String::as_str), &path())
}

fn name(config: &Config, found: &mut Found) {
    let Ok(name) = config.name() else { return };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_valid = (1..=MAX_NAME).contains(&name.len())
        && name.chars().all(is_word)
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !is_valid {
        let detail = format!(
            "{name:?} cannot be the name of a function. Use 1 to {MAX_NAME} letters, digits, hyphens and underscores, starting \
             with a letter."
        );
        found.error(Path::of("name"), "Invalid name", detail);
    }
}

/// The longest name: Lambda accepts 64 characters, and a function with a container image has the suffix `-image`.
const MAX_NAME: usize = 58;

/// The state of the expansion.
struct Draft<'a> {
    config: &'a Config,
    context: &'a Context<'a>,
    packages: &'a function::Packages,
    api: FoundComponents<'a>,
}

impl Draft<'_> {
    /// The components of the function in `regions`, those of the API.
    fn desired(&self, resource: &Function, regions: &[String]) -> Result<Desired, Unknown> {
        let (name, api) = (self.config.name()?, self.config.api()?);
        let places = regions.iter().map(|region| self.place(region)).collect::<Result<Vec<_>, Unknown>>()?;
        let own: Vec<RegionFunction> = places.iter().map(|place| place.own.clone()).collect();
        let code = Code::of((None, path()), self.config.function()?, None, &own)?;
        let mut desired = Desired::default();
        let retain_logs = self.config.retain_logs()?;
        if retain_logs {
            desired.retain::<LogGroup>();
        }
        let owned = || Owned::new(resource.owner(name), self.context, self.config.tags());
        let claim = owned().claim_of_attached(&mut desired, regions.to_vec(), Some(&owner_of_api(api)));
        let (context, packages) = (self.context, self.packages);
        let mut expanding = Expanding { name, context, owned: owned(), packages, retain_logs, desired: &mut desired };
        let role = function::role(&mut expanding, &code, function::uses_vpc(&places));
        for place in &places {
            let function = function::in_region(&mut expanding, place, &code, &role);
            let api = self.api(place.region);
            let timeout = input(self.config.gateway_timeout_ms());
            let permission = function::permission_of_http_api(&mut expanding, place.region, api.id.clone(), &function);
            let permitted = (&function, permission);
            let integrated = function::integrate(&mut expanding, place.region, &api, permitted, timeout);
            let target = self.target(place.region);
            let probe = function::probe(&mut expanding, place.region, Some(&function), &target, Wanted::default());
            for (probe, part) in
                probe.iter().flat_map(|probe| integrated.ready().into_iter().map(move |part| (probe, part)))
            {
                expanding.desired.order(probe, &part);
            }
        }
        Owned::complete(&mut desired, &claim, regions.to_vec());
        desired.rollout = Rollout::one_first(regions.first().map(String::as_str));
        Ok(desired)
    }

    fn place<'b>(&'b self, region: &'b str) -> Result<Place<'b>, Unknown> {
        let own = self.config.regions().decided()?.and_then(|regions| regions.get(region));
        let own = own.map_or_else(|| Ok(RegionFunction::default()), |own| own.or(RegionFunction::default))?;
        Ok(Place { region, environment: &Attr::Null, vpc: &Attr::Null, own: code::decided(own)? })
    }

    /// The API in one region.
    fn api(&self, region: &str) -> Api {
        let id = self.api.output(&Address::of(region), http_api::ID);
        let stage = self.api.output(&Address::of(region), stage::NAME);
        Api {
            id: id.map_or(Input::Unknown, Input::Known),
            stage: stage.map_or(Input::Unknown, Input::Known),
            is_foreign: true,
            authorizers: authorizers(&self.api, region),
            authorizations: BTreeMap::new(),
        }
    }

    /// The address of the API for the probe: its default endpoint, or a custom domain name when that is disabled.
    fn target(&self, region: &str) -> Target {
        let known = |value: Option<String>| value.map_or(Input::Unknown, Input::Known);
        let at = Address::of::<HttpApi>(region);
        let (payload_format, may_authenticate) = (PayloadFormat::V2, false);
        let target = |endpoint, host, base_path, needs_certificate| Target {
            endpoint,
            host,
            base_path,
            payload_format,
            may_authenticate,
            needs_certificate,
        };
        let endpoint = self.api.spec(&Address::of::<ExecuteApiEndpoint>(region));
        if !endpoint.is_some_and(|endpoint| endpoint.disabled) {
            let endpoint = known(self.api.output(&at, http_api::ENDPOINT));
            let host = known(self.api.output(&at, http_api::HOST));
            return target(endpoint, host, "".into(), false);
        }
        let regional = Address::of::<Domain>(region).key(domain::REGIONAL);
        let (key, at) = match self.api.has(&regional) {
            true => (Some(domain::REGIONAL), regional),
            false => (None, Address::of::<Domain>(region)),
        };
        let mapping = self.api.spec(&Address::of::<Mapping>(region).maybe_key(key));
        let mutual_tls = self.api.spec(&at).and_then(|spec| spec.mutual_tls);
        let base_path = mapping.map_or("".into(), |mapping| mapping.base_path);
        let (endpoint, host) = (known(self.api.output(&at, domain::TARGET)), known(self.api.output(&at, domain::NAME)));
        target(endpoint, host, base_path, mutual_tls.is_some())
    }
}
