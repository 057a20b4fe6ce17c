//! The part of the schema that says what runs, and where.

use super::{flag, number, text, texts};
use crate::schema::{Attribute, Mode};
use crate::wire::Type;

/// `regions`.
pub(super) fn regions() -> Attribute {
    Attribute::objects(
        "regions",
        Mode::Required,
        "The regions by name: `{ \"us-east-1\" = { primary = true }, \"us-west-2\" = {} }`. What is particular to one \
         region is said here and nowhere else (but for certificates brought along, `domain.certificate.arns`): a \
         bucket, an image registry, a network and a layer are each of one region.",
        vec![
            flag(
                "primary",
                "Whether this region comes first: the one that answers with `routing.policy = \"failover\"`, and the one \
                 that CloudFront asks first. Of no more than one region. Default: `false`.",
            ),
            text(
                "traffic",
                "`\"serving\"` (the default), or `\"drained\"`: everything runs and is kept up to date, but no request is \
                 sent there.",
            ),
            number(
                "weight",
                "The region's share of the requests with `routing.policy = \"weighted\"`: 0 to 255, as compared with the \
                 other regions'. Default: 100. Other policies ignore it.",
            ),
            environment("Environment variables of this region's function, over those of `function.environment`."),
            texts("layers", "ARNs of layer versions of this region, in place of `function.layers`."),
            Attribute::object(
                "s3",
                Mode::Optional,
                "The function's zip in a bucket of this region. If one region has it, all must.",
                vec![
                    text("bucket", "The bucket, which is in this region."),
                    text("key", "The object's key."),
                    text("version", "The object's version, in a versioned bucket. A new version is new code."),
                ],
            ),
            text(
                "image_uri",
                "The function's container image in a registry of this region. If one region has it, all must.",
            ),
            Attribute::object(
                "vpc",
                Mode::Optional,
                "The network that this region's function runs in.",
                vec![
                    texts("subnet_ids", "Subnets of this region."),
                    texts("security_group_ids", "Security groups of this region."),
                ],
            ),
            number("reserved_concurrency", "Concurrency set aside here, in place of `function.reserved_concurrency`."),
            number(
                "provisioned_concurrency",
                "Instances kept warm here, in place of `function.provisioned_concurrency`.",
            ),
        ],
    )
}

/// `function`.
pub(super) fn function() -> Attribute {
    Attribute::object(
        "function",
        Mode::Required,
        "What runs in every region. Its code is one of: `source_dir`, `filename`, `s3` in every region of `regions`, \
         `image_uri` in every region of `regions`.",
        [code(), settings(), permissions()].concat(),
    )
}

fn code() -> Vec<Attribute> {
    vec![
        text(
            "source_dir",
            "A directory that is zipped, the same way on every machine: the same files are the same code.",
        ),
        text("filename", "A zip file made by somebody else."),
        texts(
            "exclude",
            "Patterns of what is left out of `source_dir`, as in `[\"tests/**\", \"*.md\"]`. Default: nothing.",
        ),
        text(
            "handler",
            "What Lambda calls: `app.handler` is the function `handler` in `app.py` or `app.mjs`. Not for images.",
        ),
        text("runtime", "The runtime's identifier: `python3.12`, `nodejs22.x`, `provided.al2023`. Not for images."),
        text("architecture", "`\"x86_64\"` (the default) or `\"arm64\"`."),
    ]
}

fn settings() -> Vec<Attribute> {
    vec![
        number("memory_mb", "Memory in MiB: 128 to 10240. Default: 128."),
        number("timeout_seconds", "The longest time one request may take: 1 to 900 seconds. Default: 10."),
        number("ephemeral_storage_mb", "The size of `/tmp` in MiB: 512 to 10240. Default: 512."),
        environment("Environment variables; `regions` may add to them and change them for one region."),
        texts("layers", "ARNs of layer versions, for every region that has no `layers` of its own."),
        number(
            "log_retention_days",
            "Days after which the function's log is deleted, out of those that CloudWatch Logs knows; 0 keeps it for \
             ever. Default: 14.",
        ),
        flag("tracing", "Whether X-Ray traces every request. Default: `false`."),
        number(
            "reserved_concurrency",
            "Concurrency set aside for the function in each region, which is also the most it gets; 0 stops it. Default: \
             none.",
        ),
        number("provisioned_concurrency", "Instances kept warm in each region. Default: none."),
    ]
}

fn permissions() -> Vec<Attribute> {
    vec![
        text(
            "policy_json",
            "What the function may do, as an IAM policy document in JSON. The role that we make for it may also write its \
             log, use the networks of `vpc` and send traces.",
        ),
        text("role_arn", "A role brought along, in place of ours. It must let Lambda assume it."),
    ]
}

fn environment(description: &'static str) -> Attribute {
    Attribute::map("environment", Type::String, Mode::Optional, description)
}
