//! An inventory of an account, as AWS's API reports it: what tests compare, and what is empty at the end.

mod apigateway;
mod cloudfront;
mod route53;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::message::encode;
use crate::proxy::{Proxy, inspect};
use crate::rules;
use crate::upstream::{Lookup, Place};
use crate::xml::Element;

/// All objects of an account by region, service, kind and id: `us-west-2/lambda/function/ipgiraffe`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Inventory {
    /// The objects, with everything that AWS reports about them.
    pub objects: BTreeMap<String, Value>,
    /// Readable names of ids: `8f3a21bc` is `api(ipgiraffe)`.
    #[serde(skip)]
    labels: BTreeMap<String, String>,
}

/// Fields that differ between two identical runs.
const VOLATILE: &[&str] = &[
    "apiEndpoint",
    "CallerReference",
    "CreateDate",
    "CreatedAt",
    "createdDate",
    "creationTime",
    "ETag",
    "HealthCheckVersion",
    "IssuedAt",
    "LastModified",
    "LastModifiedTime",
    "lastUpdatedDate",
    "Location",
    "multiregion:heartbeat",
    "multiregion:owner-id",
    "multiregion:run",
    "NotAfter",
    "NotBefore",
    "RevisionId",
    "RoleId",
];

impl Inventory {
    /// Whether the account holds nothing.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<&str> {
        self.objects.keys().map(String::as_str).collect()
    }

    /// The inventory with names instead of AWS-assigned ids, and without times, so that identical runs have equal
    /// inventories. Two objects of the same name stay two entries.
    pub fn normalized(&self) -> Self {
        let mut ids: Vec<(&String, &String)> = self.labels.iter().collect();
        // Longest first: an id may be part of a longer one.
        ids.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        let rename = |text: &str| {
            let possible = ids.iter().filter(|(id, _)| id.len() <= text.len());
            possible.fold(text.to_owned(), |text, (id, label)| {
                if text.contains(id.as_str()) { text.replace(id.as_str(), label) } else { text }
            })
        };
        let mut objects = BTreeMap::new();
        for (key, value) in &self.objects {
            let name = rename(key);
            let free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name} #{n}") });
            let mut free = free.skip_while(|name| objects.contains_key(name));
            objects.insert(free.next().unwrap_or_default(), normalize(value, &rename));
        }
        Self { objects, labels: BTreeMap::new() }
    }

    /// Reads everything.
    pub(crate) async fn collect(proxy: &Proxy, account: &str) -> Result<Self, Error> {
        let mut collector = Collector { proxy, inventory: Self::default() };
        let global = Place { account: account.to_owned(), region: "us-east-1".to_owned() };
        let places: BTreeSet<Place> = proxy.places.lock().map(|places| places.clone()).unwrap_or_default();
        collector.roles(&global).await?;
        collector.zones(&global).await?;
        collector.health_checks(&global).await?;
        collector.cidr_collections(&global).await?;
        collector.cloudfront_policies(&global).await?;
        collector.distributions(&global).await?;
        collector.continuous_deployment_policies(&global).await?;
        collector.viewer_functions(&global).await?;
        collector.key_value_stores(&global).await?;
        for place in places.iter().filter(|place| place.account == account) {
            collector.log_groups(place).await?;
            collector.functions(place).await?;
            collector.certificates(place).await?;
            collector.apis(place).await?;
            collector.domains(place).await?;
            collector.rest_apis(place).await?;
            collector.keys_and_plans(place).await?;
            collector.web_acls(place).await?;
        }
        Ok(collector.inventory)
    }
}

fn normalize(value: &Value, rename: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => rename(text).into(),
        Value::Array(items) => items.iter().map(|item| normalize(item, rename)).collect(),
        Value::Object(fields) => {
            let stable = fields.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str()));
            Value::Object(stable.map(|(name, value)| (rename(name), normalize(value, rename))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

struct Collector<'a> {
    proxy: &'a Proxy,
    inventory: Inventory,
}

impl Collector<'_> {
    fn add(&mut self, key: String, value: Value) {
        let tag = |name: &str| value["tags"][name].as_str().unwrap_or_default().to_owned();
        self.label(&tag("multiregion:owner-id"), "owner_id", &tag("multiregion:owner"));
        self.inventory.objects.insert(key, value);
    }

    fn label(&mut self, id: &str, kind: &str, name: &str) {
        if !id.is_empty() {
            self.inventory.labels.insert(id.to_owned(), format!("{kind}({name})"));
        }
    }

    /// A response as JSON; null when the object does not exist.
    async fn json(&self, place: &Place, service: &str, lookup: Lookup<'_>) -> Result<Value, Error> {
        let response = inspect(self.proxy, place, service, lookup).await;
        match response.status.as_u16() {
            200..300 => Ok(response.as_json()),
            500.. => Err(Error::Upstream(format!("{service}: {}", String::from_utf8_lossy(&response.body)))),
            _ => Ok(Value::Null),
        }
    }

    /// A response as XML; an empty element when the object does not exist.
    async fn xml(&self, place: &Place, service: &str, lookup: Lookup<'_>) -> Result<Element, Error> {
        let response = inspect(self.proxy, place, service, lookup).await;
        match response.status.as_u16() {
            200..300 => Ok(response.as_xml()),
            500.. => Err(Error::Upstream(format!("{service}: {}", String::from_utf8_lossy(&response.body)))),
            _ => Ok(Element::default()),
        }
    }

    async fn iam(&self, place: &Place, action: &str, fields: &[(&str, &str)]) -> Result<Element, Error> {
        let mut form = vec![("Action", action), ("Version", "2010-05-08")];
        form.extend_from_slice(fields);
        let response = self.xml(place, "iam", Lookup::Form(&form)).await?;
        Ok(response.child(&format!("{action}Result")).cloned().unwrap_or_default())
    }

    async fn roles(&mut self, place: &Place) -> Result<(), Error> {
        let roles = self.iam(place, "ListRoles", &[("MaxItems", "1000")]).await?;
        for role in roles.items_at(&["Roles"]) {
            let name = role.text_at(&["RoleName"]);
            let field = ("RoleName", name);
            let mut policies = BTreeMap::new();
            for policy in self.iam(place, "ListRolePolicies", &[field]).await?.items_at(&["PolicyNames"]) {
                let found = self.iam(place, "GetRolePolicy", &[field, ("PolicyName", &policy.text)]).await?;
                policies.insert(policy.text.clone(), crate::message::decode(found.text_at(&["PolicyDocument"])));
            }
            let attached = self.iam(place, "ListAttachedRolePolicies", &[field]).await?;
            let tags = self.iam(place, "ListRoleTags", &[field]).await?;
            let mut role = role.clone();
            // AWS leaves tags out of lists; ministack does not.
            role.children.retain(|child| child.name != "Tags");
            let details = json!({
                "role": to_json(&role),
                "policies": policies,
                "attached": attached.at(&["AttachedPolicies"]).map(to_json),
                "tags": xml_tags(tags.items_at(&["Tags"])),
            });
            self.add(format!("global/iam/role/{name}"), details);
        }
        Ok(())
    }

    async fn zones(&mut self, place: &Place) -> Result<(), Error> {
        let zones = self.xml(place, "route53", Lookup::Get("/2013-04-01/hostedzone")).await?;
        for zone in zones.items_at(&["HostedZones"]) {
            let (id, name) = (zone.text_at(&["Id"]).trim_start_matches("/hostedzone/"), zone.text_at(&["Name"]));
            self.label(id, "zone", name);
            let tags = self.xml(place, "route53", Lookup::Get(&format!("/2013-04-01/tags/hostedzone/{id}"))).await?;
            let details = json!({
                "name": name,
                "config": zone.at(&["Config"]).map(to_json),
                "tags": xml_tags(tags.items_at(&["ResourceTagSet", "Tags"])),
            });
            self.add(format!("global/route53/zone/{id}"), details);
            for record in crate::dns::records(&self.proxy.upstream, place, id).await? {
                // Every zone has these two records from the start, and they cannot be deleted.
                if record.name == name && matches!(record.kind.as_str(), "NS" | "SOA") {
                    continue;
                }
                let set = record.set.as_ref().map(|set| format!("/{set}")).unwrap_or_default();
                let key = format!("global/route53/record/{id}/{}/{}{set}", record.name, record.kind);
                self.add(key, json!(record));
            }
        }
        Ok(())
    }

    async fn log_groups(&mut self, place: &Place) -> Result<(), Error> {
        let all =
            self.json(place, "logs", Lookup::Target("Logs_20140328.DescribeLogGroups", &json!({"limit": 50}))).await?;
        for group in items(&all, "logGroups") {
            let name = text(group, "logGroupName");
            let arn = format!("arn:aws:logs:{}:{}:log-group:{name}", place.region, place.account);
            let body = json!({ "resourceArn": arn });
            let tags = self.json(place, "logs", Lookup::Target("Logs_20140328.ListTagsForResource", &body)).await?;
            let details = json!({"name": name, "retention_days": group["retentionInDays"], "tags": tags["tags"]});
            self.add(format!("{}/logs/log_group/{name}", place.region), details);
        }
        Ok(())
    }

    async fn functions(&mut self, place: &Place) -> Result<(), Error> {
        let all = self.json(place, "lambda", Lookup::Get("/2015-03-31/functions")).await?;
        for function in items(&all, "Functions") {
            let name = text(function, "FunctionName");
            // The name of a Lambda@Edge function ends with a digest of its owner, whose id is random.
            if let Some((api, digest)) = name.rsplit_once("_edge_") {
                self.label(digest, "edge_function", api);
            }
            let at = |date: &str, rest: &str| format!("/{date}/functions/{}{rest}", encode(name));
            let versions = self.json(place, "lambda", Lookup::Get(&at("2015-03-31", "/versions"))).await?;
            let aliases = self.json(place, "lambda", Lookup::Get(&at("2015-03-31", "/aliases"))).await?;
            let policy = self.json(place, "lambda", Lookup::Get(&at("2015-03-31", "/policy"))).await?;
            let concurrency = self.json(place, "lambda", Lookup::Get(&at("2019-09-30", "/concurrency"))).await?;
            let details = self.json(place, "lambda", Lookup::Get(&at("2015-03-31", ""))).await?;
            let key = format!("{}/lambda/function/{name}", place.region);
            for alias in items(&aliases, "Aliases") {
                let mut policy_of_alias = Value::Null;
                let qualifier = format!("Qualifier={}", encode(text(alias, "Name")));
                let path = at("2019-09-30", &format!("/provisioned-concurrency?{qualifier}"));
                let provisioned = self.json(place, "lambda", Lookup::Get(&path)).await?;
                let path = at("2015-03-31", &format!("/policy?{qualifier}"));
                if let Some(policy) = self.json(place, "lambda", Lookup::Get(&path)).await?["Policy"].as_str() {
                    policy_of_alias = serde_json::from_str(policy).unwrap_or_default();
                }
                self.add(
                    format!("{key}/alias/{}", text(alias, "Name")),
                    json!({
                        "alias": alias,
                        "policy": policy_of_alias,
                        "provisioned_concurrency": provisioned["RequestedProvisionedConcurrentExecutions"],
                    }),
                );
            }
            for version in items(&versions, "Versions").filter(|version| version["Version"] != "$LATEST") {
                self.add(format!("{key}/version/{}", text(version, "Version")), version.clone());
            }
            let policy: Value = serde_json::from_str(text(&policy, "Policy")).unwrap_or_default();
            let details = json!({
                "configuration": details["Configuration"],
                "tags": details["Tags"],
                "policy": policy,
                "concurrency": concurrency["ReservedConcurrentExecutions"],
            });
            self.add(key, details);
        }
        Ok(())
    }

    async fn certificates(&mut self, place: &Place) -> Result<(), Error> {
        // Without a filter, ACM lists only certificates with RSA keys of up to 2,048 bits.
        let request = json!({ "Includes": { "keyTypes": ["RSA_1024", "RSA_2048", "EC_prime256v1", "EC_secp384r1"] } });
        let all = self.json(place, "acm", Lookup::Target("CertificateManager.ListCertificates", &request)).await?;
        for summary in items(&all, "CertificateSummaryList") {
            let arn = text(summary, "CertificateArn");
            let id = arn.rsplit('/').next().unwrap_or_default();
            self.label(id, "certificate", text(summary, "DomainName"));
            let body = json!({ "CertificateArn": arn });
            let mut details =
                self.json(place, "acm", Lookup::Target("CertificateManager.DescribeCertificate", &body)).await?;
            let tags =
                self.json(place, "acm", Lookup::Target("CertificateManager.ListTagsForCertificate", &body)).await?;
            let mut certificate = details["Certificate"].take();
            rules::apply_certificate_request(self.proxy, &mut certificate);
            let details = json!({"certificate": certificate, "tags": json_tags(&tags["Tags"])});
            self.add(format!("{}/acm/certificate/{id}", place.region), details);
        }
        Ok(())
    }
}

fn items<'a>(response: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    response[name].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Tags as an object, whatever their form in the response.
fn json_tags(tags: &Value) -> Value {
    let tags = tags.as_array().into_iter().flatten();
    Value::Object(tags.map(|tag| (text(tag, "Key").to_owned(), tag["Value"].clone())).collect())
}

fn xml_tags(tags: &[Element]) -> Value {
    Value::Object(tags.iter().map(|tag| (tag.text_at(&["Key"]).to_owned(), tag.text_at(&["Value"]).into())).collect())
}

/// An element as JSON: its text, an object of its children, or lists of repeated children.
fn to_json(element: &Element) -> Value {
    if element.children.is_empty() {
        return element.text.as_str().into();
    }
    let mut fields = Map::new();
    for child in &element.children {
        let value = to_json(child);
        match fields.get_mut(&child.name) {
            None => {
                fields.insert(child.name.clone(), value);
            }
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    Value::Object(fields)
}
