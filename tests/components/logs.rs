//! Log groups, and the claim and completion marker that are kept in one.

use multiregion::aws::CallError;
use multiregion::components::{Found, Holder};
use serde_json::{Value as Json, json};

use super::{Bench, OWNER, REGION, at, claim, tags, with};

#[tokio::test]
async fn a_claim_is_created_completed_and_deleted() {
    let bench = Bench::start().await;
    let claim = claim(&[REGION, "us-west-2"]);
    let outputs = bench.create("global/claim", &claim).await;
    let (aws, component) = bench.at("global/claim");
    assert_eq!(component.find(&aws, &claim).await.unwrap(), Some(Found::Ours(outputs.clone())));
    // A run with another owner id belongs to another resource, even if it planned before the claim was created.
    let rival = bench.rival("global/claim");
    assert!(matches!(component.create(&rival, &claim).await, Err(CallError::Foreign { .. })));
    let is_foreign = |found: Option<Found<Json>>, says: &str| match found {
        Some(Found::Foreign(whose)) => whose.contains(says),
        _ => false,
    };
    assert!(is_foreign(component.find(&rival, &claim).await.unwrap(), "owner id us-east-1/0000000000000007"));
    assert!(matches!(component.holder(&rival, &claim, &outputs).await.unwrap(), Holder::Stranger(_)));
    assert_eq!(component.holder(&aws, &claim, &outputs).await.unwrap(), Holder::Ours);

    // A removed region stays in the claim until the completion marker removes it: objects may still exist there.
    let moved = with(&claim, json!({ "regions": [REGION, "eu-west-1"], "tags": tags("global/claim", "farm") }));
    let all = with(&moved, json!({ "regions": [REGION, "eu-west-1", "us-west-2"] }));
    component.update(&aws, &outputs, &claim, &moved).await.unwrap();
    bench.expect("global/claim", &all, &outputs).await;

    let marker = json!({ "claim_arn": outputs["arn"], "regions": [REGION, "eu-west-1"] });
    let marked = bench.create("global/completion_marker", &marker).await;
    bench.expect("global/claim", &moved, &outputs).await;
    assert!(
        is_foreign(component.find(&rival, &moved).await.unwrap(), "import"),
        "the claim of a complete resource is foreign"
    );

    bench.delete("global/completion_marker", &marker, &marked).await;
    assert!(
        is_foreign(component.find(&rival, &moved).await.unwrap(), "import"),
        "the claim of a resource that is being deleted is foreign"
    );
    bench.delete("global/claim", &moved, &outputs).await;
}

#[tokio::test]
async fn a_claim_stays_in_its_region_when_the_home_region_changes() {
    let bench = Bench::start().await;
    let claim = claim(&[REGION]);
    let created = bench.create("global/claim", &claim).await;
    let marker = json!({ "claim_arn": created["arn"], "regions": [REGION] });
    let marked = bench.create("global/completion_marker", &marker).await;

    let ((aws, of_claim), (_, of_marker)) = (bench.at("global/claim"), bench.at("global/completion_marker"));
    let moved = aws.at("us-west-2");
    let read = of_claim.read(&moved, &claim, &created).await.unwrap();
    assert_eq!(read, Some((claim.clone(), created.clone())));
    assert!(of_marker.read(&moved, &marker, &marked).await.unwrap().is_some());
    let wider = with(&claim, json!({ "regions": [REGION, "us-west-2"] }));
    of_claim.update(&moved, &created, &claim, &wider).await.unwrap();
    bench.expect("global/claim", &wider, &created).await;
    of_marker.update(&moved, &marked, &marker, &marker).await.unwrap();
    of_marker.delete(&moved, &marker, &marked).await.unwrap();
    assert!(of_marker.find(&aws, &marker).await.unwrap().is_none());
    of_claim.delete(&moved, &wider, &created).await.unwrap();
    assert!(of_claim.find(&aws, &wider).await.unwrap().is_none());
}

#[tokio::test]
async fn a_claim_whose_create_reply_is_lost_is_ours() {
    let bench = Bench::start().await;
    let claim = claim(&[]);
    let fault = strict_aws::Fault::new(strict_aws::Effect::ReplyLost).operation("logs:CreateLogGroup").nth(1);
    bench.local.inject(fault);
    bench.create("global/claim", &claim).await;
    let creates = bench.local.calls().iter().filter(|call| call.name() == "logs:CreateLogGroup").count();
    assert_eq!(creates, 2);
}

#[tokio::test]
async fn log_groups_are_created_updated_and_deleted() {
    let bench = Bench::start().await;
    for address in [at("log_group"), at("log_group/access")] {
        let name = format!("/aws/lambda/{OWNER}-{}", address.len());
        let first = json!({ "name": name, "retention_days": 14, "tags": tags(&address, "zoo") });
        let second = with(&first, json!({ "retention_days": 0, "tags": tags(&address, "farm") }));
        let outputs = bench.create(&address, &first).await;
        bench.create_again(&address, &first, &outputs).await;
        bench.update(&address, &outputs, &first, &second).await;
        bench.update(&address, &outputs, &second, &first).await;
        bench.delete(&address, &first, &outputs).await;
    }
}
