//! Another tool replaces one of our objects with its own. Its object survives an update and a destroy; all of ours are
//! deleted by the destroy.

use std::collections::BTreeMap;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::FunctionCode;
use aws_sdk_route53::types::{AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType};
use multiregion::aws::Regional;
use multiregion::desired::Address;
use multiregion::lifecycle::State;
use multiregion::wire::{Diagnostic, Value};
use serde_json::Value as Json;

use super::drift::{OWNER, everything};
use super::world::{Subject, World};

/// A region of the API.
const REGION: &str = "us-east-1";
/// The hosted zone of every distribution.
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";
/// The tag of the other tool's objects.
const THEIR_TAG: (&str, &str) = ("team", "platform");

/// An API of which another tool has replaced one object.
struct Replaced {
    world: World,
    api: Subject,
    config: Value,
    /// The other tool's objects, by their keys in the inventory.
    theirs: BTreeMap<String, Json>,
    /// The text by which a warning names the new owner.
    owner: String,
}

/// The object that the other tool replaces.
#[derive(Debug, Clone, Copy)]
enum Object {
    /// The function of one region, with one of the same name.
    Function,
    /// The target of the public domain name, with another distribution.
    Record,
}

impl Replaced {
    async fn new(object: Object) -> Self {
        let world = World::start().await;
        let (zone, mut api, config) = everything(&world).await;
        world.apply(&mut api, &config).await;
        world.wait();
        let (parts, owner) = match object {
            Object::Function => {
                replace_function(&world, &api).await;
                (vec![format!("{REGION}/lambda/function/{OWNER}")], THEIR_TAG.1.to_owned())
            }
            Object::Record => {
                let (id, host) = copy_distribution(&world, &api).await;
                move_record(&world, &zone.text("id"), &host).await;
                let record = format!("global/route53/record/{}/api.drift.example.", zone.text("id"));
                (vec![format!("global/cloudfront/distribution/{id}"), record], host)
            }
        };
        let held = world.inventory().await.objects;
        let theirs = held.into_iter().filter(|(key, _)| parts.iter().any(|part| key.starts_with(part))).collect();
        Self { world, api, config, theirs, owner }
    }

    /// Checks that the other tool's objects are unchanged.
    async fn assert_unchanged(&self, after: &str) {
        let held = self.world.inventory().await.objects;
        for (key, theirs) in &self.theirs {
            assert_eq!(held.get(key), Some(theirs), "{key} after {after}");
        }
    }

    /// Checks that a refresh warns, and that a plan and an apply of the same configuration leave the other tool's
    /// objects unchanged.
    async fn assert_reported_as_drift(&mut self) {
        let provider = self.world.provider();
        let (state, diagnostics) = provider.read(self.api.resource, self.api.state.clone()).await;
        assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:#?}");
        assert!(
            diagnostics.iter().any(|one| one.detail.contains(&self.owner)),
            "no warning names {}: {diagnostics:#?}",
            self.owner
        );
        self.api.state = state;
        let (planned, diagnostics) =
            provider.plan(self.api.resource, self.api.state.clone(), self.config.clone()).await;
        self.assert_unchanged("a plan").await;
        if !diagnostics.iter().any(Diagnostic::is_error) {
            let prior = self.api.state.value.clone();
            let applied = provider.apply(self.api.resource, prior, planned.state, self.config.clone()).await;
            self.api.state = applied.0;
            self.assert_unchanged("an apply").await;
        }
    }

    async fn destroy(&mut self) {
        let (resource, provider) = (self.api.resource, self.world.provider());
        let (planned, diagnostics) = provider.plan(resource, self.api.state.clone(), Value::Null).await;
        assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:#?}");
        let prior = self.api.state.value.clone();
        let (state, diagnostics) = provider.apply(resource, prior, planned.state, Value::Null).await;
        assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:#?}");
        assert_eq!(state, State { value: Value::Null, private: Vec::new() });
        self.assert_unchanged("the destroy").await;
        let held = self.world.inventory().await.objects;
        let is_ours = |key: &&String| !self.theirs.contains_key(*key) && !key.contains("/zone");
        let left: Vec<_> = held.keys().filter(is_ours).collect();
        assert!(left.is_empty(), "objects of ours are left: {left:?}");
    }
}

/// Creates another tool's function.
pub(super) async fn create_function(aws: &Regional, name: &str, role: &str) {
    let code = FunctionCode::builder().zip_file(Blob::new(b"another code".as_slice())).build();
    let request = aws.lambda().create_function().function_name(name).role(role).code(code);
    let request = request.runtime("python3.12".into()).handler("other.handler").tags(THEIR_TAG.0, THEIR_TAG.1);
    request.send().await.expect("the function is created");
}

async fn replace_function(world: &World, api: &Subject) {
    let role: Address = "global/role".parse().expect("an address");
    let role = api.ledger().entries[&role].outputs["arn"].as_str().expect("an ARN").to_owned();
    let hand = world.by_hand(REGION);
    hand.lambda().delete_function().function_name(OWNER).send().await.expect("the function is deleted");
    create_function(&hand, OWNER, &role).await;
}

/// Creates another tool's distribution with the settings of ours; returns its id and its host.
async fn copy_distribution(world: &World, api: &Subject) -> (String, String) {
    let ours: Address = "global/distribution".parse().expect("an address");
    let ours = api.ledger().entries[&ours].outputs["id"].as_str().expect("an id").to_owned();
    let cloudfront = world.by_hand(REGION).cloudfront();
    let held = cloudfront.get_distribution_config().id(ours).send().await.expect("our distribution is read");
    let mut config = held.distribution_config.expect("a configuration");
    config.caller_reference = "another tool".to_owned();
    (config.aliases, config.viewer_certificate) = (None, None);
    let created = cloudfront.create_distribution().distribution_config(config).send().await.expect("it is created");
    let created = created.distribution.expect("a distribution");
    (created.id, created.domain_name)
}

/// Points the public domain name to `host`.
async fn move_record(world: &World, zone_id: &str, host: &str) {
    let changes = [RrType::A, RrType::Aaaa, RrType::Https].map(|kind| {
        let alias = AliasTarget::builder().hosted_zone_id(CLOUDFRONT_ZONE).dns_name(host).evaluate_target_health(false);
        let set = ResourceRecordSet::builder().name("api.drift.example").r#type(kind);
        let set = set.alias_target(alias.build().expect("a target")).build().expect("a record set");
        Change::builder().action(ChangeAction::Upsert).resource_record_set(set).build().expect("a change")
    });
    let batch = ChangeBatch::builder().set_changes(Some(changes.into())).build().expect("a batch");
    let change = world.by_hand(REGION).route53().change_resource_record_sets();
    change.hosted_zone_id(zone_id).change_batch(batch).send().await.expect("the record is moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_another_tool_survives_refresh_apply_and_destroy() {
    let mut replaced = Replaced::new(Object::Function).await;
    replaced.assert_reported_as_drift().await;
    replaced.destroy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_another_tool_survives_a_destroy_without_refresh() {
    Replaced::new(Object::Function).await.destroy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_another_distribution_survives_refresh_apply_and_destroy() {
    let mut replaced = Replaced::new(Object::Record).await;
    replaced.assert_reported_as_drift().await;
    replaced.destroy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_another_distribution_survives_a_destroy_without_refresh() {
    Replaced::new(Object::Record).await.destroy().await;
}

/// A plan that removes the region does not need the function there.
#[tokio::test(flavor = "multi_thread")]
async fn a_region_whose_function_was_replaced_can_be_removed() {
    let mut replaced = Replaced::new(Object::Function).await;
    replaced.assert_reported_as_drift().await;
    let mut without = replaced.config.clone();
    if let Value::Map(attributes) = &mut without
        && let Some(Value::Map(regions)) = attributes.get_mut("regions")
    {
        regions.remove(REGION).expect("the region is configured");
    }
    replaced.world.change(&mut replaced.api, &without).await;
    replaced.assert_unchanged("the removal of the region").await;
    replaced.destroy().await;
}
