//! The sections of `cases.txt`.

use crate::traffic::{
    Behavior, Block, Check, CheckKind, Distribution, OriginGroup, Place, Record, Restriction, Routing, Spot, Target,
    World, Zone,
};

/// The collection of all blocks.
const COLLECTION: &str = "c";
const DISTRIBUTION: &str = "d1.cloudfront.net";

/// A rule with its world and its cases.
#[derive(Default)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) source: String,
    pub(super) world: World,
    /// The lines `case`, without the word.
    pub(super) cases: Vec<String>,
    /// The lines `healthy`, without the word.
    pub(super) health: Vec<String>,
}

pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix("== ") {
            let world =
                World { zones: vec![Zone { name: "example.com".to_owned(), records: vec![] }], ..World::default() };
            sections.push(Section { title: title.to_owned(), world, ..Section::default() });
            continue;
        }
        let section = sections.last_mut().unwrap();
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "source" => section.source = rest.to_owned(),
            "record" => record(&mut section.world, rest),
            "check" => check(&mut section.world, rest),
            "block" => {
                let (location, cidr) = rest.split_once(' ').unwrap();
                let (collection, location) = (COLLECTION.to_owned(), location.to_owned());
                section.world.blocks.push(Block { collection, location, cidr: cidr.to_owned() });
            }
            "cdn" => cdn(&mut section.world, rest),
            "case" => section.cases.push(rest.to_owned()),
            "healthy" => section.health.push(rest.to_owned()),
            _ => panic!("unknown line: {line}"),
        }
    }
    sections
}

fn name(text: &str) -> String {
    format!("{text}.example.com")
}

/// The host name of `@NAME`, of `cdn`, or of the API of a region.
fn host(text: &str) -> String {
    match text.strip_prefix('@') {
        Some(own) => name(own),
        None if text == "cdn" => DISTRIBUTION.to_owned(),
        None => format!("d-1.execute-api.{text}.amazonaws.com"),
    }
}

fn record(world: &mut World, text: &str) {
    let (head, tail) = text.split_once(" -> ").unwrap();
    let head: Vec<&str> = head.split(' ').collect();
    let (own, set) = head[0].split_once('/').map_or((head[0], None), |(own, set)| (own, Some(set.to_owned())));
    let tail: Vec<&str> = tail.split(' ').collect();
    let after = |word: &str| tail.iter().position(|token| *token == word).map(|at| tail[at + 1].to_owned());
    let has = |word: &str| tail.contains(&word);
    let health_check = match after("check") {
        Some(id) => Some(id),
        None if has("unchecked") => None,
        None => set.clone().inspect(|id| {
            let kind = CheckKind::Endpoint(Some(host(&tail[0].replace('=', "@"))));
            world.checks.entry(id.clone()).or_insert(Check { kind, inverted: false, disabled: false });
        }),
    };
    let target = match tail[0].strip_prefix('=') {
        Some(other) if other.contains('.') => Target::Cname(other.to_owned()),
        Some(own) => Target::Cname(name(own)),
        None if tail[0].parse::<core::net::IpAddr>().is_ok() => Target::Addresses(vec![tail[0].to_owned()]),
        None => Target::Alias { host: host(tail[0]), evaluate_health: has("eth") },
    };
    let kind = after("type").unwrap_or("A".to_owned());
    let routing = routing(&head[1..]);
    world.zones[0].records.push(Record { name: name(own), kind, set, routing, health_check, target });
}

fn routing(words: &[&str]) -> Routing {
    let own = |text: &str| text.to_owned();
    match words {
        ["simple"] => Routing::Simple,
        ["primary"] => Routing::Failover { primary: true },
        ["secondary"] => Routing::Failover { primary: false },
        ["weighted", weight] => Routing::Weighted(weight.parse().unwrap()),
        ["latency", region] => Routing::Latency(own(region)),
        ["geo", place] => Routing::Geolocation(match place.strip_prefix("continent:") {
            Some(continent) => Place { continent: own(continent), ..Place::default() },
            None => Place { continent: String::new(), ..Place::of_client(place) },
        }),
        ["near", spot, bias] => {
            let spot = match spot.split_once(',') {
                Some((latitude, longitude)) => Spot::Coordinates(latitude.parse().unwrap(), longitude.parse().unwrap()),
                None if spot.split('-').count() > 3 => Spot::LocalZoneGroup(own(spot)),
                None => Spot::Region(own(spot)),
            };
            Routing::Geoproximity(spot, bias.parse().unwrap())
        }
        ["ip", location] => Routing::IpBased { collection: own(COLLECTION), location: own(location) },
        ["multivalue"] => Routing::Multivalue,
        _ => panic!("unknown policy: {words:?}"),
    }
}

fn check(world: &mut World, text: &str) {
    let words: Vec<&str> = text.split(' ').collect();
    let (inverted, disabled) = (words.contains(&"inverted"), words.contains(&"disabled"));
    let flags = ["inverted", "disabled", "of", "fails"];
    let named: Vec<&str> = words[2..].iter().copied().filter(|word| !flags.contains(word)).collect();
    let kind = match words[1] {
        "endpoint" => CheckKind::Endpoint(named.first().map(|target| host(target))),
        "calculated" => CheckKind::Calculated {
            threshold: named[0].parse().unwrap(),
            children: named[1..].iter().map(|id| (*id).to_owned()).collect(),
        },
        "alarm" => CheckKind::Alarm { region: named[0].to_owned(), fails_without_data: words.contains(&"fails") },
        "control" => CheckKind::RoutingControl,
        _ => panic!("unknown health check: {text}"),
    };
    world.checks.insert(words[0].to_owned(), Check { kind, inverted, disabled });
}

fn cdn(world: &mut World, text: &str) {
    if world.distributions.is_empty() {
        let (id, domain_name) = ("E1".to_owned(), DISTRIBUTION.to_owned());
        world.distributions.push(Distribution { id, domain_name, enabled: true, ..Distribution::default() });
    }
    let distribution = &mut world.distributions[0];
    let own = |text: &&str| (*text).to_owned();
    match text.split(' ').collect::<Vec<_>>().as_slice() {
        ["alias", alias] => distribution.aliases.push(name(alias)),
        ["disabled"] => distribution.enabled = false,
        ["origin", id, target] => drop(distribution.origins.insert(own(id), host(target))),
        ["group", id, first, second, "codes", codes @ ..] => distribution.groups.push(OriginGroup {
            id: own(id),
            members: vec![own(first), own(second)],
            status_codes: codes.iter().map(|code| code.parse().unwrap()).collect(),
        }),
        ["behavior", pattern, target] => {
            distribution.behaviors.push(Behavior { pattern: own(pattern), target: own(target), function: None });
        }
        ["only", countries @ ..] => distribution.restriction = Restriction::Only(countries.iter().map(own).collect()),
        ["except", countries @ ..] => {
            distribution.restriction = Restriction::AllBut(countries.iter().map(own).collect())
        }
        other => panic!("unknown part of a distribution: {other:?}"),
    }
}
