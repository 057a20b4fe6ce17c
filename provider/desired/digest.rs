//! Digests as text.

use sha2::{Digest, Sha256};

/// The first `bytes` bytes of the SHA-256 of `content` as hexadecimal digits, two for each byte.
pub(crate) fn hex_digest(content: impl AsRef<[u8]>, bytes: usize) -> String {
    Sha256::digest(content).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_digest_has_two_digits_for_each_byte() {
    assert_eq!(hex_digest("", 4), "e3b0c442");
}
