//! A Lambda@Edge function: real requests through CloudFront, which executes the function on Node.js.

use std::collections::BTreeMap;
use std::time::Duration;

use super::configs::Config;
use super::stage::{Stage, unwrapped};

super::rows![the_edge_function_chooses_the_region_of_each_request];

/// The public name of every API of these rows.
const HOST: &str = "api.ipgiraffe.com";

async fn the_edge_function_chooses_the_region_of_each_request(stage: Stage) {
    let mut config = Config::latency();
    config.regions = BTreeMap::from([("us-east-1", "{}"), ("us-west-2", "{}")]);
    config.domain = Some(r#"name = "api.ipgiraffe.com", zone_id = multiregion_zone.this.id, regional_names = true"#);
    config.extra = "  cdn = { origin = \"edge_function\" }\n";
    stage.apply(&config.hcl()).await;
    let (virginia, oregon) = ("region: us-east-1", "region: us-west-2");
    assert_eq!(stage.answered_by(virginia).await, "us-east-1");
    assert_eq!(stage.answered_by(oregon).await, "us-west-2");
    assert_eq!(stage.request("POST", HOST, "/orders").await.status, 200, "writes go to the regions, too");

    stage.aws.set_down(&["us-west-2"]);
    assert_eq!(stage.answered_by(oregon).await, "us-east-1", "an unhealthy region receives no requests");
    stage.aws.set_down(&[]);
    assert_eq!(stage.answered_by(oregon).await, "us-west-2");

    // The function without the drained region is another one. AWS keeps replicas of the first one.
    config.drained = &["us-west-2"];
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.answered_by(oregon).await, "us-east-1");

    let destroyed = stage.ok(stage.workspace.destroy().await.expect("destroy runs"));
    let printed = unwrapped(&format!("{}{}", destroyed.stdout, destroyed.stderr)).replace("\\n", " ");
    let left = stage.aws.inventory().await.expect("the inventory is taken");
    let of_functions: Vec<_> =
        left.keys().into_iter().filter_map(|key| key.strip_prefix("us-east-1/lambda/function/")).collect();
    assert_eq!(of_functions.len(), left.keys().len(), "only functions are left: {:?}", left.keys());
    let names: Vec<_> = of_functions.into_iter().filter(|name| !name.contains('/')).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    stage.aws.advance(Duration::from_secs(3600));
    for name in names {
        let command = format!("aws lambda delete-function --region us-east-1 --function-name {name}");
        assert!(printed.contains(&command), "the warning must name the command: {printed}");
        stage.delete_in_aws("lambda", "us-east-1", &format!("/2015-03-31/functions/{name}")).await;
    }
    assert!(stage.aws.inventory().await.expect("the inventory is taken").is_empty());
}
