//! Key value stores: their control plane in CloudFront, and their data plane, the service `cloudfront-keyvaluestore`.
//!
//! Sources: AWS, Amazon CloudFront API reference, "CreateKeyValueStore" and "Amazon CloudFront KeyValueStore"; Amazon
//! CloudFront quotas, "Quotas on key value stores".

use std::collections::BTreeMap;

use http::StatusCode;
use http::header::{ETAG, IF_MATCH, LOCATION};
use serde_json::{Value, json};

use super::{NAMESPACE, Outcome, Tags, add_tags, check_etag, no_content, set_header};
use crate::memory::xml_response::{Page, message, node, text};
use crate::memory::{ApiCall, Ids, Store};
use crate::message::{ApiError, Response};
use crate::upstream::Place;
use crate::xml::Element;

/// The limits of AWS, in bytes.
const MAX_KEY: usize = 512;
const MAX_VALUE: usize = 1_024;
const MAX_STORE: usize = 5 * 1_024 * 1_024;
/// How many keys one request changes.
const MAX_CHANGES: usize = 50;

/// The key value stores of all accounts, by name.
#[derive(Debug, Default, Clone)]
pub(super) struct KeyValueStores(Store<KeyValueStore>);

#[derive(Debug, Clone)]
struct KeyValueStore {
    name: String,
    id: String,
    arn: String,
    comment: String,
    modified: String,
    /// The time of the creation, in seconds since 1970.
    created: u64,
    /// The ETag of the control plane.
    etag: String,
    /// The ETag of the data plane.
    version: String,
    keys: BTreeMap<String, String>,
    tags: Tags,
}

impl KeyValueStores {
    /// Handles a call to the control plane. `is_used` is whether a function uses the store with an ARN.
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>, is_used: impl Fn(&str) -> bool) -> Outcome {
        let place = &call.place.global();
        match call.operation.name.as_str() {
            "CreateKeyValueStore" => self.create(place, call),
            "DescribeKeyValueStore" => Ok(self.get(place, call.name(0))?.response(StatusCode::OK)),
            "ListKeyValueStores" => Ok(self.list(place, call)),
            "UpdateKeyValueStore" => {
                let (comment, etag) = (comment_of(&call.request.xml()), call.ids.next("E", 13, Ids::UPPER));
                let found = self.0.get_mut(place, call.name(0)).ok_or_else(missing)?;
                check_etag(&found.etag, call)?;
                (found.comment, found.etag) = (comment, etag);
                Ok(found.response(StatusCode::OK))
            }
            "DeleteKeyValueStore" => {
                let found = self.get(place, call.name(0))?;
                check_etag(&found.etag, call)?;
                if is_used(&found.arn) {
                    let message = "The key value store is in use by a function.";
                    return Err(ApiError::new(409, "CannotDeleteEntityWhileInUse", message));
                }
                self.0.remove(place, call.name(0));
                Ok(no_content())
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn get(&self, place: &Place, name: &str) -> Result<&KeyValueStore, ApiError> {
        self.0.get(place, name).ok_or_else(missing)
    }

    fn create(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let request = call.request.xml();
        let name = request.text_at(&["Name"]).to_owned();
        if request.name != "CreateKeyValueStoreRequest" || !is_name(&name) {
            return Err(ApiError::new(400, "InvalidArgument", format!("The parameter Name is invalid: {name}")));
        }
        if self.0.get(place, &name).is_some() {
            let message = format!("A key value store with the name {name} already exists.");
            return Err(ApiError::new(409, "EntityAlreadyExists", message));
        }
        let mut tags = Tags::new();
        add_tags(&mut tags, request.items_at(&["Tags", "Items"]))?;
        let id = call.ids.uuid();
        let store = KeyValueStore {
            arn: format!("arn:aws:cloudfront::{}:key-value-store/{id}", place.account),
            comment: comment_of(&request),
            modified: call.date(),
            created: call.now.as_secs(),
            etag: call.ids.next("E", 13, Ids::UPPER),
            version: call.ids.next("K", 13, Ids::UPPER),
            keys: BTreeMap::new(),
            name: name.clone(),
            id,
            tags,
        };
        let mut response = store.response(StatusCode::CREATED);
        let location = format!("https://cloudfront.amazonaws.com/2020-05-31/key-value-store/{name}");
        set_header(&mut response, LOCATION, &location);
        self.0.put(place, &name, store);
        Ok(response)
    }

    fn list(&self, place: &Place, call: &ApiCall<'_>) -> Response {
        let marker = call.query("Marker").unwrap_or_default();
        let all = self.0.all(place).map(|(_, store)| store).skip_while(|store| store.name < marker);
        let page = Page::of(all, call.query("MaxItems").as_deref(), 50);
        let items: Vec<Element> = page.items.iter().map(|store| store.element()).collect();
        let mut children = vec![text("MaxItems", "50"), text("Quantity", items.len().to_string())];
        children.extend(page.next.map(|store| text("NextMarker", &store.name)));
        if !items.is_empty() {
            children.push(node("Items", items));
        }
        message(StatusCode::OK, NAMESPACE, node("KeyValueStoreList", children))
    }

    fn name_of(&self, place: &Place, arn: &str) -> Option<String> {
        self.0.all(place).find(|(_, store)| store.arn == arn).map(|(name, _)| name.to_owned())
    }

    /// Whether there is a store with an ARN.
    pub(super) fn exists(&self, place: &Place, arn: &str) -> bool {
        self.name_of(place, arn).is_some()
    }

    /// The keys and values of a store.
    pub(super) fn keys(&self, place: &Place, arn: &str) -> Option<BTreeMap<String, String>> {
        Some(self.0.get(place, &self.name_of(place, arn)?)?.keys.clone())
    }

    /// The tags of the store with an ARN.
    pub(super) fn tags_mut(&mut self, place: &Place, arn: &str) -> Option<&mut Tags> {
        let name = self.name_of(place, arn)?;
        self.0.get_mut(place, &name).map(|store| &mut store.tags)
    }

    /// Handles a call to the data plane.
    pub(super) fn handle_data(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let place = &call.place.global();
        let version = call.ids.next("K", 13, Ids::UPPER);
        let not_found = || ApiError::new(404, "ResourceNotFoundException", "The key value store does not exist.");
        let name = self.name_of(place, call.name(0)).ok_or_else(not_found)?;
        let store = self.0.get_mut(place, &name).ok_or_else(not_found)?;
        let body = call.request.json();
        match call.operation.name.as_str() {
            "DescribeKeyValueStore" => return Ok(store.described()),
            "ListKeys" => return Ok(store.listed(call)),
            "GetKey" => return store.one(call.name(1)),
            "PutKey" => {
                let put = json!({ "Key": call.name(1), "Value": body["Value"] });
                store.change(call, &[put], &[])?;
            }
            "DeleteKey" => store.change(call, &[], &[json!({ "Key": call.name(1) })])?,
            "UpdateKeys" => {
                let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
                store.change(call, &list("Puts"), &list("Deletes"))?;
            }
            _ => return Err(call.not_implemented()),
        }
        store.version = version;
        let mut response = Response::json(StatusCode::OK, &store.size());
        set_header(&mut response, ETAG, &store.version);
        Ok(response)
    }
}

impl KeyValueStore {
    fn element(&self) -> Element {
        let children = vec![
            text("Name", &self.name),
            text("Id", &self.id),
            text("Comment", &self.comment),
            text("ARN", &self.arn),
            text("Status", "READY"),
            text("LastModifiedTime", &self.modified),
        ];
        node("KeyValueStore", children)
    }

    /// The response with the store. Its status is set by the rules.
    fn response(&self, status: StatusCode) -> Response {
        let mut response = message(status, NAMESPACE, self.element());
        set_header(&mut response, ETAG, &self.etag);
        response
    }

    fn bytes(&self) -> usize {
        self.keys.iter().map(|(key, value)| key.len() + value.len()).sum()
    }

    fn size(&self) -> Value {
        json!({ "ItemCount": self.keys.len(), "TotalSizeInBytes": self.bytes() })
    }

    fn described(&self) -> Response {
        let mut body = self.size();
        body["KvsARN"] = self.arn.clone().into();
        body["Created"] = self.created.into();
        body["Status"] = "READY".into();
        let mut response = Response::json(StatusCode::OK, &body);
        set_header(&mut response, ETAG, &self.version);
        response
    }

    fn listed(&self, call: &ApiCall<'_>) -> Response {
        let start = call.query("NextToken").unwrap_or_default();
        let all = self.keys.iter().filter(|(key, _)| **key >= start);
        let page = Page::of(all, call.query("MaxResults").as_deref(), 50);
        let item = |(key, value): &(&String, &String)| json!({ "Key": key, "Value": value });
        let items: Vec<Value> = page.items.iter().map(item).collect();
        let mut body = json!({ "Items": items });
        if let Some((key, _)) = page.next {
            body["NextToken"] = key.clone().into();
        }
        Response::json(StatusCode::OK, &body)
    }

    fn one(&self, key: &str) -> Outcome {
        let value = self.keys.get(key).ok_or_else(|| no_key(key))?;
        let mut body = self.size();
        (body["Key"], body["Value"]) = (key.into(), value.clone().into());
        Ok(Response::json(StatusCode::OK, &body))
    }

    /// Applies all changes, or none.
    fn change(&mut self, call: &ApiCall<'_>, puts: &[Value], deletes: &[Value]) -> Result<(), ApiError> {
        let invalid = |message: &str| ApiError::new(400, "ValidationException", message);
        match call.request.headers.get(IF_MATCH).map(|etag| etag.as_bytes() == self.version.as_bytes()) {
            None => return Err(invalid("The header If-Match is required.")),
            Some(false) => {
                let message = "The ETag in If-Match is not that of the key value store.";
                return Err(ApiError::new(409, "ConflictException", message));
            }
            Some(true) => {}
        }
        let count = puts.len() + deletes.len();
        if count == 0 || count > MAX_CHANGES {
            return Err(invalid("A request changes between 1 and 50 keys."));
        }
        let field = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let mut named: Vec<String> = puts.iter().chain(deletes).map(|item| field(item, "Key")).collect();
        named.sort();
        named.dedup();
        if named.len() != count {
            return Err(invalid("A key occurs more than once in the request."));
        }
        let mut changed = self.clone();
        for item in deletes {
            let key = field(item, "Key");
            changed.keys.remove(&key).ok_or_else(|| no_key(&key))?;
        }
        for item in puts {
            let (key, value) = (field(item, "Key"), field(item, "Value"));
            if key.is_empty() || key.len() > MAX_KEY || value.len() > MAX_VALUE {
                return Err(invalid("A key has at most 512 bytes, and a value at most 1 KB."));
            }
            changed.keys.insert(key, value);
        }
        if changed.bytes() > MAX_STORE {
            let message = "The key value store would exceed 5 MB.";
            return Err(ApiError::new(402, "ServiceQuotaExceededException", message));
        }
        *self = changed;
        Ok(())
    }
}

fn no_key(key: &str) -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", format!("The key {key} does not exist."))
}

fn missing() -> ApiError {
    ApiError::new(404, "EntityNotFound", "The key value store does not exist.")
}

fn comment_of(request: &Element) -> String {
    request.text_at(&["Comment"]).to_owned()
}

/// Whether a key value store or a function can have this name.
pub(super) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{Service, error_of};
    use crate::message::encode;

    fn created(service: &Service) -> String {
        let body = "<CreateKeyValueStoreRequest><Name>a</Name><Comment>c</Comment></CreateKeyValueStoreRequest>";
        let created = service.send("POST /2020-05-31/key-value-store/", body);
        assert_eq!(created.status, StatusCode::CREATED);
        assert_eq!(error_of(&service.send("POST /2020-05-31/key-value-store/", body)).0, "EntityAlreadyExists");
        created.as_xml().text_at(&["ARN"]).to_owned()
    }

    #[test]
    fn keys_are_changed_together_and_only_with_the_current_etag() {
        let service = Service::new("cloudfront");
        let path = format!("/key-value-stores/{}", encode(&created(&service)));
        let data = service.of("cloudfront-keyvaluestore");
        let etag = || {
            let described = data.send(&format!("GET {path}"), "");
            described.headers[ETAG].to_str().unwrap().to_owned()
        };
        let update = |body: &str, etag: Option<&str>| data.send_if_match(&format!("POST {path}/keys"), body, etag);
        let first = etag();
        let put = r#"{"Puts":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]}"#;
        assert_eq!(error_of(&update(put, None)).0, "ValidationException");
        assert_eq!(update(put, Some(&first)).as_json()["ItemCount"], 2);
        assert_eq!(error_of(&update(put, Some(&first))).0, "ConflictException");
        let long = json!({ "Puts": [{ "Key": "c", "Value": "x".repeat(MAX_VALUE + 1) }], "Deletes": [{ "Key": "a" }] });
        assert_eq!(error_of(&update(&long.to_string(), Some(&etag()))).0, "ValidationException");
        let missing = r#"{"Deletes":[{"Key":"a"},{"Key":"z"}]}"#;
        assert_eq!(error_of(&update(missing, Some(&etag()))).0, "ResourceNotFoundException");
        assert_eq!(data.send(&format!("GET {path}/keys/a"), "").as_json()["Value"], "1");
        let page = data.send(&format!("GET {path}/keys?MaxResults=1"), "").as_json();
        assert_eq!((&page["Items"][0]["Key"], &page["NextToken"]), (&json!("a"), &json!("b")));
        let many: Vec<Value> = (0..51).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect();
        let many = json!({ "Puts": many }).to_string();
        assert_eq!(error_of(&update(&many, Some(&etag()))).0, "ValidationException");
        let nowhere = data.send(&format!("GET /key-value-stores/{}", encode("arn:aws:cloudfront::1:x")), "");
        assert_eq!(error_of(&nowhere).0, "ResourceNotFoundException");
    }

    #[test]
    fn a_store_that_a_function_uses_cannot_be_deleted() {
        let service = Service::new("cloudfront");
        let arn = created(&service);
        let body = format!(
            "<CreateFunctionRequest><Name>f</Name><FunctionConfig><Comment>c</Comment><Runtime>cloudfront-js-2.0</Runtime>\
             <KeyValueStoreAssociations><Quantity>1</Quantity><Items><KeyValueStoreAssociation><KeyValueStoreARN>{arn}\
             </KeyValueStoreARN></KeyValueStoreAssociation></Items></KeyValueStoreAssociations></FunctionConfig>\
             <FunctionCode>YQ==</FunctionCode></CreateFunctionRequest>"
        );
        let function = service.send("POST /2020-05-31/function", &body);
        assert_eq!(function.status, StatusCode::CREATED);
        let described = service.send("GET /2020-05-31/key-value-store/a", "");
        let etag = described.headers[ETAG].to_str().unwrap();
        let delete = || service.send_if_match("DELETE /2020-05-31/key-value-store/a", "", Some(etag));
        assert_eq!(error_of(&delete()).0, "CannotDeleteEntityWhileInUse");
        let etag = function.headers[ETAG].to_str().unwrap();
        assert_eq!(
            service.send_if_match("DELETE /2020-05-31/function/f", "", Some(etag)).status,
            StatusCode::NO_CONTENT
        );
        assert_eq!(delete().status, StatusCode::NO_CONTENT);
        assert_eq!(error_of(&delete()).0, "EntityNotFound");
    }
}
