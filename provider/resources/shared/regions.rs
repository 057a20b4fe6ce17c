//! AWS regions, their partitions, and the attribute `regions`.

use crate::schema;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The largest edit distance between a region and its misspelling.
const NEAR: usize = 4;

/// Every region with its partition. A region that AWS opens later is one line here.
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

/// The partition of `region`; `None` when AWS has no such region.
pub(crate) fn partition(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(name, _)| *name == region).map(|(_, partition)| *partition)
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
