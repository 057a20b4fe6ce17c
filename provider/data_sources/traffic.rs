//! `multiregion_traffic`: which region responds to each client, and what changes when regions fail.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use futures::future::{BoxFuture, FutureExt};

use super::{DataSource, Reader};
use crate::aws::{CallError, chain};
use crate::components::route53::geography::Location;
use crate::components::traffic::{self as reads, ACTIONS};
use crate::resources::shared::checks::each;
use crate::resources::shared::regions;
use crate::resources::shared::values::state;
use crate::schema::{Attr, Attributes, Schema, Texts, attributes, outputs};
use crate::traffic::{Answer, Assumptions, Client, Model, Place, World, normal};
use crate::wire::{Diagnostic, Diagnostics, Number, Path, Value};

attributes! {
    /// The arguments.
    struct Config {
        /// The URL of the API, `multiregion_api.NAME.url`, or a domain name. If the same configuration creates the API, the
        /// data source needs `depends_on = [multiregion_api.NAME]`, because the URL is known before the records exist. The
        /// path of the URL selects the cache behavior of a CloudFront distribution.
        url: String = required, example("multiregion_api.shop.url");
        /// The clients by names of your choice, which are the keys of `answers`.
        clients: BTreeMap<String, Attr<ClientConfig>> = required, example("{ berlin = { region = \"eu-central-1\" } }");
        /// Regions whose APIs are assumed not to respond. The health checks of their endpoints fail, and CloudWatch alarms in
        /// them have insufficient data.
        down: Texts = optional, example("[\"us-east-1\"]");
        /// Regions that are assumed to be drained: their records and their origins in CloudFront are removed.
        drained: Texts = optional;
        /// Ids of health checks that are assumed to be unhealthy, such as
        /// `multiregion_api.NAME.components["us-east-1/health_check"].id`. All others are assumed to be healthy, unless they
        /// depend on a region in `down` or are inverted.
        failing_checks: Texts = optional;
    }

    /// A client.
    struct ClientConfig {
        /// The AWS region to which the client has the lowest latency.
        region: String = required, example("\"eu-central-1\"");
        /// The country of the client as an ISO 3166-1 code (`DE`), or its state in the United States (`US-WA`), for
        /// geolocation routing. Default: the country of `region`.
        country: String = optional, example("\"DE\"");
        /// The IP address of the client, for IP-based routing.
        ip: String = optional, example("\"203.0.113.7\"");
        /// The HTTP method of its requests. CloudFront sends only GET, HEAD and OPTIONS requests to the second origin of a
        /// group.
        method: String = optional, default("GET");
    }
}

outputs! {
    /// The computed attributes.
    struct Outputs {
        /// The answer to each client, by the names in `clients`.
        answers: BTreeMap<String, Attr<AnswerOutputs>>;
        /// The names of the clients for which some or all requests get no response.
        unserved: Texts;
    }

    /// The answer to a client.
    struct AnswerOutputs {
        /// The region to which the requests go: with weighted routing, the one with the largest share. Null if they go to none.
        region: String;
        /// The percentages of the requests that go to each region.
        shares: BTreeMap<String, Attr<Number>>;
        /// The record, or the origin of a CloudFront distribution, that leads to `region`.
        record: String;
        /// The rule by which each record was chosen, and the records that are unhealthy.
        reason: String;
        /// Whether all requests get a response.
        answered: bool;
    }
}

/// The data source.
pub(crate) struct Traffic;

impl DataSource for Traffic {
    fn type_name(&self) -> &'static str {
        "multiregion_traffic"
    }

    fn schema(&self) -> Schema {
        const ABOUT: &str = "Which region responds to which clients, now or when regions are down or drained or health \
            checks fail. It reads records, health checks and CloudFront distributions, and applies the documented rules of \
            Route 53 and CloudFront; it sends no request to the API. Use it in tests and preconditions.\n\nThe latency \
            between a client and a region is estimated by their distance. Whether a region that is not in `down` responds \
            is not checked. Only public hosted zones of the account are read. Distributions whose origin is chosen by a \
            function (`cdn.origin = \"edge_function\"` or `\"key_value_store\"`) are not supported.";
        Schema::new(ABOUT).with::<Config>().with::<Outputs>()
    }

    fn actions(&self) -> &'static [&'static str] {
        ACTIONS
    }

    fn check(&self, config: &Value) -> Diagnostics {
        let config = Config::read(config);
        let mut found = Diagnostics::new();
        if config.url().is_ok_and(|url| host_and_path(url).is_none()) {
            let detail =
                "url has no host name. Use the URL of the API, such as multiregion_api.shop.url, or a domain name.";
            found.push(Diagnostic::error(Path::of("url"), "URL without a host name", detail));
        }
        if config.clients().is_ok_and(BTreeMap::is_empty) {
            let detail =
                "clients is empty. Add at least one client, such as { berlin = { region = \"eu-central-1\" } }.";
            found.push(Diagnostic::error(Path::of("clients"), "No clients", detail));
        }
        for (name, client) in config.clients().into_iter().flatten() {
            let path = Path::of("clients").key(name);
            found.extend(client.known().into_iter().flat_map(|client| client.mistakes(&path)));
        }
        for (attribute, list) in [("down", config.down()), ("drained", config.drained())] {
            let listed = list.known().into_iter().flat_map(|list| each(list, &Path::of(attribute)));
            found.extend(listed.filter_map(|(path, region)| regions::unknown(region, path)));
        }
        found
    }

    fn read<'a>(&'a self, aws: &'a Reader, config: &'a Value) -> BoxFuture<'a, Result<Value, Diagnostics>> {
        async move {
            let arguments = Config::read(config);
            let url = arguments.url().map(String::as_str).unwrap_or_default();
            let (host, path) = host_and_path(url).unwrap_or_default();
            let region = aws.region(aws.home_region());
            let world = reads::world(&region, &host).await.map_err(|error| vec![unreadable(&host, &error)])?;
            let assume = arguments.assumptions();
            let model = Model::new(&world, &assume);
            let problems = problems(&arguments, &world, &model, (&host, path), region.account_id());
            if !problems.is_empty() {
                return Err(problems);
            }
            let (mut answers, mut unserved) = (BTreeMap::new(), Vec::new());
            for (name, client) in arguments.clients().into_iter().flatten() {
                let Some(client) = client.known() else { continue };
                let answer = answer(model.answers(&client.client(), &host, path));
                if answer.answered != Attr::Known(true) {
                    unserved.push(Attr::Known(name.clone()));
                }
                answers.insert(name.clone(), Attr::Known(answer));
            }
            let outputs = Outputs { answers: Attr::Known(answers), unserved: Attr::Known(unserved) };
            Ok(state(config, &self.schema(), outputs.values()))
        }
        .boxed()
    }
}

impl Config {
    fn assumptions(&self) -> Assumptions {
        Assumptions {
            down: texts(self.down()).cloned().collect(),
            drained: texts(self.drained()).cloned().collect(),
            failing_checks: texts(self.failing_checks()).cloned().collect(),
        }
    }
}

/// An error at `path` when the data source has no coordinates of the region `name`.
fn unlocated(name: &str, path: Path) -> Option<Diagnostic> {
    if let Some(error) = regions::unknown(name, path.clone()) {
        return Some(error);
    }
    let detail = format!(
        "This version of the provider has no coordinates of the region {name:?}, so it cannot find the regions near a client \
         there. Correct the name, use a region near it, or use a newer version."
    );
    (!regions::is_listed(name)).then(|| Diagnostic::error(path, "Unknown region", detail))
}

impl ClientConfig {
    /// The mistakes in the client at `path`.
    fn mistakes(&self, path: &Path) -> Diagnostics {
        let region = self.region().ok().and_then(|region| unlocated(region, path.attribute("region")));
        let country = self.country().known().filter(|country| !is_country(country)).map(|country| {
            let detail = format!(
                "Route 53 has no location {country:?}. Use an ISO 3166-1 alpha-2 code such as \"GB\", or a state of the United \
                 States such as \"US-WA\"."
            );
            Diagnostic::error(path.attribute("country"), "Unknown country", detail)
        });
        let ip = self.ip().known().filter(|ip| ip.parse::<IpAddr>().is_err()).map(|ip| {
            let detail =
                format!("{ip:?} is not an IP address. Use one address, such as \"203.0.113.7\" or \"2001:db8::1\".");
            Diagnostic::error(path.attribute("ip"), "Invalid IP address", detail)
        });
        [region, country, ip].into_iter().flatten().collect()
    }

    fn client(&self) -> Client {
        let near = Client::near(self.region().map(String::as_str).unwrap_or_default());
        Client {
            place: self.country().known().map_or(near.place, |country| Place::of_client(country)),
            address: self.ip().known().and_then(|ip| ip.parse().ok()),
            method: self.method().unwrap_or(near.method),
            region: near.region,
        }
    }
}

fn texts(list: &Attr<Texts>) -> impl Iterator<Item = &String> {
    list.known().into_iter().flatten().filter_map(Attr::known)
}

/// Whether Route 53 has clients in a country or state. Codes of continents are no countries here.
fn is_country(text: &str) -> bool {
    let text = if text.starts_with("US-") { text.to_owned() } else { format!("country:{text}") };
    matches!(Location::parse(&text), Some(Location::Country(_) | Location::State(_)))
}

/// The host name in lower case and the path of a URL or of a domain name; `None` without a host name.
fn host_and_path(url: &str) -> Option<(String, &str)> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let host = normal(host.split(':').next().unwrap_or_default());
    let path = path.split(['?', '#']).next().unwrap_or_default();
    (!host.is_empty() && !host.contains(char::is_whitespace)).then_some((host, path))
}

fn unreadable(host: &str, error: &CallError) -> Diagnostic {
    let detail = format!("Could not read the records of {host}: {}.", chain(error));
    Diagnostic::error(Path::of("url"), "Routing could not be read", detail)
}

/// The mistakes that show only in AWS: a name without records, unknown health checks, origins that a function chooses.
fn problems(
    config: &Config,
    world: &World,
    model: &Model<'_>,
    (host, path): (&str, &str),
    account: &str,
) -> Diagnostics {
    if !model.has(host) {
        let detail = format!(
            "No public hosted zone of account {account} has a record of {host}, and no CloudFront distribution of the account \
             has this domain name. Check the URL, and use the credentials of the account that contains the records. If this \
             configuration creates the API, add depends_on = [multiregion_api.NAME], so that the records are read after they \
             are created."
        );
        return vec![Diagnostic::error(Path::of("url"), "Name without records in the account", detail)];
    }
    let mut found = Diagnostics::new();
    let known: BTreeSet<&String> = world.checks.keys().collect();
    let failing_checks = Path::of("failing_checks");
    let failing = config.failing_checks().known().into_iter().flat_map(|list| each(list, &failing_checks));
    for (path, id) in failing.filter(|(_, id)| !known.iter().any(|known| known == id)) {
        let offer = match known.iter().map(|id| id.as_str()).collect::<Vec<_>>() {
            ids if ids.is_empty() => "The records have no health checks".to_owned(),
            ids => format!("The records have the health checks {}", ids.join(", ")),
        };
        let detail = format!("No record of {host} depends on a health check with the id {id:?}. {offer}.");
        found.push(Diagnostic::error(path, "Unknown health check", detail));
    }
    let behaviors =
        world.distributions.iter().filter_map(|distribution| Some((distribution, distribution.behavior(path)?)));
    for (distribution, behavior) in behaviors {
        let Some(function) = &behavior.function else { continue };
        let detail = format!(
            "The function {function} can choose the origin of each request to the distribution {}, so the configuration of the \
             distribution does not show which region responds. Use a URL whose requests Route 53 or an origin group routes.",
            distribution.id
        );
        found.push(Diagnostic::error(Path::of("url"), "Origin is chosen by a function", detail));
    }
    found
}

/// The answers of the model to one client as one object.
fn answer(mut answers: Vec<Answer>) -> AnswerOutputs {
    answers.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.region.cmp(&b.region)));
    let mut shares: BTreeMap<String, f64> = BTreeMap::new();
    for answer in &answers {
        if let Some(region) = &answer.region {
            *shares.entry(region.clone()).or_default() += answer.share;
        }
    }
    let largest =
        shares.iter().max_by(|a, b| a.1.total_cmp(b.1).then_with(|| b.0.cmp(a.0))).map(|(region, _)| region.clone());
    let first = answers.iter().find(|answer| answer.region == largest).or(answers.first());
    let label = |answer: &Answer| match &answer.region {
        Some(region) => format!("{region}: {}", answer.reason()),
        None => answer.reason(),
    };
    let reason = match answers.as_slice() {
        [only] => only.reason(),
        several => several.iter().map(label).collect::<Vec<_>>().join(" "),
    };
    let percent = |share: f64| Number::parse(&format!("{:.2}", share * 100.0)).ok();
    AnswerOutputs {
        record: first.map(Answer::record).into(),
        reason: Attr::Known(reason),
        answered: Attr::Known(!answers.is_empty() && answers.iter().all(|answer| answer.answered)),
        shares: Attr::Known(shares.iter().map(|(region, share)| (region.clone(), percent(*share).into())).collect()),
        region: largest.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::shared::values::{map, object, text};

    fn summaries(attributes: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<(String, &'static str)> {
        let mut config = BTreeMap::from([
            ("url".to_owned(), text("https://api.example.com/v1")),
            ("clients".to_owned(), map([("berlin".to_owned(), object([("region", text("eu-central-1"))]))])),
        ]);
        config.extend(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let found = Traffic.validate(&Value::Map(config)).into_iter();
        found.map(|one| (one.path.to_string(), one.summary)).collect()
    }

    #[test]
    fn mistakes_are_found_before_aws_is_read() {
        let client = |name: &str, value: &str| {
            map([(
                "c".to_owned(),
                object([
                    ("region", text("us-east-1")),
                    (
                        if name == "region" {
                            "region"
                        } else if name == "country" {
                            "country"
                        } else {
                            "ip"
                        },
                        text(value),
                    ),
                ]),
            )])
        };
        let list = |items: &[&str]| Value::List(items.iter().map(|item| text(item)).collect());
        let none: Vec<(String, &str)> = Vec::new();
        let one = |path: &str, summary: &'static str| vec![(path.to_owned(), summary)];
        for (attribute, value, expected) in [
            ("url", text("api.example.com"), none.clone()),
            ("url", text("https:///x"), one("url", "URL without a host name")),
            ("url", text(""), one("url", "URL without a host name")),
            ("clients", map([]), one("clients", "No clients")),
            ("clients", client("region", "eu-west-9"), one("clients[\"c\"].region", "Unknown region")),
            ("clients", client("country", "UK"), one("clients[\"c\"].country", "Unknown country")),
            ("clients", client("country", "EU"), one("clients[\"c\"].country", "Unknown country")),
            ("clients", client("country", "US-XX"), one("clients[\"c\"].country", "Unknown country")),
            ("clients", client("country", "NA"), none.clone()),
            ("clients", client("country", "US-WA"), none.clone()),
            ("clients", client("ip", "203.0.113.0/24"), one("clients[\"c\"].ip", "Invalid IP address")),
            ("clients", client("ip", "2001:db8::1"), none.clone()),
            ("down", list(&["us-east-1", "us-est-2"]), one("down[1]", "Unknown region")),
            ("drained", list(&["moon-1"]), one("drained[0]", "Unknown region")),
            ("drained", Value::List(vec![Value::Unknown]), none.clone()),
            ("url", Value::Unknown, none.clone()),
            ("clients", Value::Unknown, none),
        ] {
            let description = format!("{attribute} = {value:?}");
            assert_eq!(summaries([(attribute, value)]), expected, "{description}");
        }
    }

    #[test]
    fn hosts_and_paths_are_those_of_the_url() {
        for (url, host, path) in [
            ("https://API.example.com/v1/a?b", "api.example.com", "/v1/a"),
            ("https://api.example.com:443", "api.example.com", "/"),
            ("api.example.com.", "api.example.com", "/"),
        ] {
            assert_eq!(host_and_path(url), Some((host.to_owned(), path)), "{url}");
        }
    }

    #[test]
    fn shares_of_a_region_are_added() {
        let part = |region: Option<&str>, share: f64, answered: bool| Answer {
            region: region.map(str::to_owned),
            steps: Vec::new(),
            share,
            answered,
        };
        let found = answer(vec![part(Some("b"), 0.4, true), part(Some("a"), 0.3, true), part(Some("a"), 0.3, true)]);
        assert_eq!((found.region.known().unwrap().as_str(), found.answered), ("a", Attr::Known(true)));
        let shares = found.shares.known().unwrap();
        let shares: Vec<_> =
            shares.iter().map(|(region, share)| (region.as_str(), share.known().unwrap().as_str())).collect();
        assert_eq!(shares, [("a", "60"), ("b", "40")]);
        let found = answer(vec![part(None, 1.0, false)]);
        assert_eq!((found.region, found.answered), (Attr::Null, Attr::Known(false)));
    }
}
