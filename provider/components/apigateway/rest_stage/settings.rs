//! Throttling and caching of a stage's methods: AWS keeps them in one map, by resource and method. Pure.

use std::collections::BTreeMap;

use aws_sdk_apigateway::operation::get_stage::GetStageOutput;
use aws_sdk_apigateway::types::MethodSetting;

use super::{Cache, MethodCaching, MethodSettings, Spec};
use crate::aws::CallError;
use crate::components::apigateway::stage::Throttle;
use crate::components::support::answer::to_i32;
use crate::desired::Input;

/// The key of the settings of all methods.
pub(super) const ALL: &str = "*/*";

/// The time to live of a cache whose settings say nothing else, in seconds.
const DEFAULT_TTL: i32 = 300;

/// The limits that AWS reports where nobody set any: those of accounts, or -1 for none.
///
/// # Source
/// AWS, "Amazon API Gateway quotas", account-level quotas.
const UNSET: &[(f64, i32)] = &[(-1.0, -1), (10_000.0, 5_000), (2_500.0, 1_250)];

/// The settings of one key, as AWS stores them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setting {
    /// Requests per second; -1 for the account's.
    pub(super) rate: f64,
    /// The burst, in requests; -1 for the account's.
    pub(super) burst: i32,
    /// Whether responses are cached.
    pub(super) caching: bool,
    /// How long responses are cached, in seconds.
    pub(super) ttl: i32,
    /// Whether cached responses are encrypted.
    pub(super) encrypted: bool,
}

/// What nobody has set.
pub(super) const DEFAULT: Setting =
    Setting { rate: -1.0, burst: -1, caching: false, ttl: DEFAULT_TTL, encrypted: false };

impl Setting {
    fn of(setting: &MethodSetting) -> Self {
        let limits = (setting.throttling_rate_limit, setting.throttling_burst_limit);
        let (rate, burst) = if UNSET.contains(&limits) { (DEFAULT.rate, DEFAULT.burst) } else { limits };
        Self {
            rate,
            burst,
            caching: setting.caching_enabled,
            ttl: setting.cache_ttl_in_seconds,
            encrypted: setting.cache_data_encrypted,
        }
    }

    fn with_throttle(self, throttle: Option<&Throttle>) -> Result<Self, CallError> {
        let Some(Throttle { rate, burst }) = throttle else { return Ok(self) };
        let text = rate.get();
        let rate = text.parse().map_err(|_| CallError::Malformed(format!("{text:?} is not a rate")))?;
        Ok(Self { rate, burst: to_i32(*burst.get())?, ..self })
    }

    fn throttle(self) -> Option<Throttle> {
        let is_set = self.rate >= 0.0 || self.burst >= 0;
        is_set.then(|| Throttle { rate: Input::Known(self.rate.to_string()), burst: Input::Known(self.burst.into()) })
    }

    pub(super) fn same_throttle(self, other: Self) -> bool {
        self.rate == other.rate && self.burst == other.burst
    }

    pub(super) fn same_caching(self, other: Self) -> bool {
        // Time and encryption have no effect without the cache.
        let details = |setting: Self| setting.caching.then_some((setting.ttl, setting.encrypted));
        details(self) == details(other)
    }

    pub(super) fn same(self, other: Self) -> bool {
        self.same_throttle(other) && self.same_caching(other)
    }
}

/// The key of a method, `GET /items`, in AWS's map: `items/GET`.
pub(super) fn key(method: &str) -> String {
    let (method, path) = method.split_once(' ').unwrap_or((method, "/"));
    format!("{}/{method}", path.trim_matches('/'))
}

/// A key of AWS's map in the same form. AWS may report `~1items/GET` or `/items/GET`, as the setting was made.
fn normalized(key: &str) -> String {
    if key == ALL {
        return key.to_owned();
    }
    let plain = key.replace("~1", "/").replace("~0", "~");
    let (path, method) = plain.rsplit_once('/').unwrap_or(("", &plain));
    format!("{}/{method}", path.trim_matches('/'))
}

/// The method of a key: `GET /items`.
fn method(key: &str) -> String {
    let (path, method) = key.rsplit_once('/').unwrap_or(("", key));
    format!("{method} /{path}")
}

/// The settings that the spec wants, by key.
pub(super) fn desired(spec: &Spec) -> Result<BTreeMap<String, Setting>, CallError> {
    let mut stage = DEFAULT.with_throttle(spec.throttle.as_ref())?;
    if let Some(cache) = &spec.cache {
        stage.caching = true;
        stage.ttl = to_i32(*cache.ttl_seconds.get())?;
        stage.encrypted = cache.encrypted;
    }
    let mut settings = BTreeMap::new();
    if spec.throttle.is_some() || spec.cache.is_some() {
        settings.insert(ALL.to_owned(), stage);
    }
    for (name, own) in &spec.methods {
        let mut setting = stage.with_throttle(own.throttle.as_ref())?;
        if let Some(caching) = &own.caching {
            setting.caching = caching.enabled;
            setting.ttl = to_i32(*caching.ttl_seconds.get())?;
            setting.encrypted = caching.encrypted;
        }
        settings.insert(key(name), setting);
    }
    Ok(settings)
}

/// The settings that the stage has, by key.
pub(super) fn current(stage: &GetStageOutput) -> BTreeMap<String, Setting> {
    let settings = stage.method_settings().into_iter().flatten();
    settings.map(|(key, setting)| (normalized(key), Setting::of(setting))).collect()
}

/// The keys of the stage's map in AWS's spelling, by our key.
pub(super) fn spellings(stage: &GetStageOutput) -> BTreeMap<String, String> {
    stage.method_settings().into_iter().flatten().map(|(key, _)| (normalized(key), key.clone())).collect()
}

/// Throttling and caching as a spec contains them.
pub(super) struct Reported {
    pub(super) throttle: Option<Throttle>,
    pub(super) cache: Option<Cache>,
    pub(super) methods: BTreeMap<String, MethodSettings>,
}

/// What the stage has, in the spelling of `ours` where it is equal.
pub(super) fn reported(stage: &GetStageOutput, ours: &Spec) -> Result<Reported, CallError> {
    let (current, desired) = (current(stage), desired(ours)?);
    let all = current.get(ALL).copied().unwrap_or(DEFAULT);
    let wanted = desired.get(ALL).copied().unwrap_or(DEFAULT);
    let throttle = if all.same_throttle(wanted) { ours.throttle.clone() } else { all.throttle() };
    let cache = stage.cache_cluster_enabled.then(|| {
        let size = stage.cache_cluster_size().map(|size| size.as_str()).unwrap_or_default();
        // A cache that no method uses is no cache of ours.
        let ttl = if all.caching { all.ttl.into() } else { -1 };
        let (size_gb, ttl_seconds) = (Input::from(size), Input::Known(ttl));
        Cache { size_gb, ttl_seconds, encrypted: all.encrypted }
    });
    let mut methods = BTreeMap::new();
    for (name, own) in &ours.methods {
        let key = key(name);
        match (current.get(&key), desired.get(&key)) {
            (Some(current), Some(desired)) if current.same(*desired) => drop(methods.insert(name.clone(), own.clone())),
            (Some(current), _) => drop(methods.insert(name.clone(), derived(*current, all))),
            (None, Some(desired)) if desired.same(DEFAULT) => drop(methods.insert(name.clone(), own.clone())),
            (None, _) => {}
        }
    }
    for (key, setting) in current.iter().filter(|(key, _)| *key != ALL && !desired.contains_key(*key)) {
        // Entries that only log or count requests are left alone.
        if !setting.same(all) && !setting.same(DEFAULT) {
            methods.insert(method(key), derived(*setting, all));
        }
    }
    Ok(Reported { throttle, cache, methods })
}

fn derived(setting: Setting, all: Setting) -> MethodSettings {
    let caching = MethodCaching {
        enabled: setting.caching,
        ttl_seconds: Input::Known(setting.ttl.into()),
        encrypted: setting.encrypted,
    };
    MethodSettings {
        throttle: setting.throttle().filter(|_| !setting.same_throttle(all)),
        caching: (!setting.same_caching(all)).then_some(caching),
    }
}

#[cfg(test)]
mod tests {
    use super::super::unread;
    use super::*;
    use crate::components::Tags;

    fn spec() -> Spec {
        let throttle = |rate: &str| Some(Throttle { rate: Input::from(rate), burst: Input::Known(20) });
        let own = MethodSettings { throttle: throttle("1"), caching: None };
        let methods = BTreeMap::from([("GET /items/{id}".to_owned(), own)]);
        Spec { throttle: throttle("10.50"), methods, ..unread("a", "prod".to_owned(), Tags::new()) }
    }

    fn stage(settings: &[(&str, f64, i32)]) -> GetStageOutput {
        let mut stage = GetStageOutput::builder();
        for (key, rate, burst) in settings {
            let setting = MethodSetting::builder().throttling_rate_limit(*rate).throttling_burst_limit(*burst);
            stage = stage.method_settings(*key, setting.cache_ttl_in_seconds(DEFAULT_TTL).build());
        }
        stage.build()
    }

    #[test]
    fn keys_are_read_in_all_spellings() {
        for (method, spellings) in [
            ("GET /items/{id}", ["~1items~1{id}/GET", "/items/{id}/GET", "items/{id}/GET"]),
            ("ANY /", ["~1/ANY", "//ANY", "/ANY"]),
        ] {
            for spelling in spellings {
                assert_eq!(normalized(spelling), key(method), "{spelling}");
            }
            assert_eq!(super::method(&key(method)), method);
        }
        assert_eq!(normalized(ALL), ALL);
    }

    #[test]
    fn equal_settings_keep_the_spelling_of_the_spec() {
        let ours = spec();
        let found = reported(&stage(&[("*/*", 10.5, 20), ("~1items~1{id}/GET", 1.0, 20)]), &ours).unwrap();
        assert_eq!((found.throttle, found.methods), (ours.throttle, ours.methods));
    }

    #[test]
    fn other_settings_are_reported() {
        let found = reported(&stage(&[("*/*", 7.0, 20), ("~1a/POST", 2.0, 3)]), &spec()).unwrap();
        assert_eq!(found.throttle.map(|throttle| throttle.rate), Some(Input::from("7")));
        assert_eq!(found.methods.into_keys().collect::<Vec<_>>(), ["POST /a"]);
    }

    #[test]
    fn entries_that_set_neither_throttling_nor_caching_are_left_alone() {
        let ours = unread("a", "prod".to_owned(), Tags::new());
        let found = reported(&stage(&[("*/*", 10_000.0, 5_000), ("~1a/GET", -1.0, -1)]), &ours).unwrap();
        assert!(found.throttle.is_none() && found.cache.is_none() && found.methods.is_empty());
    }
}
