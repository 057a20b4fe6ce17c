//! Enforced settings: no attribute configures them, and the provider restores them when somebody changes them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The enforced settings that differ in AWS, by AWS's names. A desired spec has none.
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

    /// Adds `setting` unless it is `as_made`, as the provider sets it.
    #[must_use]
    pub(crate) fn unless(mut self, setting: &str, as_made: bool) -> Self {
        if !as_made {
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
        let deviations = Deviations::default().unless("autoDeploy", true).unless("payloadFormatVersion", false);
        assert!(deviations.has("payloadFormatVersion") && !deviations.has("autoDeploy") && !deviations.is_none());
        assert_eq!(serde_json::to_value(deviations).unwrap(), serde_json::json!(["payloadFormatVersion"]));
    }
}
