//! AWS's regions: which there are, in which partition, and which one a misspelt name was meant to be.

/// Every region by name, with its partition. A region that AWS opens later is one line here.
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

/// How many letters a name may be off and still be taken for a misspelling.
const NEAR: usize = 4;

/// The partition that `region` is in; `None` when AWS has no such region.
pub(crate) fn partition(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(name, _)| *name == region).map(|(_, partition)| *partition)
}

/// The region that `name` was probably meant to be; `None` when it is like none.
///
/// Of several that are equally near, the first by name.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    let wanted = tidy(name);
    let (distance, region) = REGIONS.iter().map(|(region, _)| (distance(&wanted, region), *region)).min()?;
    (distance <= NEAR).then_some(region)
}

/// A name without what people add to or leave out of region names: case, the zone's letter, other dashes.
fn tidy(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    match name.strip_suffix(|last: char| last.is_ascii_lowercase()) {
        Some(region) if region.ends_with(|last: char| last.is_ascii_digit()) => region.to_owned(),
        _ => name,
    }
}

/// How many letters must be put in, taken out or changed to get from `a` to `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            left = (diagonal + usize::from(from != *to)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_know_their_partition() {
        assert_eq!(partition("eu-central-1"), Some("aws"));
        assert_eq!(partition("us-gov-west-1"), Some("aws-us-gov"));
        assert_eq!(partition("eu-middle-1"), None);
    }

    #[test]
    fn misspelt_names_find_their_region() {
        for (wrong, right) in [
            ("us-est-1", Some("us-east-1")),
            ("eu_central_1", Some("eu-central-1")),
            ("US-WEST-2", Some("us-west-2")),
            ("us-east-1a", Some("us-east-1")),
            ("eu-centrall-1", Some("eu-central-1")),
            ("frankfurt", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong), right, "{wrong:?}");
        }
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
