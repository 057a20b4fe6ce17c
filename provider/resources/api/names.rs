//! The names an API is reached by, and the certificates that cover them.

use std::collections::BTreeMap;

use crate::resources::shared::dns;
use crate::schema::Attr;

/// The names of an API with a domain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Names {
    /// `domain.name`.
    pub(super) name: String,
    /// The name that Route 53 routes to the regions: `domain.name`, or `origin.` before it when CloudFront answers to
    /// `domain.name` itself; `None` when CloudFront asks the regions one by one.
    pub(super) shared: Option<String>,
    /// Whether each region has a name of its own, too.
    pub(super) regional: bool,
    /// The names that CloudFront answers to.
    pub(super) aliases: Vec<String>,
    /// Whether our certificates also cover the names directly below `domain.name`.
    pub(super) wildcard: bool,
    /// Certificates brought along, by region.
    pub(super) arns: Option<BTreeMap<String, Attr<String>>>,
    /// The hosted zone.
    pub(super) zone_id: Attr<String>,
    /// What stands before every path.
    pub(super) base_path: Attr<String>,
}

impl Names {
    /// The name that only `region` answers to.
    pub(super) fn of_region(&self, region: &str) -> String {
        format!("{region}.{}", self.name)
    }

    /// Whether the regions have custom domain names at all.
    pub(super) fn in_regions(&self) -> bool {
        self.shared.is_some() || self.regional
    }

    /// The names that a region's own domain names have, the shared one first.
    pub(super) fn answered_in(&self, region: &str) -> Vec<String> {
        self.shared.iter().cloned().chain(self.regional.then(|| self.of_region(region))).collect()
    }

    /// The names on the certificates that we request in the regions.
    pub(super) fn on_certificate(&self) -> Vec<String> {
        names_below(&self.name, self.wildcard)
    }

    /// The names on the certificate that we request for CloudFront, of which the first is the domain that is validated.
    ///
    /// ACM validates each domain by a record of its own, so one domain must do for all: `domain.name`, an alias, or the
    /// parent of an alias. `None` when none does.
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
            regional: false,
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            wildcard: false,
            arns: None,
            zone_id: Attr::Unknown,
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
