//! Where clients and regions are: coordinates, countries, continents. Pure.

use serde::Serialize;

/// The location of a client, or of a geolocation record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Location {
    /// The code of the continent. A record has either this or a country.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) continent: String,
    /// The code of the country; `*` for a record that has all other clients.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) country: String,
    /// The code of a state of the United States.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) state: String,
}

impl Location {
    /// The location of a client in a country, or in a state: `DE`, `US-WA`.
    pub(crate) fn of_client(text: &str) -> Self {
        let (country, state) = text.split_once('-').unwrap_or((text, ""));
        Self { continent: continent(country).to_owned(), country: country.to_owned(), state: state.to_owned() }
    }

    /// How exactly this location of a record describes a client: 3 for its state, 2 for its country, 1 for its continent, 0
    /// for a default record. `None` when the client is elsewhere.
    pub(crate) fn precision(&self, client: &Self) -> Option<u8> {
        if self.country == "*" {
            return Some(0);
        }
        if !self.continent.is_empty() {
            return (self.continent == client.continent).then_some(1);
        }
        if self.state.is_empty() {
            return (self.country == client.country).then_some(2);
        }
        (self.country == client.country && self.state == client.state).then_some(3)
    }

    /// Whether Route 53 has such a location.
    pub(crate) fn exists(&self) -> bool {
        let is_continent = CONTINENTS.iter().any(|(code, _)| *code == self.continent);
        match (self.continent.as_str(), self.country.as_str(), self.state.as_str()) {
            (_, "", "") => is_continent,
            ("", "*", "") => true,
            ("", country, "") => !continent(country).is_empty(),
            ("", "US", state) => STATES.split_ascii_whitespace().any(|known| known == state),
            _ => false,
        }
    }
}

/// The countries of each continent.
///
/// Source: ISO 3166-1, and Route 53's `ListGeoLocations`, which has no addresses of BV, CX, EH and HM.
const CONTINENTS: [(&str, &str); 7] = [
    (
        "AF",
        "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG \
         RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
    ),
    ("AN", "AQ GS TF"),
    (
        "AS",
        "AE AF AM AZ BD BH BN BT CC CN GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS \
         QA SA SG SY TH TJ TM TR TW UZ VN YE",
    ),
    (
        "EU",
        "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT \
         NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    ),
    (
        "NA",
        "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US \
         VC VG VI",
    ),
    ("OC", "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TL TO TV UM VU WF WS"),
    ("SA", "AR BO BR CL CO EC FK GF GY PE PY SR UY VE"),
];

/// The states and possessions of the United States.
const STATES: &str = "AK AL AR AS AZ CA CO CT DC DE FL FM GA GU HI IA ID IL IN KS KY LA MA MD ME MH MI MN MO MP MS MT NC ND \
    NE NH NJ NM NV NY OH OK OR PA PR PW RI SC SD TN TX UT VA VI VT WA WI WV WY";

/// The continent of a country; empty for an unknown one.
fn continent(country: &str) -> &'static str {
    let is_in = |(_, countries): &&(&str, &str)| countries.split_ascii_whitespace().any(|known| known == country);
    CONTINENTS.iter().find(is_in).map_or("", |(code, _)| code)
}

/// The approximate latitude and longitude of AWS's regions, and the country or state.
const REGIONS: &[(&str, f64, f64, &str)] = &[
    ("af-south-1", -33.9, 18.4, "ZA"),
    ("ap-east-1", 22.3, 114.2, "HK"),
    ("ap-northeast-1", 35.7, 139.7, "JP"),
    ("ap-northeast-2", 37.6, 127.0, "KR"),
    ("ap-northeast-3", 34.7, 135.5, "JP"),
    ("ap-south-1", 19.1, 72.9, "IN"),
    ("ap-south-2", 17.4, 78.5, "IN"),
    ("ap-southeast-1", 1.4, 103.8, "SG"),
    ("ap-southeast-2", -33.9, 151.2, "AU"),
    ("ap-southeast-3", -6.2, 106.8, "ID"),
    ("ap-southeast-4", -37.8, 145.0, "AU"),
    ("ap-southeast-5", 3.1, 101.7, "MY"),
    ("ca-central-1", 45.5, -73.6, "CA"),
    ("ca-west-1", 51.0, -114.1, "CA"),
    ("eu-central-1", 50.1, 8.7, "DE"),
    ("eu-central-2", 47.4, 8.5, "CH"),
    ("eu-north-1", 59.3, 18.1, "SE"),
    ("eu-south-1", 45.5, 9.2, "IT"),
    ("eu-south-2", 41.6, -0.9, "ES"),
    ("eu-west-1", 53.3, -6.3, "IE"),
    ("eu-west-2", 51.5, -0.1, "GB"),
    ("eu-west-3", 48.9, 2.4, "FR"),
    ("il-central-1", 32.1, 34.8, "IL"),
    ("me-central-1", 25.2, 55.3, "AE"),
    ("me-south-1", 26.2, 50.6, "BH"),
    ("mx-central-1", 20.6, -100.4, "MX"),
    ("sa-east-1", -23.6, -46.6, "BR"),
    ("us-east-1", 38.9, -77.4, "US-VA"),
    ("us-east-2", 40.0, -83.0, "US-OH"),
    ("us-west-1", 37.4, -122.0, "US-CA"),
    ("us-west-2", 45.9, -119.3, "US-OR"),
];

/// The country or state of a region; empty for an unknown region.
pub(crate) fn location_of(region: &str) -> &'static str {
    REGIONS.iter().find(|(name, ..)| *name == region).map_or("", |(.., location)| location)
}

/// The number of a region, from 1; `None` for an unknown region. Addresses contain it.
pub(crate) fn number_of(region: &str) -> Option<u8> {
    u8::try_from(REGIONS.iter().position(|(name, ..)| *name == region)? + 1).ok()
}

/// The region with a number.
pub(crate) fn region_of(number: u8) -> Option<&'static str> {
    REGIONS.get(usize::from(number).checked_sub(1)?).map(|(name, ..)| *name)
}

/// The great-circle distance of two regions in kilometres. Infinite for an unknown region.
pub(crate) fn distance(from: &str, to: &str) -> f64 {
    const EARTH_RADIUS: f64 = 6371.0;
    let place = |region: &str| {
        REGIONS.iter().find(|place| place.0 == region).map(|(_, lat, lon, _)| (lat.to_radians(), lon.to_radians()))
    };
    let (Some((lat1, lon1)), Some((lat2, lon2))) = (place(from), place(to)) else { return f64::INFINITY };
    let haversine = ((lat2 - lat1) / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * ((lon2 - lon1) / 2.0).sin().powi(2);
    2.0 * EARTH_RADIUS * haversine.sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(continent: &str, country: &str, state: &str) -> Location {
        Location { continent: continent.to_owned(), country: country.to_owned(), state: state.to_owned() }
    }

    #[test]
    fn the_most_exact_location_wins() {
        let client = Location::of_client("US-WA");
        let precision = |record: Location| record.precision(&client);
        assert_eq!(precision(record("", "US", "WA")), Some(3));
        assert_eq!(precision(record("", "US", "")), Some(2));
        assert_eq!(precision(record("NA", "", "")), Some(1));
        assert_eq!(precision(record("", "*", "")), Some(0));
        assert_eq!(precision(record("", "US", "OR")), None);
        // NA is also the code of Namibia.
        assert_eq!(precision(record("", "NA", "")), None);
    }

    #[test]
    fn locations_exist_as_in_route_53() {
        for (location, exists) in [
            (record("EU", "", ""), true),
            (record("XX", "", ""), false),
            (record("", "*", ""), true),
            (record("", "DE", ""), true),
            (record("", "UK", ""), false),
            (record("", "US", "WA"), true),
            (record("", "DE", "BY"), false),
            (record("EU", "DE", ""), false),
        ] {
            assert_eq!(location.exists(), exists, "{location:?}");
        }
    }
}
