//! Services that do not exist in the partition of the account.

use super::Found;
use crate::resources::api::config::Config;
use crate::wire::{Diagnostics, Path};

/// The partition in which the provider manages CloudFront. There is none in `aws-us-gov`. In `aws-cn`, it is another service
/// with endpoints of its own. Its certificates are in us-east-1, which only this partition has.
///
/// # Source
/// Amazon CloudFront developer guide, "Requirements for using SSL/TLS certificates with CloudFront"; AWS GovCloud (US) user
/// guide, "Amazon CloudFront"; "Amazon CloudFront in China".
const CLOUDFRONT: &str = "aws";

/// The mistakes in a configuration of an account in `partition`.
pub(in crate::resources::api) fn check(config: &Config, partition: &str) -> Diagnostics {
    let mut found = Found::default();
    if partition != CLOUDFRONT && config.cdn().known().is_some() {
        let detail = format!(
            "The credentials belong to the partition {partition}, but the provider supports CloudFront only in the partition \
             {CLOUDFRONT}. Remove cdn. With domain and routing, Route 53 distributes the requests to the regions."
        );
        found.error(Path::of("cdn"), "CloudFront not available", detail);
    }
    found.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::api::testing::config;
    use crate::resources::shared::testing::summaries;
    use crate::schema::Attributes;

    #[test]
    fn cloudfront_is_refused_outside_its_partition() {
        let base = r#"
            name     = "giraffe"
            regions  = { "us-gov-east-1" = {}, "us-gov-west-1" = {} }
            function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
        "#;
        let found = |cdn: &str, partition| {
            let value = config(&format!("{base}{cdn}"));
            summaries(&check(&Config::read(&value), partition))
        };
        assert_eq!(found("cdn = {}", "aws"), [""; 0]);
        for partition in ["aws-us-gov", "aws-cn", "aws-eusc"] {
            assert_eq!(found("cdn = {}", partition), ["CloudFront not available @ cdn"], "{partition}");
            assert_eq!(found("", partition), [""; 0], "{partition}");
        }
    }
}
