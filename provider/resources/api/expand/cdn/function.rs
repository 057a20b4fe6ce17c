//! The Lambda@Edge function that chooses the region of each request, and its role.

use std::collections::BTreeMap;

use serde_json::json;

use super::Draft;
use crate::components::iam::role::{self, Role};
use crate::components::lambda::edge_function::{self, EdgeFunction, Settings};
use crate::desired::{Address, Input};
use crate::resources::api::edge::Edge;
use crate::wire::Path;

/// The ARN of the version with which CloudFront is associated; `None` without a function.
pub(super) fn version(draft: &mut Draft<'_>, edge: &Edge) -> Option<Input<String>> {
    let names = draft.shape.names.as_ref().filter(|_| edge.has_function())?;
    let hosts = draft.shape.serving().into_iter().map(|region| names.of_region(region));
    let settings = Settings { name: names.shared.clone()?, hosts: hosts.collect(), sign: edge.sign_requests };
    let at = Path::of("cdn").attribute("origin");
    let address = Address::global_of::<Role>().key(role::EDGE);
    let spec = role::Spec {
        name: role::edge_name(&draft.shape.name),
        services: edge_function::SERVICES.map(str::to_owned).to_vec(),
        // Without a permission to write logs, no log groups are created in the regions of the edge locations, where nothing
        // would delete them.
        policies: if edge.sign_requests { BTreeMap::from([invoke(draft)]) } else { BTreeMap::new() },
        path: draft.context.roles.path.clone(),
        permissions_boundary_arn: draft.context.roles.permissions_boundary_arn.clone(),
        tags: draft.tags(&address),
    };
    let role = draft.desired.add(address, at.clone(), &spec);
    let address = Address::of::<EdgeFunction>(edge_function::REGION);
    let spec = edge_function::Spec {
        name: draft.shape.name.clone(),
        role_arn: role.output(role::ARN),
        digest: settings.digest(),
        settings,
        tags: draft.tags(&address),
    };
    let function = draft.desired.add(address, at, &spec);
    Some(function.output(edge_function::VERSION_ARN))
}

/// The policy by which requests with the signature of the function may call the APIs of all regions.
fn invoke(draft: &Draft<'_>) -> (String, Input<String>) {
    let context = draft.context;
    let api = |region: &String| format!("arn:{}:execute-api:{region}:{}:*", context.partition, context.account_id);
    let resources: Vec<String> = draft.shape.regions.keys().map(api).collect();
    let statement = json!({ "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resources });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    ("invoke".to_owned(), Input::Known(document.to_string()))
}
