//! Ids in AWS's formats, the same ones in identical runs.

/// A generator of ids. A clone generates the same ids.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ids(u64);

impl Ids {
    /// `0` to `9` and `a` to `f`.
    pub(crate) const HEX: &'static str = "0123456789abcdef";
    /// Lower-case letters and digits.
    pub(crate) const LOWER: &'static str = "abcdefghijklmnopqrstuvwxyz0123456789";
    /// Upper-case letters and digits.
    pub(crate) const UPPER: &'static str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// A new id: `prefix` and `length` characters of `alphabet`, which is ASCII.
    pub(crate) fn next(&mut self, prefix: &str, length: usize, alphabet: &str) -> String {
        let alphabet = alphabet.as_bytes();
        let mut id = prefix.to_owned();
        for _ in 0..length {
            let nth = self.random() % (alphabet.len().max(1) as u64);
            id.push(usize::try_from(nth).ok().and_then(|nth| alphabet.get(nth)).map_or('0', |byte| char::from(*byte)));
        }
        id
    }

    /// A UUID.
    pub(crate) fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|length| self.next("", length, Self::HEX)).join("-")
    }

    /// SplitMix64: well distributed from the first number on, with a state of one number.
    fn random(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_repeatable() {
        let mut ids = Ids::default();
        let mut clone = ids.clone();
        let (first, second) = (ids.next("Z", 20, Ids::UPPER), ids.next("Z", 20, Ids::UPPER));
        assert_ne!(first, second);
        assert_eq!((first.len(), first.starts_with('Z')), (21, true));
        assert_eq!(clone.next("Z", 20, Ids::UPPER), first);
        assert_eq!(ids.uuid().len(), 36);
    }
}
