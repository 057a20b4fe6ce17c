//! Which regions are near an edge location. Pure.

use crate::traffic::geography::distance;

/// The regions of CloudFront's regional edge caches: `cf.edgeLocation.region` names one of them.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Choose the AWS Region for Origin Shield": CloudFront offers Origin Shield in the
/// regions with a regional edge cache. "Edge location metadata".
pub(super) const CACHES: [&str; 13] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "me-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// The regions by their distance from `place`. A region whose location is unknown comes last.
pub(super) fn by_distance<'a>(place: &str, regions: &[&'a str]) -> Vec<&'a str> {
    let mut regions = regions.to_vec();
    regions.sort_by(|one, other| distance(place, one).total_cmp(&distance(place, other)).then_with(|| one.cmp(other)));
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_region_comes_first() {
        let regions = ["us-east-1", "xx-new-1", "us-west-2", "eu-central-1"];
        assert_eq!(by_distance("eu-west-2", &regions), ["eu-central-1", "us-east-1", "us-west-2", "xx-new-1"]);
        assert_eq!(by_distance("ap-northeast-1", &regions)[0], "us-west-2");
    }

    #[test]
    fn every_cache_has_a_location() {
        assert!(CACHES.iter().all(|cache| distance(cache, "us-east-1").is_finite()));
    }
}
