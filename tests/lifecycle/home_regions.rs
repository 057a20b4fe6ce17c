//! Two states declare the same name with different home regions: the first one owns it, and the plan of the second one
//! fails.

use strict_aws::Inventory;
use strict_aws::tools::clis;
use strict_aws::{Effect, Fault, Options};

use super::configs::Config;
use super::stage::Stage;
use crate::faults::compare::{comparable, difference};

const FIRST: [&str; 2] = ["us-east-1", "us-west-2"];
const OVERLAPPING: [&str; 2] = ["us-west-2", "eu-west-1"];
const DISJOINT: [&str; 2] = ["eu-west-1", "eu-central-1"];
/// The home region of the second state.
const OTHER_HOME: &str = "eu-west-1";
const ZONE: &str = "resource \"multiregion_zone\" \"this\" {\n  name = \"ipgiraffe.com\"\n}\n";
/// The summary of the error about an object of another owner.
const REFUSED: &str = "AWS object already exists";

/// Both states, and the objects of the first one.
struct Homes {
    first: Stage,
    second: Stage,
    /// The objects in AWS before the first apply.
    before: Inventory,
    /// The objects in AWS after the first state was applied.
    held: Inventory,
}

impl Homes {
    /// One pair for each command-line tool as the first, with another one as the second.
    async fn all() -> Vec<Self> {
        let clis = clis().await.expect("a CLI is found or built");
        let mut homes = Vec::new();
        for (at, cli) in clis.iter().enumerate() {
            let first = Stage::with(cli, Options::in_memory()).await;
            let mut second = first.beside(&clis[(at + 1) % clis.len()]);
            second.workspace.set_env([("AWS_REGION", OTHER_HOME), ("AWS_DEFAULT_REGION", OTHER_HOME)]);
            let before = comparable(&first.aws).await;
            homes.push(Self { first, second, held: before.clone(), before });
        }
        homes
    }

    /// Applies the first state.
    async fn apply_first(&mut self, hcl: &str) {
        self.first.apply(hcl).await;
        self.held = comparable(&self.first.aws).await;
    }

    /// Checks that the objects of the first state are unchanged, its API answers, and its plan is empty.
    async fn assert_first_is_untouched(&self, after: &str) {
        let changed = difference(&self.held, &comparable(&self.first.aws).await);
        assert!(changed.is_empty(), "changed by {after}: {changed:#?}");
        if self.held.keys().iter().any(|key| key.contains("/apigateway/api/")) {
            assert_eq!(self.first.ask_regions("/health").await.len(), FIRST.len(), "after {after}");
        }
        self.first.assert_nothing_to_do().await;
    }

    /// The value of a tag of the first object whose key contains `part`.
    async fn tag(&self, part: &str, tag: &str) -> String {
        let objects = self.first.aws.inventory().await.expect("the inventory is taken").objects;
        let (key, object) = objects.iter().find(|(key, _)| key.contains(part)).expect("the object exists");
        let value = object["tags"][tag].as_str();
        value.unwrap_or_else(|| panic!("{key} has no tag {tag}: {object:#}")).to_owned()
    }

    /// Checks that the plan of the second state fails and names the owner of `object`, that its apply fails, and that
    /// its destroy does nothing.
    async fn assert_second_is_refused(&self, hcl: &str, object: &str) {
        self.second.configure(hcl).await;
        let plan = self.second.workspace.plan().await.expect("plan runs");
        let errors = plan.errors().join("\n");
        assert!(
            !plan.success() && errors.contains(REFUSED),
            "the plan did not fail as expected: {}\n{errors}",
            plan.stdout
        );
        let home = format!("home region {}", FIRST[0]);
        for named in [self.tag(object, "multiregion:owner").await, self.tag(object, "multiregion:owner-id").await, home]
        {
            assert!(errors.contains(&named), "no {named:?} in {errors}");
        }
        self.assert_first_is_untouched("the failed plan").await;
        let errors = self.second.refused(hcl).await;
        assert!(errors.contains(REFUSED), "{errors}");
        self.assert_first_is_untouched("the failed apply").await;
        self.second.destroy_nothing().await;
        self.assert_first_is_untouched("the destroy of the second state").await;
    }

    /// Plans the second state before the first one is applied, and applies that plan afterwards. The create fails and
    /// is rolled back.
    async fn assert_second_is_rolled_back(&mut self, first: &str, second: &str) {
        self.second.configure(second).await;
        let plan = self.second.workspace.plan().await.expect("plan runs");
        plan.ok().unwrap_or_else(|failed| panic!("the plan must succeed while the name is free: {failed}"));
        self.apply_first(first).await;
        let apply = self.second.workspace.apply_plan().await.expect("apply runs");
        assert!(!apply.success(), "the apply must fail because the name has an owner: {}", apply.stdout);
        self.assert_first_is_untouched("the failed apply and its rollback").await;
        self.second.destroy_nothing().await;
        self.assert_first_is_untouched("the destroy after the rollback").await;
    }

    async fn end(self) {
        let destroy = self.first.workspace.destroy().await.expect("destroy runs");
        destroy.ok().unwrap_or_else(|failed| panic!("the first state must be destroyed: {failed}"));
        let left = difference(&self.before, &comparable(&self.first.aws).await);
        assert!(left.is_empty(), "left in AWS: {left:#?}");
    }
}

/// An API without a domain.
fn bare(regions: &[&'static str], team: &str) -> String {
    let tags = format!("  tags = {{ team = {team:?} }}\n");
    Config { extra: tags.leak(), ..Config::bare(regions) }.hcl()
}

/// An API behind latency records, with its zone.
fn with_domain(regions: &[&'static str], team: &str) -> String {
    let plain = Config::bare(regions);
    let tags = format!("  tags = {{ team = {team:?} }}\n");
    Config { regions: plain.regions, extra: tags.leak(), ..Config::latency() }.hcl()
}

/// The same API in a hosted zone that another state owns.
fn in_zone(regions: &[&'static str], team: &str, zone_id: &str) -> String {
    let hcl = with_domain(regions, team);
    hcl.replace(ZONE, "").replace("multiregion_zone.this.id", &format!("{zone_id:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_with_another_home_region_is_refused() {
    for regions in [OVERLAPPING, DISJOINT] {
        for mut homes in Homes::all().await {
            homes.apply_first(&bare(&FIRST, "giraffes")).await;
            homes.assert_second_is_refused(&bare(&regions, "okapis"), "/iam/role/").await;
            homes.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_planned_with_another_home_region_is_rolled_back() {
    for regions in [OVERLAPPING, DISJOINT] {
        for mut homes in Homes::all().await {
            homes.assert_second_is_rolled_back(&bare(&FIRST, "giraffes"), &bare(&regions, "okapis")).await;
            homes.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_with_a_domain_and_another_home_region_is_refused() {
    for regions in [OVERLAPPING, DISJOINT] {
        for mut homes in Homes::all().await {
            homes.apply_first(&with_domain(&FIRST, "giraffes")).await;
            let zone = homes.first.attributes("multiregion_zone.this").await["id"].clone();
            let second = in_zone(&regions, "okapis", zone.as_str().expect("an id"));
            homes.assert_second_is_refused(&second, "/iam/role/").await;
            homes.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_and_its_api_with_another_home_region_are_refused() {
    for regions in [OVERLAPPING, DISJOINT] {
        for mut homes in Homes::all().await {
            homes.apply_first(&with_domain(&FIRST, "giraffes")).await;
            homes.assert_second_is_refused(&with_domain(&regions, "okapis"), "/route53/zone/").await;
            homes.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_and_its_api_planned_with_another_home_region_are_rolled_back() {
    for mut homes in Homes::all().await {
        let (first, second) = (with_domain(&FIRST, "giraffes"), with_domain(&DISJOINT, "okapis"));
        homes.assert_second_is_rolled_back(&first, &second).await;
        homes.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_with_another_home_region_is_refused() {
    for mut homes in Homes::all().await {
        homes.apply_first(ZONE).await;
        homes.assert_second_is_refused(ZONE, "/route53/zone/").await;
        homes.end().await;
    }
}

/// The create of the second state fails for another reason; its rollback deletes nothing of the first state.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_deletes_nothing_of_an_api_with_another_home_region() {
    for mut homes in Homes::all().await {
        let (first, second) = (bare(&FIRST, "giraffes"), bare(&DISJOINT, "okapis"));
        homes.second.configure(&second).await;
        let plan = homes.second.workspace.plan().await.expect("plan runs");
        plan.ok().unwrap_or_else(|failed| panic!("the plan must succeed while the name is free: {failed}"));
        homes.apply_first(&first).await;
        homes
            .first
            .aws
            .inject(Fault::new(Effect::AccessDenied).operation("logs:CreateLogGroup").region("eu-central-1"));
        let apply = homes.second.workspace.apply_plan().await.expect("apply runs");
        assert!(!apply.success(), "{}", apply.stdout);
        homes.first.aws.clear_faults();
        homes.assert_first_is_untouched("a rollback for another reason").await;
        homes.end().await;
    }
}
