//! The arguments of a function.

use crate::schema::{TextMap, Texts, attributes, choices};
use crate::wire::Number;

/// The runtimes with which Lambda still creates functions, as of this version of the provider.
///
/// # Source
/// AWS Lambda developer guide, "Supported runtimes".
pub(super) const RUNTIMES: [&str; 20] = [
    "dotnet10",
    "dotnet8",
    "java11",
    "java17",
    "java21",
    "java25",
    "java8.al2",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "provided.al2",
    "provided.al2023",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
];

/// The days for which CloudWatch Logs can keep events; 0 keeps them forever.
///
/// # Source
/// Amazon CloudWatch Logs API reference, `PutRetentionPolicy`.
pub(crate) const RETENTION_DAYS: [i64; 23] =
    [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

attributes! {
    /// A Lambda function of every region. Its code comes from one of four places: `source_dir`, `filename`, `s3` in every
    /// region of `regions`, or `image_uri` in every region of `regions`.
    pub(crate) struct Function {
        /// The route keys whose requests the function receives: `"$default"`, or a method and a path such as
        /// `"GET /items/{id}"`. No two functions of an API have the same route. The function of the argument `function` has
        /// the routes of `gateway.routes` by default.
        routes: Texts = optional, example("[\"GET /orders\", \"ANY /orders/{id}\"]");
        /// The limit of requests for each route of the function, within that of `gateway.throttle`.
        throttle: Throttle = optional;
        /// The name of the authorizer of `gateway.authorizers` that checks the requests for the function's routes, or
        /// `"AWS_IAM"` for signatures of AWS credentials, which are valid in the region that receives the request.
        authorizer: String = optional, example("\"users\"");
        /// The scopes of which a token needs one, for the authorizers `cognito` and `jwt`.
        authorization_scopes: Texts = optional;
        /// Whether requests need one of the API keys of a REST API.
        api_key_required: bool = optional, default(false);
        payload_format: PayloadFormat = optional;
        /// A directory that the provider packs into a zip file. The same names and contents give the same zip file on every
        /// machine: times and permissions do not count, and `bootstrap`, programs and scripts are executable. Files of OpenTofu,
        /// Terraform and Git (`.terraform*`, `*.tfstate`, `*.tfplan`, `.git`), `.DS_Store` and `__MACOSX` are never packed.
        source_dir: String = optional, example("\"${path.module}/src\"");
        /// The path of a zip file that you build. The provider packs its files again, as it packs those of `source_dir`, so a
        /// rebuilt zip file with the same names and contents is no change.
        filename: String = optional, example("\"build/function.zip\"");
        /// Glob patterns of files in `source_dir` that are left out of the zip file.
        exclude: Texts = optional, example("[\"tests/**\", \"*.md\"]");
        symlinks: Symlinks = optional;
        /// The function that Lambda calls: `app.handler` is the function `handler` in `app.py` or `app.mjs`. Required unless
        /// the code is a container image.
        handler: String = optional, example("\"app.handler\"");
        /// The identifier of the Lambda runtime, such as `python3.14`, `nodejs24.x` or `provided.al2023`, also of a later
        /// version than the provider lists. Required unless the code is a container image.
        runtime: String = optional, example("\"python3.13\"");
        architecture: Architecture = optional, default(Architecture::X86_64);
        /// The memory of the function in MiB.
        memory_mb: i64 = optional, default(128), range(128..=10_240);
        /// The longest time that one invocation may take, in seconds.
        timeout_seconds: i64 = optional, default(10), range(1..=900);
        /// The size of the directory `/tmp` in MiB.
        ephemeral_storage_mb: i64 = optional, default(512), range(512..=10_240);
        /// Environment variables for the functions of all regions. A region can add variables and override them.
        environment: TextMap = optional, example("{ STAGE = \"production\" }");
        /// ARNs of layer versions, for every region without `layers` of its own.
        layers: Texts = optional;
        /// The number of published versions of the function that stay in each region, including the newest one. An update
        /// deletes older ones, and those that never served or failed a check, when it has succeeded. A version that stays
        /// takes up the storage for code of its region, and an update that replaces the function deletes it.
        keep_versions: i64 = optional, default(3), range(1..=100);
        /// The number of versions to go back: with 1, every region serves the version before the newest one again. The versions
        /// change in waves and with the same checks as new code, no package is needed, and `changes` names the version that
        /// each region serves. As long as this is set, the function keeps its code and its settings, and no version is published;
        /// without it, or with 0, the newest version serves. Versions that failed a check or never served do not count. Must be
        /// lower than `keep_versions`.
        rollback: i64 = optional, range(0..=99), example("1");
        /// The days after which CloudWatch Logs deletes the function's log events; 0 keeps them forever.
        log_retention_days: i64 = optional, default(14), numbers(&RETENTION_DAYS);
        /// An IAM policy document in JSON with the permissions of the function. The role that the provider creates
        /// additionally lets the function write its log, use the networks of `vpc`, and send traces.
        policy_json: String = optional;
        /// The ARN of an existing role to use instead of creating one. The role must allow Lambda to assume it.
        role_arn: String = optional, example("\"arn:aws:iam::123456789012:role/shop\"");
        /// Whether AWS X-Ray traces requests.
        tracing: bool = optional, default(false);
        /// The reserved concurrency of the function in each region, which is also its maximum; 0 stops the function. By
        /// default, the function shares the unreserved concurrency of the account.
        reserved_concurrency: i64 = optional, range(0..=100_000);
        /// The number of execution environments that Lambda keeps initialized in each region. By default, none.
        provisioned_concurrency: i64 = optional, range(0..=100_000);
    }

    /// The settings of a function in one region, where they differ from those of the function.
    pub(crate) struct RegionFunction {
        /// Environment variables of the function in this region. They override those of the function, and in a
        /// `multiregion_api` those of the region.
        environment: TextMap = optional;
        /// ARNs of layer versions in this region, used instead of the function's `layers`.
        layers: Texts = optional;
        s3: S3 = optional;
        /// The URI of the function's container image in an Amazon ECR repository of this region. If one region has an image,
        /// all regions need one.
        image_uri: String = optional, example("\"123456789012.dkr.ecr.us-east-1.amazonaws.com/orders:1\"");
        /// The reserved concurrency of the function in this region, used instead of the function's.
        reserved_concurrency: i64 = optional, range(0..=100_000);
        /// The provisioned concurrency of the function in this region, used instead of the function's.
        provisioned_concurrency: i64 = optional, range(0..=100_000);
        /// The VPC that the function is attached to in this region.
        vpc: Vpc = optional;
    }

    /// The function's zip file in an S3 bucket of this region. If one region has it, all regions need one.
    pub(crate) struct S3 {
        /// The name of a bucket in this region.
        bucket: String = optional, example("\"code-us-east-1\"");
        /// The key of the object.
        key: String = optional, example("\"shop.zip\"");
        /// The version of the object in a versioned bucket. A new version deploys new code.
        version: String = optional;
    }

    /// A VPC that functions are attached to.
    pub(crate) struct Vpc {
        /// The ids of subnets in this region.
        subnet_ids: Texts = optional, example("[\"subnet-0123456789abcdef0\"]");
        /// The ids of security groups in this region.
        security_group_ids: Texts = optional, example("[\"sg-0123456789abcdef0\"]");
    }

    /// A limit of requests.
    pub(crate) struct Throttle {
        /// Requests per second on average.
        rate: Number = optional, positive(), example("100");
        /// Requests at the same moment.
        burst: i64 = optional, range(1..=1_000_000), example("200");
    }
}

choices! {
    /// The format of the event that the function receives and of the response that it returns.
    pub(crate) enum PayloadFormat {
        /// The format of REST APIs.
        V1 = "1.0",
        /// The format of HTTP APIs.
        V2 = "2.0",
    }

    /// What becomes of the symbolic links in `source_dir`. By default, a link to another file or directory of the package
    /// stays a link, and any other link is an error.
    pub(crate) enum Symlinks {
        /// Every link stays a link, also one to a path that exists only where the function runs, such as below `/opt`.
        Keep = "keep",
        /// The file or directory to which a link leads takes its place.
        Follow = "follow",
    }

    /// The instruction set of the function.
    pub(crate) enum Architecture {
        X86_64 = "x86_64",
        Arm64 = "arm64",
    }
}
