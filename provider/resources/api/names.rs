//! The names of an API, and the certificates that cover them.

use std::collections::BTreeSet;

use super::config::{MutualTls, Validation};
use crate::components::acm::certificate;
use crate::components::route53::record;
use crate::desired::Input;
use crate::resources::shared::dns;
use crate::schema::{Attr, TextMap};

/// The names of an API with a domain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Names {
    /// `domain.name`.
    pub(super) name: String,
    /// The name that Route 53 routes to the regions: `domain.name`, or `origin.` followed by it when CloudFront serves
    /// `domain.name` itself. `None` when CloudFront sends requests to single regions.
    pub(super) shared: Option<String>,
    /// Whether the shared name has CNAME records with the names of the regions, and no custom domain names.
    pub(super) by_cname: bool,
    /// `domain.additional_names`, each once.
    pub(super) additional: Vec<String>,
    /// Whether each region also has a name of its own.
    pub(super) regional: bool,
    /// The names that CloudFront serves.
    pub(super) aliases: Vec<String>,
    /// Whether requested certificates also cover the names directly below `domain.name`.
    pub(super) wildcard: bool,
    /// ARNs of existing certificates by region.
    pub(super) arns: Option<TextMap>,
    /// How the certificates that the provider requests are validated.
    pub(super) validation: Validation,
    /// The id of the hosted zone; `None` when the records are elsewhere.
    pub(super) zone_id: Option<Input<String>>,
    /// The id of the private hosted zone with the same records.
    pub(super) private_zone_id: Option<Input<String>>,
    /// Whether records of others at the names are replaced.
    pub(super) replaces: bool,
    /// Mutual TLS of every region.
    pub(super) mutual_tls: Option<MutualTls>,
    /// The path that precedes every path of the API.
    pub(super) base_path: Attr<String>,
}

impl Names {
    /// The name that always leads to `region`.
    pub(super) fn of_region(&self, region: &str) -> String {
        format!("{region}.{}", self.name)
    }

    /// Whether the regions have custom domain names.
    pub(super) fn in_regions(&self) -> bool {
        self.in_all_regions().is_some() || self.regional
    }

    /// The name that every region serves.
    pub(super) fn in_all_regions(&self) -> Option<&String> {
        self.shared.as_ref().filter(|_| !self.by_cname)
    }

    /// Whether `name` has CNAME records: the shared name, and the name of its secondary regions.
    pub(super) fn is_cname(&self, name: &str) -> bool {
        let is_shared = |shared: &String| name == shared || name == record::secondary_name(shared);
        self.by_cname && self.shared.as_ref().is_some_and(is_shared)
    }

    /// Whether the provider creates records, in a public or in a private zone.
    pub(super) fn has_records(&self) -> bool {
        self.zone_id.is_some() || self.private_zone_id.is_some()
    }

    /// The additional names that Route 53 routes to the regions like the shared name: those that CloudFront does not serve.
    pub(super) fn routed(&self) -> impl Iterator<Item = &String> {
        let is_routed = |name: &&String| self.shared.is_some() && !self.aliases.contains(name);
        self.additional.iter().filter(is_routed)
    }

    /// The names of a region's custom domain names: the shared name, the regional name, and the others sorted.
    pub(super) fn served_in(&self, region: &str) -> Vec<String> {
        let regional = self.regional.then(|| self.of_region(region));
        let additional: BTreeSet<&String> = self.routed().collect();
        self.in_all_regions().cloned().into_iter().chain(regional).chain(additional.into_iter().cloned()).collect()
    }

    /// The names on the certificates that are requested in the regions.
    pub(super) fn on_certificate(&self) -> Vec<String> {
        let mut names = names_below(&self.name, self.wildcard);
        for name in &self.additional {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// The names on the certificate that is requested for CloudFront.
    ///
    /// With additional names, they are those of the regions' certificates and the aliases. Without, they are one domain and
    /// the names below it, if there is a domain that covers all aliases: `domain.name`, an alias, or the parent of an alias.
    pub(super) fn on_cdn_certificate(&self) -> Vec<String> {
        if !self.additional.is_empty() {
            let mut names = self.on_certificate();
            let uncovered = |alias: &&String| !names.iter().any(|name| dns::covers(name, alias));
            let others: Vec<String> = self.aliases.iter().filter(uncovered).cloned().collect();
            names.extend(others);
            return names;
        }
        let parents =
            self.aliases.iter().filter_map(|alias| alias.split_once('.').map(|(_, parent)| parent.to_owned()));
        let bases: Vec<String> =
            std::iter::once(self.name.clone()).chain(self.aliases.iter().cloned()).chain(parents).collect();
        let Some(base) = bases.iter().find(|base| self.aliases.iter().all(|alias| dns::is_covered(alias, base))) else {
            return self.aliases.clone();
        };
        let wildcard = (self.wildcard && *base == self.name) || self.aliases.iter().any(|alias| alias != base);
        names_below(base, wildcard)
    }
}

/// The domains that ACM validates for a certificate with these names, the one of the first name first. A wildcard has the
/// domain of its parent.
pub(super) fn validated_domains(names: &[String]) -> Vec<String> {
    let mut domains: Vec<String> = Vec::new();
    for name in names {
        let domain = certificate::validated_domain(name).to_owned();
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    domains
}

fn names_below(name: &str, wildcard: bool) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(wildcard.then(|| format!("*.{name}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, aliases: &[&str]) -> Names {
        Names {
            name: name.to_owned(),
            shared: Some(name.to_owned()),
            by_cname: false,
            additional: Vec::new(),
            regional: false,
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            wildcard: false,
            arns: None,
            validation: Validation::Dns,
            zone_id: None,
            private_zone_id: None,
            replaces: false,
            mutual_tls: None,
            base_path: Attr::Null,
        }
    }

    #[test]
    fn certificate_of_the_cdn_covers_all_aliases() {
        for (name, aliases, expected) in [
            ("a.ex.com", &["a.ex.com"][..], "a.ex.com"),
            ("a.ex.com", &["www.a.ex.com", "a.ex.com"], "a.ex.com *.a.ex.com"),
            ("a.ex.com", &["www.ex.com"], "www.ex.com"),
            ("a.ex.com", &["www.ex.com", "ex.com"], "ex.com *.ex.com"),
            ("a.ex.com", &["www.ex.com", "web.ex.com"], "ex.com *.ex.com"),
            ("a.ex.com", &["www.ex.com", "x.web.ex.com"], "www.ex.com x.web.ex.com"),
        ] {
            assert_eq!(names(name, aliases).on_cdn_certificate().join(" "), expected, "{aliases:?}");
        }
    }

    #[test]
    fn certificates_cover_additional_names_once() {
        let additional = |aliases: &[&str], wildcard| Names {
            additional: ["*.a.ex.com", "b.ex.com", "x.a.ex.com"].map(str::to_owned).to_vec(),
            wildcard,
            ..names("a.ex.com", aliases)
        };
        let without = additional(&[], true);
        assert_eq!(without.on_certificate().join(" "), "a.ex.com *.a.ex.com b.ex.com x.a.ex.com");
        assert_eq!(without.routed().count(), 3);
        let with_cdn = additional(&["b.ex.com", "www.ex.com"], false);
        assert_eq!(with_cdn.on_cdn_certificate().join(" "), "a.ex.com *.a.ex.com b.ex.com x.a.ex.com www.ex.com");
        assert_eq!(with_cdn.routed().map(String::as_str).collect::<Vec<_>>(), ["*.a.ex.com", "x.a.ex.com"]);
    }
}
