//! Two states that declare the same name with different home regions: the first owns it, the second is refused by its plan.

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
/// How the error of a plan calls an object of another owner.
const REFUSED: &str = "AWS object exists already";

/// Both states, and what AWS holds of the first.
struct Homes {
    first: Stage,
    second: Stage,
    /// What AWS holds before anything is made.
    nothing: Inventory,
    held: Inventory,
}

impl Homes {
    /// For each CLI as the first, with another one as the second.
    async fn all() -> Vec<Self> {
        let clis = clis().await.expect("a CLI is found or built");
        let mut homes = Vec::new();
        for (at, cli) in clis.iter().enumerate() {
            let first = Stage::with(cli, Options::in_memory()).await;
            let mut second = first.beside(&clis[(at + 1) % clis.len()]);
            second.workspace.set_env([("AWS_REGION", OTHER_HOME), ("AWS_DEFAULT_REGION", OTHER_HOME)]);
            let nothing = comparable(&first.aws).await;
            homes.push(Self { first, second, held: nothing.clone(), nothing });
        }
        homes
    }

    async fn make_first(&mut self, hcl: &str) {
        self.first.apply(hcl).await;
        self.held = comparable(&self.first.aws).await;
    }

    /// AWS holds what the first made, its API answers, and its plan is empty.
    async fn assert_first_is_untouched(&self, after: &str) {
        let changed = difference(&self.held, &comparable(&self.first.aws).await);
        assert!(changed.is_empty(), "after {after}, of the first: {changed:#?}");
        if self.held.keys().iter().any(|key| key.contains("/apigateway/api/")) {
            assert_eq!(self.first.ask_regions("/health").await.len(), FIRST.len(), "after {after}");
        }
        self.first.assert_nothing_to_do().await;
    }

    /// The tag of an object whose key has this part.
    async fn tag(&self, part: &str, tag: &str) -> String {
        let objects = self.first.aws.inventory().await.expect("the inventory is taken").objects;
        let (key, object) = objects.iter().find(|(key, _)| key.contains(part)).expect("the object exists");
        let value = object["tags"][tag].as_str();
        value.unwrap_or_else(|| panic!("{key} has no tag {tag}: {object:#}")).to_owned()
    }

    /// The plan of the second is refused and names the owner of `object`, and so is its apply; its destroy does nothing.
    async fn assert_second_is_refused(&self, hcl: &str, object: &str) {
        self.second.configure(hcl).await;
        let plan = self.second.workspace.plan().await.expect("plan runs");
        let told = plan.errors().join("\n");
        assert!(!plan.success() && told.contains(REFUSED), "the plan is not refused: {}\n{told}", plan.stdout);
        let home = format!("home region {}", FIRST[0]);
        for named in [self.tag(object, "multiregion:owner").await, self.tag(object, "multiregion:owner-id").await, home]
        {
            assert!(told.contains(&named), "{named:?} is not in {told}");
        }
        self.assert_first_is_untouched("the refused plan").await;
        let told = self.second.refused(hcl).await;
        assert!(told.contains(REFUSED), "{told}");
        self.assert_first_is_untouched("the refused apply").await;
        self.second.destroy_nothing().await;
        self.assert_first_is_untouched("the destroy of the second").await;
    }

    /// The second planned when there was nothing, and applies that: its create fails and is rolled back.
    async fn assert_second_is_rolled_back(&mut self, first: &str, second: &str) {
        self.second.configure(second).await;
        let plan = self.second.workspace.plan().await.expect("plan runs");
        plan.ok().unwrap_or_else(|failed| panic!("nothing of that name exists yet: {failed}"));
        self.make_first(first).await;
        let apply = self.second.workspace.apply_plan().await.expect("apply runs");
        assert!(!apply.success(), "the name has an owner by now: {}", apply.stdout);
        self.assert_first_is_untouched("the failed apply and its rollback").await;
        self.second.destroy_nothing().await;
        self.assert_first_is_untouched("the destroy after the rollback").await;
    }

    async fn end(self) {
        let destroy = self.first.workspace.destroy().await.expect("destroy runs");
        destroy.ok().unwrap_or_else(|failed| panic!("the first is destroyed: {failed}"));
        let left = difference(&self.nothing, &comparable(&self.first.aws).await);
        assert!(left.is_empty(), "left in AWS: {left:#?}");
    }
}

/// An API without a domain.
fn bare(regions: &[&'static str], team: &str) -> String {
    let tags = format!("  tags = {{ team = {team:?} }}\n");
    Config { more: tags.leak(), ..Config::bare(regions) }.hcl()
}

/// An API behind latency records, with its zone.
fn with_domain(regions: &[&'static str], team: &str) -> String {
    let plain = Config::bare(regions);
    let tags = format!("  tags = {{ team = {team:?} }}\n");
    Config { regions: plain.regions, more: tags.leak(), ..Config::latency() }.hcl()
}

/// The same in a zone that another state owns.
fn in_zone(regions: &[&'static str], team: &str, zone_id: &str) -> String {
    let hcl = with_domain(regions, team);
    hcl.replace(ZONE, "").replace("multiregion_zone.this.id", &format!("{zone_id:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_with_another_home_region_is_refused() {
    for regions in [OVERLAPPING, DISJOINT] {
        for mut homes in Homes::all().await {
            homes.make_first(&bare(&FIRST, "giraffes")).await;
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
            homes.make_first(&with_domain(&FIRST, "giraffes")).await;
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
            homes.make_first(&with_domain(&FIRST, "giraffes")).await;
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
        homes.make_first(ZONE).await;
        homes.assert_second_is_refused(ZONE, "/route53/zone/").await;
        homes.end().await;
    }
}

/// The create of the second fails by itself while the first is being made: its rollback takes away nothing of the first.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_takes_nothing_from_an_api_with_another_home_region() {
    for mut homes in Homes::all().await {
        let (first, second) = (bare(&FIRST, "giraffes"), bare(&DISJOINT, "okapis"));
        homes.second.configure(&second).await;
        let plan = homes.second.workspace.plan().await.expect("plan runs");
        plan.ok().unwrap_or_else(|failed| panic!("nothing of that name exists yet: {failed}"));
        homes.make_first(&first).await;
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
