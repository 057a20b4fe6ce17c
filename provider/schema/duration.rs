//! Durations as a configuration holds them: `90m`, `1h30m`, `1.5h`.

/// The longest duration. It is longer than any deadline, and its sum with a point in time cannot overflow.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(366 * 24 * 60 * 60);

/// A duration of at least one second, with the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duration {
    text: String,
    value: std::time::Duration,
}

impl Duration {
    /// Reads a text such as `1h30m`; `None` when it is not a duration from one second to one year.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let value = humantime::parse_duration(text).ok()?;
        let is_usable = (std::time::Duration::from_secs(1)..=LONGEST).contains(&value);
        is_usable.then(|| Self { text: text.to_owned(), value })
    }

    /// A whole number of minutes, of at least one minute and at most one year.
    pub(crate) fn minutes(minutes: u32) -> Self {
        let text = if minutes.is_multiple_of(60) { format!("{}h", minutes / 60) } else { format!("{minutes}m") };
        Self { text, value: std::time::Duration::from_secs(60 * u64::from(minutes)) }
    }

    /// The text in the configuration.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// How long it is.
    pub(crate) fn get(&self) -> std::time::Duration {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_from_one_second_to_one_year_are_accepted() {
        for (text, seconds) in [("30m", 1800), ("1h30m", 5400), ("90s", 90), ("1.5h", 5400), ("1h 5s", 3605)] {
            assert_eq!(Duration::parse(text).unwrap().get().as_secs(), seconds, "{text:?}");
        }
        for minutes in [90, 120] {
            let duration = Duration::minutes(minutes);
            assert_eq!(Duration::parse(duration.as_str()), Some(duration));
        }
        for text in ["", "30", "m", "0s", "999ms", "-1m", "1h-1m", "1mé", "400days", "99999999999999999999h"] {
            assert_eq!(Duration::parse(text), None, "{text:?}");
        }
    }
}
