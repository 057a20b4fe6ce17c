//! The places of clients and of geolocation records.

use super::geography::continent_of;

/// The place of a client, or of a geolocation record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The code of the continent. A record has either this or a country.
    pub continent: String,
    /// The code of the country; `*` in the default record.
    pub country: String,
    /// The code of a state of the United States.
    pub state: String,
}

impl Place {
    /// The place of a client in a country or a state: `DE`, `US-WA`.
    pub fn of_client(text: &str) -> Self {
        let (country, state) = text.split_once('-').unwrap_or((text, ""));
        let continent = continent_of(country).unwrap_or_default();
        Self { continent: continent.to_owned(), country: country.to_owned(), state: state.to_owned() }
    }

    /// How exactly this place of a record describes a client. `None` when the client is elsewhere.
    ///
    /// # Source
    /// Route 53 Developer Guide, "Geolocation routing": the smallest location has priority, and the default record is for
    /// clients in no other location.
    pub(super) fn precision(&self, client: &Self) -> Option<Precision> {
        if self.country == "*" {
            return Some(Precision::Default);
        }
        if !self.continent.is_empty() {
            return (self.continent == client.continent).then_some(Precision::Continent);
        }
        let precision = if self.state.is_empty() { Precision::Country } else { Precision::State };
        (self.country == client.country && (self.state.is_empty() || self.state == client.state)).then_some(precision)
    }
}

/// How exactly a record describes the location of a client: later is more exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precision {
    /// As the default.
    Default,
    /// By the continent.
    Continent,
    /// By the country.
    Country,
    /// By the state.
    State,
    /// By a block of IP addresses with a prefix of this length.
    Block(u8),
}
