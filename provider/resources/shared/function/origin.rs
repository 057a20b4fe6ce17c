//! Mistakes in the settings of a function in one region, and in the origin of its code there: an S3 object or a container
//! image.

use super::{RegionFunction, Vpc, settings};
use crate::resources::shared::checks::Found;
use crate::wire::Path;

/// Mistakes in the settings of a function in the region `name`, which are at `path`.
pub(crate) fn check_region(name: &str, own: &RegionFunction, path: &Path, found: &mut Found) {
    settings::environment(own.environment(), &path.attribute("environment"), found);
    settings::layers(own.layers(), &path.attribute("layers"), std::iter::once(name), found);
    if let Some(vpc) = own.vpc().known() {
        check_vpc(vpc, &path.attribute("vpc"), found);
    }
    origin(name, own, path, found);
}

/// Mistakes in the VPC at `path`.
pub(crate) fn check_vpc(vpc: &Vpc, path: &Path, found: &mut Found) {
    for (attribute, ids) in [("subnet_ids", vpc.subnet_ids()), ("security_group_ids", vpc.security_group_ids())] {
        if ids.is_null() || ids.known().is_some_and(Vec::is_empty) {
            let detail =
                "A function in a VPC needs at least one subnet and one security group of its region. Set both.";
            found.error(path.attribute(attribute), "Incomplete VPC", detail);
        }
    }
}

/// Mistakes in the origin of a function's code.
fn origin(name: &str, region: &RegionFunction, path: &Path, found: &mut Found) {
    if let Some(s3) = region.s3().known() {
        let path = path.attribute("s3");
        for (attribute, value) in [("bucket", s3.bucket()), ("key", s3.key())] {
            if value.is_null() || value.known().is_some_and(String::is_empty) {
                let detail = "An S3 object needs a bucket and a key. Set both.";
                found.error(path.attribute(attribute), "Incomplete S3 object", detail);
            }
        }
        let given = |value: Option<&String>| value.filter(|value| !value.is_empty()).cloned();
        if let Some(bucket) = given(s3.bucket().known()).filter(|bucket| !is_bucket(bucket)) {
            let detail = format!(
                "{bucket:?} is not the name of a bucket. A name has 3 to 63 letters, digits, dots, hyphens and underscores, \
                 without s3:// and without a path."
            );
            found.error(path.attribute("bucket"), "Invalid bucket name", detail);
        }
        if given(s3.key().known()).is_some_and(|key| key.len() > 1024 || key.starts_with("s3://")) {
            let detail = "A key is the name of an object in its bucket, such as \"builds/app.zip\", of at most 1024 bytes. \
                          Remove s3:// and the bucket.";
            found.error(path.attribute("key"), "Invalid S3 key", detail);
        }
    }
    if let Some(uri) = region.image_uri().known() {
        image(name, uri, path.attribute("image_uri"), found);
    }
}

/// # Source
/// AWS Lambda API reference, `FunctionCode`, `S3Bucket`.
fn is_bucket(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    (3..=63).contains(&name.len()) && name.bytes().all(allowed) && !name.ends_with('.')
}

/// # Source
/// AWS Lambda developer guide, "Create a Lambda function using a container image": the image is in an Amazon ECR
/// repository of the function's region.
fn image(region: &str, uri: &str, path: Path, found: &mut Found) {
    let Some(its) = region_of(uri) else {
        let detail = format!(
            "{uri:?} is not the URI of an image in Amazon ECR, and Lambda runs no other images. Push the image to Amazon ECR, \
             and use a URI of the form 123456789012.dkr.ecr.{region}.amazonaws.com/REPOSITORY:TAG, or with a digest instead \
             of the tag."
        );
        found.error(path, "Invalid image URI", detail);
        return;
    };
    if its != region {
        let detail = format!(
            "The image is in {its}, and a function in {region} cannot use it. Push or replicate the image to a repository in \
             {region}, and use the URI there."
        );
        found.error(path, "Image in another region", detail);
    }
}

/// The region of an image's repository; `None` when the image is not in Amazon ECR.
fn region_of(uri: &str) -> Option<&str> {
    let (host, image) = uri.split_once('/')?;
    let (account, rest) = host.split_once(".dkr.ecr.").or_else(|| host.split_once(".dkr-ecr."))?;
    let ends = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".on.aws", ".on.amazonwebservices.com.cn"];
    let region = ends.iter().find_map(|end| rest.strip_suffix(end))?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_image = !image.is_empty() && !image.contains(char::is_whitespace) && !image.starts_with([':', '@', '/']);
    (is_account && is_image && !region.contains('.')).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_their_regions() {
        for (uri, region) in [
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b:1", Some("us-east-1")),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a@sha256:00", Some("cn-north-1")),
            ("123456789012.dkr-ecr.eu-west-1.on.aws/a", Some("eu-west-1")),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/a", Some("eusc-de-east-1")),
            ("nginx", None),
            ("docker.io/library/nginx:latest", None),
            ("public.ecr.aws/nginx/nginx:latest", None),
            ("123.dkr.ecr.us-east-1.amazonaws.com/a:1", None),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com/", None),
            ("https://123456789012.dkr.ecr.us-east-1.amazonaws.com/a", None),
        ] {
            assert_eq!(region_of(uri), region, "{uri}");
        }
    }

    #[test]
    fn buckets_and_others() {
        assert!(is_bucket("code-us-west-2.example") && is_bucket("Old_Bucket"));
        for bad in ["ab", "s3://code", "code/app.zip", "code.", &"x".repeat(64)] {
            assert!(!is_bucket(bad), "{bad}");
        }
    }
}
