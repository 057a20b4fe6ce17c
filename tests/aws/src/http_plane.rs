//! Clients' requests to protected routes of HTTP APIs: authorized here, and answered by the route's function.
//!
//! The backend answers the requests to other routes.

use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use crate::authorization::lambda::{self, Decision};
use crate::authorization::{identity, jwt};
use crate::error::Error;
use crate::memory::{function_arn_in, route_arn_suffix, route_of};
use crate::message::{Request, Response, decode, encode};
use crate::proxy::Proxy;
use crate::rest_plane::Function;
use crate::upstream::{Lookup, Place};

/// A request to a protected route.
struct Asked<'a> {
    place: &'a Place,
    api: &'a str,
    stage: &'a str,
    /// The path without the stage.
    path: &'a str,
    route: &'a Value,
    request: &'a Request,
}

/// Responds to a request for a protected route; `None` when the route is open. The first segment of `path` may be the stage.
pub(crate) async fn respond(
    proxy: &Proxy,
    place: &Place,
    api: &str,
    path: &str,
    request: &Request,
) -> Result<Option<Response>, Error> {
    let part = async |what: &str| {
        let found =
            proxy.upstream.json(place, "apigateway", Lookup::Get(&format!("/v2/apis/{}{what}", encode(api)))).await;
        found.map(Option::unwrap_or_default)
    };
    let routes = part("/routes").await?;
    let routes: Vec<&Value> = routes["items"].as_array().into_iter().flatten().collect();
    if !routes.iter().any(|route| is_protected(route)) {
        return Ok(None);
    }
    // API Gateway answers preflight requests itself, without authorization.
    if request.method == http::Method::OPTIONS && part("").await?["corsConfiguration"].is_object() {
        return Ok(None);
    }
    let stages = part("/stages").await?;
    let names = stages["items"].as_array().into_iter().flatten().filter_map(|stage| stage["stageName"].as_str());
    let Some((stage, path)) = split(path, &names.collect::<Vec<_>>()) else { return Ok(None) };
    let route = route_of(routes.into_iter(), request.method.as_str(), &path);
    let Some(route) = route.filter(|route| is_protected(route)) else { return Ok(None) };
    let asked = Asked { place, api, stage: &stage, path: &path, route, request };
    let context = match asked.authorize(proxy).await? {
        Ok(context) => context,
        Err(refused) => return Ok(Some(*refused)),
    };
    let target = route["target"].as_str().unwrap_or_default().trim_start_matches("integrations/");
    let integration = part(&format!("/integrations/{}", encode(target))).await?;
    asked.call(proxy, &integration, context).await.map(Some)
}

fn is_protected(route: &Value) -> bool {
    route["authorizationType"].as_str().is_some_and(|kind| kind != "NONE")
}

/// The stage in the first segment of the path, or `$default`.
fn split(path: &str, stages: &[&str]) -> Option<(String, String)> {
    let path = path.trim_start_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    if stages.contains(&first) {
        return Some((first.to_owned(), format!("/{}", rest.trim_start_matches('/'))));
    }
    stages.contains(&"$default").then(|| ("$default".to_owned(), format!("/{path}")))
}

fn message(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Response::json(status, &json!({ "message": message }))
}

fn refusal(status: u16, text: &str) -> Box<Response> {
    Box::new(message(status, text))
}

/// The response to a request without a valid token.
fn challenge(status: u16, text: &str, challenge: &str) -> Box<Response> {
    let mut response = message(status, text);
    if let Ok(value) = HeaderValue::from_str(challenge) {
        response.headers.insert(WWW_AUTHENTICATE, value);
    }
    Box::new(response)
}

impl Asked<'_> {
    /// What the function learns about the client, or API Gateway's refusal.
    async fn authorize(&self, proxy: &Proxy) -> Result<Result<Value, Box<Response>>, Error> {
        if self.route["authorizationType"] == "AWS_IAM" {
            return match proxy.signer(self.request, self.place) {
                Ok((key, account)) => {
                    Ok(Ok(json!({ "iam": { "accessKey": key, "accountId": account, "callerId": key } })))
                }
                Err(_) => Ok(Err(refusal(403, "Forbidden"))),
            };
        }
        let id = self.route["authorizerId"].as_str().unwrap_or_default();
        let path = format!("/v2/apis/{}/authorizers/{}", encode(self.api), encode(id));
        let authorizer = proxy.upstream.json(self.place, "apigateway", Lookup::Get(&path)).await?.unwrap_or_default();
        let sources = authorizer["identitySource"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let found: Option<Vec<String>> = sources.map(|source| self.identity(source)).collect();
        if self.route["authorizationType"] == "JWT" {
            return Ok(self.check_token(proxy, &authorizer, found.and_then(|found| found.into_iter().next())).await);
        }
        let Some(found) = found else { return Ok(Err(refusal(401, "Unauthorized"))) };
        let arn = self.arn();
        let event = self.authorizer_event(&authorizer, &found, &arn);
        let ttl = authorizer["authorizerResultTtlInSeconds"].as_u64().unwrap_or(300);
        let authorizer = lambda::Authorizer {
            api: self.api,
            id,
            function: function_arn_in(authorizer["authorizerUri"].as_str().unwrap_or_default()),
            ttl: Duration::from_secs(ttl),
            is_simple: authorizer["enableSimpleResponses"] == true,
        };
        Ok(match lambda::decide(proxy, self.place, &authorizer, &found, (&arn, &event)).await {
            Decision::Allowed(context) => Ok(json!({ "lambda": context })),
            Decision::Denied { .. } => Err(refusal(403, "Forbidden")),
            Decision::Unauthorized => Err(refusal(401, "Unauthorized")),
            Decision::Failed => Err(refusal(500, "Internal Server Error")),
        })
    }

    async fn check_token(
        &self,
        proxy: &Proxy,
        authorizer: &Value,
        token: Option<String>,
    ) -> Result<Value, Box<Response>> {
        let Some(token) = token else { return Err(challenge(401, "Unauthorized", "Bearer")) };
        let invalid = |why: &str| {
            challenge(401, "Unauthorized", &format!("Bearer error=\"invalid_token\" error_description=\"{why}\""))
        };
        let settings = &authorizer["jwtConfiguration"];
        let claims = jwt::verify(&proxy.issuers, &token, settings["issuer"].as_str().unwrap_or_default()).await;
        let claims = claims.map_err(|why| invalid(why.description()))?;
        if !jwt::has_audience(&claims, &texts(&settings["audience"])) {
            return Err(invalid("invalid audience"));
        }
        let scopes = texts(&self.route["authorizationScopes"]);
        if !jwt::has_scope(&claims, &scopes) {
            let text = format!("Bearer scope=\"{}\" error=\"insufficient_scope\"", scopes.join(" "));
            return Err(challenge(403, "Forbidden", &text));
        }
        // Claims reach the function as texts.
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let claims = claims.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value).into()));
        Ok(json!({ "jwt": { "claims": Value::Object(claims.collect()), "scopes": scopes } }))
    }

    /// The value of an identity source.
    fn identity(&self, source: &str) -> Option<String> {
        match source {
            "$context.routeKey" => self.route["routeKey"].as_str().map(str::to_owned),
            "$context.httpMethod" => Some(self.request.method.to_string()),
            "$context.path" => Some(self.path.to_owned()),
            "$context.stage" => Some(self.stage.to_owned()),
            part => identity(part, self.request),
        }
    }

    /// The ARN of the request.
    fn arn(&self) -> String {
        let Place { account, region } = self.place;
        format!(
            "arn:aws:execute-api:{region}:{account}:{}/{}/{}{}",
            self.api, self.stage, self.request.method, self.path
        )
    }

    async fn call(&self, proxy: &Proxy, integration: &Value, authorizer: Value) -> Result<Response, Error> {
        let arn = function_arn_in(integration["integrationUri"].as_str().unwrap_or_default());
        let Place { account, region } = self.place;
        let suffix = route_arn_suffix(self.route);
        let source = format!("arn:aws:execute-api:{region}:{account}:{}/{}/{suffix}", self.api, self.stage);
        let Some(function) = Function::of(self.place, arn) else { return Ok(message(500, "Internal Server Error")) };
        if !function.is_permitted(proxy, &source).await {
            return Ok(message(500, "Internal Server Error"));
        }
        let format = integration["payloadFormatVersion"].as_str().unwrap_or("1.0");
        let mut event = self.event(format);
        // The format 1.0 does not name the kind of the authorizer.
        let kinds = authorizer.as_object().filter(|_| format == "1.0");
        let only = kinds.and_then(|kinds| kinds.values().next().cloned());
        event["requestContext"]["authorizer"] = only.unwrap_or(authorizer);
        function.run(proxy, &event).await
    }

    /// The event of a payload format.
    ///
    /// Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway".
    fn event(&self, format: &str) -> Value {
        let headers = self.request.headers.iter();
        let headers: Map<String, Value> =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())).collect();
        let pairs = self.request.query.split('&').filter_map(|pair| pair.split_once('='));
        let query: Map<String, Value> = pairs.map(|(name, value)| (decode(name), decode(value).into())).collect();
        let body = String::from_utf8_lossy(&self.request.body);
        let method = self.request.method.as_str();
        let key = &self.route["routeKey"];
        let mut event = json!({
            "version": format,
            "headers": headers,
            "queryStringParameters": query,
            "body": body,
            "isBase64Encoded": false,
            "requestContext": {
                "accountId": self.place.account,
                "apiId": self.api,
                "stage": self.stage,
                "routeKey": key,
                "domainName": self.request.host(),
                "http": { "method": method, "path": self.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1" },
            },
        });
        let own = match format {
            "1.0" => json!({ "resource": key, "path": self.path, "httpMethod": method }),
            _ => json!({ "routeKey": key, "rawPath": self.path, "rawQueryString": self.request.query }),
        };
        extend(&mut event, own);
        event
    }

    fn authorizer_event(&self, authorizer: &Value, identity: &[String], arn: &str) -> Value {
        let format = authorizer["authorizerPayloadFormatVersion"].as_str().unwrap_or("2.0");
        let mut event = self.event(format);
        let own = match format {
            "1.0" => json!({ "type": "REQUEST", "methodArn": arn, "identitySource": identity.join(",") }),
            _ => json!({ "type": "REQUEST", "routeArn": arn, "identitySource": identity }),
        };
        extend(&mut event, own);
        if let Some(fields) = event.as_object_mut() {
            // A function that authorizes does not receive the body.
            fields.remove("body");
            fields.remove("isBase64Encoded");
        }
        event
    }
}

fn extend(event: &mut Value, own: Value) {
    if let (Some(event), Value::Object(own)) = (event.as_object_mut(), own) {
        event.extend(own);
    }
}

/// The texts of a list.
fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
