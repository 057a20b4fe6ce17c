//! Replaces placeholders and CloudFormation functions in a document: where they are, and what they may refer to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Context;
use super::functions::Functions;
use super::problems::{Place, Problems, quoted, suggestion};
use super::references::{DOCUMENTATION, is_extension};
use super::substitution::{BUILT_IN, Fault, Scope, Spelling};

/// The part of a document that a value is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Anything without placeholders.
    Plain,
    /// Example data, regular expressions and texts for readers, in which nothing is replaced.
    Verbatim,
    /// `servers`.
    Servers,
    /// The security schemes by name.
    Schemes,
    /// A security scheme.
    Scheme,
    /// The value of an extension, or a URL.
    Text,
    /// Mapping templates.
    Templates,
    /// A resource policy.
    Policy,
}

/// Replaces placeholders and CloudFormation functions.
pub(super) fn replace(document: &mut Value, context: &Context<'_>, problems: &mut Problems) {
    let mut replacer =
        Replacer { context, problems, reserved: BTreeSet::new(), parameters: BTreeSet::new(), faults: BTreeMap::new() };
    replacer.walk(document, &Place::root(), Part::Plain);
    replacer.report();
}

struct Replacer<'a> {
    context: &'a Context<'a>,
    problems: &'a mut Problems,
    reserved: BTreeSet<String>,
    parameters: BTreeSet<String>,
    faults: BTreeMap<(String, Fault), Vec<Place>>,
}

impl Replacer<'_> {
    fn walk(&mut self, value: &mut Value, place: &Place, part: Part) {
        match value {
            _ if part == Part::Verbatim => {}
            Value::String(text) if part != Part::Plain => *text = self.text(text, place, part, None, false),
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.walk(item, &place.index(index), part);
                }
            }
            Value::Object(entries) => match function(entries) {
                Some((name, argument)) => {
                    let (name, mut argument) = (name.to_owned(), argument.clone());
                    if let Some(result) = self.call(&name, &mut argument, &place.key(&name), part) {
                        *value = Value::String(result);
                    }
                }
                None => self.entries(entries, place, part),
            },
            _ => {}
        }
    }

    fn entries(&mut self, entries: &mut Map<String, Value>, place: &Place, part: Part) {
        let outer = (self.reserved.clone(), self.parameters.clone());
        if let Part::Servers | Part::Text = part {
            self.reserved.extend(reserved(entries));
        }
        for (key, child) in entries {
            let inner = child_part(part, key);
            let parameters = std::mem::take(&mut self.parameters);
            // Only a path of `paths` begins with a slash, and only the URI of an integration may contain its parameters.
            if part == Part::Plain && key.starts_with('/') {
                self.parameters = path_parameters(key).map(str::to_owned).collect();
            } else if part == Part::Plain || inner == Part::Text && (key == "uri" || is_extension(key)) {
                self.parameters.clone_from(&parameters);
            }
            self.walk(child, &place.key(key), inner);
            self.parameters = parameters;
        }
        (self.reserved, self.parameters) = outer;
    }

    fn text(
        &mut self,
        text: &str,
        place: &Place,
        part: Part,
        sub: Option<&BTreeMap<String, String>>,
        exact: bool,
    ) -> String {
        let spelling = match part {
            Part::Templates => Spelling::Velocity,
            Part::Policy => Spelling::Policy,
            Part::Plain | Part::Verbatim | Part::Schemes | Part::Scheme => Spelling::Plain,
            Part::Text | Part::Servers => Spelling::Strict,
        };
        let (reserved, parameters) = (&self.reserved, &self.parameters);
        let scope = Scope { context: self.context, spelling, sub, reserved, parameters };
        let (replaced, faults) = if exact {
            match scope.value(text, true) {
                Ok(value) => (value, Vec::new()),
                Err(fault) => (text.to_owned(), vec![(format!("${{{text}}}"), fault)]),
            }
        } else {
            scope.replace(text)
        };
        for fault in faults {
            self.faults.entry(fault).or_default().push(place.clone());
        }
        replaced
    }

    /// Evaluates a CloudFormation function. `None` if it cannot be evaluated; then there is an error.
    fn call(&mut self, name: &str, argument: &mut Value, place: &Place, part: Part) -> Option<String> {
        match (name, &mut *argument) {
            ("Fn::Sub", Value::String(text)) => Some(self.text(text, place, part, Some(&BTreeMap::new()), false)),
            ("Fn::Sub", Value::Array(items)) => {
                if let [Value::String(text), Value::Object(variables)] = items.as_mut_slice() {
                    let text = text.clone();
                    let variables = self.evaluated(variables, &place.index(1), part);
                    return Some(self.text(&text, place, part, Some(&variables), false));
                }
                self.invalid(name, argument, place)
            }
            ("Ref", Value::String(text)) => Some(self.text(text, place, part, None, true)),
            ("Fn::GetAtt", Value::String(text)) => Some(self.text(text, place, part, None, true)),
            ("Fn::GetAtt", Value::Array(items)) => {
                if let [Value::String(object), Value::String(attribute)] = items.as_slice() {
                    return Some(self.text(&format!("{object}.{attribute}"), place, part, None, true));
                }
                self.invalid(name, argument, place)
            }
            ("Fn::Join", Value::Array(items)) => {
                if let [Value::String(separator), Value::Array(parts)] = items.as_mut_slice() {
                    let separator = separator.clone();
                    self.walk_all(parts, &place.index(1), part);
                    let texts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
                    if let Some(texts) = texts {
                        return Some(texts.join(&separator));
                    }
                }
                self.invalid(name, argument, place)
            }
            _ => self.invalid(name, argument, place),
        }
    }

    fn walk_all(&mut self, items: &mut [Value], place: &Place, part: Part) {
        for (index, item) in items.iter_mut().enumerate() {
            self.walk(item, &place.index(index), part);
        }
    }

    fn evaluated(&mut self, variables: &mut Map<String, Value>, place: &Place, part: Part) -> BTreeMap<String, String> {
        let mut evaluated = BTreeMap::new();
        for (name, value) in variables {
            self.walk(value, &place.key(name), part);
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            evaluated.insert(name.clone(), text);
        }
        evaluated
    }

    fn invalid(&mut self, name: &str, argument: &Value, place: &Place) -> Option<String> {
        let detail = format!(
            "{name} at {place} has the argument {}, which the provider cannot evaluate. It evaluates Ref, Fn::Sub, Fn::GetAtt \
             and Fn::Join with texts. Write a variable such as {{NAME}} instead.",
            shortened(&argument.to_string())
        );
        self.problems.error("Unsupported CloudFormation function", detail);
        None
    }

    fn report(self) {
        let functions = Functions::of(self.context);
        for ((name, fault), places) in self.faults {
            let first = places.first().map(ToString::to_string).unwrap_or_default();
            let more = match places.len() {
                0 | 1 => String::new(),
                2 => " (and one more place)".to_owned(),
                count => format!(" (and {} more places)", count - 1),
            };
            let bare = name.trim_start_matches('$').trim_matches(['{', '}']);
            match fault {
                Fault::Unknown => {
                    let detail = format!(
                        "{name} at {first}{more} has no value. {} Correct the name, or add it to gateway.openapi_variables.",
                        known(self.context, bare)
                    );
                    self.problems.error("Unresolved placeholder", detail);
                }
                Fault::UnknownFunction => {
                    let given = bare.trim_start_matches("function.");
                    let detail = format!(
                        "{name} at {first}{more} names no function of the API. {} Correct the name.",
                        functions.known(given)
                    );
                    self.problems.error("Unknown function", detail);
                }
                Fault::SeveralFunctions => {
                    let detail = format!(
                        "{name} at {first}{more} does not say which function. {} Write {{function.NAME}}.",
                        functions.known("")
                    );
                    self.problems.error("Unknown function", detail);
                }
                Fault::Ambiguous => {
                    let detail = format!(
                        "{name} at {first}{more} is both a parameter of the path and a placeholder. Write ${name} for the \
                         placeholder; for the parameter, map \"integration.request.path.{bare}\" in requestParameters, or \
                         rename it."
                    );
                    self.problems.error("Ambiguous placeholder", detail);
                }
            }
        }
    }
}

/// The part of a document that the value of `key` is in.
fn child_part(part: Part, key: &str) -> Part {
    match part {
        Part::Schemes => Part::Scheme,
        Part::Text if key == "description" || key == "identityValidationExpression" => Part::Verbatim,
        Part::Text if key == "requestTemplates" || key == "responseTemplates" => Part::Templates,
        Part::Servers if key != "url" => Part::Verbatim,
        Part::Text | Part::Templates | Part::Policy | Part::Servers | Part::Verbatim => part,
        Part::Plain | Part::Scheme => match key {
            DOCUMENTATION => Part::Verbatim,
            "x-amazon-apigateway-policy" => Part::Policy,
            _ if is_extension(key) => Part::Text,
            "openIdConnectUrl" | "authorizationUrl" | "tokenUrl" | "refreshUrl" if part == Part::Scheme => Part::Text,
            "securitySchemes" | "securityDefinitions" => Part::Schemes,
            "servers" => Part::Servers,
            "example" | "examples" | "enum" | "const" | "properties" if part == Part::Plain => Part::Verbatim,
            _ => part,
        },
    }
}

/// The names that stay as they are: the variables of a server, and the path parameters that an integration maps.
fn reserved(entries: &Map<String, Value>) -> impl Iterator<Item = String> {
    let keys = |key: &str| entries.get(key).and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let variables = keys("variables").cloned();
    let mapped = keys("requestParameters").filter_map(|key| key.strip_prefix("integration.request.path."));
    variables.chain(mapped.map(str::to_owned)).collect::<Vec<_>>().into_iter()
}

/// The names of a path's parameters: `id` and `rest` in `/items/{id}/{rest+}`.
pub(super) fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    let inner = |segment: &'_ str| -> bool { segment.starts_with('{') && segment.ends_with('}') };
    path.split('/').filter(move |segment| inner(segment)).map(|segment| segment.trim_matches(['{', '}', '+']))
}

/// The CloudFormation function that an object is.
fn function(entries: &Map<String, Value>) -> Option<(&String, &Value)> {
    let (name, argument) = entries.iter().next().filter(|_| entries.len() == 1)?;
    (name.starts_with("Fn::") || name == "Ref" && argument.is_string()).then_some((name, argument))
}

/// The names of the placeholders, for a diagnostic.
fn known(context: &Context<'_>, given: &str) -> String {
    let named = context.functions.iter().map(|name| format!("{{function.{name}}}"));
    let single = (context.functions.len() < 2).then(|| "{function}".to_owned());
    let own = context.variables.keys().map(|name| format!("{{{name}}}"));
    let all: Vec<String> = BUILT_IN.iter().map(ToString::to_string).chain(single).chain(named).chain(own).collect();
    let similar = suggestion(&format!("{{{given}}}"), all.iter().map(String::as_str));
    format!("The placeholders are {}.{similar}", quoted(all.iter().map(String::as_str)).replace('"', ""))
}

/// A text of at most 80 characters.
fn shortened(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
