//! The requests that create and change a function.

use std::collections::HashMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;
use aws_sdk_lambda::operation::update_function_code::builders::UpdateFunctionCodeFluentBuilder;
use aws_sdk_lambda::operation::update_function_configuration::builders::UpdateFunctionConfigurationFluentBuilder;
use aws_sdk_lambda::types::{
    Architecture, Environment, EphemeralStorage, FunctionCode, LoggingConfig, PackageType, Runtime, TracingConfig,
    TracingMode, VpcConfig,
};

use super::{Code, Spec, Vpc};
use crate::aws::CallError;
use crate::components::lambda;
use crate::components::support::tags;
use crate::desired::Input;

/// Messages of errors that pass because an object that was just created is not visible to Lambda yet.
///
/// # Source
/// hashicorp/aws, `retryFunctionOp`.
const NOT_YET_VISIBLE: [&str; 4] = [
    "cannot be assumed by Lambda",
    "does not have permissions",
    "throttled by EC2",
    "KMS key is invalid for CreateGrant",
];

/// Shorter values are not hidden, because they would garble the message.
const SHORTEST_SECRET: usize = 4;

/// Whether the error of a create or an update will pass.
pub(in crate::components::lambda) fn passes(error: &CallError) -> bool {
    let is_not_visible_yet = error.code() == Some("InvalidParameterValueException")
        && NOT_YET_VISIBLE.iter().any(|text| error.message().contains(text));
    is_not_visible_yet || lambda::is_busy(error)
}

/// The error without values of environment variables, which AWS may quote.
pub(super) fn without_values(error: CallError, spec: &Spec) -> CallError {
    let CallError::Refused { operation, region, code, mut message, request_id } = error else { return error };
    for value in spec.environment.values().filter_map(Input::known).filter(|value| value.len() >= SHORTEST_SECRET) {
        message = message.replace(value.as_str(), "(hidden)");
    }
    CallError::Refused { operation, region, code, message, request_id }
}

/// The request that creates the function.
pub(super) fn create(client: &Client, spec: &Spec, code: &FunctionCode) -> CreateFunctionFluentBuilder {
    let image = matches!(spec.code, Code::Image { .. });
    client
        .create_function()
        .function_name(&spec.name)
        .role(spec.role_arn.get())
        .code(code.clone())
        .package_type(if image { PackageType::Image } else { PackageType::Zip })
        .set_handler(spec.handler.as_ref().map(|handler| handler.get().clone()))
        .set_runtime(spec.runtime.as_ref().map(runtime))
        .architectures(Architecture::from(spec.architecture.as_str()))
        .memory_size(int(&spec.memory_mb))
        .timeout(int(&spec.timeout_seconds))
        .set_ephemeral_storage(ephemeral(spec))
        .environment(environment(spec))
        .set_layers(Some(texts(&spec.layers)))
        .tracing_config(tracing(spec))
        .set_vpc_config(spec.vpc.as_ref().map(|vpc| network(Some(vpc))))
        .logging_config(logging(spec))
        .set_tags(Some(tags::plain(&spec.tags).into_iter().collect()))
}

/// The request that changes the code.
pub(super) fn recode(client: &Client, spec: &Spec, code: &FunctionCode) -> UpdateFunctionCodeFluentBuilder {
    client
        .update_function_code()
        .function_name(&spec.name)
        .architectures(Architecture::from(spec.architecture.as_str()))
        .set_zip_file(code.zip_file.clone())
        .set_s3_bucket(code.s3_bucket.clone())
        .set_s3_key(code.s3_key.clone())
        .set_s3_object_version(code.s3_object_version.clone())
        .set_image_uri(code.image_uri.clone())
}

/// The request that changes the settings that differ; `None` when all are equal.
pub(super) fn configure(client: &Client, from: &Spec, to: &Spec) -> Option<UpdateFunctionConfigurationFluentBuilder> {
    let untouched = client.update_function_configuration().function_name(&to.name);
    let mut request = untouched.clone();
    if from.role_arn != to.role_arn {
        request = request.role(to.role_arn.get());
    }
    if from.handler != to.handler {
        request = request.set_handler(to.handler.as_ref().map(|handler| handler.get().clone()));
    }
    if from.runtime != to.runtime {
        request = request.set_runtime(to.runtime.as_ref().map(runtime));
    }
    if from.memory_mb != to.memory_mb {
        request = request.memory_size(int(&to.memory_mb));
    }
    if from.timeout_seconds != to.timeout_seconds {
        request = request.timeout(int(&to.timeout_seconds));
    }
    if from.ephemeral_storage_mb != to.ephemeral_storage_mb {
        request = request.set_ephemeral_storage(ephemeral(to));
    }
    if from.environment != to.environment {
        request = request.environment(environment(to));
    }
    if from.layers != to.layers {
        request = request.set_layers(Some(texts(&to.layers)));
    }
    if from.tracing != to.tracing {
        request = request.tracing_config(tracing(to));
    }
    if from.vpc != to.vpc {
        request = request.vpc_config(network(to.vpc.as_ref()));
    }
    if from.log_group != to.log_group {
        request = request.logging_config(logging(to));
    }
    (request.as_input() != untouched.as_input()).then_some(request)
}

/// A count as the 32-bit number that Lambda takes. Larger numbers stay above every limit.
pub(super) fn int(value: &Input<i64>) -> i32 {
    i32::try_from(*value.get()).unwrap_or(i32::MAX)
}

fn texts(values: &[Input<String>]) -> Vec<String> {
    values.iter().map(|value| value.get().clone()).collect()
}

fn runtime(value: &Input<String>) -> Runtime {
    Runtime::from(value.get().as_str())
}

fn ephemeral(spec: &Spec) -> Option<EphemeralStorage> {
    EphemeralStorage::builder().size(int(&spec.ephemeral_storage_mb)).build().ok()
}

fn environment(spec: &Spec) -> Environment {
    let variables: HashMap<_, _> =
        spec.environment.iter().map(|(key, value)| (key.clone(), value.get().clone())).collect();
    Environment::builder().set_variables(Some(variables)).build()
}

fn tracing(spec: &Spec) -> TracingConfig {
    let mode = if spec.tracing { TracingMode::Active } else { TracingMode::PassThrough };
    TracingConfig::builder().mode(mode).build()
}

/// The VPC configuration. Empty lists detach a function from its VPC.
fn network(vpc: Option<&Vpc>) -> VpcConfig {
    let (subnets, groups) = vpc.map(|vpc| (texts(&vpc.subnet_ids), texts(&vpc.security_group_ids))).unwrap_or_default();
    VpcConfig::builder().set_subnet_ids(Some(subnets)).set_security_group_ids(Some(groups)).build()
}

fn logging(spec: &Spec) -> LoggingConfig {
    LoggingConfig::builder().log_group(spec.log_group.get()).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            name: "giraffe".to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/giraffe".into(),
            code: Code::Package { sha256: "abc".into() },
            source: None,
            handler: Some("app.handler".into()),
            runtime: Some("python3.12".into()),
            architecture: "arm64".to_owned(),
            memory_mb: Input::Known(128),
            timeout_seconds: Input::Known(10),
            ephemeral_storage_mb: Input::Known(512),
            environment: [("PASSWORD".to_owned(), Input::from("canary"))].into(),
            layers: Vec::new(),
            tracing: false,
            reserved_concurrency: None,
            vpc: None,
            log_group: "/aws/lambda/giraffe".into(),
            tags: crate::components::Tags::new(),
        }
    }

    fn client() -> Client {
        Client::from_conf(aws_sdk_lambda::Config::builder().behavior_version_latest().build())
    }

    #[test]
    fn only_changed_settings_are_sent() {
        let (from, mut to) = (spec(), spec());
        assert!(configure(&client(), &from, &to).is_none());
        to.memory_mb = Input::Known(256);
        to.environment.clear();
        let request = configure(&client(), &from, &to).unwrap();
        let input = request.as_input();
        assert_eq!(input.get_memory_size(), &Some(256));
        assert_eq!(input.get_timeout(), &None);
        assert_eq!(input.get_role(), &None);
        let variables = input.get_environment().as_ref().and_then(Environment::variables);
        assert!(variables.is_some_and(HashMap::is_empty));
    }

    #[test]
    fn values_of_environment_variables_are_hidden() {
        let error = CallError::Refused {
            operation: "lambda:CreateFunction",
            region: "eu-west-1".to_owned(),
            code: "ValidationException".to_owned(),
            message: "Value '{PASSWORD=canary}' failed".to_owned(),
            request_id: "1".to_owned(),
        };
        assert_eq!(without_values(error, &spec()).message(), "Value '{PASSWORD=(hidden)}' failed");
    }
}
