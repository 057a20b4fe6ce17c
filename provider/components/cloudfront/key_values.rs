//! The routing table of a distribution: the keys and values of its key value store.

mod distance;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudfrontkeyvaluestore::types::{DeleteKeyRequestListItem, PutKeyRequestListItem};
use serde::{Deserialize, Serialize};

use super::key_value_store::KeyValueStore;
use crate::aws::{CONSISTENCY_WINDOW, CallError, Regional};
use crate::components::support::answer::{build_part, ignore_missing, none_if_missing};
use crate::components::{Component, Deviations, Discovered, Found, Place, Problem, Resolved, Siblings};
use crate::desired::{Gated, Input, Kind, KindMeta};

/// The kind `key_values`.
#[derive(Debug)]
pub struct KeyValues;

/// The desired routing table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The ARN of the key value store.
    pub store_arn: Input<String>,
    /// How a region is chosen for each request.
    pub steering: Steering,
    /// The regions that receive traffic. A region is left out until its API answers and the distribution has it as an origin.
    pub regions: BTreeMap<String, Gated<Route>>,
    /// The statuses on which CloudFront repeats a request that only reads in the next region.
    pub failover_status_codes: Vec<i32>,
    /// The drain period in seconds, at most [`PROPAGATION`]: how long edge locations may use the previous table.
    #[serde(default)]
    pub drain_seconds: u64,
    /// Keys that the provider did not write.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
}

/// How a region is chosen for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steering {
    /// The region that is nearest to the edge location.
    Edge,
    /// The region of the client's country.
    Country,
    /// A region in proportion to its weight.
    Weight,
    /// The first region of the table.
    Order,
}

/// A region of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Whether it comes first: the others follow by name. With [`Steering::Country`], the region of all other clients.
    pub primary: bool,
    /// Its share of the requests.
    pub weight: Input<i64>,
    /// The countries of its clients.
    pub countries: BTreeSet<String>,
}

/// What identifies a routing table in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The ARN of the key value store.
    pub store_arn: String,
}

/// The greatest length of a value, in bytes.
///
/// # Source
/// Amazon CloudFront quotas, "Quotas on key value stores".
const MAX_VALUE: usize = 1_024;
/// The number of keys that AWS accepts in one request.
///
/// # Source
/// As above.
const BATCH: usize = 50;
/// How long edge locations use the previous table after a change, at most.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Work with key value data": changes take a few seconds. The rest is for requests that
/// are in progress.
const PROPAGATION: Duration = Duration::from_secs(30);

impl Kind for KeyValues {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "key_values",
        about: "Routing table of a distribution, in its key value store.",
        id: "the ARN of the key value store",
        global: true,
        immutable: &["store_arn"],
        uncompared: &["drain_seconds"],
        actions: &[
            "cloudfront-keyvaluestore:DescribeKeyValueStore",
            "cloudfront-keyvaluestore:ListKeys",
            "cloudfront-keyvaluestore:UpdateKeys",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for KeyValues {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.store_arn.clone()
    }

    fn foreseen(_: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(Outputs { store_arn: spec.store_arn.known()?.clone() })
    }

    fn drain_period(spec: &Spec) -> Duration {
        Duration::from_secs(spec.drain_seconds).min(PROPAGATION)
    }

    async fn check(_: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        let longest = table::values(spec).into_values().map(|value| value.len()).max().unwrap_or_default();
        if longest <= MAX_VALUE {
            return Ok(Vec::new());
        }
        let detail = format!(
            "A value of the routing table has {longest} bytes, and a value in a key value store of CloudFront has at most \
             {MAX_VALUE}. Remove regions, or list continents and countries for fewer of them."
        );
        Ok(vec![Problem { summary: "Routing table too large", detail }])
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(store_arn) = spec.store_arn.known() else { return Ok(None) };
        let held = keys(aws, store_arn).await?.unwrap_or_default();
        // The store is ours, and so is everything in it.
        Ok((!held.is_empty()).then(|| Found::Ours(Outputs { store_arn: store_arn.clone() })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for (address, store) in siblings.all::<KeyValueStore>() {
            let held = keys(aws, &store.arn).await?.unwrap_or_default();
            if held.is_empty() {
                continue;
            }
            let spec = reported(&store.arn, &held, None);
            discovered.push(Discovered { key: address.key, spec, outputs: Outputs { store_arn: store.arn } });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let store_arn = spec.store_arn.get().clone();
        // A new store is visible to the data plane a little later.
        let attempt = || put(aws, &store_arn, table::values(spec));
        aws.retry("the key value store to be visible", VISIBLE_WITHIN, CallError::is_not_found, attempt).await?;
        Ok(Outputs { store_arn })
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let held = keys(aws, &outputs.store_arn).await?.unwrap_or_default();
        Ok((!held.is_empty()).then(|| (reported(&outputs.store_arn, &held, Some(spec)), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        put(aws, &outputs.store_arn, table::values(to)).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        ignore_missing(put(aws, &outputs.store_arn, BTreeMap::new()).await)
    }
}

/// How long a new key value store may be unknown to the data plane.
const VISIBLE_WITHIN: Duration = Duration::from_secs(2 * 60);

/// The keys and values of a routing table, by key.
pub fn table(spec: &Spec) -> BTreeMap<String, String> {
    table::values(spec)
}

/// The spec that the keys of a store describe, in the spelling of `ours`.
fn reported(store_arn: &str, held: &BTreeMap<String, String>, ours: Option<&Spec>) -> Spec {
    if let Some(ours) = ours.filter(|ours| table::values(ours) == *held) {
        return Spec { deviations: Deviations::default(), ..ours.clone() };
    }
    let spec = table::read(store_arn, held);
    // Without other keys, and with the same values, the table differs in nothing else.
    let is_complete = table::values(&spec) == *held;
    Spec { deviations: spec.deviations.clone().record_unless("Keys", is_complete), ..spec }
}

/// All keys of a store with their values; `None` when it does not exist.
async fn keys(aws: &Regional, store_arn: &str) -> Result<Option<BTreeMap<String, String>>, CallError> {
    let (mut all, mut next) = (BTreeMap::new(), None);
    loop {
        let request = || {
            let request = aws.cloudfront_keyvaluestore().list_keys().kvs_arn(store_arn);
            request.set_next_token(next.clone()).send()
        };
        let page = none_if_missing(aws.call("cloudfront-keyvaluestore:ListKeys", request).await)?;
        let Some(page) = page else { return Ok(None) };
        all.extend(page.items().iter().map(|item| (item.key().to_owned(), item.value().to_owned())));
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(Some(all));
        }
    }
}

/// Gives the store exactly these keys and values.
async fn put(aws: &Regional, store_arn: &str, wanted: BTreeMap<String, String>) -> Result<(), CallError> {
    let attempt = || async {
        let request = || aws.cloudfront_keyvaluestore().describe_key_value_store().kvs_arn(store_arn).send();
        let described = aws.call("cloudfront-keyvaluestore:DescribeKeyValueStore", request).await?;
        let mut etag = described.e_tag().to_owned();
        let held = keys(aws, store_arn).await?.unwrap_or_default();
        for batch in changes(&held, &wanted).chunks(BATCH) {
            let (puts, deletes) = to_aws(batch)?;
            let request = || {
                let request = aws.cloudfront_keyvaluestore().update_keys().kvs_arn(store_arn).if_match(&etag);
                request.set_puts(Some(puts.clone())).set_deletes(Some(deletes.clone())).send()
            };
            etag = aws.call("cloudfront-keyvaluestore:UpdateKeys", request).await?.e_tag;
        }
        Ok(())
    };
    let is_overtaken = |error: &CallError| error.code() == Some("ConflictException");
    aws.retry("concurrent changes of the keys to end", CONSISTENCY_WINDOW, is_overtaken, attempt).await
}

/// The keys that differ, with their new values; `None` deletes a key.
fn changes(held: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> Vec<(String, Option<String>)> {
    let put = wanted.iter().filter(|(key, value)| held.get(*key) != Some(*value));
    let put = put.map(|(key, value)| (key.clone(), Some(value.clone())));
    let delete = held.keys().filter(|key| !wanted.contains_key(*key)).map(|key| (key.clone(), None));
    put.chain(delete).collect()
}

type Batch = (Vec<PutKeyRequestListItem>, Vec<DeleteKeyRequestListItem>);

fn to_aws(batch: &[(String, Option<String>)]) -> Result<Batch, CallError> {
    let (mut puts, mut deletes) = (Vec::new(), Vec::new());
    for (key, value) in batch {
        match value {
            Some(value) => puts.push(build_part(PutKeyRequestListItem::builder().key(key).value(value).build())?),
            None => deletes.push(build_part(DeleteKeyRequestListItem::builder().key(key).build())?),
        }
    }
    Ok((puts, deletes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_differ_are_changed() {
        let values = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let held = values(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let changes = changes(&held, &values(&[("a", "1"), ("b", "2"), ("d", "3")]));
        let described: Vec<_> = changes.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
        assert_eq!(described, [("b", Some("2")), ("d", Some("3")), ("c", None)]);
    }

    #[test]
    fn other_keys_are_a_deviation() {
        let spec = table::read("arn", &BTreeMap::new());
        let mut held = table::values(&spec);
        assert!(reported("arn", &held, Some(&spec)).deviations.is_none());
        held.insert("other".to_owned(), "1".to_owned());
        assert!(reported("arn", &held, Some(&spec)).deviations.has("Keys"));
    }
}
