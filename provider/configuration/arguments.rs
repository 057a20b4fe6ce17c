//! The provider's arguments, read one by one: each mistake is told, not only the first.

use std::collections::BTreeMap;

use super::formats::{self, Wrong};
use crate::aws::{AssumeRole, Config, StaticCredentials};
use crate::schema::{Attr, Decode, Object};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The arguments as they stand in the configuration.
#[derive(Default)]
pub(super) struct Arguments {
    region: Attr<String>,
    profile: Attr<String>,
    access_key: Attr<String>,
    secret_key: Attr<String>,
    token: Attr<String>,
    endpoint_url: Attr<String>,
    endpoints: Attr<Texts>,
    assume_role: Attr<Role>,
    allowed_account_ids: Attr<Vec<Attr<String>>>,
    forbidden_account_ids: Attr<Vec<Attr<String>>>,
    default_tags: Attr<Texts>,
    max_retries: Attr<i64>,
    max_parallel_calls: Attr<i64>,
    rate_limits: Attr<String>,
}

type Texts = BTreeMap<String, Attr<String>>;

#[derive(Clone)]
struct Role {
    role_arn: Attr<String>,
    session_name: Attr<String>,
    external_id: Attr<String>,
    duration_seconds: Attr<i64>,
}

impl Decode for Role {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        let role = Object::of(value, path)?;
        Ok(Self {
            role_arn: role.get("role_arn")?,
            session_name: role.get("session_name")?,
            external_id: role.get("external_id")?,
            duration_seconds: role.get("duration_seconds")?,
        })
    }
}

impl Arguments {
    /// Reads the arguments, and everything that is wrong with them. One that cannot be read counts as absent.
    pub(super) fn read(config: &Value) -> (Self, Diagnostics) {
        let mut reader = Reader::default();
        if matches!(config, Value::Null | Value::Unknown) {
            return (Self::default(), reader.diagnostics);
        }
        let object = match Object::of(config, &Path::root()) {
            Ok(object) => object,
            Err(diagnostic) => return (Self::default(), vec![diagnostic]),
        };
        let arguments = Self {
            region: reader.text(&object, "region", formats::region),
            profile: reader.text(&object, "profile", formats::filled),
            access_key: reader.text(&object, "access_key", formats::filled),
            secret_key: reader.text(&object, "secret_key", formats::filled),
            token: reader.text(&object, "token", formats::filled),
            endpoint_url: reader.text(&object, "endpoint_url", formats::url),
            endpoints: reader.texts(&object, "endpoints", |name, url| {
                formats::service(name)?;
                url.map_or(Ok(()), formats::url)
            }),
            assume_role: reader.role(&object),
            allowed_account_ids: reader.account_ids(&object, "allowed_account_ids"),
            forbidden_account_ids: reader.account_ids(&object, "forbidden_account_ids"),
            default_tags: reader.texts(&object, "default_tags", formats::tag),
            max_retries: reader.number(&object, "max_retries", |number| formats::within(number, 0, 100)),
            max_parallel_calls: reader.number(&object, "max_parallel_calls", |number| formats::within(number, 1, 1000)),
            rate_limits: reader.text(&object, "rate_limits", formats::rate_limits),
        };
        arguments.check_together(&mut reader.diagnostics);
        (arguments, reader.diagnostics)
    }

    /// What no argument is wrong with alone.
    fn check_together(&self, diagnostics: &mut Diagnostics) {
        let mut incomplete = |given: &str, missing: &str| {
            let detail = format!(
                "{given} is set and {missing} is not: the credentials are not whole. Set {missing} too, or leave out \
                 {given} to use the environment's credentials."
            );
            diagnostics.push(Diagnostic::error(Path::of(given), "Incomplete credentials", detail));
        };
        match (&self.access_key, &self.secret_key, &self.token) {
            (Attr::Known(_), Attr::Null, _) => incomplete("access_key", "secret_key"),
            (Attr::Null, Attr::Known(_), _) => incomplete("secret_key", "access_key"),
            (Attr::Null, Attr::Null, Attr::Known(_)) => incomplete("token", "access_key"),
            _ => {}
        }
        let given = |ids: &Attr<Vec<Attr<String>>>| ids.known().is_some_and(|ids| !ids.is_empty());
        if given(&self.allowed_account_ids) && given(&self.forbidden_account_ids) {
            diagnostics.push(Diagnostic::error(
                Path::of("forbidden_account_ids"),
                "Accounts both allowed and forbidden",
                "Where allowed_account_ids is set, every other account is forbidden already. Leave out one of the two.",
            ));
        }
    }

    /// What the arguments come to. All are known and well-formed.
    pub(super) fn config(self) -> Config {
        let credentials = match (self.access_key, self.secret_key) {
            (Attr::Known(access_key), Attr::Known(secret_key)) => {
                Some(StaticCredentials { access_key, secret_key, token: value(self.token) })
            }
            _ => None,
        };
        let assume_role = value(self.assume_role).and_then(|role| {
            Some(AssumeRole {
                role_arn: value(role.role_arn)?,
                session_name: value(role.session_name),
                external_id: value(role.external_id),
                duration_seconds: value(role.duration_seconds),
            })
        });
        Config {
            region: value(self.region),
            profile: value(self.profile),
            credentials,
            endpoint_url: value(self.endpoint_url),
            endpoints: values(self.endpoints),
            assume_role,
            allowed_account_ids: value(self.allowed_account_ids).into_iter().flatten().filter_map(value).collect(),
            forbidden_account_ids: value(self.forbidden_account_ids).into_iter().flatten().filter_map(value).collect(),
            default_tags: values(self.default_tags),
            max_retries: value(self.max_retries).and_then(|number| u32::try_from(number).ok()),
            max_parallel_calls: value(self.max_parallel_calls).and_then(|number| usize::try_from(number).ok()),
            keep_rate_limits: self.rate_limits.known().is_none_or(|limits| limits != "none"),
            network: None,
        }
    }
}

fn value<T>(attribute: Attr<T>) -> Option<T> {
    match attribute {
        Attr::Known(value) => Some(value),
        Attr::Null | Attr::Unknown => None,
    }
}

/// The entries of a map that have a value: a null takes its key away, as a conditional expression means it.
fn values(attribute: Attr<Texts>) -> BTreeMap<String, String> {
    value(attribute).into_iter().flatten().filter_map(|(key, text)| Some((key, value(text)?))).collect()
}

/// Reads arguments and keeps what is wrong with them.
#[derive(Default)]
struct Reader {
    diagnostics: Diagnostics,
}

impl Reader {
    fn get<T: Decode>(&mut self, object: &Object<'_>, name: &str) -> Attr<T> {
        object.get(name).unwrap_or_else(|diagnostic| {
            self.diagnostics.push(diagnostic);
            Attr::Null
        })
    }

    fn check(&mut self, path: Path, checked: Result<(), Wrong>) {
        if let Err((summary, detail)) = checked {
            self.diagnostics.push(Diagnostic::error(path, summary, detail));
        }
    }

    fn text(&mut self, object: &Object<'_>, name: &str, check: fn(&str) -> Result<(), Wrong>) -> Attr<String> {
        let text: Attr<String> = self.get(object, name);
        if let Attr::Known(text) = &text {
            self.check(object.path().attribute(name), check(text));
        }
        text
    }

    fn number(&mut self, object: &Object<'_>, name: &str, check: fn(i64) -> Result<(), Wrong>) -> Attr<i64> {
        let number: Attr<i64> = self.get(object, name);
        if let Attr::Known(number) = number {
            self.check(object.path().attribute(name), check(number));
        }
        number
    }

    fn texts(
        &mut self,
        object: &Object<'_>,
        name: &str,
        check: fn(&str, Option<&str>) -> Result<(), Wrong>,
    ) -> Attr<Texts> {
        let texts: Attr<Texts> = self.get(object, name);
        for (key, text) in texts.known().into_iter().flatten() {
            let checked = check(key, text.known().map(String::as_str));
            self.check(object.path().attribute(name).key(key), checked);
        }
        texts
    }

    fn account_ids(&mut self, object: &Object<'_>, name: &str) -> Attr<Vec<Attr<String>>> {
        let ids: Attr<Vec<Attr<String>>> = self.get(object, name);
        for (index, id) in ids.known().into_iter().flatten().enumerate() {
            let checked = match id {
                Attr::Known(id) => formats::account_id(id),
                Attr::Null => Err(("Missing value", "The list holds a null. Give the id of an account.".to_owned())),
                Attr::Unknown => Ok(()),
            };
            self.check(object.path().attribute(name).index(index), checked);
        }
        ids
    }

    fn role(&mut self, object: &Object<'_>) -> Attr<Role> {
        let role: Attr<Role> = self.get(object, "assume_role");
        if let Attr::Known(role) = &role {
            let path = object.path().attribute("assume_role");
            if let Attr::Known(arn) = &role.role_arn {
                self.check(path.attribute("role_arn"), formats::role_arn(arn));
            }
            if let Attr::Known(name) = &role.session_name {
                self.check(path.attribute("session_name"), formats::session_name(name));
            }
            if let Attr::Known(id) = &role.external_id {
                self.check(path.attribute("external_id"), formats::filled(id));
            }
            if let Attr::Known(seconds) = role.duration_seconds {
                self.check(path.attribute("duration_seconds"), formats::duration(seconds));
            }
        }
        role
    }
}
