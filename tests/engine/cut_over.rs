//! A cut-over by hand: another tool put its own object in the place of ours. It survives, and the rest of ours does not.

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
/// How another tool marks what it owns.
const MARK: (&str, &str) = ("team", "platform");

/// An API with an object of another tool in its midst.
struct CutOver {
    world: World,
    api: Subject,
    config: Value,
    /// What the other tool owns now, by its key in the inventory.
    theirs: BTreeMap<String, Json>,
    /// The name by which a warning tells the new owner.
    owner: String,
}

/// What another tool replaces.
#[derive(Debug, Clone, Copy)]
enum What {
    /// The function of one region, by one of the same name.
    Function,
    /// The target of the public name, by another distribution.
    Record,
}

impl CutOver {
    async fn of(what: What) -> Self {
        let world = World::start().await;
        let (zone, mut api, config) = everything(&world).await;
        world.apply(&mut api, &config).await;
        world.wait();
        let (parts, owner) = match what {
            What::Function => {
                replace_function(&world, &api).await;
                (vec![format!("{REGION}/lambda/function/{OWNER}")], MARK.1.to_owned())
            }
            What::Record => {
                let (id, host) = distribution(&world, &api).await;
                move_record(&world, &zone.text("id"), &host).await;
                let record = format!("global/route53/record/{}/api.drift.example.", zone.text("id"));
                (vec![format!("global/cloudfront/distribution/{id}"), record], host)
            }
        };
        let held = world.inventory().await.objects;
        let theirs = held.into_iter().filter(|(key, _)| parts.iter().any(|part| key.starts_with(part))).collect();
        Self { world, api, config, theirs, owner }
    }

    /// What the other tool owns is as it was.
    async fn survives(&self, after: &str) {
        let held = self.world.inventory().await.objects;
        for (key, theirs) in &self.theirs {
            assert_eq!(held.get(key), Some(theirs), "{key} after {after}");
        }
    }

    /// A refresh warns; a plan or an apply for the same configuration changes nothing of theirs.
    async fn is_drift(&mut self) {
        let provider = self.world.provider();
        let (state, told) = provider.read(self.api.resource, self.api.state.clone()).await;
        assert!(!told.iter().any(Diagnostic::is_error), "{told:#?}");
        assert!(
            told.iter().any(|told| told.detail.contains(&self.owner)),
            "no warning names {}: {told:#?}",
            self.owner
        );
        self.api.state = state;
        let (planned, told) = provider.plan(self.api.resource, self.api.state.clone(), self.config.clone()).await;
        self.survives("a plan").await;
        if !told.iter().any(Diagnostic::is_error) {
            let prior = self.api.state.value.clone();
            let applied = provider.apply(self.api.resource, prior, planned.state, self.config.clone()).await;
            self.api.state = applied.0;
            self.survives("an apply").await;
        }
    }

    async fn destroy(&mut self) {
        let (resource, provider) = (self.api.resource, self.world.provider());
        let (planned, told) = provider.plan(resource, self.api.state.clone(), Value::Null).await;
        assert!(!told.iter().any(Diagnostic::is_error), "{told:#?}");
        let prior = self.api.state.value.clone();
        let (state, told) = provider.apply(resource, prior, planned.state, Value::Null).await;
        assert!(!told.iter().any(Diagnostic::is_error), "{told:#?}");
        assert_eq!(state, State { value: Value::Null, private: Vec::new() });
        self.survives("the destroy").await;
        let held = self.world.inventory().await.objects;
        let is_ours = |key: &&String| !self.theirs.contains_key(*key) && !key.contains("/zone");
        let left: Vec<_> = held.keys().filter(is_ours).collect();
        assert!(left.is_empty(), "ours: {left:?}");
    }
}

/// Another tool's function; its code is of no interest.
pub(super) async fn create_function(aws: &Regional, name: &str, role: &str) {
    let code = FunctionCode::builder().zip_file(Blob::new(b"another code".as_slice())).build();
    let request = aws.lambda().create_function().function_name(name).role(role).code(code);
    let request = request.runtime("python3.12".into()).handler("other.handler").tags(MARK.0, MARK.1);
    request.send().await.expect("the function is created");
}

async fn replace_function(world: &World, api: &Subject) {
    let role: Address = "global/role".parse().expect("an address");
    let role = api.ledger().entries[&role].outputs["arn"].as_str().expect("an ARN").to_owned();
    let hand = world.by_hand(REGION);
    hand.lambda().delete_function().function_name(OWNER).send().await.expect("the function is deleted");
    create_function(&hand, OWNER, &role).await;
}

/// A distribution of another tool that answers as ours does: its id and its host.
async fn distribution(world: &World, api: &Subject) -> (String, String) {
    let ours: Address = "global/distribution".parse().expect("an address");
    let ours = api.ledger().entries[&ours].outputs["id"].as_str().expect("an id").to_owned();
    let cloudfront = world.by_hand(REGION).cloudfront();
    let held = cloudfront.get_distribution_config().id(ours).send().await.expect("our configuration");
    let mut config = held.distribution_config.expect("a configuration");
    config.caller_reference = "another tool".to_owned();
    (config.aliases, config.viewer_certificate) = (None, None);
    let made = cloudfront.create_distribution().distribution_config(config).send().await.expect("it is created");
    let made = made.distribution.expect("a distribution");
    (made.id, made.domain_name)
}

/// Leads the public name to this host.
async fn move_record(world: &World, zone_id: &str, host: &str) {
    let changes = [RrType::A, RrType::Aaaa].map(|kind| {
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
    let mut cut_over = CutOver::of(What::Function).await;
    cut_over.is_drift().await;
    cut_over.destroy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_another_tool_survives_a_destroy_without_refresh() {
    CutOver::of(What::Function).await.destroy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_another_distribution_survives_refresh_apply_and_destroy() {
    let mut cut_over = CutOver::of(What::Record).await;
    cut_over.is_drift().await;
    cut_over.destroy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_another_distribution_survives_a_destroy_without_refresh() {
    CutOver::of(What::Record).await.destroy().await;
}

/// A configuration without the region wants nothing of the function there.
#[tokio::test(flavor = "multi_thread")]
async fn a_region_whose_function_was_replaced_can_be_removed() {
    let mut cut_over = CutOver::of(What::Function).await;
    cut_over.is_drift().await;
    let mut without = cut_over.config.clone();
    if let Value::Map(attributes) = &mut without
        && let Some(Value::Map(regions)) = attributes.get_mut("regions")
    {
        regions.remove(REGION).expect("the region is configured");
    }
    cut_over.world.change(&mut cut_over.api, &without).await;
    cut_over.survives("the region is removed").await;
    cut_over.destroy().await;
}
