//! What the kinds of CloudFront policies have in common. Policies have a name that is unique in the account, an id that AWS
//! assigns, and no tags: the comment holds owner and owner id.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

use super::is_overtaken;
use crate::aws::{CONSISTENCY_WINDOW, CallError, Identity, Regional};
use crate::components::support::answer::ignore_missing;
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::tags;
use crate::components::{Component, Discovered, Found, OWNER_ID_TAG, OWNER_TAG, Resolved};

/// How long CloudFront may count a policy as used after the distribution has been changed.
const RELEASED_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Which cookies or query strings of a request a policy covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// None of them.
    None,
    /// All of them.
    All,
    /// Those with these names, sorted.
    Only(Vec<String>),
}

impl Selection {
    /// The selection of these names: `*` stands for all.
    pub fn of(names: &[String]) -> Self {
        match names {
            [] => Self::None,
            names if names.iter().any(|name| name == "*") => Self::All,
            names => Self::Only(sorted(names)),
        }
    }

    /// The names that [`Selection::of`] reads.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::All => vec!["*".to_owned()],
            Self::Only(names) => names.clone(),
        }
    }

    /// The selection that AWS reports: its behavior and its names. A behavior that the provider never sets, such as
    /// `allExcept`, is a selection that differs from every desired one.
    pub(super) fn reported(behavior: &str, names: &[String]) -> Self {
        match behavior {
            "none" => Self::None,
            "all" => Self::All,
            "whitelist" => Self::Only(sorted(names)),
            other => Self::Only(vec![other.to_owned()]),
        }
    }

    /// AWS's name of the behavior.
    pub(super) fn behavior(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::All => "all",
            Self::Only(_) => "whitelist",
        }
    }

    /// The names of [`Selection::Only`].
    pub(super) fn only(&self) -> Option<&[String]> {
        match self {
            Self::Only(names) => Some(names),
            Self::None | Self::All => None,
        }
    }
}

/// Names in one order: AWS returns sets.
pub(super) fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names
}

/// What identifies a policy in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
}

/// A kind of policy: the conversion of its spec, and its calls.
pub(super) trait Policy: Component<Outputs = Outputs> {
    /// The settings in the form of the SDK.
    type Config: Clone + Send + Sync;
    /// The error of the create.
    type Error: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static;
    /// The operation that creates a policy.
    const CREATE: &'static str;

    /// The name of the policy.
    fn name(spec: &Self::Spec) -> &str;

    /// The settings with this comment.
    fn config(spec: &Self::Spec, comment: &str) -> Result<Self::Config, CallError>;

    /// The spec that AWS reports.
    fn spec(config: &Self::Config) -> Self::Spec;

    /// The comment that AWS reports.
    fn comment(config: &Self::Config) -> &str;

    /// The ids and settings of all policies of the account.
    fn list(aws: &Regional) -> impl Future<Output = Result<Vec<(String, Self::Config)>, CallError>> + Send;

    /// The settings of one policy and their ETag; `None` when it does not exist.
    fn get(aws: &Regional, id: &str) -> impl Future<Output = Result<Option<(Self::Config, String)>, CallError>> + Send;

    /// Creates a policy and returns its id.
    fn post(
        aws: &Regional,
        config: Self::Config,
    ) -> impl Future<Output = Result<Option<Outputs>, SdkError<Self::Error, HttpResponse>>> + Send;

    /// Changes the policy with this id and ETag.
    fn put(
        aws: &Regional,
        id: &str,
        etag: &str,
        config: Self::Config,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Deletes the policy with this id and ETag.
    fn remove(aws: &Regional, id: &str, etag: &str) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// The comment of this owner's policies: at most 88 of the 128 characters that CloudFront accepts.
fn comment(aws: &Regional) -> String {
    match aws.identity() {
        Identity::Exactly(owner_id) => format!("{} {owner_id}", aws.owner()),
        // No component is created before the owner has an id.
        Identity::Unknown | Identity::Any => aws.owner().to_string(),
    }
}

/// The ownership tags that the comment stands for.
fn ownership(comment: &str) -> BTreeMap<String, String> {
    let (owner, owner_id) = comment.split_once(' ').unwrap_or((comment, ""));
    [(OWNER_TAG, owner), (OWNER_ID_TAG, owner_id)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The policy with the name of `spec`.
pub(super) async fn find<P: Policy>(aws: &Regional, spec: &P::Spec) -> Result<Option<Found<Outputs>>, CallError> {
    let all = P::list(aws).await?;
    let named = all.into_iter().find(|(_, config)| P::name(&P::spec(config)) == P::name(spec));
    Ok(named.map(|(id, config)| {
        let tags = ownership(P::comment(&config));
        if tags::belongs_to_owner(aws, &tags) {
            return Found::Ours(Outputs { id });
        }
        Found::Foreign(format!(
            "policy {id} has the name {}, and its comment is {:?}",
            P::name(spec),
            P::comment(&config)
        ))
    }))
}

/// All policies of this owner. The name of a policy is the name of the owner, or that name, a hyphen and the key.
pub(super) async fn discover<P: Policy>(aws: &Regional) -> Result<Vec<Discovered<P>>, CallError> {
    let own = P::list(aws).await?.into_iter();
    let own = own.filter(|(_, config)| tags::belongs_to_owner(aws, &ownership(P::comment(config))));
    let discovered = own.filter_map(|(id, config)| {
        let spec = P::spec(&config);
        let rest = P::name(&spec).strip_prefix(aws.owner().name())?;
        let key = if rest.is_empty() { None } else { Some(rest.strip_prefix('-')?.to_owned()) };
        Some(Discovered { key, spec, outputs: Outputs { id } })
    });
    Ok(discovered.collect())
}

/// Creates the policy, or adopts the one of this owner that an earlier call created.
pub(super) async fn create<P: Policy>(aws: &Regional, spec: &Resolved<P::Spec>) -> Result<Outputs, CallError> {
    let config = P::config(spec, &comment(aws))?;
    let look = || find::<P>(aws, spec);
    let send = || P::post(aws, config.clone());
    create_or_adopt(aws, P::CREATE, Repeated::IsRefused, look, send).await
}

/// The spec that AWS reports.
pub(super) async fn read<P: Policy>(
    aws: &Regional,
    outputs: &Outputs,
) -> Result<Option<(P::Spec, Outputs)>, CallError> {
    Ok(P::get(aws, &outputs.id).await?.map(|(config, _)| (P::spec(&config), outputs.clone())))
}

/// Changes the settings, unless they are changed concurrently.
pub(super) async fn update<P: Policy>(
    aws: &Regional,
    outputs: &Outputs,
    to: &Resolved<P::Spec>,
) -> Result<Outputs, CallError> {
    let config = P::config(to, &comment(aws))?;
    let look = || P::get(aws, &outputs.id);
    let attempt = || async {
        let Some((_, etag)) = aws.read_until_found("the policy", look).await? else {
            return Err(CallError::Failed {
                what: format!("policy {}", outputs.id),
                why: "it does not exist".to_owned(),
            });
        };
        P::put(aws, &outputs.id, &etag, config.clone()).await
    };
    aws.retry("concurrent changes of the policy to end", CONSISTENCY_WINDOW, is_overtaken, attempt).await?;
    Ok(outputs.clone())
}

/// Deletes the policy. Distributions stop using it before.
pub(super) async fn delete<P: Policy>(aws: &Regional, outputs: &Outputs) -> Result<(), CallError> {
    let look = || P::get(aws, &outputs.id);
    let attempt = || async {
        let Some((_, etag)) = aws.read_until_found("the policy", look).await? else { return Ok(()) };
        ignore_missing(P::remove(aws, &outputs.id, &etag).await)
    };
    let may_end = |error: &CallError| is_overtaken(error) || is_used(error);
    aws.retry("the distribution to release the policy", RELEASED_WITHIN, may_end, attempt).await
}

fn is_used(error: &CallError) -> bool {
    error.code().is_some_and(|code| code.ends_with("PolicyInUse"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_read_and_written() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (written, selection) in [
            (names(&[]), Selection::None),
            (names(&["*"]), Selection::All),
            (names(&["a", "b"]), Selection::Only(names(&["a", "b"]))),
        ] {
            assert_eq!(Selection::of(&written), selection);
            assert_eq!(selection.names(), written);
            assert_eq!(Selection::reported(selection.behavior(), &written), selection);
        }
        assert_eq!(Selection::of(&names(&["b", "a"])), Selection::of(&names(&["a", "b"])));
        assert_ne!(Selection::reported("allExcept", &names(&["a"])), Selection::of(&names(&["a"])));
    }

    #[test]
    fn the_comment_names_owner_and_owner_id() {
        let tags = ownership("multiregion_api/shop us-east-1/9f2c41d07ab35e18");
        assert_eq!(tags[OWNER_TAG], "multiregion_api/shop");
        assert_eq!(tags[OWNER_ID_TAG], "us-east-1/9f2c41d07ab35e18");
        assert_eq!(ownership("").len(), 0);
    }
}
