//! Where regions and countries are.

/// The approximate latitude and longitude of regions, in degrees.
///
/// # Source
/// The locations that AWS publishes in "AWS Regions": the coordinates of the cities that they are named after. The ISO 3166
/// codes of the countries, with the state in the United States.
const REGIONS: &[(&str, f64, f64, &str)] = &[
    ("af-south-1", -33.9, 18.4, "ZA"),
    ("ap-east-1", 22.3, 114.2, "HK"),
    ("ap-east-2", 25.0, 121.5, "TW"),
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
    ("ap-southeast-6", -36.8, 174.8, "NZ"),
    ("ap-southeast-7", 13.8, 100.5, "TH"),
    ("ca-central-1", 45.5, -73.6, "CA"),
    ("ca-west-1", 51.0, -114.1, "CA"),
    ("cn-north-1", 39.9, 116.4, "CN"),
    ("cn-northwest-1", 37.5, 105.2, "CN"),
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
    ("us-gov-east-1", 40.0, -83.0, "US-OH"),
    ("us-gov-west-1", 45.8, -119.7, "US-OR"),
    ("us-west-1", 37.4, -122.0, "US-CA"),
    ("us-west-2", 45.8, -119.7, "US-OR"),
];

/// The countries of each continent, by the codes that Route 53 has for continents.
///
/// # Source
/// ISO 3166-1 alpha-2; United Nations, "Standard country or area codes for statistical use (M49)". Territories with clients
/// that no continent of Route 53 contains are left out.
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

/// A point on the earth: latitude and longitude in degrees.
pub(crate) type Point = (f64, f64);

/// Where a region is; `None` for an unknown one.
pub(crate) fn point_of(region: &str) -> Option<Point> {
    REGIONS.iter().find(|(name, ..)| *name == region).map(|(_, latitude, longitude, _)| (*latitude, *longitude))
}

/// The country of a region, with the state in the United States: `DE`, `US-OR`. `None` for an unknown region.
pub(crate) fn country_of(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(name, ..)| *name == region).map(|(.., country)| *country)
}

/// The angle between two points in radians, by the haversine formula.
pub(crate) fn angle(one: Point, other: Point) -> f64 {
    let radians = |(latitude, longitude): Point| (latitude.to_radians(), longitude.to_radians());
    let (one, other) = (radians(one), radians(other));
    let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
    let square = half(one.0, other.0) + one.0.cos() * other.0.cos() * half(one.1, other.1);
    2.0 * square.sqrt().asin()
}

/// The angle between two regions in radians; infinite when the location of one of them is unknown.
pub(crate) fn distance(one: &str, other: &str) -> f64 {
    point_of(one).zip(point_of(other)).map_or(f64::INFINITY, |(one, other)| angle(one, other))
}

/// The countries of a continent.
pub(crate) fn of_continent(code: &str) -> impl Iterator<Item = &'static str> {
    let found = CONTINENTS.iter().find(|(continent, _)| *continent == code);
    found.map_or("", |(_, countries)| countries).split_ascii_whitespace()
}

/// The continent of a country; `None` for an unknown country.
pub(crate) fn continent_of(country: &str) -> Option<&'static str> {
    let has = |(_, countries): &&(&str, &str)| countries.split_ascii_whitespace().any(|code| code == country);
    CONTINENTS.iter().find(has).map(|(code, _)| *code)
}

/// The region in a host name that AWS assigns: `d-1.execute-api.us-west-2.amazonaws.com`. `None` for other names.
pub(crate) fn region_in(host: &str) -> Option<&str> {
    let suffixes = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".on.aws", ".api.aws"];
    let rest = suffixes.iter().find_map(|suffix| host.strip_suffix(suffix))?;
    let labels = rest.split('.').map(|label| label.strip_prefix("s3-website-").unwrap_or(label));
    labels.into_iter().rev().find(|label| is_region_name(label))
}

/// Whether a text has the form of the name of a region, also of one that is not in the table.
pub(crate) fn is_region_name(text: &str) -> bool {
    let mut parts = text.split('-');
    let (area, number) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
    let is_of = |text: &str, is: fn(&char) -> bool| !text.is_empty() && text.chars().all(|character| is(&character));
    let mut middle = parts.peekable();
    middle.peek().is_some()
        && (2..=4).contains(&area.len())
        && is_of(area, char::is_ascii_lowercase)
        && is_of(number, char::is_ascii_digit)
        && middle.all(|part| is_of(part, char::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_regions_is_sorted_and_its_countries_have_continents() {
        assert!(REGIONS.is_sorted_by(|one, next| one.0 < next.0));
        for (region, .., country) in REGIONS {
            assert!(continent_of(country.split('-').next().unwrap()).is_some(), "{region}");
            assert!(is_region_name(region), "{region}");
        }
    }

    #[test]
    fn every_continent_has_countries() {
        assert!(CONTINENTS.iter().all(|(code, _)| of_continent(code).count() > 2));
        assert_eq!((continent_of("DE"), continent_of("XX")), (Some("EU"), None));
    }

    #[test]
    fn aws_host_names_contain_their_region() {
        for (host, region) in [
            ("d-1.execute-api.us-west-2.amazonaws.com", Some("us-west-2")),
            ("abc.execute-api.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("abc.execute-api.eusc-de-east-1.amazonaws.eu", Some("eusc-de-east-1")),
            ("my-lb-12.eu-central-1.elb.amazonaws.com", Some("eu-central-1")),
            ("bucket.s3-website-us-east-1.amazonaws.com", Some("us-east-1")),
            ("abc.lambda-url.us-gov-west-1.on.aws", Some("us-gov-west-1")),
            ("d123.cloudfront.net", None),
            ("us-east-1.example.com", None),
            ("abc.execute-api.localhost", None),
            ("x.global-1.amazonaws.com", None),
        ] {
            assert_eq!(region_in(host), region, "{host}");
        }
    }
}
