//! The configuration of an API, decoded: every value known, null or unknown, nothing defaulted.

use std::collections::BTreeMap;

use crate::resources::shared::tags::TagsAttr;
use crate::resources::shared::timeouts::Timeouts;
use crate::schema::{Attr, Decode, Object};
use crate::wire::{Diagnostic, Number, Path, Value};

/// A list of texts, each of which may be unknown.
pub(super) type Texts = Attr<Vec<Attr<String>>>;
/// A map of texts, each of which may be unknown.
pub(super) type TextMap = Attr<BTreeMap<String, Attr<String>>>;

/// Declares objects of the configuration: each field is read from the attribute of its name.
macro_rules! objects {
    ($($(#[$about:meta])* $name:ident { $($field:ident: $of:ty,)* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub(super) struct $name {
            $(pub(super) $field: $of,)*
        }

        impl Decode for $name {
            fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
                let object = Object::of(value, path)?;
                Ok(Self { $($field: object.get(stringify!($field))?,)* })
            }
        }
    )*};
}

objects! {
    /// The whole of it.
    Config {
        name: Attr<String>,
        regions: Attr<BTreeMap<String, Attr<Region>>>,
        function: Attr<Function>,
        gateway: Attr<Gateway>,
        domain: Attr<Domain>,
        routing: Attr<Routing>,
        cdn: Attr<Cdn>,
        tags: TagsAttr,
        timeouts: Attr<Timeouts>,
        deletion_protection: Attr<bool>,
        on_create_failure: Attr<String>,
    }

    /// What is particular to one region.
    Region {
        primary: Attr<bool>,
        traffic: Attr<String>,
        weight: Attr<i64>,
        environment: TextMap,
        layers: Texts,
        s3: Attr<S3>,
        image_uri: Attr<String>,
        vpc: Attr<Vpc>,
        reserved_concurrency: Attr<i64>,
        provisioned_concurrency: Attr<i64>,
    }

    /// A zip in a bucket of the region.
    S3 {
        bucket: Attr<String>,
        key: Attr<String>,
        version: Attr<String>,
    }

    /// A network of the region.
    Vpc {
        subnet_ids: Texts,
        security_group_ids: Texts,
    }

    /// What runs in every region.
    Function {
        source_dir: Attr<String>,
        filename: Attr<String>,
        exclude: Texts,
        handler: Attr<String>,
        runtime: Attr<String>,
        architecture: Attr<String>,
        memory_mb: Attr<i64>,
        timeout_seconds: Attr<i64>,
        ephemeral_storage_mb: Attr<i64>,
        environment: TextMap,
        layers: Texts,
        log_retention_days: Attr<i64>,
        policy_json: Attr<String>,
        role_arn: Attr<String>,
        tracing: Attr<bool>,
        reserved_concurrency: Attr<i64>,
        provisioned_concurrency: Attr<i64>,
    }

    /// What takes the requests in every region.
    Gateway {
        protocol: Attr<String>,
        routes: Texts,
        cors: Attr<Cors>,
        throttle: Attr<Throttle>,
        access_log: Attr<AccessLog>,
        disable_execute_api_endpoint: Attr<bool>,
        timeout_ms: Attr<i64>,
    }

    /// Cross-origin resource sharing.
    Cors {
        allow_origins: Texts,
        allow_methods: Texts,
        allow_headers: Texts,
        expose_headers: Texts,
        allow_credentials: Attr<bool>,
        max_age_seconds: Attr<i64>,
    }

    /// How many requests each region takes.
    Throttle {
        rate: Attr<Number>,
        burst: Attr<i64>,
    }

    /// A line for every request.
    AccessLog {
        format: Attr<String>,
        retention_days: Attr<i64>,
    }

    /// The names it is reached by.
    Domain {
        name: Attr<String>,
        zone_id: Attr<String>,
        regional_names: Attr<bool>,
        base_path: Attr<String>,
        certificate: Attr<Certificate>,
    }

    /// Where the certificates come from.
    Certificate {
        wildcard: Attr<bool>,
        arns: TextMap,
    }

    /// Who is answered by which region.
    Routing {
        policy: Attr<String>,
        health_check: Attr<HealthCheck>,
        drain_seconds: Attr<i64>,
    }

    /// What takes a region out when it is ill.
    HealthCheck {
        path: Attr<String>,
        interval_seconds: Attr<i64>,
        failure_threshold: Attr<i64>,
        measure_latency: Attr<bool>,
        search_string: Attr<String>,
    }

    /// CloudFront in front of the regions.
    Cdn {
        origin: Attr<String>,
        failover_status_codes: Attr<Vec<Attr<i64>>>,
        read_paths: Texts,
        price_class: Attr<String>,
        aliases: Texts,
    }
}

impl Config {
    /// Reads a configuration or a state.
    ///
    /// # Errors
    /// A diagnostic at the first attribute of another type than the schema's.
    pub(super) fn read(value: &Value) -> Result<Self, Diagnostic> {
        Self::decode(value, &Path::root())
    }

    /// The regions that can be told now, by name.
    pub(super) fn known_regions(&self) -> impl Iterator<Item = (&String, &Region)> {
        let regions = self.regions.known().into_iter().flatten();
        regions.filter_map(|(name, region)| Some((name, region.known()?)))
    }
}

/// The path of the region `name`.
pub(super) fn region_path(name: &str) -> Path {
    Path::of("regions").key(name)
}
