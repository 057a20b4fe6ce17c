//! Resources that tests need before they can make the calls under test.

use std::io::{Cursor, Write};

use aws_sdk_apigatewayv2::types::{DomainNameConfiguration, EndpointType, IntegrationType, ProtocolType};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ChangeInfo, ResourceRecord, ResourceRecordSet, RrType,
};

use crate::world::World;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// Responds with its region and the requested path; status 500 for `/broken`.
const CODE: &str = r#"
import os

def handler(event, context):
    path = event.get("rawPath") or event["path"]
    return {"statusCode": 500 if path == "/broken" else 200, "body": os.environ["AWS_REGION"] + " " + path}
"#;

/// Authorizes requests whose identity is the value of `ACCEPTED`.
const GATE: &str = r#"
import os

def handler(event, context):
    given = event.get("authorizationToken") or event.get("identitySource") or event["headers"].get("x-key")
    given = given[0] if isinstance(given, list) else given
    is_accepted = given == os.environ["ACCEPTED"]
    arn = event.get("methodArn") or event["routeArn"]
    effect = "Allow" if is_accepted else "Deny"
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"isAuthorized": is_accepted, "principalId": "test", "policyDocument": policy}
"#;

pub(crate) fn package() -> Blob {
    package_of(CODE)
}

fn package_of(code: &str) -> Blob {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("app.py", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(code.as_bytes()).unwrap();
    Blob::new(zip.finish().unwrap().into_inner())
}

fn accepting(identity: &str) -> Environment {
    Environment::builder().variables("ACCEPTED", identity).build()
}

impl World {
    pub(crate) async fn role(&self) -> String {
        let created = self.iam().create_role().role_name("giraffe").assume_role_policy_document(TRUST).send().await;
        created.unwrap().role.unwrap().arn
    }

    pub(crate) async fn function(
        &self,
        role: &str,
    ) -> Result<
        aws_sdk_lambda::operation::create_function::CreateFunctionOutput,
        aws_sdk_lambda::error::SdkError<aws_sdk_lambda::operation::create_function::CreateFunctionError>,
    > {
        self.lambda()
            .create_function()
            .function_name("giraffe")
            .role(role)
            .runtime(Runtime::Python312)
            .handler("app.handler")
            .code(FunctionCode::builder().zip_file(package()).build())
            .send()
            .await
    }

    /// Creates a function `gate` that authorizes requests with the identity `open`; returns its ARN.
    pub(crate) async fn gate(&self, role: &str) -> String {
        let code = FunctionCode::builder().zip_file(package_of(GATE)).build();
        let request = self.lambda().create_function().function_name("gate").role(role).runtime(Runtime::Python312);
        let request = request.handler("app.handler").code(code).environment(accepting("open"));
        request.send().await.unwrap().function_arn.unwrap()
    }

    /// Lets `gate` authorize requests with another identity.
    pub(crate) async fn accept(&self, identity: &str) {
        let request = self.lambda().update_function_configuration().function_name("gate");
        request.environment(accepting(identity)).send().await.unwrap();
    }

    /// Allows API Gateway to call a function.
    pub(crate) async fn permit(&self, function: &str) {
        let permission = self.lambda().add_permission().function_name(function).statement_id("gateway");
        let permission = permission.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
        permission.send().await.unwrap();
    }

    /// Creates a working API in the clients' region; returns its id.
    pub(crate) async fn api(&self, role: &str) -> String {
        let function = self.function(role).await.unwrap().function_arn.unwrap();
        let client = self.apigatewayv2();
        let api = client.create_api().name("giraffe").protocol_type(ProtocolType::Http).tags("a", "b").send().await;
        let api = api.unwrap().api_id.unwrap();
        let integration = self.integration(&api, &function).await;
        let target = format!("integrations/{integration}");
        client.create_route().api_id(&api).route_key("$default").target(target).send().await.unwrap();
        client.create_stage().api_id(&api).stage_name("$default").auto_deploy(true).send().await.unwrap();
        self.permit("giraffe").await;
        api
    }

    pub(crate) async fn integration(&self, api: &str, function: &str) -> String {
        let client = self.apigatewayv2();
        let created = client
            .create_integration()
            .api_id(api)
            .integration_type(IntegrationType::AwsProxy)
            .integration_uri(function)
            .payload_format_version("2.0")
            .send()
            .await;
        created.unwrap().integration_id.unwrap()
    }

    pub(crate) async fn zone(&self) -> String {
        let created = self.route53().create_hosted_zone().name("a.com").caller_reference("zone").send().await.unwrap();
        created.hosted_zone.unwrap().id.trim_start_matches("/hostedzone/").to_owned()
    }

    /// Requests a certificate in the clients' region.
    pub(crate) async fn request_certificate(&self, name: &str) -> String {
        self.acm().request_certificate().domain_name(name).send().await.unwrap().certificate_arn.unwrap()
    }

    /// Adds the validation record of a certificate to the zone.
    pub(crate) async fn validate(&self, zone: &str, certificate: &str) {
        let found = self.acm().describe_certificate().certificate_arn(certificate).send().await.unwrap();
        let options = found.certificate.unwrap().domain_validation_options.unwrap();
        let record = options[0].resource_record.as_ref().unwrap();
        let value = ResourceRecord::builder().value(&record.value).build().unwrap();
        let set = ResourceRecordSet::builder()
            .name(&record.name)
            .r#type(RrType::Cname)
            .ttl(60)
            .resource_records(value)
            .build()
            .unwrap();
        self.change(zone, ChangeAction::Upsert, vec![set]).await.unwrap();
    }

    /// Creates an issued certificate in the clients' region, in an AWS without delays.
    pub(crate) async fn certificate(&self, zone: &str, name: &str) -> String {
        let arn = self.request_certificate(name).await;
        self.validate(zone, &arn).await;
        arn
    }

    pub(crate) async fn change(
        &self,
        zone: &str,
        action: ChangeAction,
        sets: Vec<ResourceRecordSet>,
    ) -> Result<
        ChangeInfo,
        aws_sdk_route53::error::SdkError<
            aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError,
        >,
    > {
        let changes = sets
            .into_iter()
            .map(|set| Change::builder().action(action.clone()).resource_record_set(set).build().unwrap());
        let batch = ChangeBatch::builder().set_changes(Some(changes.collect())).build().unwrap();
        let changed =
            self.route53().change_resource_record_sets().hosted_zone_id(zone).change_batch(batch).send().await?;
        Ok(changed.change_info.unwrap())
    }

    /// Creates a custom domain name in the clients' region, mapped to the API; returns its target.
    pub(crate) async fn domain(&self, name: &str, certificate: &str, api: &str) -> String {
        let configuration = configuration(certificate);
        let client = self.apigatewayv2();
        let created =
            client.create_domain_name().domain_name(name).domain_name_configurations(configuration).send().await;
        let target = created.unwrap().domain_name_configurations.unwrap()[0].api_gateway_domain_name.clone().unwrap();
        client.create_api_mapping().domain_name(name).api_id(api).stage("$default").send().await.unwrap();
        target
    }
}

pub(crate) fn configuration(certificate: &str) -> DomainNameConfiguration {
    DomainNameConfiguration::builder().certificate_arn(certificate).endpoint_type(EndpointType::Regional).build()
}

/// An alias record; the caller adds the routing policy.
pub(crate) fn alias(name: &str, target: &str) -> aws_sdk_route53::types::builders::ResourceRecordSetBuilder {
    let target = AliasTarget::builder()
        .hosted_zone_id("Z1UJRXOUMOOFQ8")
        .dns_name(target)
        .evaluate_target_health(false)
        .build()
        .unwrap();
    ResourceRecordSet::builder().name(name).r#type(RrType::A).alias_target(target)
}
