//! Two configurations, each with a state of its own, that make an API or a zone of one name at the same time.

use strict_aws::tools::{clis, kill_in_group};
use strict_aws::{Effect, Fault, Options};

use super::configs::Config;
use super::stage::Stage;
use crate::faults::compare::{comparable, difference};

/// One wins, the other is told how to go on, and nothing is mixed.
#[tokio::test(flavor = "multi_thread")]
async fn two_configurations_of_one_name() {
    let clis = clis().await.expect("a CLI is found or built");
    let first = Stage::with(&clis[0], Options::in_memory()).await;
    let second = first.beside(&clis[clis.len() - 1]);
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    let [giraffes, okapis] = ["  tags = { team = \"giraffes\" }\n", "  tags = { team = \"okapis\" }\n"].map(|tags| {
        config.more = tags;
        config.hcl()
    });
    for (stage, hcl) in [(&first, &giraffes), (&second, &okapis)] {
        stage.configure(hcl).await;
        let plan = stage.workspace.plan().await.expect("plan runs");
        plan.ok().unwrap_or_else(|failed| panic!("there is nothing of that name yet: {failed}"));
    }
    let (one, other) = tokio::join!(first.workspace.apply_plan(), second.workspace.apply_plan());
    let (one, other) = (one.expect("apply runs"), other.expect("apply runs"));
    assert_ne!(one.success(), other.success(), "one wins: {}\n{}", one.stdout, other.stdout);
    let (winner, loser, hcl, lost, team) = match one.success() {
        true => (&first, &second, &okapis, other, "okapis"),
        false => (&second, &first, &giraffes, one, "giraffes"),
    };
    let told = lost.errors().join("\n");
    // By how far the winner was.
    let known = ["another apply of this name", "Another apply is under way", "import it by the name"];
    assert!(known.iter().any(|known| told.contains(known)), "{told}");
    let held = comparable(&winner.aws).await;
    let mixed: Vec<&String> =
        held.objects.iter().filter(|(_, object)| object.to_string().contains(team)).map(|(key, _)| key).collect();
    assert!(mixed.is_empty(), "of the loser: {mixed:?}");
    winner.assert_nothing_to_do().await;

    let told = loser.refused(hcl).await;
    assert!(told.contains("import it by the name"), "{told}");
    let state = loser.workspace.show_json().await.expect("the state is shown");
    assert!(!state.to_string().contains("multiregion_api.this"), "{state:#}");
    loser.destroy_nothing().await;
    assert_eq!(
        difference(&held, &comparable(&winner.aws).await),
        Vec::<String>::new(),
        "nothing of the winner's is touched"
    );
    winner.assert_nothing_to_do().await;
    winner.destroy().await;
}

/// What an apply has made is nobody else's while it is still at other things, and its host may not have kept it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_belongs_to_an_apply_that_goes_on() {
    let clis = clis().await.expect("a CLI is found or built");
    let zone = "resource \"multiregion_zone\" \"this\" {\n  name = \"ipgiraffe.com\"\n}\n";
    let both = format!("{zone}{}", Config::bare(&["us-east-1"]).hcl());
    let first = Stage::with(&clis[0], Options::in_memory()).await;
    first.configure(&both).await;
    first.aws.inject(Fault::new(Effect::Hangs).operation("lambda:CreateFunction").lasting());
    let apply = first.workspace.start(&["apply", "-auto-approve", "-no-color"]).expect("apply starts");
    assert!(apply.wait_for_output("multiregion_zone.this: Creation complete").await, "the zone is made");

    let second = first.beside(&clis[clis.len() - 1]);
    let told = second.refused(zone).await;
    assert!(told.contains("Another apply is under way"), "{told}");

    kill_in_group(apply.group().id(), "");
    apply.wait().await.expect("apply ends");
    first.aws.clear_faults();
    first.age_the_heartbeats().await;
    first.apply(&both).await;
    first.destroy().await;
}
