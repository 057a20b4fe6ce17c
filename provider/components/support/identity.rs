//! Deterministic caller references and idempotency tokens, by which AWS recognizes a repeated call.

use crate::aws::{Identity, Regional};
use crate::desired::{Address, hex_digest};

/// The prefix of every caller reference of this provider.
pub(crate) const PREFIX: &str = "multiregion-";

/// The caller reference of the component at this address, which is the same in every run. `settings` are the settings
/// whose change replaces the object.
pub(crate) fn reference(aws: &Regional, settings: &str) -> String {
    format!("{}{}", reference_prefix(aws), digest(&[settings]))
}

/// A random caller reference of the same component, for when AWS refuses [`reference`] because a deleted object used
/// it.
pub(crate) fn fresh_reference(aws: &Regional, settings: &str) -> String {
    format!("{}-{}", reference(aws, settings), random(aws))
}

/// The prefix of every caller reference of the component at this address; it differs between owner ids. A whole
/// reference has at most 54 characters, and Route 53 takes 64.
pub(crate) fn reference_prefix(aws: &Regional) -> String {
    format!("{PREFIX}{}-", place(aws))
}

/// The idempotency token of the component at this address: 32 characters, the maximum of ACM.
pub(crate) fn token(aws: &Regional, settings: &str) -> String {
    format!("{}{}", place(aws), digest(&[settings]))
}

/// A hash of the component at this address and its settings, for the end of a name: 16 characters, which differ between owner
/// ids.
pub(crate) fn hash(aws: &Regional, settings: &str) -> String {
    digest(&[&place(aws), settings])
}

/// A hash of a secret of the component at `address`, which may be another one than that of `aws`: 16 characters, which differ
/// between owner ids.
pub(crate) fn hash_of_secret(aws: &Regional, address: &Address, secret: &str) -> String {
    digest(&[&place_of(aws, address), "secret", secret])
}

/// A random token of the same component, for when [`token`] returns a deleted object.
pub(crate) fn fresh_token(aws: &Regional, settings: &str) -> String {
    token(aws, &format!("{settings} {}", random(aws)))
}

fn place(aws: &Regional) -> String {
    place_of(aws, aws.address())
}

/// A hash of owner, owner id and address: 16 characters.
fn place_of(aws: &Regional, address: &Address) -> String {
    let owner_id = match aws.identity() {
        Identity::Exactly(owner_id) => owner_id.to_string(),
        // No component is created before the owner has an id.
        Identity::Unknown | Identity::Any => String::new(),
    };
    digest(&[&aws.owner().to_string(), &owner_id, &address.to_string()])
}

/// A hash of some texts: 16 characters.
fn digest(texts: &[&str]) -> String {
    let mut content = Vec::new();
    for text in texts {
        // The length distinguishes ["ab", "c"] from ["a", "bc"].
        content.extend(text.len().to_be_bytes());
        content.extend(text.bytes());
    }
    hex_digest(content, 8)
}

/// Eight random hexadecimal digits.
fn random(aws: &Regional) -> String {
    format!("{:08x}", aws.random_u64() >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_short_and_differs_between_texts() {
        assert_eq!(digest(&["ab", "c"]).len(), 16);
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
    }
}
