//! From attributes to the inputs of a spec, and back.

use std::collections::BTreeMap;

use crate::desired::Input;
use crate::schema::{Attr, TextMap, Texts, Unknown};

/// The value of an attribute that is required or has a default.
pub(crate) fn input<T>(value: Result<T, Unknown>) -> Input<T> {
    value.map_or(Input::Unknown, Input::Known)
}

/// The value of an optional attribute; `None` when there is none for certain.
pub(crate) fn maybe<T: Clone>(attr: &Attr<T>) -> Option<Input<T>> {
    match attr {
        Attr::Known(value) => Some(Input::Known(value.clone())),
        Attr::Null => None,
        Attr::Unknown => Some(Input::Unknown),
    }
}

/// The texts of a list. A list that is unknown as a whole becomes one unknown text.
pub(crate) fn inputs(texts: &Attr<Texts>) -> Vec<Input<String>> {
    match texts {
        Attr::Known(texts) => texts.iter().filter_map(maybe).collect(),
        Attr::Null => Vec::new(),
        Attr::Unknown => vec![Input::Unknown],
    }
}

/// The texts of a list, all of which are known. A null element is an empty text.
///
/// # Errors
/// [`Unknown`] while one of them is unknown.
pub(crate) fn texts(texts: &Texts) -> Result<Vec<String>, Unknown> {
    texts.iter().map(|text| Ok(text.decided()?.cloned().unwrap_or_default())).collect()
}

/// The attribute that an input was made from; null when it is not known.
pub(crate) fn attr<T: Clone>(input: &Input<T>) -> Attr<T> {
    input.known().cloned().into()
}

/// The list that inputs were made from; null when there are none.
pub(crate) fn attrs(inputs: &[Input<String>]) -> Attr<Texts> {
    if inputs.is_empty() { Attr::Null } else { Attr::Known(inputs.iter().map(attr).collect()) }
}

/// The list of `texts`; null when there are none.
pub(crate) fn list(texts: Vec<String>) -> Attr<Texts> {
    if texts.is_empty() { Attr::Null } else { Attr::Known(texts.into_iter().map(Attr::Known).collect()) }
}

/// The map of `texts`.
pub(crate) fn map(texts: BTreeMap<String, String>) -> TextMap {
    texts.into_iter().map(|(key, text)| (key, Attr::Known(text))).collect()
}
