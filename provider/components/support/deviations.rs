//! Enforced settings: no attribute configures them, and the provider corrects them when they change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The enforced settings of an object that differ in AWS, by AWS's names. The desired set is always empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Deviations(BTreeSet<String>);

impl Deviations {
    /// Whether no enforced setting differs.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `setting` differs.
    pub(crate) fn has(&self, setting: &str) -> bool {
        self.0.contains(setting)
    }

    /// Adds `setting`, unless it `matches` what the provider sets.
    #[must_use]
    pub(crate) fn record_unless(mut self, setting: &str, matches: bool) -> Self {
        if !matches {
            self.0.insert(setting.to_owned());
        }
        self
    }

    /// Removes `setting`.
    #[must_use]
    pub(crate) fn without(mut self, setting: &str) -> Self {
        self.0.remove(setting);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_that_differ_are_named() {
        let deviations =
            Deviations::default().record_unless("autoDeploy", true).record_unless("payloadFormatVersion", false);
        assert!(deviations.has("payloadFormatVersion") && !deviations.has("autoDeploy") && !deviations.is_none());
        assert_eq!(serde_json::to_value(deviations).unwrap(), serde_json::json!(["payloadFormatVersion"]));
    }
}
