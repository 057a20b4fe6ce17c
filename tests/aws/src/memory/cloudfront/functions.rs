//! CloudFront Functions: their stages DEVELOPMENT and LIVE.
//!
//! Sources: AWS, Amazon CloudFront API reference, "CreateFunction"; Amazon CloudFront quotas, "Quotas on CloudFront
//! Functions".

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::key_value_stores::is_name;
use super::{NAMESPACE, Outcome, Tags, add_tags, check_etag, no_content, set_header};
use crate::digest::from_base64;
use crate::memory::xml_response::{Page, message, node, text};
use crate::memory::{ApiCall, Ids, Store};
use crate::message::{ApiError, Response};
use crate::upstream::Place;
use crate::xml::Element;

/// The greatest size of a function's code, in bytes.
const MAX_CODE: usize = 10_240;
/// How many functions an account has.
const MAX_FUNCTIONS: usize = 100;
const RUNTIMES: [&str; 2] = ["cloudfront-js-1.0", "cloudfront-js-2.0"];

/// The functions of all accounts, by name.
#[derive(Debug, Default, Clone)]
pub(super) struct Functions(Store<Function>);

#[derive(Debug, Clone)]
struct Function {
    name: String,
    arn: String,
    created: String,
    development: Stage,
    live: Option<Stage>,
    tags: Tags,
}

#[derive(Debug, Clone)]
struct Stage {
    code: Bytes,
    config: Element,
    etag: String,
    modified: String,
}

impl Functions {
    /// Handles a call. `store_exists` is whether there is a key value store with an ARN.
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>, store_exists: impl Fn(&str) -> bool) -> Outcome {
        let place = &call.place.global();
        match call.operation.name.as_str() {
            "CreateFunction" => self.create(place, call, store_exists),
            "DescribeFunction" => {
                let (function, stage) = self.stage(place, call)?;
                Ok(function.response(StatusCode::OK, stage, stage_of(call)))
            }
            "GetFunction" => Ok(self.stage(place, call)?.1.code_response()),
            "ListFunctions" => Ok(self.list(place, call)),
            "UpdateFunction" => self.update(place, call, store_exists),
            "PublishFunction" => {
                let found = self.0.get_mut(place, call.name(0)).ok_or_else(missing)?;
                check_etag(&found.development.etag, call)?;
                let live = Stage { modified: call.date(), ..found.development.clone() };
                found.live = Some(live.clone());
                Ok(found.response(StatusCode::OK, &live, "LIVE"))
            }
            "DeleteFunction" => {
                check_etag(&self.get(place, call.name(0))?.development.etag, call)?;
                self.0.remove(place, call.name(0));
                Ok(no_content())
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn get(&self, place: &Place, name: &str) -> Result<&Function, ApiError> {
        self.0.get(place, name).ok_or_else(missing)
    }

    fn stage(&self, place: &Place, call: &ApiCall<'_>) -> Result<(&Function, &Stage), ApiError> {
        let function = self.get(place, call.name(0))?;
        let stage = if stage_of(call) == "LIVE" { function.live.as_ref() } else { Some(&function.development) };
        Ok((function, stage.ok_or_else(missing)?))
    }

    fn create(&mut self, place: &Place, call: &mut ApiCall<'_>, store_exists: impl Fn(&str) -> bool) -> Outcome {
        let request = call.request.xml();
        let name = request.text_at(&["Name"]).to_owned();
        if request.name != "CreateFunctionRequest" || !is_name(&name) {
            return Err(ApiError::new(400, "InvalidArgument", format!("The parameter Name is invalid: {name}")));
        }
        let development = stage(&request, call, store_exists)?;
        if self.0.get(place, &name).is_some() {
            let message = "A function with the same name already exists in this AWS account.";
            return Err(ApiError::new(409, "FunctionAlreadyExists", message));
        }
        if self.0.all(place).count() >= MAX_FUNCTIONS {
            let message = "You have reached the maximum number of CloudFront functions for this AWS account.";
            return Err(ApiError::new(400, "TooManyFunctions", message));
        }
        let mut tags = Tags::new();
        add_tags(&mut tags, request.items_at(&["Tags", "Items"]))?;
        let arn = format!("arn:aws:cloudfront::{}:function/{name}", place.account);
        let function = Function { created: call.date(), live: None, name: name.clone(), arn, development, tags };
        let mut response = function.response(StatusCode::CREATED, &function.development, "DEVELOPMENT");
        let location = format!("https://cloudfront.amazonaws.com/2020-05-31/function/{}", function.arn);
        set_header(&mut response, LOCATION, &location);
        self.0.put(place, &name, function);
        Ok(response)
    }

    fn update(&mut self, place: &Place, call: &mut ApiCall<'_>, store_exists: impl Fn(&str) -> bool) -> Outcome {
        check_etag(&self.get(place, call.name(0))?.development.etag, call)?;
        let development = stage(&call.request.xml(), call, store_exists)?;
        let found = self.0.get_mut(place, call.name(0)).ok_or_else(missing)?;
        found.development = development;
        let mut response = found.response(StatusCode::OK, &found.development, "DEVELOPMENT");
        // The header of this operation has another spelling.
        response.headers.insert(HeaderName::from_static("ettag"), response.headers[ETAG].clone());
        Ok(response)
    }

    fn list(&self, place: &Place, call: &ApiCall<'_>) -> Response {
        let (marker, wanted) = (call.query("Marker").unwrap_or_default(), call.query("Stage"));
        let all = self.0.all(place).map(|(_, function)| function).skip_while(|function| function.name < marker);
        let page = Page::of(all, call.query("MaxItems").as_deref(), 100);
        let summaries = page.items.iter().flat_map(|function| {
            let live = function.live.as_ref().map(|stage| function.summary(stage, "LIVE"));
            let all = [Some(function.summary(&function.development, "DEVELOPMENT")), live];
            let is_wanted = |summary: &Element| wanted.as_deref().is_none_or(|stage| summary.text_at(&STAGE) == stage);
            all.into_iter().flatten().filter(is_wanted).collect::<Vec<_>>()
        });
        let items: Vec<Element> = summaries.collect();
        let mut children = vec![text("MaxItems", "100"), text("Quantity", items.len().to_string())];
        children.extend(page.next.map(|function| text("NextMarker", &function.name)));
        if !items.is_empty() {
            children.push(node("Items", items));
        }
        message(StatusCode::OK, NAMESPACE, node("FunctionList", children))
    }

    /// Whether a function uses the key value store with an ARN.
    pub(super) fn use_store(&self, place: &Place, arn: &str) -> bool {
        let stages = self.0.all(place).flat_map(|(_, function)| [Some(&function.development), function.live.as_ref()]);
        stages.flatten().any(|stage| store_of(&stage.config) == arn)
    }

    /// The code and the ARN of the key value store of a published function.
    pub(super) fn published(&self, place: &Place, arn: &str) -> Option<(String, String)> {
        let live = self.0.all(place).find(|(_, function)| function.arn == arn)?.1.live.as_ref()?;
        Some((String::from_utf8_lossy(&live.code).into_owned(), store_of(&live.config).to_owned()))
    }

    /// The tags of the function with an ARN.
    pub(super) fn tags_mut(&mut self, place: &Place, arn: &str) -> Option<&mut Tags> {
        let name = arn.rsplit('/').next()?;
        self.0.get_mut(place, name).filter(|function| function.arn == arn).map(|function| &mut function.tags)
    }
}

const STAGE: [&str; 2] = ["FunctionMetadata", "Stage"];

impl Function {
    fn summary(&self, stage: &Stage, name: &str) -> Element {
        let metadata = vec![
            text("FunctionARN", &self.arn),
            text("Stage", name),
            text("CreatedTime", &self.created),
            text("LastModifiedTime", &stage.modified),
        ];
        let status = if name == "LIVE" { "UNASSOCIATED" } else { "UNPUBLISHED" };
        let children = vec![
            text("Name", &self.name),
            text("Status", status),
            stage.config.clone(),
            node("FunctionMetadata", metadata),
        ];
        node("FunctionSummary", children)
    }

    fn response(&self, status: StatusCode, stage: &Stage, name: &str) -> Response {
        let mut response = message(status, NAMESPACE, self.summary(stage, name));
        set_header(&mut response, ETAG, &stage.etag);
        response
    }
}

impl Stage {
    fn code_response(&self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let mut response = Response { status: StatusCode::OK, headers, body: self.code.clone() };
        set_header(&mut response, ETAG, &self.etag);
        response
    }
}

fn stage_of(call: &ApiCall<'_>) -> &'static str {
    if call.query("Stage").as_deref() == Some("LIVE") { "LIVE" } else { "DEVELOPMENT" }
}

/// The stage that a request describes.
fn stage(request: &Element, call: &mut ApiCall<'_>, store_exists: impl Fn(&str) -> bool) -> Result<Stage, ApiError> {
    let invalid = |message: String| ApiError::new(400, "InvalidArgument", message);
    let config = request.child("FunctionConfig").cloned().unwrap_or_default();
    let runtime = config.text_at(&["Runtime"]);
    if !RUNTIMES.contains(&runtime) {
        return Err(invalid(format!("The parameter Runtime is invalid: {runtime}")));
    }
    let code = from_base64(request.text_at(&["FunctionCode"]));
    if code.is_empty() {
        return Err(invalid("The parameter FunctionCode is required.".to_owned()));
    }
    if code.len() > MAX_CODE {
        let message = "The function is too large. The maximum size is 10 KB.";
        return Err(ApiError::new(413, "FunctionSizeLimitExceeded", message));
    }
    let stores = config.items_at(&["KeyValueStoreAssociations", "Items"]);
    let store = store_of(&config);
    if stores.len() > 1 || (!store.is_empty() && runtime != "cloudfront-js-2.0") {
        let message = "A function with the runtime cloudfront-js-2.0 has at most one key value store, and others none.";
        return Err(invalid(message.to_owned()));
    }
    if !store.is_empty() && !store_exists(store) {
        return Err(ApiError::new(404, "EntityNotFound", "The key value store does not exist."));
    }
    let etag = call.ids.next("E", 13, Ids::UPPER);
    Ok(Stage { code: code.into(), config, etag, modified: call.date() })
}

fn store_of(config: &Element) -> &str {
    let stores = config.items_at(&["KeyValueStoreAssociations", "Items"]);
    stores.first().map_or("", |store| store.text_at(&["KeyValueStoreARN"]))
}

fn missing() -> ApiError {
    ApiError::new(404, "NoSuchFunctionExists", "The specified function does not exist.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{Service, error_of};

    fn body(root: &str, runtime: &str, code: &str) -> String {
        format!(
            "<{root}><Name>f</Name><FunctionConfig><Comment>c</Comment><Runtime>{runtime}</Runtime></FunctionConfig>\
             <FunctionCode>{code}</FunctionCode></{root}>"
        )
    }

    fn etag(response: &Response) -> String {
        response.headers[ETAG].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_function_is_live_when_it_is_published() {
        let service = Service::new("cloudfront");
        let create = |runtime: &str, code: &str| {
            service.send("POST /2020-05-31/function", &body("CreateFunctionRequest", runtime, code))
        };
        assert_eq!(error_of(&create("nodejs22.x", "YQ==")).0, "InvalidArgument");
        assert_eq!(error_of(&create("cloudfront-js-2.0", &"YWFh".repeat(3_500))).0, "FunctionSizeLimitExceeded");
        let created = create("cloudfront-js-2.0", "YQ==");
        assert_eq!(error_of(&create("cloudfront-js-2.0", "YQ==")).0, "FunctionAlreadyExists");
        let live = || service.send("GET /2020-05-31/function/f?Stage=LIVE", "");
        assert_eq!(error_of(&live()).0, "NoSuchFunctionExists");
        let publish = |etag: &str| service.send_if_match("POST /2020-05-31/function/f/publish", "", Some(etag));
        assert_eq!(error_of(&publish("E1")).0, "PreconditionFailed");
        assert_eq!(publish(&etag(&created)).as_xml().text_at(&STAGE), "LIVE");
        let update = body("UpdateFunctionRequest", "cloudfront-js-2.0", "Yg==");
        let updated = service.send_if_match("PUT /2020-05-31/function/f", &update, Some(&etag(&created)));
        assert_eq!(live().body.as_ref(), b"a");
        assert_eq!(updated.headers["ettag"], updated.headers[ETAG]);
        publish(&etag(&updated));
        assert_eq!(live().body.as_ref(), b"b");
        let described = service.send("GET /2020-05-31/function/f/describe?Stage=DEVELOPMENT", "");
        assert_eq!(described.as_xml().text_at(&["FunctionConfig", "Runtime"]), "cloudfront-js-2.0");
        let listed = service.send("GET /2020-05-31/function", "").as_xml();
        assert_eq!(listed.items_at(&["Items"]).len(), 2);
    }
}
