//! Deterministic references and tokens, by which AWS itself recognises a call that is repeated.

use crate::aws::{Identity, Regional};
use crate::desired::hex_digest;

/// How every caller reference of this provider begins.
pub(crate) const PREFIX: &str = "multiregion-";

/// The caller reference of the component at this address: the same in every run. `settings` are those whose change
/// makes a new object.
pub(crate) fn reference(aws: &Regional, settings: &str) -> String {
    format!("{}{}", reference_prefix(aws), digest(&[settings]))
}

/// Another caller reference of the same component, for when AWS remembers [`reference`] from an object that is gone.
pub(crate) fn fresh_reference(aws: &Regional, settings: &str) -> String {
    format!("{}-{}", reference(aws, settings), random(aws))
}

/// How every caller reference of the component at this address begins: another owner id has another one. With what follows
/// it has at most 54 characters; Route 53 takes 64.
pub(crate) fn reference_prefix(aws: &Regional) -> String {
    format!("{PREFIX}{}-", place(aws))
}

/// The idempotency token of the component at this address: 32 characters, as ACM takes at most.
pub(crate) fn token(aws: &Regional, settings: &str) -> String {
    format!("{}{}", place(aws), digest(&[settings]))
}

/// Another token of the same component, for when AWS remembers [`token`] from an object that is gone.
pub(crate) fn fresh_token(aws: &Regional, settings: &str) -> String {
    token(aws, &format!("{settings} {}", random(aws)))
}

/// 16 characters that stand for the component at this address of this owner id.
fn place(aws: &Regional) -> String {
    let owner_id = match aws.identity() {
        Identity::Exactly(owner_id) => owner_id.to_string(),
        // Nothing is created before the owner has an id.
        Identity::Unknown | Identity::Any => String::new(),
    };
    digest(&[&aws.owner().to_string(), &owner_id, &aws.address().to_string()])
}

/// 16 characters that stand for some texts.
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
    fn a_digest_is_short_and_tells_texts_apart() {
        assert_eq!(digest(&["ab", "c"]).len(), 16);
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
    }
}
