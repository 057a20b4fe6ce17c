//! The partition, account and region of an object, as in ARNs. Pure.

use crate::aws::Regional;

/// The common part of all ARNs in a region of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// The account, twelve digits.
    pub account_id: &'a str,
    /// The region; empty for global services.
    pub region: &'a str,
}

/// The domain of AWS's endpoints in a partition.
///
/// # Source
/// The partitions of the AWS SDK.
pub(crate) fn dns_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    }
}

impl Place<'_> {
    /// The ARN of `resource` of `service`: `arn:aws:lambda:us-east-1:123456789012:function:giraffe`.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account_id)
    }
}

impl<'a> From<&'a Regional> for Place<'a> {
    fn from(aws: &'a Regional) -> Self {
        Self { partition: aws.partition(), account_id: aws.account_id(), region: aws.region() }
    }
}
