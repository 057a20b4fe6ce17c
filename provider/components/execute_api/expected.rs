//! The response that counts as an answer: of an API to a probe, and of a version of a function to its check.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::desired::Input;

/// The statuses with which Route 53 considers an endpoint healthy.
///
/// # Source
/// Amazon Route 53 developer guide, "How Amazon Route 53 determines whether a health check is healthy".
pub const HEALTHY: &str = "200-399";

/// The statuses of [`HEALTHY`].
pub const HEALTHY_STATUSES: RangeInclusive<u64> = 200..=399;

/// How much of a body Route 53 searches for a text, in bytes.
///
/// # Source
/// Amazon Route 53 API reference, `HealthCheckConfig`.
pub const SEARCHED_BYTES: usize = 5_120;

/// The response that counts as an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The path of the request, if it is configured. A region that has answered on another path must answer again.
    #[serde(default)]
    pub path: Option<Input<String>>,
    /// The statuses that count, such as `200` or `200-399`. Without any, every status below 500 counts that API Gateway does
    /// not return itself.
    #[serde(default)]
    pub statuses: Vec<Input<String>>,
    /// A text that the beginning of the body must contain.
    #[serde(default)]
    pub search_string: Option<Input<String>>,
}

/// Why a response does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unexpected {
    /// Its status is none of these.
    Status(String),
    /// The beginning of its body does not contain this text.
    Body(String),
}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(statuses) => write!(f, "expected a status of {statuses}"),
            Self::Body(text) => {
                write!(f, "the first {SEARCHED_BYTES} bytes of the body do not contain the search string {text:?}")
            }
        }
    }
}

impl Expected {
    /// Whether any statuses are configured.
    pub(crate) fn has_statuses(&self) -> bool {
        !self.statuses.is_empty()
    }

    /// Whether a status is one of those that are configured.
    pub(crate) fn counts(&self, status: u64) -> bool {
        self.statuses.iter().filter_map(Input::known).filter_map(|text| range(text)).any(|(first, last)| {
            let (first, last) = (u64::from(first), u64::from(last));
            (first..=last).contains(&status)
        })
    }

    /// Compares a response with the statuses, if there are any, and with the search string.
    pub(crate) fn judge(&self, status: u64, body: &str) -> Result<(), Unexpected> {
        if self.has_statuses() && !self.counts(status) {
            let statuses: Vec<&str> = self.statuses.iter().filter_map(Input::known).map(String::as_str).collect();
            return Err(Unexpected::Status(statuses.join(", ")));
        }
        self.search(body)
    }

    /// Searches the beginning of a body.
    pub(crate) fn search(&self, body: &str) -> Result<(), Unexpected> {
        let Some(text) = self.search_string.as_ref().and_then(Input::known) else { return Ok(()) };
        let beginning = body.as_bytes().get(..SEARCHED_BYTES).unwrap_or(body.as_bytes());
        match beginning.windows(text.len().max(1)).any(|part| part == text.as_bytes()) {
            true => Ok(()),
            false => Err(Unexpected::Body(text.clone())),
        }
    }
}

/// The first and the last status of `200` or `200-399`; `None` if the text is neither.
pub(crate) fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let status = |text: &str| text.trim().parse().ok().filter(|status| (100..=599).contains(status));
    let (first, last): (u16, u16) = (status(first)?, status(last)?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_single_or_ranges() {
        for (text, expected) in [
            ("200", Some((200, 200))),
            ("200-399", Some((200, 399))),
            ("399-200", None),
            ("99", None),
            ("200-600", None),
            ("2xx", None),
            ("", None),
        ] {
            assert_eq!(range(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_healthy_statuses_are_those_of_the_text() {
        let (first, last) = range(HEALTHY).expect("a range");
        assert_eq!(u64::from(first)..=u64::from(last), HEALTHY_STATUSES);
    }

    #[test]
    fn a_response_is_judged_as_by_route_53() {
        let late = format!("{}healthy", " ".repeat(SEARCHED_BYTES - 6));
        let early = format!("{}healthy", " ".repeat(SEARCHED_BYTES - 7));
        for (status, body, counts) in [
            (200, "I am healthy", true),
            (301, "healthy", true),
            (404, "healthy", false),
            (500, "healthy", false),
            (200, "ill", false),
            (200, "", false),
            (200, early.as_str(), true),
            (200, late.as_str(), false),
        ] {
            let expected =
                Expected { path: None, statuses: vec![HEALTHY.into()], search_string: Some("healthy".into()) };
            assert_eq!(expected.judge(status, body).is_ok(), counts, "{status} {}", body.len());
        }
        assert_eq!(Expected::default().judge(404, ""), Ok(()));
    }
}
