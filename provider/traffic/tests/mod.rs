//! The cases of `cases.txt`, and properties of every answer.

mod parse;

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Assumptions, Client, Model, Place, Rule, World};
use parse::{Section, sections};

/// The smallest number of cases.
const CASES: usize = 200;

/// What a case assumes, asks and expects.
struct Case {
    client: Client,
    assume: Assumptions,
    host: String,
    path: String,
}

impl Case {
    /// Reads conditions such as `from us-west-2 down us-east-1 failing a b`.
    fn read(conditions: &[&str]) -> Self {
        const WORDS: [&str; 9] = ["from", "in", "at", "down", "drained", "failing", "ask", "path", "method"];
        let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut word = "";
        for token in conditions {
            match WORDS.contains(token) {
                true => word = token,
                false => values.entry(word).or_default().push((*token).to_owned()),
            }
        }
        assert!(!values.contains_key(""), "a case begins with a condition: {conditions:?}");
        let all = |word: &str| values.get(word).cloned().unwrap_or_default();
        let one = |word: &str| all(word).first().cloned();
        let near = Client::near(&one("from").unwrap_or("us-east-1".to_owned()));
        Self {
            client: Client {
                place: one("in").map_or(near.place, |country| Place::of_client(&country)),
                address: one("at").map(|address| address.parse().unwrap()),
                method: one("method").unwrap_or(near.method),
                region: near.region,
            },
            assume: Assumptions {
                down: all("down").into_iter().collect(),
                drained: all("drained").into_iter().collect(),
                failing_checks: all("failing").into_iter().collect(),
            },
            host: format!("{}.example.com", one("ask").unwrap_or("api".to_owned())),
            path: one("path").unwrap_or("/".to_owned()),
        }
    }

    fn answers(&self, world: &World) -> Vec<Answer> {
        Model::new(world, &self.assume).answers(&self.client, &self.host, &self.path)
    }
}

/// An answer in the form of a case: the labels of its steps.
fn label(answer: &Answer) -> String {
    if answer.region.is_none() && !answer.answered {
        return "none".to_owned();
    }
    let first = |name: &str| name.split('.').next().unwrap().to_owned();
    let labels = answer.steps.iter().map(|step| match step.label.as_str() {
        "" => first(&step.name),
        label => label.to_owned(),
    });
    format!("{}{}", labels.collect::<Vec<_>>().join(">"), if answer.answered { "" } else { "!" })
}

/// The answers in the form of a case: labels with shares unless there is only one.
fn described(answers: &[Answer]) -> String {
    let text = |answer: &Answer| match answer.share {
        1.0 => label(answer),
        share => format!("{} {}", label(answer), share * 100.0),
    };
    answers.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn rules(answer: &Answer) -> String {
    answer.steps.iter().map(|step| format!("{:?}", step.rule)).collect::<Vec<_>>().join(" ")
}

/// Checks `case CONDITIONS => ANSWERS by RULES`. Returns the rules.
fn check_case(section: &Section, line: &str) -> Vec<Rule> {
    let (conditions, expected) = line.split_once("=>").unwrap();
    let case = Case::read(&conditions.split_whitespace().collect::<Vec<_>>());
    let found = case.answers(&section.world);
    let place = format!("{}: case {line}", section.title);
    let (expected, by) = expected.trim().split_once(" by ").unwrap_or((expected.trim(), ""));
    assert_eq!(described(&found), expected, "{place}: {found:#?}");
    if !by.is_empty() {
        assert_eq!(rules(&found[0]), by, "{place}: {found:#?}");
    }
    assert!((found.iter().map(|answer| answer.share).sum::<f64>() - 1.0).abs() < 1e-9, "{place}: {found:#?}");
    for answer in &found {
        assert_eq!(
            answer.answered,
            answer.region.as_ref().is_none_or(|at| !case.assume.down.contains(at)) && expected != "none"
        );
        let is_drained = answer.region.as_ref().is_some_and(|region| case.assume.drained.contains(region));
        assert!(!is_drained, "{place}: a drained region receives no traffic: {answer:?}");
        assert!(answer.steps.iter().all(|step| step.reason.ends_with('.')), "{place}: {}", answer.reason());
    }
    found.iter().flat_map(|answer| answer.steps.iter().map(|step| step.rule)).collect()
}

/// Checks `healthy IDS CONDITIONS`: exactly these health checks are healthy.
fn check_health(section: &Section, line: &str) {
    let tokens: Vec<&str> = line.split_whitespace().collect();
    let end = tokens.iter().position(|token| ["down", "failing"].contains(token)).unwrap_or(tokens.len());
    let case = Case::read(&tokens[end..]);
    let model = Model::new(&section.world, &case.assume);
    let healthy: BTreeSet<&str> =
        section.world.checks.keys().map(String::as_str).filter(|id| model.is_check_healthy(id)).collect();
    assert_eq!(healthy, tokens[..end].iter().copied().collect(), "{}: healthy {line}", section.title);
}

#[test]
fn the_model_follows_the_documented_rules() {
    let (mut cases, mut seen) = (0, BTreeSet::new());
    for section in sections(include_str!("cases.txt")) {
        assert!(!section.source.is_empty(), "{} has no source", section.title);
        let distinct: BTreeSet<&String> = section.cases.iter().chain(&section.health).collect();
        assert_eq!(distinct.len(), section.cases.len() + section.health.len(), "{} repeats a case", section.title);
        for line in &section.cases {
            seen.extend(check_case(&section, line));
        }
        section.health.iter().for_each(|line| check_health(&section, line));
        cases += distinct.len();
    }
    assert!(cases >= CASES, "{cases} cases");
    let rules = [
        Rule::Simple,
        Rule::Primary,
        Rule::Secondary,
        Rule::Weight,
        Rule::WeightZero,
        Rule::AllZero,
        Rule::Latency,
        Rule::State,
        Rule::Country,
        Rule::Continent,
        Rule::Default,
        Rule::Geoproximity,
        Rule::Block,
        Rule::Multivalue,
        Rule::NoLocation,
        Rule::NoRecord,
        Rule::Origin,
        Rule::FirstOrigin,
        Rule::SecondOrigin,
        Rule::NoDistribution,
    ];
    assert_eq!(seen, BTreeSet::from(rules), "every rule has a case");
}

/// A reason names the rule, and the records that are unhealthy, with their causes.
#[test]
fn reasons_are_sentences() {
    let section = |title: &str| {
        let all = sections(include_str!("cases.txt"));
        all.into_iter().find(|section| section.title.starts_with(title)).unwrap().world
    };
    let reason = |world: &World, conditions: &str| {
        let found = Case::read(&conditions.split_whitespace().collect::<Vec<_>>()).answers(world);
        found.iter().map(|answer| format!("{}: {}", answer.record(), answer.reason())).collect::<Vec<_>>().join("\n")
    };
    let latency = section("Latency: the healthy region");
    let nested = section("Nested aliases that evaluate");
    let group = section("An origin group: the second");
    insta::assert_snapshot!([
        reason(&latency, "from eu-west-1"),
        reason(&latency, "from eu-west-1 failing d"),
        reason(&latency, "failing d e w"),
        reason(&latency, "ask other"),
        reason(&nested, "failing e1 e2"),
        reason(&group, "down us-east-1"),
    ]
    .join("\n"), @r"
    api.example.com d: Latency routing: the nearest region to eu-west-1.
    api.example.com e: Latency routing: the nearest region to eu-west-1. Unhealthy: d (health check d).
    api.example.com e: Latency routing: the nearest region to us-east-1. No record is healthy, so Route 53 considers all of them healthy.
    other.example.com: The name has no record.
    west.example.com w1: Latency routing: the nearest region to us-east-1. Unhealthy: e (all records of east.example.com). Weighted routing: 50 % of the answers.
    west.example.com w2: Latency routing: the nearest region to us-east-1. Unhealthy: e (all records of east.example.com). Weighted routing: 50 % of the answers.
    d1.cloudfront.net west: Simple routing: the only record. CloudFront: the second origin of the group, because east does not respond.
    ");
}
