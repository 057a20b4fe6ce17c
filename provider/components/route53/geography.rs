//! Locations of geolocation records: continents, countries, states of the United States. Pure.

use aws_sdk_route53::types::GeoLocation;

use crate::aws::CallError;

/// Route 53's continents.
pub(crate) const CONTINENTS: [&str; 7] = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"];

/// Countries by code.
///
/// # Source
/// ISO 3166-1 alpha-2, without the countries that Route 53 has no addresses for (BV, CX, EH, HM), and with Kosovo, which
/// `ListGeoLocations` has.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO \
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP \
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT \
    MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// States and possessions of the United States by code.
///
/// # Source
/// United States Postal Service, Publication 28, appendix B.
const STATES: &str = "AK AL AR AS AZ CA CO CT DC DE FL FM GA GU HI IA ID IL IN KS KY LA MA MD ME MH MI MN MO MP MS MT NC ND \
    NE NH NJ NM NV NY OH OK OR PA PR PW RI SC SD TN TX UT VA VI VT WA WI WV WY";

/// The prefix of a country whose code is also the code of a continent.
const COUNTRY: &str = "country:";

/// A location of a geolocation record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location<'a> {
    /// Every client without a more specific location.
    Default,
    /// A continent.
    Continent(&'a str),
    /// A country.
    Country(&'a str),
    /// A state of the United States.
    State(&'a str),
}

impl<'a> Location<'a> {
    /// Reads `*`, `EU`, `DE`, `country:SA` or `US-WA`. `None` when Route 53 has no such location.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let has = |list: &str, code: &str| list.split_ascii_whitespace().any(|known| known == code);
        if text == "*" {
            return Some(Self::Default);
        }
        if let Some(country) = text.strip_prefix(COUNTRY) {
            return has(COUNTRIES, country).then_some(Self::Country(country));
        }
        if let Some(state) = text.strip_prefix("US-") {
            return has(STATES, state).then_some(Self::State(state));
        }
        if CONTINENTS.contains(&text) {
            return Some(Self::Continent(text));
        }
        has(COUNTRIES, text).then_some(Self::Country(text))
    }

    /// The location in AWS's form.
    pub(crate) fn to_aws(self) -> GeoLocation {
        let location = GeoLocation::builder();
        match self {
            Self::Default => location.country_code("*"),
            Self::Continent(code) => location.continent_code(code),
            Self::Country(code) => location.country_code(code),
            Self::State(code) => location.country_code("US").subdivision_code(code),
        }
        .build()
    }
}

/// The text of a location that AWS reports, in its shortest form.
pub(crate) fn text_of(location: &GeoLocation) -> String {
    match (location.continent_code(), location.country_code(), location.subdivision_code()) {
        (Some(continent), ..) => continent.to_owned(),
        (None, Some(country), Some(state)) => format!("{country}-{state}"),
        (None, Some(country), None) => country_text(country),
        (None, None, _) => String::new(),
    }
}

/// The shortest text of the same location: `DE` for `country:DE`.
pub(crate) fn normal(text: &str) -> String {
    text.strip_prefix(COUNTRY).map_or_else(|| text.to_owned(), country_text)
}

/// The shortest text of a country.
pub(crate) fn country_text(country: &str) -> String {
    if CONTINENTS.contains(&country) { format!("{COUNTRY}{country}") } else { country.to_owned() }
}

/// The location of a spec in AWS's form.
///
/// # Errors
/// [`CallError::Malformed`] when Route 53 has no such location.
pub(crate) fn to_aws(text: &str) -> Result<GeoLocation, CallError> {
    let missing = || CallError::Malformed(format!("{text:?} is not a location"));
    Location::parse(text).map(Location::to_aws).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_and_written() {
        for text in ["*", "EU", "DE", "US-WA", "SA", "country:SA", "US", "UA"] {
            assert_eq!(text_of(&to_aws(text).unwrap()), text);
        }
        assert_eq!(normal("country:DE"), "DE");
        assert_eq!(normal("country:AF"), "country:AF");
        for invalid in ["", "eu", "XX", "US-XX", "DE-BY", "country:EU", "UK", "Europe"] {
            assert_eq!(Location::parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn continent_and_country_of_one_code_differ() {
        assert_eq!(Location::parse("NA"), Some(Location::Continent("NA")));
        assert_eq!(Location::parse("country:NA"), Some(Location::Country("NA")));
    }
}
