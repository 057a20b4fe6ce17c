//! A client's request to a stage of a REST API: refused, or accepted by a method of the deployment that the stage serves.

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::document::{self, Content};
use super::policy::{self, Caller, Decision};
use super::{RestApis, text};
use crate::authorization::sigv4::Invalid;
use crate::message::Response;
use crate::upstream::Place;

/// A request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RestRequest<'a> {
    /// The account and region of the API.
    pub(crate) place: &'a Place,
    /// The id of the API.
    pub(crate) api: &'a str,
    /// The name of the stage.
    pub(crate) stage: &'a str,
    /// Whether it arrived at the API's own host.
    pub(crate) at_default_endpoint: bool,
    /// The HTTP method.
    pub(crate) method: &'a str,
    /// The path without stage and base path.
    pub(crate) path: &'a str,
    /// The header `x-api-key`.
    pub(crate) key: Option<&'a str>,
    /// The client's address.
    pub(crate) ip: &'a str,
    /// The account of the signature, or why it is refused.
    pub(crate) signer: Result<&'a str, Invalid>,
    /// Whether the authorizer of the method has accepted the request.
    pub(crate) is_authorized: bool,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Served {
    /// API Gateway responds itself.
    Refused(Response),
    /// An authorizer decides about it first.
    Protected(Box<Protected>),
    /// It passes to the integration, if the limits permit it.
    Accepted(Box<Accepted>),
}

/// A request for a method with an authorizer.
#[derive(Debug)]
pub(crate) struct Protected {
    /// The authorizer, as API Gateway stores it.
    pub(crate) authorizer: Value,
    /// The scopes of which a token needs one.
    pub(crate) scopes: Vec<String>,
    /// The ARN of the request.
    pub(crate) arn: String,
    /// The call of the authorizer's function.
    pub(crate) call: Call,
    /// The response to a request without a valid identity.
    pub(crate) unauthorized: Response,
    /// The response to a token that has expired.
    pub(crate) expired: Response,
    /// The response to a request that a policy does not allow.
    pub(crate) denied: Response,
    /// The response to a request that a policy denies.
    pub(crate) explicitly_denied: Response,
    /// The response when the function cannot be called or fails.
    pub(crate) failed: Response,
}

/// An accepted request.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// The limits that it counts against.
    pub(crate) limits: Vec<Limit>,
    /// The response when a limit is exceeded.
    pub(crate) throttled: Response,
    /// The response when a quota is exceeded.
    pub(crate) exceeded: Response,
    /// The response when the function cannot be called.
    pub(crate) misconfigured: Response,
    /// The integration.
    pub(crate) integration: Integration,
}

/// A limit: a bucket that is refilled, or a quota of a period.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    /// The name of its counter.
    pub(crate) name: String,
    /// Requests that are possible at once.
    pub(crate) burst: f64,
    /// Requests that become possible in a second; `None` for a quota.
    pub(crate) rate: Option<f64>,
}

/// What answers an accepted request.
#[derive(Debug)]
pub(crate) enum Integration {
    /// A mock responds with this.
    Mock(Response),
    /// A function.
    Function(Box<Call>),
    /// A kind of integration that the local AWS does not have.
    Unsupported(String),
}

/// A call of a function.
#[derive(Debug)]
pub(crate) struct Call {
    /// The ARN of the function, possibly with a qualifier.
    pub(crate) function: String,
    /// The source ARN that the function's policy must allow.
    pub(crate) source: String,
    /// The resource's path: `/items/{id}`.
    pub(crate) resource: String,
    /// The id of the resource.
    pub(crate) resource_id: String,
    /// The values of the path's variables.
    pub(crate) path_parameters: Value,
    /// The variables of the stage.
    pub(crate) stage_variables: Value,
    /// The id of the API key that was used.
    pub(crate) key: Option<String>,
}

impl RestApis {
    /// Decides about a request by the deployment of its stage.
    pub(in crate::memory) fn serve(&self, request: RestRequest<'_>) -> Served {
        let forbidden = || Served::Refused(plain(403, "Forbidden"));
        let Some(api) = self.apis.get(request.place, request.api) else { return forbidden() };
        let Some(stage) = api.stages.get(request.stage) else { return forbidden() };
        let Some(deployment) = api.deployments.get(text(stage, "deploymentId")) else { return forbidden() };
        let content = &*deployment.content;
        if request.at_default_endpoint && deployment.api["disableExecuteApiEndpoint"] == true {
            return forbidden();
        }
        let refused = |kind, status, message: &str| Served::Refused(error(content, kind, status, message));
        let Some(found) = find(content, request.method, request.path) else {
            return refused("MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token");
        };
        let kind = text(found.method, "authorizationType");
        match (kind, request.signer) {
            ("AWS_IAM", Err(invalid)) => {
                let missing =
                    if invalid == Invalid::Missing { "MISSING_AUTHENTICATION_TOKEN" } else { "INVALID_SIGNATURE" };
                return refused(missing, 403, invalid.message());
            }
            ("NONE" | "AWS_IAM", _) => {}
            _ if request.is_authorized => {}
            _ => {
                let authorizer = content.authorizers.get(text(found.method, "authorizerId"));
                return match authorizer {
                    Some(authorizer) => {
                        Served::Protected(Box::new(protected(content, stage, request, &found, authorizer)))
                    }
                    None => refused("AUTHORIZER_CONFIGURATION_ERROR", 500, "Internal server error"),
                };
            }
        }
        let policy = deployment.api["policy"].as_str().filter(|policy| !policy.is_empty());
        if let Some(denied) = policy.and_then(|policy| denial(policy, request, kind)) {
            return refused("ACCESS_DENIED", 403, &denied);
        }
        let mut limits = Vec::new();
        let mut key = None;
        if found.method["apiKeyRequired"] == true {
            let used = self.use_of_key(request);
            let Some((id, plans)) = used else { return refused("INVALID_API_KEY", 403, "Forbidden") };
            limits = plans;
            key = Some(id);
        }
        limits.extend(stage_limit(stage, request, &found));
        let integration = integration(stage, &found, request, key);
        Served::Accepted(Box::new(Accepted {
            limits,
            throttled: error(content, "THROTTLED", 429, "Too Many Requests"),
            exceeded: error(content, "QUOTA_EXCEEDED", 429, "Limit Exceeded"),
            misconfigured: error(content, "API_CONFIGURATION_ERROR", 500, "Internal server error"),
            integration,
        }))
    }

    /// The enabled key of the request with the limits of its plans; `None` when no plan gives it access to the stage.
    fn use_of_key(&self, request: RestRequest<'_>) -> Option<(String, Vec<Limit>)> {
        let value = request.key?;
        let mut keys = self.keys.all(request.place);
        let (id, _) = keys.find(|(_, key)| key["value"] == value && key["enabled"] == true)?;
        let plans = self.plans.all(request.place).map(|(_, plan)| plan);
        let plans: Vec<_> =
            plans.filter(|plan| plan.keys.contains(id) && plan.covers(request.api, request.stage)).collect();
        if plans.is_empty() {
            return None;
        }
        let number = |value: &Value| value.as_f64();
        let limits = plans.iter().flat_map(|plan| {
            let plan = &plan.plan;
            let name = |what: &str| format!("{}/{}/{what}/{id}", request.place.region, text(plan, "id"));
            let throttle = &plan["throttle"];
            let burst = number(&throttle["burstLimit"]).map(|burst| Limit {
                name: name("throttle"),
                burst,
                rate: Some(number(&throttle["rateLimit"]).unwrap_or_default()),
            });
            let quota = number(&plan["quota"]["limit"]);
            burst.into_iter().chain(quota.map(|burst| Limit { name: name("quota"), burst, rate: None }))
        });
        Some((id.to_owned(), limits.collect()))
    }
}

/// A method that accepts a request.
#[derive(Debug)]
struct Found<'a> {
    resource: &'a Value,
    method: &'a Value,
    parameters: Parameters,
}

/// The variables of a path with their values.
type Parameters = Vec<(String, String)>;

/// The most specific method: literal segments before variables before greedy variables, a method before `ANY`.
fn find<'a>(content: &'a Content, method: &str, path: &str) -> Option<Found<'a>> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let fitting = content.methods().filter_map(|(resource, found)| {
        let name = text(found, "httpMethod");
        if name != "ANY" && name != method {
            return None;
        }
        let (mut rank, parameters) = matched(text(resource, "path"), &segments)?;
        rank.push(u8::from(name == "ANY"));
        Some((rank, Found { resource, method: found, parameters }))
    });
    fitting.min_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, found)| found)
}

/// How specifically a resource's path matches, with the values of its variables; `None` when it does not match.
fn matched(pattern: &str, segments: &[&str]) -> Option<(Vec<u8>, Parameters)> {
    let (mut rank, mut parameters) = (Vec::new(), Vec::new());
    let mut rest = segments;
    for expected in pattern.split('/').filter(|segment| !segment.is_empty()) {
        let (first, tail) = rest.split_first()?;
        let variable = expected.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        match variable.map(|name| (name, name.strip_suffix('+'))) {
            Some((_, Some(name))) => {
                rank.push(2);
                parameters.push((name.to_owned(), rest.join("/")));
                return Some((rank, parameters));
            }
            Some((name, None)) => {
                rank.push(1);
                parameters.push((name.to_owned(), (*first).to_owned()));
            }
            None if expected == *first => rank.push(0),
            None => return None,
        }
        rest = tail;
    }
    rest.is_empty().then_some((rank, parameters))
}

/// The message of a denial by the resource policy.
fn denial(policy: &str, request: RestRequest<'_>, kind: &str) -> Option<String> {
    let account = &request.place.account;
    let arn = arn(request);
    let caller = Caller { arn: &arn, ip: request.ip, account: request.signer.ok().filter(|_| kind == "AWS_IAM") };
    let hidden = arn.replace(account.as_str(), &format!("********{}", account.get(8..).unwrap_or_default()));
    let message = |why: &str| {
        format!("User: anonymous is not authorized to perform: execute-api:Invoke on resource: {hidden}{why}")
    };
    match policy::evaluate(&document::parsed_policy(policy), caller) {
        Decision::Allow => None,
        Decision::Deny => Some(message(" with an explicit deny")),
        // The identity's own policy allows signed requests, and the function's policy those that it authorizes.
        Decision::Silent => (!["AWS_IAM", "CUSTOM"].contains(&kind)).then(|| message("")),
    }
}

/// The ARN of a request.
fn arn(request: RestRequest<'_>) -> String {
    let Place { account, region } = request.place;
    let (api, stage, method) = (request.api, request.stage, request.method);
    let path = request.path.trim_start_matches('/');
    format!("arn:aws:execute-api:{region}:{account}:{api}/{stage}/{method}/{path}")
}

fn protected(
    content: &Content,
    stage: &Value,
    request: RestRequest<'_>,
    found: &Found<'_>,
    authorizer: &Value,
) -> Protected {
    let Place { account, region } = request.place;
    let source =
        format!("arn:aws:execute-api:{region}:{account}:{}/authorizers/{}", request.api, text(authorizer, "id"));
    let function = document::function_of(text(authorizer, "authorizerUri")).unwrap_or_default().to_owned();
    let scopes = found.method["authorizationScopes"].as_array().into_iter().flatten();
    let denied = "User is not authorized to access this resource";
    Protected {
        scopes: scopes.filter_map(Value::as_str).map(str::to_owned).collect(),
        arn: arn(request),
        call: call(stage, found, (function, source), None),
        unauthorized: error(content, "UNAUTHORIZED", 401, "Unauthorized"),
        expired: error(content, "UNAUTHORIZED", 401, "The incoming token has expired"),
        denied: error(content, "ACCESS_DENIED", 403, denied),
        explicitly_denied: error(content, "ACCESS_DENIED", 403, &format!("{denied} with an explicit deny")),
        failed: error(content, "AUTHORIZER_FAILURE", 500, "Internal server error"),
        authorizer: authorizer.clone(),
    }
}

/// The limit of the stage on the method.
fn stage_limit(stage: &Value, request: RestRequest<'_>, found: &Found<'_>) -> Option<Limit> {
    let settings = stage["methodSettings"].as_object()?;
    let path = text(found.resource, "path").replace('/', "~1");
    let name = format!("{path}/{}", text(found.method, "httpMethod"));
    let setting = settings.get(&name).or_else(|| settings.get("*/*"))?;
    let burst = setting["throttlingBurstLimit"].as_f64().filter(|burst| *burst >= 0.0)?;
    let rate = setting["throttlingRateLimit"].as_f64().filter(|rate| *rate >= 0.0)?;
    let name = format!("{}/{}/{}/{name}", request.place.region, request.api, request.stage);
    Some(Limit { name, burst, rate: Some(rate) })
}

fn integration(stage: &Value, found: &Found<'_>, request: RestRequest<'_>, key: Option<String>) -> Integration {
    let given = &found.method["methodIntegration"];
    let kind = text(given, "type");
    if kind == "MOCK" {
        let template = text(&given["requestTemplates"], "application/json");
        let template: Value = serde_json::from_str(template).unwrap_or_default();
        let status = template["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Integration::Mock(Response::new(status, "application/json", Vec::new()));
    }
    let variables = stage["variables"].as_object().into_iter().flatten();
    let uri = variables.fold(text(given, "uri").to_owned(), |uri, (name, value)| {
        uri.replace(&format!("${{stageVariables.{name}}}"), value.as_str().unwrap_or_default())
    });
    let function = document::function_of(&uri).filter(|_| kind == "AWS_PROXY");
    let Some(function) = function else { return Integration::Unsupported(kind.to_owned()) };
    let resource = text(found.resource, "path");
    // In the source ARN, variables are wildcards.
    let path: Vec<&str> = resource.split('/').map(|part| if part.starts_with('{') { "*" } else { part }).collect();
    let Place { account, region } = request.place;
    let (api, name, method) = (request.api, request.stage, request.method);
    // Functions accept only POST.
    let function = if given["httpMethod"] == "POST" { function } else { "" };
    let source = format!("arn:aws:execute-api:{region}:{account}:{api}/{name}/{method}{}", path.join("/"));
    Integration::Function(Box::new(call(stage, found, (function.to_owned(), source), key)))
}

fn call(stage: &Value, found: &Found<'_>, (function, source): (String, String), key: Option<String>) -> Call {
    Call {
        function,
        source,
        resource: text(found.resource, "path").to_owned(),
        resource_id: text(found.resource, "id").to_owned(),
        path_parameters: found.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect(),
        stage_variables: stage["variables"].clone(),
        key,
    }
}

fn plain(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Response::json(status, &json!({ "message": message }))
}

/// An error of API Gateway itself, in the form of the customized gateway response of its type.
fn error(content: &Content, kind: &str, status: u16, message: &str) -> Response {
    let Some(customized) = content.customized(kind, status) else { return plain(status, message) };
    let own = customized["statusCode"].as_str().and_then(|code| code.parse().ok()).unwrap_or(status);
    let mut response = plain(own, message);
    if let Some(template) = customized["responseTemplates"]["application/json"].as_str() {
        let quoted = json!(message).to_string();
        let body = template.replace("$context.error.messageString", &quoted).replace("$context.error.message", message);
        response.body = body.into_bytes().into();
    }
    for (name, value) in customized["responseParameters"].as_object().into_iter().flatten() {
        let name = name.strip_prefix("gatewayresponse.header.").and_then(|name| name.parse::<HeaderName>().ok());
        let value = value.as_str().and_then(|value| value.strip_prefix('\'')?.strip_suffix('\''));
        if let (Some(name), Some(Ok(value))) = (name, value.map(HeaderValue::from_str)) {
            response.headers.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_matched_by_specificity() {
        let rank = |pattern: &str, path: &str| {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            matched(pattern, &segments).map(|(rank, _)| rank)
        };
        assert_eq!(rank("/", "/"), Some(vec![]));
        assert_eq!(rank("/items/{id}", "/items/7"), Some(vec![0, 1]));
        assert_eq!(rank("/{proxy+}", "/items/7"), Some(vec![2]));
        assert_eq!(rank("/{proxy+}", "/"), None);
        assert_eq!(rank("/items", "/items/7"), None);
        assert!(rank("/items/{id}", "/items/7") < rank("/{proxy+}", "/items/7"));
    }
}
