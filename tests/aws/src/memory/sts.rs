//! STS: who asks, and the sessions of roles. Nobody is refused: whose keys are good is the business of the rules.

use super::{Ids, Outcome, Question};
use crate::message::{Answer, Refusal};
use crate::xml::Element;
use http::StatusCode;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// How long a session lasts that was asked for without saying how long, in seconds.
const SESSION: u64 = 3600;

pub(super) fn answer(question: &mut Question<'_>) -> Outcome {
    match question.operation.name.as_str() {
        "GetCallerIdentity" => {
            let account = &question.place.account;
            let arn = format!("arn:aws:iam::{account}:root");
            let result = [("Arn", arn.as_str()), ("UserId", account), ("Account", account)];
            Ok(reply(question, texts(&result)))
        }
        "AssumeRole" => assume_role(question),
        _ => Err(question.not_implemented()),
    }
}

fn assume_role(question: &mut Question<'_>) -> Outcome {
    let field = |name: &str| question.request.form(name).unwrap_or_default();
    let (role, session) = (field("RoleArn"), field("RoleSessionName"));
    let seconds = field("DurationSeconds").parse().unwrap_or(SESSION);
    let parts: Vec<&str> = role.split(':').collect();
    let [_, partition, "iam", "", account, resource] = parts.as_slice() else { return Err(invalid(&role)) };
    let Some(name) = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()) else {
        return Err(invalid(&role));
    };
    let arn = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
    let id = question.ids.next("AROA", 17, Ids::UPPER);
    let expiration = super::date::date(question.now + std::time::Duration::from_secs(seconds));
    let credentials = texts(&[
        ("AccessKeyId", &question.ids.next("ASIA", 16, Ids::UPPER)),
        ("SecretAccessKey", &question.ids.next("", 40, Ids::LOWER)),
        ("SessionToken", &question.ids.next("", 64, Ids::LOWER)),
        ("Expiration", &expiration),
    ]);
    let user = texts(&[("AssumedRoleId", &format!("{id}:{session}")), ("Arn", &arn)]);
    let result = vec![
        Element::with_children("Credentials", credentials),
        Element::with_children("AssumedRoleUser", user),
        Element::with_text("PackedPolicySize", "0"),
    ];
    Ok(reply(question, result))
}

fn invalid(role: &str) -> Refusal {
    Refusal::new(400, "ValidationError", format!("{role} is invalid"))
}

fn texts(fields: &[(&str, &str)]) -> Vec<Element> {
    fields.iter().map(|(name, text)| Element::with_text(name, *text)).collect()
}

fn reply(question: &mut Question<'_>, result: Vec<Element>) -> Answer {
    let name = &question.operation.name;
    let metadata = texts(&[("RequestId", &question.ids.uuid())]);
    let children = vec![
        Element::with_children(&format!("{name}Result"), result),
        Element::with_children("ResponseMetadata", metadata),
    ];
    let mut message = Element::with_children(&format!("{name}Response"), children);
    message.namespace = Some(NAMESPACE.to_owned());
    Answer::xml(StatusCode::OK, &message)
}
