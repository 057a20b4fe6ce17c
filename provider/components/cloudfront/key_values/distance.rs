//! Which regions are near an edge location. Pure.

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

/// The approximate latitude and longitude of regions, in degrees.
///
/// # Source
/// The locations that AWS publishes in "AWS Regions": the coordinates of the cities that they are named after.
const REGIONS: &[(&str, f64, f64)] = &[
    ("af-south-1", -33.9, 18.4),
    ("ap-east-1", 22.3, 114.2),
    ("ap-east-2", 25.0, 121.5),
    ("ap-northeast-1", 35.7, 139.7),
    ("ap-northeast-2", 37.6, 127.0),
    ("ap-northeast-3", 34.7, 135.5),
    ("ap-south-1", 19.1, 72.9),
    ("ap-south-2", 17.4, 78.5),
    ("ap-southeast-1", 1.4, 103.8),
    ("ap-southeast-2", -33.9, 151.2),
    ("ap-southeast-3", -6.2, 106.8),
    ("ap-southeast-4", -37.8, 145.0),
    ("ap-southeast-5", 3.1, 101.7),
    ("ap-southeast-6", -36.8, 174.8),
    ("ap-southeast-7", 13.8, 100.5),
    ("ca-central-1", 45.5, -73.6),
    ("ca-west-1", 51.0, -114.1),
    ("eu-central-1", 50.1, 8.7),
    ("eu-central-2", 47.4, 8.5),
    ("eu-north-1", 59.3, 18.1),
    ("eu-south-1", 45.5, 9.2),
    ("eu-south-2", 41.6, -0.9),
    ("eu-west-1", 53.3, -6.3),
    ("eu-west-2", 51.5, -0.1),
    ("eu-west-3", 48.9, 2.4),
    ("il-central-1", 32.1, 34.8),
    ("me-central-1", 25.2, 55.3),
    ("me-south-1", 26.2, 50.6),
    ("mx-central-1", 20.6, -100.4),
    ("sa-east-1", -23.6, -46.6),
    ("us-east-1", 38.9, -77.4),
    ("us-east-2", 40.0, -83.0),
    ("us-west-1", 37.4, -122.0),
    ("us-west-2", 45.8, -119.7),
];

/// The regions by their distance from `place`. A region whose location is unknown comes last.
pub(super) fn by_distance<'a>(place: &str, regions: &[&'a str]) -> Vec<&'a str> {
    let mut regions = regions.to_vec();
    regions.sort_by(|one, other| distance(place, one).total_cmp(&distance(place, other)).then_with(|| one.cmp(other)));
    regions
}

/// The angle between two regions, in radians, by the haversine formula.
fn distance(one: &str, other: &str) -> f64 {
    let at = |region: &str| {
        let found = REGIONS.iter().find(|(name, ..)| *name == region);
        found.map(|(_, latitude, longitude)| (latitude.to_radians(), longitude.to_radians()))
    };
    let (Some(one), Some(other)) = (at(one), at(other)) else { return f64::INFINITY };
    let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
    let square = half(one.0, other.0) + one.0.cos() * other.0.cos() * half(one.1, other.1);
    2.0 * square.sqrt().asin()
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
    fn every_cache_has_a_location_and_the_table_is_sorted() {
        assert!(CACHES.iter().all(|cache| distance(cache, "us-east-1").is_finite()));
        assert!(REGIONS.is_sorted_by(|one, next| one.0 < next.0));
    }
}
