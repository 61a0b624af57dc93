//! CIDR blocks and ports as sets, so that split or merged rules compare equal.

use std::net::IpAddr;

/// A block of addresses, IPv4 or IPv6, first and last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cidr {
    v6: bool,
    first: u128,
    last: u128,
}

impl Cidr {
    /// `10.0.0.0/8`, `::/0`, or one address. `None`: not an address, such as a parameter.
    pub(crate) fn parse(text: &str) -> Option<Cidr> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        // 010 is ten, where it is accepted at all.
        let plain = |part: &str| part.trim_start_matches('0').to_owned();
        let plain = |part| Some(plain(part)).filter(|part| !part.is_empty()).unwrap_or_else(|| "0".to_owned());
        let address = match address.contains('.') && !address.contains(':') {
            true => address.trim().split('.').map(plain).collect::<Vec<_>>().join("."),
            false => address.trim().to_owned(),
        };
        let (v6, bits, width) = match address.parse().ok()? {
            IpAddr::V4(address) => (false, u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (true, u128::from(address), 128),
        };
        let prefix: u32 = prefix.map_or(Some(width), |prefix| prefix.parse().ok()).filter(|prefix| *prefix <= width)?;
        let size = if width == prefix { 1 } else { 1_u128.checked_shl(width - prefix).unwrap_or(0) };
        let mask = size.wrapping_sub(1);
        let first = bits & !mask;
        Some(Cidr { v6, first, last: first | mask })
    }

    pub(crate) fn covers(&self, other: &Cidr) -> bool {
        self.v6 == other.v6 && self.first <= other.first && self.last >= other.last
    }

    /// A /8 of IPv4 or a /16 of IPv6, except the private 10.0.0.0/8: nobody owns that many addresses.
    pub(crate) fn is_the_internet(&self) -> bool {
        let size = self.last - self.first;
        let is_private = self.first == 10 << 24 && size == (1 << 24) - 1;
        if self.v6 { size >= (1 << 112) } else { size >= (1 << 24) - 1 && !is_private }
    }

    /// What remains of this block without the others.
    pub(crate) fn without(self, others: &[Cidr]) -> Vec<(u128, u128)> {
        let same: Vec<(u128, u128)> =
            others.iter().filter(|other| other.v6 == self.v6).map(|other| (other.first, other.last)).collect();
        subtract((self.first, self.last), &same)
    }
}

/// What remains of a range without others; both ends included.
pub(crate) fn subtract(range: (u128, u128), others: &[(u128, u128)]) -> Vec<(u128, u128)> {
    let mut sorted = others.to_vec();
    sorted.sort_unstable();
    let mut left = Vec::new();
    let mut next = Some(range.0);
    for (first, last) in sorted {
        let Some(start) = next else { break };
        if last < start || first > range.1 {
            continue;
        }
        if first > start {
            left.push((start, first - 1));
        }
        next = last.checked_add(1).filter(|next| *next <= range.1);
    }
    if let Some(start) = next {
        left.push((start, range.1));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_make_the_whole() {
        let whole = Cidr::parse("10.0.0.0/8").unwrap();
        let halves = [Cidr::parse("10.128.0.0/9").unwrap(), Cidr::parse("10.0.0.0/9").unwrap()];
        assert!(whole.without(&halves).is_empty());
        assert!(!whole.without(&halves[..1]).is_empty());
        assert!(halves.iter().all(|half| whole.covers(half)));
    }

    #[test]
    fn every_address_is_the_internet_and_a_private_range_is_not() {
        for text in ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "000.0.0.0/0", "8.0.0.0/8"] {
            assert!(Cidr::parse(text).unwrap().is_the_internet(), "{text}");
        }
        for text in ["10.0.0.0/8", "203.0.113.7/32", "fd00:1::/32"] {
            assert!(!Cidr::parse(text).unwrap().is_the_internet(), "{text}");
        }
    }

    #[test]
    fn the_last_address_has_no_successor() {
        let all = Cidr::parse("::/0").unwrap();
        assert!(all.without(&[all]).is_empty());
        assert!(Cidr::parse("10.0.0.0/33").is_none());
        assert!(Cidr::parse("${Cidr}").is_none());
    }
}
