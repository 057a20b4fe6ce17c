//! Cache behaviors in CloudFront's form. Pure.

use aws_sdk_cloudfront::types::{
    AllowedMethods, CacheBehavior, CacheBehaviors, CachedMethods, DefaultCacheBehavior, EventType, FunctionAssociation,
    FunctionAssociations, LambdaFunctionAssociation, LambdaFunctionAssociations, Method, ViewerProtocolPolicy,
};

use super::config::count;
use super::{Behavior, Spec};
use crate::aws::CallError;
use crate::components::Deviations;
use crate::components::lambda::edge_function;
use crate::components::support::answer::build_part;
use crate::desired::Input;

const READS: [Method; 3] = [Method::Get, Method::Head, Method::Options];
const CACHED: [Method; 2] = [Method::Get, Method::Head];
const WRITES: [Method; 4] = [Method::Post, Method::Put, Method::Patch, Method::Delete];

/// The common fields of the default and the other behaviors, which have different types in the SDK.
pub(super) struct Common<'a> {
    target: &'a mut String,
    viewer: &'a mut ViewerProtocolPolicy,
    methods: &'a mut Option<AllowedMethods>,
    cache: &'a mut Option<String>,
    request: &'a mut Option<String>,
    response: &'a mut Option<String>,
    functions: &'a mut Option<LambdaFunctionAssociations>,
    viewer_functions: &'a mut Option<FunctionAssociations>,
    streaming: &'a mut Option<bool>,
    encryption: &'a mut Option<String>,
    compress: &'a mut Option<bool>,
}

macro_rules! common {
    ($behavior:expr) => {
        Common {
            target: &mut $behavior.target_origin_id,
            viewer: &mut $behavior.viewer_protocol_policy,
            methods: &mut $behavior.allowed_methods,
            cache: &mut $behavior.cache_policy_id,
            request: &mut $behavior.origin_request_policy_id,
            response: &mut $behavior.response_headers_policy_id,
            functions: &mut $behavior.lambda_function_associations,
            viewer_functions: &mut $behavior.function_associations,
            streaming: &mut $behavior.smooth_streaming,
            encryption: &mut $behavior.field_level_encryption_id,
            compress: &mut $behavior.compress,
        }
    };
}

impl Common<'_> {
    /// Sets the settings that the provider manages, and the defaults that CloudFront requires.
    fn put(self, before: Option<&Behavior>, wanted: &Behavior) -> Result<(), CallError> {
        let id = |input: &Option<Input<String>>| input.as_ref().map(|id| id.get().clone());
        self.target.clone_from(&wanted.target);
        *self.viewer = ViewerProtocolPolicy::from(wanted.viewer_protocol.as_str());
        *self.methods = Some(allowed_methods(wanted.writes)?);
        *self.cache = Some(wanted.cache_policy_id.get().clone());
        *self.request = id(&wanted.origin_request_policy_id);
        *self.response = id(&wanted.response_headers_policy_id);
        *self.compress = Some(wanted.compress);
        if before.is_some_and(|before| before.viewer_function_arn.is_some()) || wanted.viewer_function_arn.is_some() {
            *self.viewer_functions = Some(associations(self.viewer_functions.as_ref(), wanted)?);
        }
        *self.functions = Some(functions(self.functions.take(), wanted)?);
        self.streaming.get_or_insert(false);
        self.encryption.get_or_insert_default();
        Ok(())
    }

    /// The behavior that AWS reports. A function that others have associated is theirs, unless `ours` has one.
    fn reported(self, ours: Option<&Behavior>) -> Behavior {
        let id = |id: &Option<String>| id.clone().filter(|id| !id.is_empty()).map(Input::Known);
        Behavior {
            target: self.target.clone(),
            writes: takes_writes(self.methods.as_ref()),
            cache_policy_id: Input::Known(self.cache.clone().unwrap_or_default()),
            origin_request_policy_id: id(self.request),
            response_headers_policy_id: id(self.response),
            origin_request_function: own_function(self.functions.as_ref())
                .map(|function| Input::Known(function.lambda_function_arn.clone())),
            origin_request_body: own_function(self.functions.as_ref())
                .is_some_and(|function| function.include_body == Some(true)),
            viewer_function_arn: viewer_function(self.viewer_functions.as_ref())
                .filter(|_| ours.is_none_or(|ours| ours.viewer_function_arn.is_some()))
                .map(|function| Input::Known(function.function_arn().to_owned())),
            compress: self.compress.unwrap_or_default(),
            viewer_protocol: self.viewer.as_str().to_owned(),
        }
    }

    /// Adds the enforced settings that differ from what [`Common::put`] sets.
    fn noted(self, deviations: Deviations) -> Deviations {
        let methods = self.methods.as_ref().map_or(0, |methods| methods.items().len());
        let wanted = READS.len() + if takes_writes(self.methods.as_ref()) { WRITES.len() } else { 0 };
        deviations.record_unless("AllowedMethods", methods == wanted)
    }
}

/// The Lambda@Edge functions: ours before requests to the origin, and those that others have associated. CloudFront accepts one
/// function for each event.
fn functions(
    held: Option<LambdaFunctionAssociations>,
    wanted: &Behavior,
) -> Result<LambdaFunctionAssociations, CallError> {
    let ours = wanted.origin_request_function.as_ref();
    let mut all = held.and_then(|held| held.items).unwrap_or_default();
    let gives_way = |other: &LambdaFunctionAssociation| is_at_origin_request(other) && ours.is_some();
    all.retain(|other| !gives_way(other) && !is_own(other));
    if let Some(arn) = ours {
        let own = LambdaFunctionAssociation::builder()
            .lambda_function_arn(arn.get())
            .event_type(EventType::OriginRequest)
            .include_body(wanted.origin_request_body);
        all.push(build_part(own.build())?);
    }
    build_part(LambdaFunctionAssociations::builder().quantity(count(&all)?).set_items(Some(all)).build())
}

fn is_at_origin_request(function: &LambdaFunctionAssociation) -> bool {
    function.event_type == EventType::OriginRequest
}

fn is_own(function: &LambdaFunctionAssociation) -> bool {
    is_at_origin_request(function) && edge_function::is_version(&function.lambda_function_arn)
}

fn own_function(held: Option<&LambdaFunctionAssociations>) -> Option<&LambdaFunctionAssociation> {
    held?.items().iter().find(|function| is_own(function))
}

fn viewer_function(held: Option<&FunctionAssociations>) -> Option<&FunctionAssociation> {
    held?.items().iter().find(|function| *function.event_type() == EventType::ViewerRequest)
}

/// The associated functions with ours for viewer requests. Those for other events stay.
fn associations(held: Option<&FunctionAssociations>, wanted: &Behavior) -> Result<FunctionAssociations, CallError> {
    let mut functions = held.map(|held| held.items().to_vec()).unwrap_or_default();
    functions.retain(|function| *function.event_type() != EventType::ViewerRequest);
    if let Some(arn) = &wanted.viewer_function_arn {
        let function = FunctionAssociation::builder().function_arn(arn.get()).event_type(EventType::ViewerRequest);
        functions.push(build_part(function.build())?);
    }
    build_part(FunctionAssociations::builder().quantity(count(&functions)?).set_items(Some(functions)).build())
}

fn takes_writes(methods: Option<&AllowedMethods>) -> bool {
    methods.is_some_and(|methods| methods.items().contains(&Method::Post))
}

fn allowed_methods(writes: bool) -> Result<AllowedMethods, CallError> {
    let mut methods = READS.to_vec();
    methods.extend(WRITES.into_iter().filter(|_| writes));
    let cached = CachedMethods::builder().quantity(count(&CACHED)?).set_items(Some(CACHED.to_vec()));
    let allowed = AllowedMethods::builder().quantity(count(&methods)?).set_items(Some(methods));
    build_part(allowed.cached_methods(build_part(cached.build())?).build())
}

/// The default behavior with ours applied.
pub(super) fn default(
    held: Option<DefaultCacheBehavior>,
    before: Option<&Behavior>,
    wanted: &Behavior,
) -> Result<DefaultCacheBehavior, CallError> {
    let new = DefaultCacheBehavior::builder().target_origin_id(&wanted.target);
    let new = new.viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps);
    let mut behavior = held.map_or_else(|| build_part(new.build()), Ok)?;
    common!(behavior).put(before, wanted)?;
    Ok(behavior)
}

/// The other behaviors with ours applied, in our order.
pub(super) fn others(
    held: Option<CacheBehaviors>,
    before: Option<&Spec>,
    spec: &Spec,
) -> Result<CacheBehaviors, CallError> {
    let held = held.and_then(|held| held.items).unwrap_or_default();
    let mut behaviors = Vec::new();
    for (pattern, wanted) in &spec.behaviors {
        let held = held.iter().find(|held| held.path_pattern == *pattern).cloned();
        let new = CacheBehavior::builder().path_pattern(pattern).target_origin_id(&wanted.target);
        let new = new.viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps);
        let mut behavior = held.map_or_else(|| build_part(new.build()), Ok)?;
        common!(behavior).put(before.and_then(|before| of_pattern(before, pattern)), wanted)?;
        behaviors.push(behavior);
    }
    build_part(CacheBehaviors::builder().quantity(count(&behaviors)?).set_items(Some(behaviors)).build())
}

fn of_pattern<'a>(spec: &'a Spec, pattern: &str) -> Option<&'a Behavior> {
    spec.behaviors.iter().find(|(its, _)| its == pattern).map(|(_, behavior)| behavior)
}

/// The behaviors that AWS reports.
pub(super) struct Reported {
    /// The default behavior.
    pub(super) default: Behavior,
    /// The others by path pattern, in order.
    pub(super) others: Vec<(String, Behavior)>,
    /// The enforced settings that differ.
    pub(super) deviations: Deviations,
}

/// The behaviors that AWS reports, with the functions that `ours` manages.
pub(super) fn reported(
    mut default: DefaultCacheBehavior,
    others: Option<&CacheBehaviors>,
    ours: Option<&Spec>,
) -> Reported {
    let mut others = others.map(|all| all.items().to_vec()).unwrap_or_default();
    let deviations = common!(default).noted(Deviations::default());
    let deviations = others.iter_mut().fold(deviations, |deviations, behavior| common!(behavior).noted(deviations));
    Reported {
        deviations,
        default: common!(default).reported(ours.map(|ours| &ours.default_behavior)),
        others: others
            .iter_mut()
            .map(|item| {
                let ours = ours.and_then(|ours| of_pattern(ours, &item.path_pattern));
                (item.path_pattern.clone(), common!(item).reported(ours))
            })
            .collect(),
    }
}
