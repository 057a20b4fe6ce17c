//! Blocks of IP addresses in CIDR notation. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of IP addresses. The address has no bits after the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block {
    address: IpAddr,
    prefix: u32,
}

impl Block {
    /// Reads `203.0.113.0/24` or `2001:db8::/32`; `None` when it is no CIDR block.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let prefix = prefix.parse().ok().filter(|_| prefix.bytes().all(|digit| digit.is_ascii_digit()))?;
        let address = match address.parse().ok()? {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix)?).unwrap_or_default();
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix)?).unwrap_or_default();
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Some(Self { address, prefix })
    }

    /// Whether Route 53 accepts a block of this size: `/1` to `/24` for IPv4, `/1` to `/48` for IPv6.
    ///
    /// # Source
    /// Amazon Route 53 developer guide, "IP-based routing".
    pub(crate) fn has_valid_size(&self) -> bool {
        (1..=if self.address.is_ipv4() { 24 } else { 48 }).contains(&self.prefix)
    }

    /// Whether some addresses are in both blocks.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let prefix = self.prefix.min(other.prefix);
        let begin = |block: &Self| Self::parse(&format!("{}/{prefix}", block.address));
        self.address.is_ipv4() == other.address.is_ipv4() && begin(self) == begin(other)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The usual spelling of a block: `2001:db8::/32` for `2001:0DB8::1/32`. Any other text is unchanged.
pub(crate) fn normal(text: &str) -> String {
    Block::parse(text).map_or_else(|| text.to_owned(), |block| block.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_normalized() {
        for (text, expected) in [
            ("203.0.113.7/24", "203.0.113.0/24"),
            ("2001:0DB8:0:0::1/32", "2001:db8::/32"),
            ("10.0.0.0/0", "0.0.0.0/0"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(normal(text), expected);
        }
        for invalid in ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/+8", "10.0.0.0/"] {
            assert_eq!(Block::parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn sizes_that_route_53_accepts_are_valid() {
        for (text, valid) in
            [("10.0.0.0/24", true), ("10.0.0.0/25", false), ("::/0", false), ("::/48", true), ("::/49", false)]
        {
            assert_eq!(Block::parse(text).unwrap().has_valid_size(), valid, "{text}");
        }
    }

    #[test]
    fn a_block_overlaps_the_blocks_in_it() {
        for (one, other, expected) in [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.1.0.0/16", "10.0.0.0/8", true),
            ("10.0.0.0/9", "10.128.0.0/9", false),
            ("0.0.0.0/1", "::/1", false),
            ("2001:db8::/32", "2001:db8:1::/48", true),
        ] {
            let parse = |text| Block::parse(text).unwrap();
            assert_eq!(parse(one).overlaps(&parse(other)), expected, "{one} {other}");
        }
    }
}
