//! The countries of continents: CloudFront adds the country of a client to requests, and not its continent. Pure.

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

/// The countries of a continent.
pub(crate) fn of_continent(code: &str) -> impl Iterator<Item = &'static str> {
    let found = CONTINENTS.iter().find(|(continent, _)| *continent == code);
    found.map_or("", |(_, countries)| countries).split_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::route53::geography::CONTINENTS as NAMES;

    #[test]
    fn every_continent_of_route_53_has_countries() {
        assert!(NAMES.iter().all(|code| of_continent(code).count() > 2));
        assert!(of_continent("EU").any(|country| country == "DE"));
    }
}
