//! AWS regions, their partitions, and the attribute `regions`.

use crate::schema;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The largest edit distance between a region and its misspelling.
const NEAR: usize = 4;

/// The regions that this version lists, with their partitions. A region that AWS opens later is recognized by its form.
///
/// # Source
/// AWS, "AWS Regions and Availability Zones", and the partitions of the AWS SDK.
const REGIONS: &[(&str, &str)] = &[
    ("af-south-1", "aws"),
    ("ap-east-1", "aws"),
    ("ap-east-2", "aws"),
    ("ap-northeast-1", "aws"),
    ("ap-northeast-2", "aws"),
    ("ap-northeast-3", "aws"),
    ("ap-south-1", "aws"),
    ("ap-south-2", "aws"),
    ("ap-southeast-1", "aws"),
    ("ap-southeast-2", "aws"),
    ("ap-southeast-3", "aws"),
    ("ap-southeast-4", "aws"),
    ("ap-southeast-5", "aws"),
    ("ap-southeast-6", "aws"),
    ("ap-southeast-7", "aws"),
    ("ca-central-1", "aws"),
    ("ca-west-1", "aws"),
    ("cn-north-1", "aws-cn"),
    ("cn-northwest-1", "aws-cn"),
    ("eu-central-1", "aws"),
    ("eu-central-2", "aws"),
    ("eu-north-1", "aws"),
    ("eu-south-1", "aws"),
    ("eu-south-2", "aws"),
    ("eu-west-1", "aws"),
    ("eu-west-2", "aws"),
    ("eu-west-3", "aws"),
    ("eusc-de-east-1", "aws-eusc"),
    ("il-central-1", "aws"),
    ("me-central-1", "aws"),
    ("me-south-1", "aws"),
    ("mx-central-1", "aws"),
    ("sa-east-1", "aws"),
    ("us-east-1", "aws"),
    ("us-east-2", "aws"),
    ("us-gov-east-1", "aws-us-gov"),
    ("us-gov-west-1", "aws-us-gov"),
    ("us-west-1", "aws"),
    ("us-west-2", "aws"),
];

/// The parts of a region's name that name its place.
const DIRECTIONS: &[&str] =
    &["central", "east", "north", "northeast", "northwest", "south", "southeast", "southwest", "west"];

/// The beginnings of the names of the regions outside the partition `aws`, with their partitions.
///
/// # Source
/// The patterns in the partitions of the AWS SDK.
const PREFIXES: &[(&str, &str)] = &[
    ("cn-", "aws-cn"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
];

/// The partition of `region`; `None` when no region of AWS can have this name. Whether an account can use a region is for
/// AWS to decide: a plan compares the regions with the enabled ones of the account.
pub(crate) fn partition(region: &str) -> Option<&'static str> {
    if let Some((_, partition)) = REGIONS.iter().find(|(name, _)| *name == region) {
        return Some(*partition);
    }
    let by_prefix = PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map(|(_, partition)| *partition);
    match has_form(region) {
        true => Some(by_prefix.unwrap_or("aws")),
        false => None,
    }
}

/// Whether a name has the form of the names of regions: `eu-central-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn has_form(name: &str) -> bool {
    let is_code = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    let (place, number) = match *name.split('-').collect::<Vec<_>>().as_slice() {
        [area, place, number] if is_code(area) => (place, number),
        ["eusc", country, place, number] if is_code(country) => (place, number),
        ["us", "gov" | "iso" | "isob" | "isof", place, number] | ["eu", "isoe", place, number] => (place, number),
        _ => return false,
    };
    DIRECTIONS.contains(&place) && number.parse::<u8>().is_ok_and(|parsed| parsed > 0 && parsed.to_string() == number)
}

/// Whether this version lists the region, and so can know where it is.
pub(crate) fn is_listed(region: &str) -> bool {
    REGIONS.iter().any(|(name, _)| *name == region)
}

/// The path of the region `name` in the map of regions.
pub(crate) fn path(name: &str) -> Path {
    Path::of("regions").key(name)
}

/// An error at `path` when AWS has no region `name`.
pub(crate) fn unknown(name: &str, path: Path) -> Option<Diagnostic> {
    if partition(name).is_some() {
        return None;
    }
    let hint = match nearest(name) {
        Some(near) => format!("Did you mean {near}?"),
        None => "Use the code of a region, such as us-east-1 or eu-central-1.".to_owned(),
    };
    Some(Diagnostic::error(path, "Unknown region", format!("AWS has no region {name:?}. {hint}")))
}

/// An error for each of the regions `names` that is outside the partition of the account.
pub(crate) fn outside_partition<'a>(names: impl Iterator<Item = &'a String>, partition: &str) -> Diagnostics {
    let error = |name: &String| {
        let its = self::partition(name).filter(|its| *its != partition)?;
        let detail = format!(
            "{name} is in the partition {its}, but the credentials belong to the partition {partition}, and no account \
             spans both. Use a resource and a provider configuration for each partition."
        );
        Some(Diagnostic::error(path(name), "Region in another partition", detail))
    };
    names.filter_map(error).collect()
}

/// The region that `name` is probably a misspelling of.
fn nearest(name: &str) -> Option<&'static str> {
    schema::nearest(&normalized(name), REGIONS.iter().map(|(region, _)| *region), NEAR)
}

/// A name without the usual deviations from the code of a region: capitals, underscores, the letter of a zone.
fn normalized(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    match name.strip_suffix(|last: char| last.is_ascii_lowercase()) {
        Some(region) if region.ends_with(|last: char| last.is_ascii_digit()) => region.to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_of_a_known_region_is_found() {
        assert_eq!(partition("eu-central-1"), Some("aws"));
        assert_eq!(partition("us-gov-west-1"), Some("aws-us-gov"));
        assert_eq!(partition("eu-middle-1"), None);
    }

    #[test]
    fn a_region_newer_than_this_version_is_recognized_by_its_form() {
        for (name, expected) in [
            ("me-west-1", Some("aws")),
            ("ap-southeast-12", Some("aws")),
            ("us-gov-central-1", Some("aws-us-gov")),
            ("cn-south-1", Some("aws-cn")),
            ("eusc-de-east-1", Some("aws-eusc")),
            ("eusc-fr-west-2", Some("aws-eusc")),
            ("us-isob-east-1", Some("aws-iso-b")),
            ("us-est-1", None),
            ("us-east-0", None),
            ("us-east-01", None),
            ("us-east-1a", None),
            ("us-gv-west-1", None),
            ("usa-east-1", None),
            ("US-EAST-1", None),
            ("us-east", None),
            ("", None),
        ] {
            assert_eq!(partition(name), expected, "{name:?}");
        }
        for (name, its) in REGIONS {
            assert!(has_form(name), "{name}");
            let by_prefix =
                PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, partition)| *partition);
            assert_eq!(by_prefix.unwrap_or("aws"), *its, "{name}");
        }
    }

    #[test]
    fn misspelled_region_name_gets_a_suggestion() {
        for (name, suggestion) in [
            ("us-est-1", Some("us-east-1")),
            ("eu_central_1", Some("eu-central-1")),
            ("US-WEST-2", Some("us-west-2")),
            ("us-east-1a", Some("us-east-1")),
            ("eu-centrall-1", Some("eu-central-1")),
            ("frankfurt", None),
            ("", None),
        ] {
            assert_eq!(nearest(name), suggestion, "{name:?}");
        }
    }
}
