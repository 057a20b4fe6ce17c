//! IAM: roles, their policies and tags.
//!
//! Source: AWS, IAM API reference; "IAM and AWS STS quotas"; messages as users have reported them.

mod form;

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;

use self::form::{check_boundary, description, document, invalid, members, parse_tags, required};
use super::xml_response::{Page, message, node, text};
use super::{ApiCall, Store};
use crate::message::{ApiError, REQUEST_ID, Request, Response, encode};
use crate::upstream::Place;
use crate::xml::Element;

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
const MAX_TAGS: usize = 50;
/// The limit for all inline policies of a role together, without white space.
const MAX_POLICY_CHARACTERS: usize = 10_240;

/// The state of IAM.
#[derive(Debug, Default, Clone)]
pub(super) struct Iam {
    roles: Store<Role>,
}

#[derive(Debug, Clone)]
struct Role {
    name: String,
    id: String,
    arn: String,
    path: String,
    created: String,
    trust: String,
    description: String,
    max_session_seconds: String,
    /// The ARN of the permissions boundary.
    boundary: Option<String>,
    /// The documents of the inline policies by name.
    policies: BTreeMap<String, String>,
    /// The ARNs of attached managed policies.
    attached: BTreeSet<String>,
    tags: Tags,
}

/// Key and value by the key in lower case: IAM's keys are case-insensitive.
type Tags = BTreeMap<String, (String, String)>;

/// The result of an operation; `None` where the response has none.
type Outcome = Result<Option<Vec<Element>>, ApiError>;

impl Iam {
    /// Handles a call.
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>) -> Result<Response, ApiError> {
        let (place, request) = (&call.place.global(), call.request);
        let operation = call.operation.name.as_str();
        let outcome = match operation {
            "CreateRole" => self.create_role(place, call)?,
            "GetRole" => self.get_role(place, request)?,
            "ListRoles" => self.list_roles(place, request)?,
            "DeleteRole" => self.delete_role(place, request)?,
            "UpdateRole" => self.update_role(place, request)?,
            "UpdateAssumeRolePolicy" => self.update_trust(place, request)?,
            "PutRolePermissionsBoundary" => self.put_boundary(place, request)?,
            "DeleteRolePermissionsBoundary" => self.delete_boundary(place, request)?,
            "PutRolePolicy" => self.put_policy(place, request)?,
            "GetRolePolicy" => self.get_policy(place, request)?,
            "DeleteRolePolicy" => self.delete_policy(place, request)?,
            "ListRolePolicies" => self.list_policies(place, request)?,
            "AttachRolePolicy" => self.attach_policy(place, request)?,
            "DetachRolePolicy" => self.detach_policy(place, request)?,
            "ListAttachedRolePolicies" => self.list_attached_policies(place, request)?,
            "TagRole" => self.tag_role(place, request)?,
            "UntagRole" => self.untag_role(place, request)?,
            "ListRoleTags" => self.list_tags(place, request)?,
            _ => return Err(call.not_implemented()),
        };
        let result = outcome.map(|children| node(&format!("{operation}Result"), children));
        let metadata = node("ResponseMetadata", vec![text("RequestId", REQUEST_ID)]);
        let children = result.into_iter().chain([metadata]).collect();
        Ok(message(StatusCode::OK, NAMESPACE, node(&format!("{operation}Response"), children)))
    }

    /// The role that the request names.
    fn role(&self, place: &Place, request: &Request) -> Result<&Role, ApiError> {
        let name = required(request, "RoleName")?;
        self.roles.get(place, &name).ok_or_else(|| no_role(&name))
    }

    fn role_mut(&mut self, place: &Place, request: &Request) -> Result<&mut Role, ApiError> {
        let name = required(request, "RoleName")?;
        self.roles.get_mut(place, &name).ok_or_else(|| no_role(&name))
    }

    fn create_role(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let request = call.request;
        let name = required(request, "RoleName")?;
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_name_character) {
            return Err(invalid(&format!(
                "Value '{name}' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression \
                 pattern: [\\w+=,.@-]+ and have length less than or equal to 64"
            )));
        }
        let trust = document(request, "AssumeRolePolicyDocument")?;
        let description = description(request)?.unwrap_or_default();
        let mut tags = Tags::new();
        add_tags(&mut tags, parse_tags(request)?)?;
        if self.roles.get(place, &name).is_some() {
            return Err(ApiError::new(409, "EntityAlreadyExists", format!("Role with name {name} already exists.")));
        }
        let boundary = request.form("PermissionsBoundary");
        boundary.as_deref().map_or(Ok(()), check_boundary)?;
        let path = request.form("Path").unwrap_or_else(|| "/".to_owned());
        let role = Role {
            id: call.ids.next("AROA", 17, super::Ids::UPPER),
            arn: format!("arn:aws:iam::{}:role{path}{name}", place.account),
            created: call.date(),
            max_session_seconds: request.form("MaxSessionDuration").unwrap_or_else(|| "3600".to_owned()),
            boundary,
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
            name: name.clone(),
            path,
            trust,
            description,
            tags,
        };
        let response = node("Role", role.details());
        self.roles.put(place, &name, role);
        Ok(Some(vec![response]))
    }

    fn get_role(&self, place: &Place, request: &Request) -> Outcome {
        Ok(Some(vec![node("Role", self.role(place, request)?.details())]))
    }

    fn list_roles(&self, place: &Place, request: &Request) -> Outcome {
        let prefix = request.form("PathPrefix").unwrap_or_default();
        let roles = self.roles.all(place).filter(|(_, role)| role.path.starts_with(&prefix));
        // Lists contain neither tags nor permissions boundaries.
        Ok(Some(listed(request, "Roles", roles, |role| node("member", role.outline()))))
    }

    fn delete_role(&mut self, place: &Place, request: &Request) -> Outcome {
        let role = self.role(place, request)?;
        let conflict = |message: &str| Err(ApiError::new(409, "DeleteConflict", message));
        if !role.attached.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !role.policies.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        let name = role.name.clone();
        self.roles.remove(place, &name);
        Ok(None)
    }

    fn update_role(&mut self, place: &Place, request: &Request) -> Outcome {
        let description = description(request)?;
        let role = self.role_mut(place, request)?;
        if let Some(description) = description {
            role.description = description;
        }
        if let Some(seconds) = request.form("MaxSessionDuration") {
            role.max_session_seconds = seconds;
        }
        Ok(Some(Vec::new()))
    }

    fn update_trust(&mut self, place: &Place, request: &Request) -> Outcome {
        let role = self.role_mut(place, request)?;
        role.trust = document(request, "PolicyDocument")?;
        Ok(None)
    }

    fn put_boundary(&mut self, place: &Place, request: &Request) -> Outcome {
        let arn = required(request, "PermissionsBoundary")?;
        check_boundary(&arn)?;
        self.role_mut(place, request)?.boundary = Some(arn);
        Ok(None)
    }

    fn delete_boundary(&mut self, place: &Place, request: &Request) -> Outcome {
        self.role_mut(place, request)?.boundary = None;
        Ok(None)
    }

    fn put_policy(&mut self, place: &Place, request: &Request) -> Outcome {
        let role = self.role_mut(place, request)?;
        let (name, document) = (required(request, "PolicyName")?, document(request, "PolicyDocument")?);
        let size = |document: &str| document.chars().filter(|letter| !letter.is_whitespace()).count();
        let others = role.policies.iter().filter(|(other, _)| **other != name).map(|(_, document)| size(document));
        if others.sum::<usize>() + size(&document) > MAX_POLICY_CHARACTERS {
            let message =
                format!("Maximum policy size of {MAX_POLICY_CHARACTERS} bytes exceeded for role {}", role.name);
            return Err(ApiError::new(409, "LimitExceeded", message));
        }
        role.policies.insert(name, document);
        Ok(None)
    }

    fn get_policy(&self, place: &Place, request: &Request) -> Outcome {
        let role = self.role(place, request)?;
        let name = required(request, "PolicyName")?;
        let document = role.policies.get(&name).ok_or_else(|| no_policy(&name))?;
        Ok(Some(vec![
            text("RoleName", &role.name),
            text("PolicyName", &name),
            text("PolicyDocument", encode(document)),
        ]))
    }

    fn delete_policy(&mut self, place: &Place, request: &Request) -> Outcome {
        let role = self.role_mut(place, request)?;
        let name = required(request, "PolicyName")?;
        role.policies.remove(&name).map(|_| None).ok_or_else(|| no_policy(&name))
    }

    fn list_policies(&self, place: &Place, request: &Request) -> Outcome {
        let names = self.role(place, request)?.policies.keys().map(|name| (name.as_str(), name));
        Ok(Some(listed(request, "PolicyNames", names, |name| text("member", name))))
    }

    fn attach_policy(&mut self, place: &Place, request: &Request) -> Outcome {
        let role = self.role_mut(place, request)?;
        let arn = required(request, "PolicyArn")?;
        // Customer managed policies do not exist here.
        if !arn.starts_with("arn:aws:iam::aws:policy/") {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            return Err(ApiError::new(404, "NoSuchEntity", message));
        }
        role.attached.insert(arn);
        Ok(None)
    }

    fn detach_policy(&mut self, place: &Place, request: &Request) -> Outcome {
        let role = self.role_mut(place, request)?;
        let arn = required(request, "PolicyArn")?;
        let was_attached = role.attached.remove(&arn);
        let missing = || ApiError::new(404, "NoSuchEntity", format!("Policy {arn} was not found."));
        was_attached.then_some(None).ok_or_else(missing)
    }

    fn list_attached_policies(&self, place: &Place, request: &Request) -> Outcome {
        let arns = self.role(place, request)?.attached.iter().map(|arn| (arn.as_str(), arn));
        let policy = |arn: &String| {
            let name = arn.rsplit('/').next().unwrap_or_default();
            node("member", vec![text("PolicyName", name), text("PolicyArn", arn)])
        };
        Ok(Some(listed(request, "AttachedPolicies", arns, policy)))
    }

    fn tag_role(&mut self, place: &Place, request: &Request) -> Outcome {
        let tags = parse_tags(request)?;
        add_tags(&mut self.role_mut(place, request)?.tags, tags)?;
        Ok(None)
    }

    fn untag_role(&mut self, place: &Place, request: &Request) -> Outcome {
        let role = self.role_mut(place, request)?;
        for key in members(request, |n| format!("TagKeys.member.{n}")) {
            role.tags.remove(&key.to_lowercase());
        }
        Ok(None)
    }

    fn list_tags(&self, place: &Place, request: &Request) -> Outcome {
        let tags = self.role(place, request)?.tags.iter().map(|(name, tag)| (name.as_str(), tag));
        Ok(Some(listed(request, "Tags", tags, tag)))
    }
}

impl Role {
    /// The fields of a role in lists.
    fn outline(&self) -> Vec<Element> {
        let mut outline = vec![
            text("Path", &self.path),
            text("RoleName", &self.name),
            text("RoleId", &self.id),
            text("Arn", &self.arn),
            text("CreateDate", &self.created),
            text("AssumeRolePolicyDocument", encode(&self.trust)),
        ];
        if !self.description.is_empty() {
            outline.push(text("Description", &self.description));
        }
        outline.push(text("MaxSessionDuration", &self.max_session_seconds));
        outline
    }

    fn details(&self) -> Vec<Element> {
        let mut details = self.outline();
        if let Some(arn) = &self.boundary {
            let fields = vec![text("PermissionsBoundaryType", "Policy"), text("PermissionsBoundaryArn", arn)];
            details.push(node("PermissionsBoundary", fields));
        }
        if !self.tags.is_empty() {
            details.push(node("Tags", self.tags.values().map(tag).collect()));
        }
        details
    }
}

fn tag((key, value): &(String, String)) -> Element {
    node("member", vec![text("Key", key), text("Value", value)])
}

/// A page of a list that is sorted by name, from the marker on.
fn listed<'a, T: 'a>(
    request: &Request,
    list: &str,
    all: impl Iterator<Item = (&'a str, T)>,
    member: impl Fn(T) -> Element,
) -> Vec<Element> {
    let marker = request.form("Marker").unwrap_or_default();
    let from = all.skip_while(|(name, _)| *name < marker.as_str());
    let requested = request.form("MaxItems");
    // The default is 100, the maximum 1,000.
    let page = Page::of(from, requested.as_deref().or(Some("100")), 1_000);
    let truncated = page.is_truncated();
    let next = page.next.map(|(name, _)| text("Marker", name));
    let members = page.items.into_iter().map(|(_, item)| member(item)).collect();
    [node(list, members), truncated].into_iter().chain(next).collect()
}

fn no_role(name: &str) -> ApiError {
    ApiError::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found."))
}

fn no_policy(name: &str) -> ApiError {
    ApiError::new(404, "NoSuchEntity", format!("The role policy with name {name} cannot be found."))
}

fn is_name_character(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter)
}

fn add_tags(to: &mut Tags, tags: Vec<(String, String)>) -> Result<(), ApiError> {
    let count = tags.len();
    let new: Tags = tags.into_iter().map(|(key, value)| (key.to_lowercase(), (key, value))).collect();
    if new.len() < count {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(ApiError::new(400, "InvalidInput", message));
    }
    if to.len() + new.keys().filter(|key| !to.contains_key(*key)).count() > MAX_TAGS {
        return Err(ApiError::new(409, "LimitExceeded", "The number of tags has reached the maximum limit."));
    }
    to.extend(new);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{Service, error_of};

    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}"#;

    fn ask(service: &Service, action: &str, role: &str, fields: &[(&str, &str)]) -> Response {
        let mut form = vec![("Action", action), ("Version", "2010-05-08"), ("RoleName", role)];
        form.extend_from_slice(fields);
        service.form(&form)
    }

    fn create(service: &Service, role: &str) {
        let fields =
            [("AssumeRolePolicyDocument", TRUST), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "web")];
        let created = ask(service, "CreateRole", role, &fields);
        let created = created.as_xml();
        let created = created.at(&["CreateRoleResult", "Role"]).unwrap();
        assert_eq!(created.text_at(&["Arn"]), format!("arn:aws:iam::123456789012:role/{role}"));
        assert_eq!(crate::message::decode(created.text_at(&["AssumeRolePolicyDocument"])), TRUST);
    }

    #[test]
    fn a_role_is_created_once_and_deleted_when_it_has_no_policies() {
        let service = Service::new("iam");
        assert_eq!(error_of(&ask(&service, "GetRole", "r", &[])).0, "NoSuchEntity");
        create(&service, "r");
        let again = ask(&service, "CreateRole", "r", &[("AssumeRolePolicyDocument", TRUST)]);
        assert_eq!((again.status.as_u16(), error_of(&again).0.as_str()), (409, "EntityAlreadyExists"));
        let policy = [("PolicyName", "p"), ("PolicyDocument", TRUST)];
        assert!(ask(&service, "PutRolePolicy", "r", &policy).status.is_success());
        let managed = [("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")];
        assert!(ask(&service, "AttachRolePolicy", "r", &managed).status.is_success());
        assert_eq!(error_of(&ask(&service, "DeleteRole", "r", &[])).0, "DeleteConflict");
        let attached = ask(&service, "ListAttachedRolePolicies", "r", &[]).as_xml();
        let attached = attached.items_at(&["ListAttachedRolePoliciesResult", "AttachedPolicies"]);
        assert_eq!(attached[0].text_at(&["PolicyName"]), "ReadOnlyAccess");
        assert!(ask(&service, "DetachRolePolicy", "r", &managed).status.is_success());
        assert_eq!(error_of(&ask(&service, "DetachRolePolicy", "r", &managed)).0, "NoSuchEntity");
        assert_eq!(error_of(&ask(&service, "DeleteRole", "r", &[])).0, "DeleteConflict");
        assert!(ask(&service, "DeleteRolePolicy", "r", &policy).status.is_success());
        assert_eq!(error_of(&ask(&service, "DeleteRolePolicy", "r", &policy)).0, "NoSuchEntity");
        assert!(ask(&service, "DeleteRole", "r", &[]).status.is_success());
        assert_eq!(error_of(&ask(&service, "DeleteRole", "r", &[])).0, "NoSuchEntity");
    }

    #[test]
    fn policies_are_stored_as_sent() {
        let service = Service::new("iam");
        create(&service, "r");
        let document = r#"{"Statement": [ {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a b/*"} ]}"#;
        let policy = [("PolicyName", "p"), ("PolicyDocument", document)];
        assert!(ask(&service, "PutRolePolicy", "r", &policy).status.is_success());
        let found = ask(&service, "GetRolePolicy", "r", &[("PolicyName", "p")]).as_xml();
        assert_eq!(crate::message::decode(found.text_at(&["GetRolePolicyResult", "PolicyDocument"])), document);
        assert_eq!(error_of(&ask(&service, "GetRolePolicy", "r", &[("PolicyName", "q")])).0, "NoSuchEntity");
        let wrong = [("PolicyName", "p"), ("PolicyDocument", "{")];
        assert_eq!(error_of(&ask(&service, "PutRolePolicy", "r", &wrong)).0, "MalformedPolicyDocument");
        let long = document.replace("s3:*", &"s".repeat(MAX_POLICY_CHARACTERS));
        let long = [("PolicyName", "q"), ("PolicyDocument", long.as_str())];
        assert_eq!(error_of(&ask(&service, "PutRolePolicy", "r", &long)).0, "LimitExceeded");
        let names = ask(&service, "ListRolePolicies", "r", &[]).as_xml();
        assert_eq!(names.items_at(&["ListRolePoliciesResult", "PolicyNames"])[0].text, "p");
        let trust = TRUST.replace("Allow", "Deny");
        assert!(ask(&service, "UpdateAssumeRolePolicy", "r", &[("PolicyDocument", &trust)]).status.is_success());
        let found = ask(&service, "GetRole", "r", &[]).as_xml();
        let found = found.text_at(&["GetRoleResult", "Role", "AssumeRolePolicyDocument"]);
        assert_eq!(crate::message::decode(found), trust);
    }

    #[test]
    fn tag_keys_are_case_insensitive() {
        let service = Service::new("iam");
        create(&service, "r");
        let tag = |key: &str, value: &str| {
            ask(&service, "TagRole", "r", &[("Tags.member.1.Key", key), ("Tags.member.1.Value", value)])
        };
        assert!(tag("team", "ops").status.is_success());
        let tags = ask(&service, "ListRoleTags", "r", &[]).as_xml();
        let tags = tags.items_at(&["ListRoleTagsResult", "Tags"]);
        assert_eq!((tags.len(), tags[0].text_at(&["Key"]), tags[0].text_at(&["Value"])), (1, "team", "ops"));
        assert_eq!(error_of(&tag("a", "#")).0, "ValidationError");
        assert_eq!(error_of(&tag("aws:a", "")).0, "InvalidInput");
        let twice = [("Tags.member.1.Key", "a"), ("Tags.member.2.Key", "A")];
        assert_eq!(error_of(&ask(&service, "TagRole", "r", &twice)).0, "InvalidInput");
        assert!(ask(&service, "UntagRole", "r", &[("TagKeys.member.1", "TEAM")]).status.is_success());
        let role = ask(&service, "GetRole", "r", &[]).as_xml();
        assert_eq!(role.at(&["GetRoleResult", "Role", "Tags"]), None);
        for n in 0..MAX_TAGS {
            assert!(tag(&n.to_string(), "").status.is_success());
        }
        assert_eq!(error_of(&tag("one too many", "")).0, "LimitExceeded");
    }

    #[test]
    fn roles_are_listed_in_pages() {
        let service = Service::new("iam");
        for role in ["a", "b", "c"] {
            create(&service, role);
        }
        let page = |marker: &[(&str, &str)]| {
            let mut fields = vec![("MaxItems", "2")];
            fields.extend_from_slice(marker);
            ask(&service, "ListRoles", "", &fields).as_xml().child("ListRolesResult").unwrap().clone()
        };
        let first = page(&[]);
        assert_eq!((first.items_at(&["Roles"]).len(), first.text_at(&["IsTruncated"])), (2, "true"));
        assert_eq!(first.items_at(&["Roles"])[0].child("Tags"), None);
        let second = page(&[("Marker", first.text_at(&["Marker"]))]);
        assert_eq!(second.items_at(&["Roles"])[0].text_at(&["RoleName"]), "c");
        assert_eq!(second.text_at(&["IsTruncated"]), "false");
        assert_eq!(
            error_of(&ask(&service, "CreateRole", "a b", &[("AssumeRolePolicyDocument", TRUST)])).0,
            "ValidationError"
        );
        assert_eq!(error_of(&ask(&service, "CreateUser", "", &[])).0, "NotImplemented");
    }
}
