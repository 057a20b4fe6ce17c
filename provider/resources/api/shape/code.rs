//! The shape of a function.

use std::collections::BTreeSet;

use super::super::config::{Architecture, Config, Function, PayloadFormat, RegionFunction, Throttle};
use crate::desired::PackageSource;
use crate::resources::shared::inputs::texts;
use crate::schema::{Attr, Unknown};

/// One function, which runs in every region.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources::api) struct Code {
    /// Its key in `functions`; `None` for the one of `function`.
    pub(in crate::resources::api) name: Option<String>,
    /// Where the code comes from.
    pub(in crate::resources::api) source: Source,
    /// The instruction set.
    pub(in crate::resources::api) architecture: Architecture,
    /// Whether X-Ray traces requests.
    pub(in crate::resources::api) tracing: bool,
    /// The days after which log events are deleted; 0 keeps them forever.
    pub(in crate::resources::api) log_retention_days: i64,
    /// The keys of the routes that lead to it.
    pub(in crate::resources::api) routes: BTreeSet<String>,
    /// The limit of requests for each route.
    pub(in crate::resources::api) throttle: Option<Throttle>,
    /// The format of events and responses.
    pub(in crate::resources::api) payload_format: PayloadFormat,
    /// Its other settings.
    pub(in crate::resources::api) config: Function,
}

/// Where the code of a function comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::resources::api) enum Source {
    /// A directory or a zip file on this machine.
    Local,
    /// A zip file in an S3 bucket of each region.
    S3,
    /// A container image in an Amazon ECR repository of each region.
    Image,
}

impl Code {
    /// All functions of a configuration.
    pub(super) fn all(config: &Config) -> Result<Vec<Self>, Unknown> {
        let mut all = Vec::new();
        if let Some(function) = config.function().decided()? {
            all.push(Self::of(config, None, function)?);
        }
        for (name, function) in config.functions().decided()?.into_iter().flatten() {
            all.push(Self::of(config, Some(name), &function.or(Function::default)?)?);
        }
        Ok(all)
    }

    fn of(config: &Config, name: Option<&String>, function: &Function) -> Result<Self, Unknown> {
        let (mut s3, mut image) = (false, false);
        for (_, region) in config.known_regions() {
            let region = region.of_function(name.map(String::as_str))?;
            s3 |= !region.s3().is_null();
            image |= !region.image_uri().is_null();
        }
        let keys = match (function.routes().decided()?, name) {
            (Some(keys), _) => texts(keys)?,
            (None, None) => texts(&config.gateway()?.routes()?)?,
            (None, Some(_)) => Vec::new(),
        };
        Ok(Self {
            name: name.cloned(),
            source: match (image, s3) {
                (true, _) => Source::Image,
                (false, true) => Source::S3,
                (false, false) => Source::Local,
            },
            architecture: function.architecture()?,
            tracing: function.tracing()?,
            log_retention_days: function.log_retention_days()?,
            routes: keys.into_iter().collect(),
            throttle: function.throttle().decided()?.cloned(),
            payload_format: function.payload_format()?,
            config: function.clone(),
        })
    }

    /// The key of the addresses of its components.
    pub(in crate::resources::api) fn key(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of its role, and the beginning of its name, in the API `api`.
    pub(in crate::resources::api) fn base_name(&self, api: &str) -> String {
        base_name(api, self.key())
    }

    /// Its name in AWS. A container image has another one, because Lambda cannot turn a function with a zip file into a
    /// function with an image.
    pub(in crate::resources::api) fn function_name(&self, api: &str) -> String {
        let name = self.base_name(api);
        match self.source {
            Source::Image => format!("{name}{IMAGE_SUFFIX}"),
            Source::Local | Source::S3 => name,
        }
    }

    /// Its settings in one region, where they differ.
    pub(super) fn in_region(&self, region: &super::Region) -> Result<RegionFunction, Unknown> {
        let own = region.of_function(self.key())?;
        // An unknown value may turn out to be null, and then there is no such object.
        if own.provisioned_concurrency().is_unknown() || own.s3().is_unknown() { Err(Unknown) } else { Ok(own) }
    }
}

/// The end of the name of a function with a container image.
const IMAGE_SUFFIX: &str = "-image";

/// The longest name of a function, and of a role, in AWS.
///
/// # Source
/// AWS Lambda API reference, `CreateFunction`; IAM API reference, `CreateRole`.
const MAX_NAME: usize = 64;

/// The name of the function `key` of the API `api`, without the suffix of images.
fn base_name(api: &str, key: Option<&str>) -> String {
    key.map_or_else(|| api.to_owned(), |key| format!("{api}-{key}"))
}

/// The number of characters that the key of a function of the API `api` may have.
pub(in crate::resources::api) fn longest_key(api: &str) -> usize {
    MAX_NAME.saturating_sub(base_name(api, Some("")).len() + IMAGE_SUFFIX.len())
}

/// Where the package of `function` is read from; `None` when it is not on this machine or its path is unknown.
pub(in crate::resources::api) fn package_source(function: &Function) -> Option<PackageSource> {
    if let Attr::Known(path) = function.source_dir() {
        let exclude = function.exclude().decided().ok()?.map(texts).transpose().ok()?.unwrap_or_default();
        return Some(PackageSource::Directory { path: path.clone(), exclude });
    }
    function.filename().known().map(|path| PackageSource::File { path: path.clone() })
}
