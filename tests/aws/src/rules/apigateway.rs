//! API Gateway: certificates of domain names, references that prevent deletion, and tags that ministack loses.

mod authorizers;
mod rest;

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};

use super::{Context, Verdict, acm};
use crate::error::Error;
use crate::message::{Response, encode};
use crate::upstream::Upstream;

/// ministack treats DeleteAccessLogSettings as DeleteStage, has no DeleteRouteSettings, and replaces the settings of all
/// routes when UpdateStage contains those of one.
pub(crate) async fn prepare(context: &mut Context<'_>) -> Result<(), Error> {
    match context.operation.name.as_str() {
        "DeleteAccessLogSettings" => {
            let request = &mut context.request;
            request.method = Method::PATCH;
            request.path = request.path.trim_end_matches("/accesslogsettings").to_owned();
            request.body = Bytes::from_static(br#"{"accessLogSettings":{}}"#);
        }
        "DeleteRouteSettings" => {
            let mut settings = route_settings(context).await?;
            settings.remove(context.name(2));
            context.request.method = Method::PATCH;
            context.request.path = stage_path(context);
            context.request.body = json!({ "routeSettings": settings }).to_string().into();
        }
        "UpdateStage" => {
            let mut body = context.request.json();
            if let Some(changed) = body["routeSettings"].as_object() {
                let mut settings = route_settings(context).await?;
                settings.extend(changed.clone());
                body["routeSettings"] = settings.into();
                context.request.body = body.to_string().into();
            }
        }
        _ => {}
    }
    Ok(())
}

fn stage_path(context: &Context<'_>) -> String {
    format!("/v2/apis/{}/stages/{}", encode(context.name(0)), encode(context.name(1)))
}

/// The settings of a stage's routes.
async fn route_settings(context: &Context<'_>) -> Result<Map<String, Value>, Error> {
    let stage = context.get(&stage_path(context)).await?.unwrap_or_default();
    Ok(stage["routeSettings"].as_object().cloned().unwrap_or_default())
}

/// Rejects deletions that would leave dangling references, and domain names without a suitable certificate.
pub(crate) async fn before(context: &Context<'_>) -> Verdict {
    let body = context.request.json();
    if !context.request.path.starts_with("/v2/") {
        return rest::before(context).await;
    }
    match context.operation.name.as_str() {
        "CreateApiMapping" | "UpdateApiMapping" => check_mapping(context, &body).await,
        "CreateDomainName" => check_certificate(context, body["domainName"].as_str().unwrap_or_default(), &body).await,
        "UpdateDomainName" => {
            release_certificate(context).await?;
            check_certificate(context, context.name(0), &body).await
        }
        "DeleteDomainName" => {
            release_certificate(context).await?;
            Ok(None)
        }
        "DeleteApi" => delete_api(context).await,
        "DeleteIntegration" => delete_integration(context).await,
        "DeleteRoute" => exists(context, "routes", "Route").await,
        "DeleteStage" => exists(context, "stages", "Stage").await,
        "UpdateStage" => routes_exist(context, &body).await,
        "CreateAuthorizer" | "UpdateAuthorizer" | "DeleteAuthorizer" => authorizers::before(context, &body).await,
        "UpdateRoute" => authorizers::check_route(context, &body).await,
        "CreateRoute" => match create_once(context, "routes", "routeKey", &body).await? {
            None => authorizers::check_route(context, &body).await,
            refused => Ok(refused),
        },
        "CreateStage" => create_once(context, "stages", "stageName", &body).await,
        _ => Ok(None),
    }
}

/// A regional domain name needs an issued certificate of its region that covers it.
async fn check_certificate(context: &Context<'_>, name: &str, body: &Value) -> Verdict {
    let Some(arn) = body["domainNameConfigurations"][0]["certificateArn"].as_str() else {
        if context.operation.name == "UpdateDomainName" {
            return Ok(None);
        }
        return context.refuse(
            400,
            "BadRequestException",
            "A certificate was not provided for the endpoint type REGIONAL.",
        );
    };
    let region = &context.place.region;
    if arn.split(':').nth(3) != Some(region) {
        let message = format!("Invalid certificate ARN: {arn}. Certificate must be in '{region}'.");
        return context.refuse(400, "BadRequestException", message);
    }
    let Some(certificate) = acm::certificate(context, &context.place, arn).await? else {
        return context.refuse(400, "BadRequestException", format!("Invalid certificate ARN: {arn}."));
    };
    if certificate["Status"] != "ISSUED" && certificate["Type"] != "IMPORTED" {
        let message = format!("Certificate {arn} must be issued; its status is {}.", certificate["Status"]);
        return context.refuse(400, "BadRequestException", message);
    }
    if let Some(message) = mutual_tls_mistake(&certificate, body) {
        return context.refuse(400, "BadRequestException", message);
    }
    // ministack does not parse imported certificates, so the names that they cover are unknown.
    if certificate["Type"] != "IMPORTED" && !acm::covers(&certificate, name) {
        let message = format!("The domain name {name} does not match the certificate {arn}.");
        return context.refuse(400, "BadRequestException", message);
    }
    Ok(None)
}

/// Why API Gateway rejects mutual TLS.
///
/// # Source
/// Amazon API Gateway developer guide, "How to turn on mutual TLS authentication for your HTTP APIs".
fn mutual_tls_mistake(certificate: &Value, body: &Value) -> Option<String> {
    let truststore = body["mutualTlsAuthentication"]["truststoreUri"].as_str().filter(|uri| !uri.is_empty())?;
    if !truststore.strip_prefix("s3://").is_some_and(|object| object.contains('/')) {
        return Some(format!("Invalid truststore URI: {truststore}"));
    }
    let ownership = &body["domainNameConfigurations"][0]["ownershipVerificationCertificateArn"];
    let is_missing = certificate["Type"] != "AMAZON_ISSUED" && ownership.is_null();
    is_missing.then(|| {
        "An ownershipVerificationCertificateArn is required for mutual TLS with an imported or private certificate."
            .to_owned()
    })
}

async fn release_certificate(context: &Context<'_>) -> Result<(), Error> {
    let domain = context.get(&format!("/v2/domainnames/{}", encode(context.name(0)))).await?.unwrap_or_default();
    if let Some(arn) = domain["domainNameConfigurations"][0]["certificateArn"].as_str() {
        acm::release(context, arn);
    }
    Ok(())
}

async fn delete_api(context: &Context<'_>) -> Verdict {
    let api = context.name(0);
    if mapped_domains(context, api, None).await?.is_empty() {
        return Ok(None);
    }
    let message =
        format!("Deleting API {api} failed. Please remove all API mappings for the API from your custom domain names.");
    context.refuse(400, "BadRequestException", message)
}

/// The custom domain names with a mapping to an API, or to one of its stages.
async fn mapped_domains(context: &Context<'_>, api: &str, stage: Option<&str>) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let domains = context.get("/v2/domainnames").await?.unwrap_or_default();
    for domain in domains["items"].as_array().into_iter().flatten() {
        let name = domain["domainName"].as_str().unwrap_or_default();
        let mappings = context.get(&format!("/v2/domainnames/{}/apimappings", encode(name))).await?.unwrap_or_default();
        let is_to = |mapping: &Value| mapping["apiId"] == api && stage.is_none_or(|stage| mapping["stage"] == stage);
        if mappings["items"].as_array().into_iter().flatten().any(is_to) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// A mapping needs an API of either protocol, and one of its stages.
async fn check_mapping(context: &Context<'_>, body: &Value) -> Verdict {
    let (Some(api), Some(stage)) = (body["apiId"].as_str(), body["stage"].as_str()) else { return Ok(None) };
    let api = encode(api);
    let mut exists = false;
    for kind in ["v2/apis", "restapis"] {
        if context.get(&format!("/{kind}/{api}/stages/{}", encode(stage))).await?.is_some() {
            return Ok(None);
        }
        exists |= context.get(&format!("/{kind}/{api}")).await?.is_some();
    }
    if exists {
        return context.refuse(400, "BadRequestException", "Invalid stage identifier specified");
    }
    context.refuse(404, "NotFoundException", "Invalid API identifier specified")
}

async fn delete_integration(context: &Context<'_>) -> Verdict {
    let (api, integration) = (context.name(0), context.name(1));
    let routes = context.get(&format!("/v2/apis/{api}/routes")).await?.unwrap_or_default();
    let target = format!("integrations/{integration}");
    let routes = routes["items"].as_array().into_iter().flatten();
    let ids: Vec<&str> =
        routes.filter(|route| route["target"] == target).filter_map(|route| route["routeId"].as_str()).collect();
    if !ids.is_empty() {
        let ids = ids.join(", ");
        let message =
            format!("Cannot delete Integration because it is referenced by the following Routes with Ids: [{ids}]");
        return context.refuse(409, "ConflictException", message);
    }
    exists(context, "integrations", "Integration").await
}

/// A stage can have settings only for routes of its API.
async fn routes_exist(context: &Context<'_>, body: &Value) -> Verdict {
    let Some(settings) = body["routeSettings"].as_object().filter(|settings| !settings.is_empty()) else {
        return Ok(None);
    };
    let routes = context.get(&format!("/v2/apis/{}/routes", context.name(0))).await?.unwrap_or_default();
    let exists =
        |key: &String| routes["items"].as_array().into_iter().flatten().any(|route| route["routeKey"] == **key);
    // API Gateway keeps the settings of a route that was deleted, and does not check them again.
    let known = route_settings(context).await?;
    match settings.keys().find(|key| !known.contains_key(*key) && !exists(key)) {
        Some(key) => {
            let message = format!("Unable to find Route by key {key} within the provided RouteSettings");
            context.refuse(404, "NotFoundException", message)
        }
        None => Ok(None),
    }
}

/// ministack reports success when it deletes something that does not exist.
async fn exists(context: &Context<'_>, collection: &str, what: &str) -> Verdict {
    let (api, name) = (context.name(0), context.name(1));
    if context.get(&format!("/v2/apis/{api}/{collection}/{}", encode(name))).await?.is_some() {
        return Ok(None);
    }
    context.refuse(404, "NotFoundException", format!("Unable to find {what} by ID {name} within Api {api}"))
}

/// ministack replaces a route or stage of the same key.
async fn create_once(context: &Context<'_>, collection: &str, key: &str, body: &Value) -> Verdict {
    let existing = context.get(&format!("/v2/apis/{}/{collection}", context.name(0))).await?.unwrap_or_default();
    let requested = &body[key];
    if existing["items"].as_array().into_iter().flatten().any(|item| item[key] == *requested) {
        let what = requested.as_str().unwrap_or_default();
        let message = format!("{} with key {what} already exists for this API", collection.trim_end_matches('s'));
        return context.refuse(409, "ConflictException", message);
    }
    Ok(None)
}

/// Sets the current tags of APIs and stages, for which ministack returns those of their creation, the types of addresses, and an
/// API endpoint that leads to the proxy.
pub(crate) async fn after(context: &Context<'_>, response: &mut Response) -> Result<(), Error> {
    if !context.request.path.starts_with("/v2/") {
        return Ok(());
    }
    let mut body = response.as_json();
    let arn = |path: String| format!("arn:aws:apigateway:{}::/{path}", context.place.region);
    let api = context.name(0);
    match context.operation.name.as_str() {
        "CreateApi" | "GetApi" | "UpdateApi" => {
            let id = body["apiId"].as_str().unwrap_or_default();
            if let (false, Some(given)) = (id.is_empty(), context.request.json()["ipAddressType"].as_str()) {
                context.proxy.remember(address_type(context, id), given);
            }
            correct_api(context, &mut body).await?;
        }
        "GetApis" => {
            for api in body["items"].as_array_mut().into_iter().flatten() {
                correct_api(context, api).await?;
            }
        }
        // The rest is for ministack only: the in-memory AWS keeps tags up to date, and its response may be stale on
        // purpose.
        _ if matches!(context.proxy.upstream, Upstream::InMemory(_)) => return Ok(()),
        "GetStage" | "UpdateStage" => {
            let name = body["stageName"].as_str().unwrap_or_default();
            body["tags"] = tags(context, &arn(format!("apis/{api}/stages/{name}"))).await?;
        }
        "GetStages" => {
            for stage in body["items"].as_array_mut().into_iter().flatten() {
                let name = stage["stageName"].as_str().unwrap_or_default();
                stage["tags"] = tags(context, &arn(format!("apis/{api}/stages/{name}"))).await?;
            }
        }
        _ => return Ok(()),
    }
    response.body = body.to_string().into();
    Ok(())
}

async fn correct_api(context: &Context<'_>, api: &mut Value) -> Result<(), Error> {
    let id = api["apiId"].as_str().unwrap_or_default().to_owned();
    api["apiEndpoint"] = format!("http://{id}.execute-api.localhost:{}", context.proxy.port).into();
    if matches!(context.proxy.upstream, Upstream::InMemory(_)) {
        return Ok(());
    }
    api["tags"] = tags(context, &format!("arn:aws:apigateway:{}::/apis/{id}", context.place.region)).await?;
    // ministack does not store it.
    let address_type = context.proxy.remembered(&address_type(context, &id));
    api["ipAddressType"] = address_type.unwrap_or_else(|| "ipv4".to_owned()).into();
    Ok(())
}

/// The name under which the type of an API's addresses is remembered.
fn address_type(context: &Context<'_>, id: &str) -> String {
    format!("{}/{}/api/{id}/ipAddressType", context.place.account, context.place.region)
}

async fn tags(context: &Context<'_>, arn: &str) -> Result<Value, Error> {
    let found = context.get(&format!("/v2/tags/{}", encode(arn))).await?;
    Ok(found.map_or_else(|| json!({}), |response| response["tags"].clone()))
}
