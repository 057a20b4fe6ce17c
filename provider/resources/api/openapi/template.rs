//! Texts with values that are known only after apply.

use std::collections::BTreeSet;

/// How every token begins. A document that contains it is rejected.
pub(super) const TOKEN: &str = "${multiregion:";

/// A function of an API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::resources::api) enum FunctionId {
    /// The function of an API without named functions.
    Single,
    /// The function of this name.
    Named(String),
}

impl FunctionId {
    fn name(&self) -> &str {
        match self {
            Self::Single => "",
            Self::Named(name) => name,
        }
    }

    fn parse(name: &str) -> Self {
        if name.is_empty() { Self::Single } else { Self::Named(name.to_owned()) }
    }
}

/// A value that is known only after apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::resources::api) enum Placeholder {
    /// The ARN of the function's alias.
    FunctionArn(FunctionId),
    /// The name of the function and its alias, as in the ARN: `shop-orders:live`.
    FunctionName(FunctionId),
    /// Any other value, by a name that the caller chooses. The name contains neither quotes nor braces.
    Value(String),
}

impl Placeholder {
    /// The text that stands for the value: `${multiregion:arn:orders}`.
    pub(in crate::resources::api) fn token(&self) -> String {
        let (kind, name) = match self {
            Self::FunctionArn(function) => ("arn", function.name()),
            Self::FunctionName(function) => ("name", function.name()),
            Self::Value(name) => ("value", name.as_str()),
        };
        format!("{TOKEN}{kind}:{name}}}")
    }

    /// The placeholder of a token's inner part, such as `arn:orders`.
    fn parse(inner: &str) -> Option<Self> {
        let (kind, name) = inner.split_once(':')?;
        match kind {
            "arn" => Some(Self::FunctionArn(FunctionId::parse(name))),
            "name" => Some(Self::FunctionName(FunctionId::parse(name))),
            "value" => Some(Self::Value(name.to_owned())),
            _ => None,
        }
    }

    /// The function that the placeholder refers to.
    pub(super) fn function(&self) -> Option<&FunctionId> {
        match self {
            Self::FunctionArn(function) | Self::FunctionName(function) => Some(function),
            Self::Value(_) => None,
        }
    }
}

/// A JSON document with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resources::api) struct Template {
    text: String,
    placeholders: BTreeSet<Placeholder>,
}

impl Template {
    pub(super) fn new(text: String) -> Self {
        let placeholders = placeholders(&text);
        Self { text, placeholders }
    }

    /// The document, with the token of each placeholder.
    pub(in crate::resources::api) fn text(&self) -> &str {
        &self.text
    }

    /// The placeholders in the document.
    pub(in crate::resources::api) fn placeholders(&self) -> &BTreeSet<Placeholder> {
        &self.placeholders
    }
}

/// The placeholders in a text.
pub(super) fn placeholders(text: &str) -> BTreeSet<Placeholder> {
    let parts = text.split(TOKEN).skip(1);
    parts.filter_map(|part| Placeholder::parse(part.split_once('}')?.0)).collect()
}

/// A text without its placeholders.
pub(super) fn without_placeholders(text: &str) -> String {
    let mut parts = text.split(TOKEN);
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((inner, after)) if Placeholder::parse(inner).is_some() => rest.push_str(after),
            _ => {
                rest.push_str(TOKEN);
                rest.push_str(part);
            }
        }
    }
    rest
}
