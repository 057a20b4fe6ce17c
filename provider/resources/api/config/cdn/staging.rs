//! `cdn.staging`: settings that some requests try out.

use std::collections::BTreeMap;

use super::{Behavior, Cache, Cdn, Connection, ErrorResponse, GeoRestriction, OriginShield, STATUS_CODES};
use crate::schema::{Attr, TextMap, Texts, attributes};

attributes! {
    /// Settings of `cdn` that some requests try out before all do: CloudFront's continuous deployment. A second distribution, the
    /// *staging distribution*, has these settings and, for all others, those of `cdn`. CloudFront sends it the requests with the
    /// `header`, or `percent` of all requests. At busy times, CloudFront may send all requests to the primary distribution.
    ///
    /// To promote the settings, move them to `cdn` and remove `staging`. To go back, remove `staging`. CloudFront offers
    /// continuous deployment only without HTTP/3, so set `http_version = "http2"`.
    pub(in crate::resources::api) struct Staging {
        /// The share of the requests that the staging distribution receives, in percent.
        percent: i64 = optional, range(1..=15), example("5");
        /// How long a client stays with the distribution that CloudFront has chosen by `percent`. By default, CloudFront chooses
        /// for each request.
        session: StagingSession = optional;
        /// The header by which a request reaches the staging distribution.
        header: StagingHeader = optional;
        /// The statuses on which an origin group fails over.
        failover_status_codes: Vec<Attr<i64>> = optional, each_of(&STATUS_CODES), example("[500, 502, 503, 504]");
        /// Path patterns that go to an origin group.
        read_paths: Texts = optional, example("[\"/public/*\"]");
        /// What CloudFront caches on paths that only read.
        cache: Cache = optional;
        /// Path patterns with settings of their own. They replace all patterns of `cdn.behaviors`.
        behaviors: BTreeMap<String, Attr<Behavior>> = optional, example("{ \"/static/*\" = { cache = { default_ttl_seconds = 86400 } } }");
        geo_restriction: GeoRestriction = optional;
        /// Responses to errors of the API, by status. They replace all of `cdn.error_responses`.
        error_responses: BTreeMap<String, Attr<ErrorResponse>> = optional, example("{ \"404\" = { cache_seconds = 60 } }");
        connection: Connection = optional;
        origin_shield: OriginShield = optional;
        /// Headers that CloudFront adds to every request to the API. They replace all of `cdn.origin_headers`.
        origin_headers: TextMap = optional, sensitive(), example("{ x-origin-verify = var.secret }");
    }

    /// How long a client stays with one distribution.
    pub(in crate::resources::api) struct StagingSession {
        /// How long the session lasts without a request, in seconds.
        idle_seconds: i64 = optional, default(300), range(300..=3_600);
        /// How long the session lasts at most, in seconds; at least `idle_seconds`.
        maximum_seconds: i64 = optional, default(3_600), range(300..=3_600);
    }

    /// The header by which a request reaches the staging distribution.
    pub(in crate::resources::api) struct StagingHeader {
        /// The name, which begins with `aws-cf-cd-`.
        name: String = required, example("\"aws-cf-cd-preview\"");
        /// The value.
        value: String = required, example("\"on\"");
    }
}

/// Implements what concerns each attribute of `cdn` that `staging` may replace.
macro_rules! replaceable {
    ($($name:ident),*) => {
        impl Staging {
            /// The settings of the staging distribution: these, and those of `cdn` for all others.
            pub(in crate::resources::api) fn over(&self, cdn: &Cdn) -> Cdn {
                Cdn { $($name: first(self.$name(), &cdn.$name),)* staging: Attr::Null, ..cdn.clone() }
            }

            /// The settings in which the settings `staged` of a staging distribution differ from those of `cdn`.
            pub(in crate::resources::api) fn between(cdn: &Cdn, staged: &Cdn) -> Self {
                Self { $($name: differing(&cdn.$name, &staged.$name),)* ..Self::default() }
            }

            /// The names of the attributes of `cdn` that this replaces.
            pub(in crate::resources::api) fn replaced(&self) -> Vec<&'static str> {
                let all = [$((stringify!($name), self.$name().is_null())),*];
                all.into_iter().filter(|(_, is_null)| !is_null).map(|(name, _)| name).collect()
            }
        }
    };
}

replaceable!(
    failover_status_codes,
    read_paths,
    cache,
    behaviors,
    geo_restriction,
    error_responses,
    connection,
    origin_shield,
    origin_headers
);

fn first<T: Clone>(ours: &Attr<T>, otherwise: &Attr<T>) -> Attr<T> {
    if ours.is_null() { otherwise.clone() } else { ours.clone() }
}

fn differing<T: Clone + PartialEq>(of_cdn: &Attr<T>, staged: &Attr<T>) -> Attr<T> {
    if of_cdn == staged { Attr::Null } else { staged.clone() }
}
