//! Settings that no configuration says anything of: they are as we make them, and put right when somebody changes them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The settings of an object that are not as we make them, by AWS's names. Wanted is always none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Deviations(BTreeSet<String>);

impl Deviations {
    /// Whether everything is as we make it.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `setting` is another one.
    pub(crate) fn has(&self, setting: &str) -> bool {
        self.0.contains(setting)
    }

    /// With `setting`, unless it is `as_made`.
    #[must_use]
    pub(crate) fn unless(mut self, setting: &str, as_made: bool) -> Self {
        if !as_made {
            self.0.insert(setting.to_owned());
        }
        self
    }

    /// Without `setting`.
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
    fn only_what_is_another_is_named() {
        let deviations = Deviations::default().unless("autoDeploy", true).unless("payloadFormatVersion", false);
        assert!(deviations.has("payloadFormatVersion") && !deviations.has("autoDeploy") && !deviations.is_none());
        assert_eq!(serde_json::to_value(deviations).unwrap(), serde_json::json!(["payloadFormatVersion"]));
    }
}
