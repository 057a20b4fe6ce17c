//! Cross-origin resource sharing of a REST API, which API Gateway itself knows for HTTP APIs only.
//!
//! Each path gets an operation OPTIONS that answers preflight requests, unless it has one. The errors of API Gateway itself
//! get the headers that let a page read them. The functions add these headers to their own responses.
//!
//! A response has one value of `Access-Control-Allow-Origin`. With one origin, or `*`, it is constant. With several, the
//! preflight answer repeats the origin of the request if it is one of them, and else contains the first; the errors of API
//! Gateway contain the first, because a gateway response cannot compare headers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operations::{INTEGRATION, Operation};
use super::problems::Problems;
use super::rest::BINARY_TYPES;
use super::settings::{Authorization, Cors};
use super::template::without_placeholders;

/// The extension with the errors of API Gateway.
const RESPONSES: &str = "x-amazon-apigateway-gateway-responses";

const ORIGIN: &str = "Access-Control-Allow-Origin";
const METHODS: &str = "Access-Control-Allow-Methods";
const HEADERS: &str = "Access-Control-Allow-Headers";
const CREDENTIALS: &str = "Access-Control-Allow-Credentials";
const EXPOSED: &str = "Access-Control-Expose-Headers";
const MAX_AGE: &str = "Access-Control-Max-Age";

/// The methods for which `*` stands. Browsers do not accept `*` in a response to a request with cookies.
const EVERY_METHOD: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Adds the operations and headers.
pub(super) fn add(document: &mut Value, cors: &Cors, operations: &mut Vec<Operation>, problems: &mut Problems) {
    check(cors, problems);
    if cors.origins.is_empty() {
        return;
    }
    let is_swagger = document.get("swagger").is_some();
    let has_binary = document.get(BINARY_TYPES).is_some();
    let preflight = preflight(cors, is_swagger, has_binary);
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for (path, item) in paths.iter_mut().filter(|(path, _)| path.starts_with('/')) {
            let Some(item) = item.as_object_mut() else { continue };
            if item.contains_key("options") {
                continue;
            }
            item.insert("options".to_owned(), preflight.clone());
            operations.push(Operation {
                path: path.clone(),
                method: "OPTIONS",
                operation_id: None,
                function: None,
                authorization: Authorization::default(),
            });
        }
    }
    operations.sort_by(|one, other| (&one.path, one.method).cmp(&(&other.path, other.method)));
    if let Some(root) = document.as_object_mut() {
        let responses = root.entry(RESPONSES).or_insert_with(|| json!({}));
        let mut names = vec!["DEFAULT_4XX".to_owned(), "DEFAULT_5XX".to_owned()];
        // A response that the document defines takes the place of these two, so it needs the headers, too.
        names.extend(responses.as_object().into_iter().flat_map(Map::keys).cloned());
        names.iter().for_each(|name| add_headers(responses, name, cors));
    }
}

/// Values become texts of a template, which has no way to write quotes.
fn check(cors: &Cors, problems: &mut Problems) {
    let all = [&cors.origins, &cors.methods, &cors.headers, &cors.exposed_headers];
    for value in all.into_iter().flatten() {
        if without_placeholders(value).contains(['\'', '"', '\\', '\n', '\r', '$', '#']) {
            let detail = format!(
                "The CORS value {value:?} contains a quote, a backslash, a line break, $ or #, which no header of a REST API \
                 can contain. Correct gateway.cors."
            );
            problems.error("Invalid CORS value", detail);
        }
    }
}

/// The headers of every response to a page: name and value.
fn shared_headers(cors: &Cors) -> BTreeMap<&'static str, String> {
    let mut headers = BTreeMap::new();
    let first = cors.origins.first().map_or("*", String::as_str);
    // With the origin `*`, every other origin is redundant.
    let origin = if cors.origins.iter().any(|origin| origin == "*") { "*" } else { first };
    headers.insert(ORIGIN, origin.to_owned());
    if origin != "*" {
        headers.insert("Vary", "Origin".to_owned());
    }
    if cors.credentials {
        headers.insert(CREDENTIALS, "true".to_owned());
    }
    headers
}

/// The settings for which an API answers preflight requests with these headers, and with this template for the rest, and its
/// errors have the headers `errors`; `None` if there are none.
pub(in crate::resources::api) fn found(
    headers: &BTreeMap<String, String>,
    template: Option<&str>,
    errors: &BTreeMap<String, String>,
) -> Option<Cors> {
    let list = |headers: &BTreeMap<String, String>, name: &str| {
        headers.get(name).map(|values| values.split(',').map(str::to_owned).collect()).unwrap_or_default()
    };
    let mut methods: Vec<String> = list(headers, METHODS);
    if methods == EVERY_METHOD {
        methods = vec!["*".to_owned()];
    }
    let cors = Cors {
        origins: match template {
            Some(template) => origins(template)?,
            None => vec![headers.get(ORIGIN)?.clone()],
        },
        methods,
        headers: list(headers, HEADERS),
        exposed_headers: list(errors, EXPOSED),
        credentials: headers.contains_key(CREDENTIALS),
        max_age_seconds: headers.get(MAX_AGE).and_then(|seconds| seconds.parse().ok()),
    };
    let wanted: BTreeMap<_, _> =
        preflight_headers(&cors).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (wanted == *headers && several_origins(&cors).as_deref() == template).then_some(cors)
}

/// The origins in the template of [`several_origins`].
fn origins(template: &str) -> Option<Vec<String>> {
    let (conditions, _) = template.lines().last()?.strip_prefix("#if(")?.split_once(")#set")?;
    let origin = |condition: &str| Some(condition.strip_prefix("$origin == \"")?.strip_suffix('"')?.to_owned());
    conditions.split(" || ").map(origin).collect()
}

/// The constant headers of the answer to a preflight request.
fn preflight_headers(cors: &Cors) -> BTreeMap<&'static str, String> {
    let mut headers = shared_headers(cors);
    let methods: Vec<&str> = match cors.methods.iter().any(|method| method == "*") {
        true => EVERY_METHOD.to_vec(),
        false => cors.methods.iter().map(String::as_str).collect(),
    };
    if !methods.is_empty() {
        headers.insert(METHODS, methods.join(","));
    }
    if !cors.headers.is_empty() {
        headers.insert(HEADERS, cors.headers.join(","));
    }
    if let Some(seconds) = cors.max_age_seconds {
        headers.insert(MAX_AGE, seconds.to_string());
    }
    headers
}

fn preflight(cors: &Cors, is_swagger: bool, has_binary: bool) -> Value {
    let headers = preflight_headers(cors);
    let text = if is_swagger { json!({"type": "string"}) } else { json!({"schema": {"type": "string"}}) };
    let declared: Map<String, Value> = headers.keys().map(|name| ((*name).to_owned(), text.clone())).collect();
    let constant =
        |(name, value): (&&str, &String)| (format!("method.response.header.{name}"), format!("'{value}'").into());
    let parameters: Map<String, Value> = headers.iter().map(constant).collect();
    let mut response = json!({"statusCode": "204", "responseParameters": parameters});
    if let (Some(template), Some(response)) = (several_origins(cors), response.as_object_mut()) {
        response.insert("responseTemplates".to_owned(), json!({"application/json": template}));
    }
    let mut integration = json!({
        "type": "mock",
        "requestTemplates": {"application/json": "{\"statusCode\":204}"},
        "responses": {"default": response},
    });
    // With binary media types, API Gateway would take the template for a binary body.
    if let (true, Some(integration)) = (has_binary, integration.as_object_mut()) {
        integration.insert("contentHandling".to_owned(), "CONVERT_TO_TEXT".into());
    }
    json!({
        "responses": {"204": {"description": "Answer to a CORS preflight request", "headers": declared}},
        "security": [],
        INTEGRATION: integration,
    })
}

/// The template that repeats the origin of the request, if it is one of several.
fn several_origins(cors: &Cors) -> Option<String> {
    if cors.origins.len() < 2 || cors.origins.iter().any(|origin| origin == "*") {
        return None;
    }
    let conditions: Vec<String> = cors.origins.iter().map(|origin| format!("$origin == \"{origin}\"")).collect();
    Some(format!(
        "#set($origin = $input.params().header.get(\"Origin\"))\n\
         #if(!$origin || $origin == \"\")#set($origin = $input.params().header.get(\"origin\"))#end\n\
         #if({})#set($context.responseOverride.header.{ORIGIN} = $origin)#end",
        conditions.join(" || ")
    ))
}

/// Adds the headers that an error of API Gateway does not have yet.
fn add_headers(responses: &mut Value, name: &str, cors: &Cors) {
    let Some(responses) = responses.as_object_mut() else { return };
    let response = responses.entry(name).or_insert_with(|| json!({}));
    let Some(response) = response.as_object_mut() else { return };
    let parameters = response.entry("responseParameters").or_insert_with(|| json!({}));
    let Some(parameters) = parameters.as_object_mut() else { return };
    let mut headers = shared_headers(cors);
    if !cors.exposed_headers.is_empty() {
        headers.insert(EXPOSED, cors.exposed_headers.join(","));
    }
    for (header, value) in headers {
        parameters.entry(format!("gatewayresponse.header.{header}")).or_insert_with(|| format!("'{value}'").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings as an import reads them from the answers of an API with `cors`.
    fn read_back(cors: &Cors) -> Option<Cors> {
        let mut document = json!({"paths": {"/items": {"get": {}}}});
        add(&mut document, cors, &mut Vec::new(), &mut Problems::at(crate::wire::Path::root()));
        let response = &document["paths"]["/items"]["options"][INTEGRATION]["responses"]["default"];
        let constants = |parameters: &Value, prefix: &str| -> BTreeMap<String, String> {
            let all = parameters.as_object().unwrap().iter();
            let text = |value: &Value| value.as_str().unwrap().trim_matches('\'').to_owned();
            all.map(|(name, value)| (name.strip_prefix(prefix).unwrap().to_owned(), text(value))).collect()
        };
        found(
            &constants(&response["responseParameters"], "method.response.header."),
            response["responseTemplates"]["application/json"].as_str(),
            &constants(&document[RESPONSES]["DEFAULT_4XX"]["responseParameters"], "gatewayresponse.header."),
        )
    }

    #[test]
    fn settings_are_read_back_from_answers() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let one = Cors { origins: texts(&["https://a.example"]), ..Cors::default() };
        let any = Cors { origins: texts(&["*"]), methods: texts(&["*"]), max_age_seconds: Some(-1), ..Cors::default() };
        let all = Cors {
            origins: texts(&["https://a.example", "https://b.example", "http://localhost:3000"]),
            methods: texts(&["GET", "POST"]),
            headers: texts(&["content-type", "x-token"]),
            exposed_headers: texts(&["etag"]),
            credentials: true,
            max_age_seconds: Some(600),
        };
        for cors in [one, any, all] {
            assert_eq!(read_back(&cors).as_ref(), Some(&cors));
        }
    }

    #[test]
    fn other_answers_are_no_settings() {
        let origin = |value: &str| BTreeMap::from([(ORIGIN.to_owned(), value.to_owned())]);
        let none = BTreeMap::new();
        assert!(found(&origin("*"), None, &none).is_some());
        assert_eq!(found(&origin("https://a.example"), None, &none), None, "without Vary");
        assert_eq!(found(&none, None, &none), None);
        assert_eq!(found(&origin("*"), Some("#set($context.responseOverride.status = 200)"), &none), None);
    }
}
