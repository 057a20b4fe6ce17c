//! The provider's own arguments.

use super::formats::{self, Mistake};
use crate::aws::{
    AssumeRole, Config, DEFAULT_PARALLEL_CALLS, DEFAULT_RETRIES, DEFAULT_SESSION_NAME, IgnoredTags, SERVICES,
    StaticCredentials,
};
use crate::desired::RoleSettings;
use crate::resources::shared::{regions, tags};
use crate::schema::{Attr, Attributes, Schema, TextMap, Texts, attributes, check, choices};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

attributes! {
    /// The provider's own arguments.
    pub(super) struct Arguments {
        /// The region from which the provider manages global objects. The regions of an API are arguments of the API. By
        /// default, `AWS_REGION`, the region of the profile, or `us-east-1`.
        region: String = optional, example("\"us-east-1\"");
        /// A profile in the shared configuration and credentials files. By default, `AWS_PROFILE` or `default`.
        profile: String = optional;
        /// The access key id. Requires `secret_key`.
        access_key: String = optional;
        /// The secret access key. Requires `access_key`.
        secret_key: String = optional, sensitive();
        /// The session token of temporary credentials. Requires `access_key`.
        token: String = optional, sensitive();
        assume_role: Role = optional;
        /// The URL of every AWS service, used instead of the service's own, for example for a local AWS. By default,
        /// `AWS_ENDPOINT_URL`.
        endpoint_url: String = optional, example("\"http://127.0.0.1:4566\"");
        /// URLs of single services. They override `endpoint_url`.
        endpoints: TextMap = optional,
            keys(SERVICES.iter().map(|service| (service.name, service.title))),
            example("{ route53 = \"http://127.0.0.1:4566\" }");
        /// Whether to use the FIPS endpoints of AWS. By default, the environment variable `AWS_USE_FIPS_ENDPOINT` and the profile
        /// decide. Not every service has such endpoints in every region.
        use_fips_endpoint: bool = optional;
        /// Whether to use the dual-stack endpoints of AWS, which accept IPv6. By default, the environment variable
        /// `AWS_USE_DUALSTACK_ENDPOINT` and the profile decide. Not every service has such endpoints in every region.
        use_dualstack_endpoint: bool = optional;
        /// The ids of the only accounts in which the provider may work. It refuses other accounts before it changes
        /// anything. Not allowed together with `forbidden_account_ids`.
        allowed_account_ids: Texts = optional, example("[\"123456789012\"]");
        /// The ids of accounts in which the provider must not work. It refuses them before it changes anything. Not allowed
        /// together with `allowed_account_ids`.
        forbidden_account_ids: Texts = optional;
        /// Tags for every AWS object that supports tags. The tags of a resource override them.
        default_tags: TextMap = optional, example("{ team = \"web\" }");
        ignore_tags: IgnoreTags = optional;
        /// The ARN of the IAM policy that limits the permissions of every role that the provider creates, for organizations
        /// that allow no role without a permissions boundary. The roles that `role_arn` names keep their own.
        permissions_boundary_arn: String = optional, example("\"arn:aws:iam::123456789012:policy/boundary\"");
        /// The path of the IAM roles that the provider creates, for policies that allow only roles below a path. A role that
        /// exists keeps its path, because AWS cannot change it.
        role_path: String = optional, example("\"/multiregion/\"");
        /// How many times the provider retries a call after a server error, a lost connection or a conflict. It retries
        /// throttled calls until the timeout of the operation.
        max_retries: i64 = optional, default(i64::from(DEFAULT_RETRIES)), range(0..=100);
        /// The maximum number of concurrent AWS calls.
        max_parallel_calls: i64 = optional, default(i64::from(DEFAULT_PARALLEL_CALLS)), range(1..=1000);
        rate_limits: RateLimits = optional, default(RateLimits::Aws);
    }

    /// Tags that other tools put on the provider's objects and that an import leaves out. Without this, an import takes each tag
    /// that all objects of the resource have for one of the configuration. A tag that is in no configuration is never removed,
    /// whether or not it is listed here.
    pub(super) struct IgnoreTags {
        /// The keys of the tags.
        keys: Texts = optional, example("[\"CreatedBy\"]");
        /// The beginnings of the keys of the tags.
        key_prefixes: Texts = optional, example("[\"platform:\"]");
    }

    /// The role that the provider assumes before its first call.
    pub(super) struct Role {
        /// The ARN of the role.
        role_arn: String = required, example("\"arn:aws:iam::123456789012:role/deploy\"");
        /// The name of the session, which CloudTrail records.
        session_name: String = optional, default(DEFAULT_SESSION_NAME);
        /// The external id that the trust policy of the role requires.
        external_id: String = optional;
        /// How long the credentials of the session are valid, in seconds. By default, 3600.
        duration_seconds: i64 = optional, range(900..=43_200);
    }
}

choices! {
    /// Whether the provider limits the rate of its calls.
    pub(super) enum RateLimits {
        /// The provider stays below the limits that AWS publishes, so that AWS does not throttle its calls.
        Aws = "aws",
        /// No limits, for a local AWS that has none.
        None = "none",
    }
}

/// The schema of the provider's own arguments. All are optional: without any, the provider uses what every AWS tool uses.
pub fn schema() -> Schema {
    Schema::new(
        "Runs one HTTP API in many AWS regions. Without arguments, the provider uses the credentials, region and endpoints of \
         the environment variables and shared files that every AWS tool uses.",
    )
    .with::<Arguments>()
}

/// Reads the arguments and their mistakes. An argument with a mistake counts as unknown or as it is.
pub(super) fn read(config: &Value) -> (Arguments, Diagnostics) {
    let arguments = Arguments::read(config);
    let mut mistakes = Mistakes(check(&schema(), config));
    mistakes.check(&arguments);
    (arguments, mistakes.0)
}

/// The mistakes found so far.
struct Mistakes(Diagnostics);

impl Mistakes {
    fn check(&mut self, all: &Arguments) {
        if let Some(region) = all.region().known() {
            self.0.extend(regions::unknown(region, Path::of("region")));
        }
        for (name, text) in [
            ("profile", all.profile()),
            ("access_key", all.access_key()),
            ("secret_key", all.secret_key()),
            ("token", all.token()),
        ] {
            self.text(Path::of(name), text, formats::filled);
        }
        self.text(Path::of("endpoint_url"), all.endpoint_url(), formats::url);
        self.map("endpoints", all.endpoints(), |_, url| url.map_or(Ok(()), formats::url));
        if let Some(role) = all.assume_role().known() {
            self.role(role);
        }
        self.account_ids("allowed_account_ids", all.allowed_account_ids());
        self.account_ids("forbidden_account_ids", all.forbidden_account_ids());
        self.map("default_tags", all.default_tags(), formats::tag);
        let keys = all.default_tags().known().into_iter().flat_map(|tags| tags.keys().map(String::as_str));
        if let Some((first, second)) = tags::twins(keys) {
            let detail = format!(
                "{first:?} and {second:?} differ only in case, which IAM does not distinguish: a role would keep only one of \
                 them. Remove one."
            );
            let path = Path::of("default_tags").key(second);
            self.0.push(Diagnostic::error(path, "Tags that differ only in case", detail));
        }
        self.text(Path::of("permissions_boundary_arn"), all.permissions_boundary_arn(), formats::policy_arn);
        self.text(Path::of("role_path"), all.role_path(), formats::role_path);
        self.credentials(all);
        let given = |ids: &Attr<Texts>| ids.known().is_some_and(|ids| !ids.is_empty());
        if given(all.allowed_account_ids()) && given(all.forbidden_account_ids()) {
            self.0.push(Diagnostic::error(
                Path::of("forbidden_account_ids"),
                "Accounts both allowed and forbidden",
                "With allowed_account_ids, every other account is already forbidden. Remove one of the two arguments.",
            ));
        }
    }

    fn credentials(&mut self, all: &Arguments) {
        let mut incomplete = |given: &str, missing: &str| {
            let detail = format!(
                "{given} is set, but {missing} is not. Set both, or remove {given} to use the credentials of the environment."
            );
            self.0.push(Diagnostic::error(Path::of(given), "Incomplete credentials", detail));
        };
        match (all.access_key(), all.secret_key(), all.token()) {
            (Attr::Known(_), Attr::Null, _) => incomplete("access_key", "secret_key"),
            (Attr::Null, Attr::Known(_), _) => incomplete("secret_key", "access_key"),
            (Attr::Null, Attr::Null, Attr::Known(_)) => incomplete("token", "access_key"),
            _ => {}
        }
    }

    fn role(&mut self, role: &Role) {
        let at = |name: &str| Path::of("assume_role").attribute(name);
        if let Ok(arn) = role.role_arn() {
            self.add(at("role_arn"), formats::role_arn(arn));
        }
        if let Ok(name) = role.session_name() {
            self.add(at("session_name"), formats::session_name(&name));
        }
        self.text(at("external_id"), role.external_id(), formats::filled);
    }

    fn account_ids(&mut self, name: &str, ids: &Attr<Texts>) {
        for (index, id) in ids.known().into_iter().flatten().enumerate() {
            let checked = match id {
                Attr::Known(id) => formats::account_id(id),
                Attr::Null => Err(("Missing value", "The list contains null. Use the id of an account.".to_owned())),
                Attr::Unknown => Ok(()),
            };
            self.add(Path::of(name).index(index), checked);
        }
    }

    fn text(&mut self, path: Path, text: &Attr<String>, check: fn(&str) -> Result<(), Mistake>) {
        if let Some(text) = text.known() {
            self.add(path, check(text));
        }
    }

    fn map(&mut self, name: &str, map: &Attr<TextMap>, check: fn(&str, Option<&str>) -> Result<(), Mistake>) {
        for (key, text) in map.known().into_iter().flatten() {
            self.add(Path::of(name).key(key), check(key, text.known().map(String::as_str)));
        }
    }

    fn add(&mut self, path: Path, checked: Result<(), Mistake>) {
        if let Err((summary, detail)) = checked {
            self.0.push(Diagnostic::error(path, summary, detail));
        }
    }
}

impl Arguments {
    /// The configuration of the connection to AWS. All arguments are known and without mistakes.
    pub(super) fn config(&self) -> Config {
        let credentials = match (self.access_key().known(), self.secret_key().known()) {
            (Some(access_key), Some(secret_key)) => Some(StaticCredentials {
                access_key: access_key.clone(),
                secret_key: secret_key.clone(),
                token: self.token().known().cloned(),
            }),
            _ => None,
        };
        let assume_role = self.assume_role().known().and_then(|role| {
            Some(AssumeRole {
                role_arn: role.role_arn().ok()?.clone(),
                session_name: role.session_name().ok(),
                external_id: role.external_id().known().cloned(),
                duration_seconds: role.duration_seconds().known().copied(),
            })
        });
        Config {
            region: self.region().known().cloned(),
            profile: self.profile().known().cloned(),
            credentials,
            endpoint_url: self.endpoint_url().known().cloned(),
            endpoints: entries(self.endpoints()),
            use_fips: self.use_fips_endpoint().known().copied(),
            use_dual_stack: self.use_dualstack_endpoint().known().copied(),
            assume_role,
            allowed_account_ids: elements(self.allowed_account_ids()),
            forbidden_account_ids: elements(self.forbidden_account_ids()),
            default_tags: entries(self.default_tags()),
            ignore_tags: self.ignore_tags().known().map(IgnoreTags::tags).unwrap_or_default(),
            roles: RoleSettings {
                permissions_boundary_arn: self.permissions_boundary_arn().known().cloned(),
                path: self.role_path().known().cloned(),
            },
            max_retries: self.max_retries().ok().and_then(|number| u32::try_from(number).ok()),
            max_parallel_calls: self.max_parallel_calls().ok().and_then(|number| usize::try_from(number).ok()),
            keep_rate_limits: self.rate_limits() != Ok(RateLimits::None),
            network: None,
        }
    }
}

impl IgnoreTags {
    fn tags(&self) -> IgnoredTags {
        IgnoredTags { keys: elements(self.keys()).into_iter().collect(), key_prefixes: elements(self.key_prefixes()) }
    }
}

/// The elements of a list that have a value.
fn elements(list: &Attr<Texts>) -> Vec<String> {
    list.known().into_iter().flatten().filter_map(|text| text.known().cloned()).collect()
}

/// The entries of a map that have a value. A conditional expression removes an entry by null.
fn entries(map: &Attr<TextMap>) -> std::collections::BTreeMap<String, String> {
    let entries = map.known().into_iter().flatten();
    entries.filter_map(|(key, text)| Some((key.clone(), text.known()?.clone()))).collect()
}
