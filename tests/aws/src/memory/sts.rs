//! STS: the caller's identity and sessions of roles. Access keys are checked by the rules, not here.

use super::{ApiCall, Ids, Outcome};
use crate::message::{ApiError, Response};
use crate::xml::Element;
use http::StatusCode;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The default duration of a session, in seconds.
const SESSION: u64 = 3600;

pub(super) fn handle(call: &mut ApiCall<'_>) -> Outcome {
    match call.operation.name.as_str() {
        "GetCallerIdentity" => {
            let account = &call.place.account;
            let arn = format!("arn:aws:iam::{account}:root");
            let result = [("Arn", arn.as_str()), ("UserId", account), ("Account", account)];
            Ok(reply(call, texts(&result)))
        }
        "AssumeRole" => assume_role(call),
        _ => Err(call.not_implemented()),
    }
}

fn assume_role(call: &mut ApiCall<'_>) -> Outcome {
    let field = |name: &str| call.request.form(name).unwrap_or_default();
    let (role, session) = (field("RoleArn"), field("RoleSessionName"));
    let seconds = field("DurationSeconds").parse().unwrap_or(SESSION);
    let parts: Vec<&str> = role.split(':').collect();
    let [_, partition, "iam", "", account, resource] = parts.as_slice() else { return Err(invalid(&role)) };
    let Some(name) = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()) else {
        return Err(invalid(&role));
    };
    let arn = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
    let id = call.ids.next("AROA", 17, Ids::UPPER);
    let expiration = super::date::date(call.now + std::time::Duration::from_secs(seconds));
    let credentials = texts(&[
        ("AccessKeyId", &call.ids.next("ASIA", 16, Ids::UPPER)),
        ("SecretAccessKey", &call.ids.next("", 40, Ids::LOWER)),
        ("SessionToken", &call.ids.next("", 64, Ids::LOWER)),
        ("Expiration", &expiration),
    ]);
    let user = texts(&[("AssumedRoleId", &format!("{id}:{session}")), ("Arn", &arn)]);
    let result = vec![
        Element::with_children("Credentials", credentials),
        Element::with_children("AssumedRoleUser", user),
        Element::with_text("PackedPolicySize", "0"),
    ];
    Ok(reply(call, result))
}

fn invalid(role: &str) -> ApiError {
    ApiError::new(400, "ValidationError", format!("{role} is invalid"))
}

fn texts(fields: &[(&str, &str)]) -> Vec<Element> {
    fields.iter().map(|(name, text)| Element::with_text(name, *text)).collect()
}

fn reply(call: &mut ApiCall<'_>, result: Vec<Element>) -> Response {
    let name = &call.operation.name;
    let metadata = texts(&[("RequestId", &call.ids.uuid())]);
    let children = vec![
        Element::with_children(&format!("{name}Result"), result),
        Element::with_children("ResponseMetadata", metadata),
    ];
    let mut message = Element::with_children(&format!("{name}Response"), children);
    message.namespace = Some(NAMESPACE.to_owned());
    Response::xml(StatusCode::OK, &message)
}
