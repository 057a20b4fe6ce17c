//! The shape of a function.

use std::collections::BTreeSet;

use super::{Architecture, Function, PayloadFormat, RegionFunction, Symlinks, Throttle};
use crate::desired::{Links, PackageSource};
use crate::resources::shared::inputs::texts;
use crate::schema::{Attr, Texts, Unknown};
use crate::wire::Path;

/// One function, which runs in every region.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Code {
    /// Its key in `functions`; `None` for the only function of its resource, or the one of `function`.
    pub(crate) name: Option<String>,
    /// The object that holds its arguments.
    pub(crate) path: Path,
    /// Where the code comes from.
    pub(crate) source: Source,
    /// The instruction set.
    pub(crate) architecture: Architecture,
    /// Whether X-Ray traces requests.
    pub(crate) tracing: bool,
    /// The days after which log events are deleted; 0 keeps them forever.
    pub(crate) log_retention_days: i64,
    /// The number of published versions that stay in each region.
    pub(crate) keep_versions: usize,
    /// How many versions before the newest one the version is that serves.
    pub(crate) rollback: usize,
    /// The keys of the routes that lead to it.
    pub(crate) routes: BTreeSet<String>,
    /// The keys of those routes whose requests need authorization or an API key.
    pub(crate) protected: BTreeSet<String>,
    /// The limit of requests for each route.
    pub(crate) throttle: Option<Throttle>,
    /// The format of events and responses, if it is set.
    pub(crate) payload_format: Option<PayloadFormat>,
    /// Its other settings.
    pub(crate) config: Function,
}

/// Where the code of a function comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A directory or a zip file on this machine.
    Local,
    /// A zip file in an S3 bucket of each region.
    S3,
    /// A container image in an Amazon ECR repository of each region.
    Image,
}

impl Code {
    /// The function `name`, whose arguments are at `path`. `routes` are its routes if it lists none itself; `regions` are its
    /// settings in the regions that are known.
    ///
    /// # Errors
    /// [`Unknown`] while an argument is unknown that decides which objects there are.
    pub(crate) fn of(
        (name, path): (Option<String>, Path),
        function: &Function,
        routes: Option<Texts>,
        regions: &[RegionFunction],
    ) -> Result<Self, Unknown> {
        let is_image = regions.iter().any(|region| !region.image_uri().is_null());
        let is_s3 = regions.iter().any(|region| !region.s3().is_null());
        let keys = function.routes().decided()?.cloned().or(routes).unwrap_or_default();
        let keys: BTreeSet<String> = texts(&keys)?.into_iter().collect();
        let is_protected = !function.authorizer().is_null() || function.api_key_required() != Ok(false);
        Ok(Self {
            name,
            path,
            source: match (is_image, is_s3) {
                (true, _) => Source::Image,
                (false, true) => Source::S3,
                (false, false) => Source::Local,
            },
            architecture: function.architecture()?,
            tracing: function.tracing()?,
            log_retention_days: function.log_retention_days()?,
            keep_versions: usize::try_from(function.keep_versions()?).unwrap_or(1),
            rollback: usize::try_from(function.rollback().decided()?.copied().unwrap_or_default()).unwrap_or_default(),
            protected: if is_protected { keys.clone() } else { BTreeSet::new() },
            routes: keys,
            throttle: function.throttle().decided()?.cloned(),
            payload_format: function.payload_format().decided()?.copied(),
            config: function.clone(),
        })
    }

    /// Whether it is known that its routes need authorization or an API key, or that they do not.
    pub(crate) fn has_known_protection(&self) -> bool {
        !self.config.authorizer().is_unknown() && self.config.api_key_required().is_ok()
    }

    /// The key of the addresses of its components.
    pub(crate) fn key(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of its role, and the beginning of its name, in the resource `owner`.
    pub(crate) fn base_name(&self, owner: &str) -> String {
        base_name(owner, self.key())
    }

    /// Its name in AWS. A container image has another one, because Lambda cannot turn a function with a zip file into a
    /// function with an image.
    pub(crate) fn function_name(&self, owner: &str) -> String {
        let name = self.base_name(owner);
        match self.source {
            Source::Image => format!("{name}{IMAGE_SUFFIX}"),
            Source::Local | Source::S3 => name,
        }
    }
}

/// The settings of a function in one region, when they are known.
///
/// # Errors
/// [`Unknown`] while one of them is unknown that may be null: then the object that it describes does not exist.
pub(crate) fn decided(own: RegionFunction) -> Result<RegionFunction, Unknown> {
    if own.provisioned_concurrency().is_unknown() || own.s3().is_unknown() { Err(Unknown) } else { Ok(own) }
}

/// The end of the name of a function with a container image.
const IMAGE_SUFFIX: &str = "-image";

/// The longest name of a function, and of a role, in AWS.
///
/// # Source
/// AWS Lambda API reference, `CreateFunction`; IAM API reference, `CreateRole`.
const MAX_NAME: usize = 64;

/// The name of the function `key` of the resource `owner`, without the suffix of images.
fn base_name(owner: &str, key: Option<&str>) -> String {
    key.map_or_else(|| owner.to_owned(), |key| format!("{owner}-{key}"))
}

/// The number of characters that the key of a function of the resource `owner` may have.
pub(crate) fn longest_key(owner: &str) -> usize {
    MAX_NAME.saturating_sub(base_name(owner, Some("")).len() + IMAGE_SUFFIX.len())
}

/// Where the package that a plan of `function` needs is read from; `None` when the code does not change, because a kept version
/// serves.
pub(crate) fn needed_package(function: &Function) -> Option<PackageSource> {
    let is_back = function.rollback().known().is_some_and(|back| *back > 0);
    package_source(function).filter(|_| !is_back)
}

/// Where the package of `function` is read from; `None` when it is not on this machine or its path is unknown.
pub(crate) fn package_source(function: &Function) -> Option<PackageSource> {
    if let Attr::Known(path) = function.source_dir() {
        let exclude = function.exclude().decided().ok()?.map(texts).transpose().ok()?.unwrap_or_default();
        let links = match function.symlinks().decided().ok()? {
            None => Links::Inside,
            Some(Symlinks::Keep) => Links::Keep,
            Some(Symlinks::Follow) => Links::Follow,
        };
        return Some(PackageSource::Directory { path: path.clone(), exclude, links });
    }
    function.filename().known().map(|path| PackageSource::File { path: path.clone() })
}
