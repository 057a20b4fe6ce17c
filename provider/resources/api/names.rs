//! The names of an API, and the certificates that cover them.

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
    /// Whether each region also has a name of its own.
    pub(super) regional: bool,
    /// The names that CloudFront serves.
    pub(super) aliases: Vec<String>,
    /// Whether requested certificates also cover the names directly below `domain.name`.
    pub(super) wildcard: bool,
    /// ARNs of existing certificates by region.
    pub(super) arns: Option<TextMap>,
    /// The id of the hosted zone; `None` while it is unknown.
    pub(super) zone_id: Option<String>,
    /// The path that precedes every path of the API.
    pub(super) base_path: Attr<String>,
}

impl Names {
    /// The id of the hosted zone, for a spec.
    pub(super) fn zone(&self) -> Input<String> {
        self.zone_id.clone().map_or(Input::Unknown, Input::Known)
    }

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

    /// The names of a region's custom domain names, the shared name first.
    pub(super) fn served_in(&self, region: &str) -> Vec<String> {
        self.in_all_regions().cloned().into_iter().chain(self.regional.then(|| self.of_region(region))).collect()
    }

    /// The names on the certificates that are requested in the regions.
    pub(super) fn on_certificate(&self) -> Vec<String> {
        names_below(&self.name, self.wildcard)
    }

    /// The names on the certificate that is requested for CloudFront. ACM validates the first one.
    ///
    /// ACM requests one validation record for each domain, and the provider creates one, so that one domain must cover all
    /// aliases: `domain.name`, an alias, or the parent of an alias. `None` when there is no such domain.
    pub(super) fn on_cdn_certificate(&self) -> Option<Vec<String>> {
        let parents =
            self.aliases.iter().filter_map(|alias| alias.split_once('.').map(|(_, parent)| parent.to_owned()));
        let bases: Vec<String> =
            std::iter::once(self.name.clone()).chain(self.aliases.iter().cloned()).chain(parents).collect();
        let base = bases.iter().find(|base| self.aliases.iter().all(|alias| dns::is_covered(alias, base)))?;
        let wildcard = (self.wildcard && *base == self.name) || self.aliases.iter().any(|alias| alias != base);
        Some(names_below(base, wildcard))
    }
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
            regional: false,
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            wildcard: false,
            arns: None,
            zone_id: None,
            base_path: Attr::Null,
        }
    }

    #[test]
    fn one_domain_covers_all_aliases_of_the_cdn() {
        for (name, aliases, expected) in [
            ("a.ex.com", &["a.ex.com"][..], Some("a.ex.com")),
            ("a.ex.com", &["www.a.ex.com", "a.ex.com"], Some("a.ex.com *.a.ex.com")),
            ("a.ex.com", &["www.ex.com"], Some("www.ex.com")),
            ("a.ex.com", &["www.ex.com", "ex.com"], Some("ex.com *.ex.com")),
            ("a.ex.com", &["www.ex.com", "web.ex.com"], Some("ex.com *.ex.com")),
            ("a.ex.com", &["www.ex.com", "x.web.ex.com"], None),
        ] {
            let found = names(name, aliases).on_cdn_certificate().map(|names| names.join(" "));
            assert_eq!(found.as_deref(), expected, "{aliases:?}");
        }
    }
}
