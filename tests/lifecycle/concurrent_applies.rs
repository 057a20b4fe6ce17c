//! Two states that create an API or a zone of the same name at the same time.

use strict_aws::tools::{clis, kill_in_group};
use strict_aws::{Effect, Fault, Options};

use super::configs::Config;
use super::stage::Stage;
use crate::faults::compare::{comparable, difference};

/// One apply wins, the other one fails with an error that says how to continue, and their objects are not mixed.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_concurrent_creates_of_one_name_exactly_one_succeeds() {
    let clis = clis().await.expect("a CLI is found or built");
    let first = Stage::with(&clis[0], Options::in_memory()).await;
    let second = first.beside(&clis[clis.len() - 1]);
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    let [giraffes, okapis] = ["  tags = { team = \"giraffes\" }\n", "  tags = { team = \"okapis\" }\n"].map(|tags| {
        config.extra = tags;
        config.hcl()
    });
    for (stage, hcl) in [(&first, &giraffes), (&second, &okapis)] {
        stage.configure(hcl).await;
        let plan = stage.workspace.plan().await.expect("plan runs");
        plan.ok().unwrap_or_else(|failed| panic!("the plan must succeed while the name is free: {failed}"));
    }
    let (one, other) = tokio::join!(first.workspace.apply_plan(), second.workspace.apply_plan());
    let (one, other) = (one.expect("apply runs"), other.expect("apply runs"));
    assert_ne!(one.success(), other.success(), "exactly one apply must succeed: {}\n{}", one.stdout, other.stdout);
    let (winner, loser, hcl, lost, team) = match one.success() {
        true => (&first, &second, &okapis, other, "okapis"),
        false => (&second, &first, &giraffes, one, "giraffes"),
    };
    let errors = lost.errors().join("\n");
    // The error depends on the progress of the winner.
    let known = ["another apply of this name", "Another apply is in progress", "import it by the name"];
    assert!(known.iter().any(|known| errors.contains(known)), "{errors}");
    let held = comparable(&winner.aws).await;
    let mixed: Vec<&String> =
        held.objects.iter().filter(|(_, object)| object.to_string().contains(team)).map(|(key, _)| key).collect();
    assert!(mixed.is_empty(), "objects with tags of the loser: {mixed:?}");
    winner.assert_nothing_to_do().await;

    let errors = loser.refused(hcl).await;
    assert!(errors.contains("import it by the name"), "{errors}");
    let state = loser.workspace.show_json().await.expect("the state is shown");
    assert!(!state.to_string().contains("multiregion_api.this"), "{state:#}");
    loser.destroy_nothing().await;
    assert_eq!(
        difference(&held, &comparable(&winner.aws).await),
        Vec::<String>::new(),
        "the winner's objects must not be changed"
    );
    winner.assert_nothing_to_do().await;
    winner.destroy().await;
}

/// While an apply is still running, its host may not have saved the state of the resources that it has created.
#[tokio::test(flavor = "multi_thread")]
async fn a_created_zone_is_not_adopted_while_its_apply_is_running() {
    let clis = clis().await.expect("a CLI is found or built");
    let zone = "resource \"multiregion_zone\" \"this\" {\n  name = \"ipgiraffe.com\"\n}\n";
    let both = format!("{zone}{}", Config::bare(&["us-east-1"]).hcl());
    let first = Stage::with(&clis[0], Options::in_memory()).await;
    first.configure(&both).await;
    first.aws.inject(Fault::new(Effect::Hangs).operation("lambda:CreateFunction").lasting());
    let apply = first.workspace.start(&["apply", "-auto-approve", "-no-color"]).expect("apply starts");
    assert!(apply.wait_for_output("multiregion_zone.this: Creation complete").await, "the zone is created");

    let second = first.beside(&clis[clis.len() - 1]);
    let errors = second.refused(zone).await;
    assert!(errors.contains("Another apply is in progress"), "{errors}");

    kill_in_group(apply.group().id(), "");
    apply.wait().await.expect("apply ends");
    first.aws.clear_faults();
    first.age_the_heartbeats().await;
    first.apply(&both).await;
    first.destroy().await;
}
