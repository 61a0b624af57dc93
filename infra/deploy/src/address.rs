//! Values that people type wrongly and that open or close a network: addresses and VPC ids. Refuses what AWS would refuse
//! minutes later, and the whole internet.

use std::fmt;
use std::net::Ipv4Addr;

/// An IPv4 address range in CIDR form that may reach the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedIp(String);

/// Id of a VPC, `vpc-` and 8 or 17 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpcId(String);

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not four numbers with dots between.
    #[error("{value:?} is not an IPv4 address; give a.b.c.d or a.b.c.d/32")]
    NotAnAddress {
        /// The value.
        value: String,
    },
    /// A part of the address is not a number from 0 to 255.
    #[error("{value:?} is not an IPv4 address: octet {position} is {octet:?}, allowed are 0 to 255")]
    Octet {
        /// The value.
        value: String,
        /// 1 to 4.
        position: usize,
        /// The part.
        octet: String,
    },
    /// The length of the prefix is not a number from 1 to 32.
    #[error("{value:?} has prefix {prefix:?}, allowed are 1 to 32")]
    Prefix {
        /// The value.
        value: String,
        /// The part after the slash.
        prefix: String,
    },
    /// A prefix of length 0.
    #[error("{value:?} is the whole internet; name the address that needs the database, for example 203.0.113.7")]
    WholeInternet {
        /// The value.
        value: String,
    },
    /// Bits are set to the right of the prefix.
    #[error("{value:?} has bits right of its prefix; give {network}/{prefix}, or {address}/32 for the one address")]
    HostBits {
        /// The value.
        value: String,
        /// The address with these bits off.
        network: Ipv4Addr,
        /// Length of the prefix.
        prefix: u32,
        /// The address as given.
        address: Ipv4Addr,
    },
    /// Not a VPC id.
    #[error("{value:?} is not a VPC id; it is vpc- and 8 or 17 digits of 0-9a-f, for example vpc-0123456789abcdef0")]
    Vpc {
        /// The value.
        value: String,
    },
}

impl AllowedIp {
    /// Reads `a.b.c.d`, which stands for the one address, or `a.b.c.d/n`.
    ///
    /// # Errors
    /// Names the part that is wrong; refuses prefixes of length 0.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let value = || text.to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let octets: Vec<&str> = address.split('.').collect();
        if octets.len() != 4 {
            return Err(AddressError::NotAnAddress { value: value() });
        }
        let mut bits: u32 = 0;
        for (index, octet) in octets.iter().enumerate() {
            let is_plain = !octet.is_empty() && octet.bytes().all(|byte| byte.is_ascii_digit());
            // A leading zero means octal to some readers of the address.
            let is_canonical = octet.len() == 1 || !octet.starts_with('0');
            match octet.parse::<u8>() {
                Ok(number) if is_plain && is_canonical => bits = bits << 8 | u32::from(number),
                _ => {
                    let (position, octet) = (index + 1, (*octet).to_owned());
                    return Err(AddressError::Octet { value: value(), position, octet });
                }
            }
        }
        let Some(prefix) = prefix else { return Ok(Self(format!("{address}/32"))) };
        let length = match prefix.parse::<u32>() {
            Ok(length @ 0..=32) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => length,
            _ => return Err(AddressError::Prefix { value: value(), prefix: prefix.to_owned() }),
        };
        if length == 0 {
            return Err(AddressError::WholeInternet { value: value() });
        }
        let network = bits & (u32::MAX << (32 - length));
        if network != bits {
            let (network, address) = (Ipv4Addr::from(network), Ipv4Addr::from(bits));
            return Err(AddressError::HostBits { value: value(), network, prefix: length, address });
        }
        Ok(Self(format!("{address}/{length}")))
    }
}

impl VpcId {
    /// Reads a VPC id.
    ///
    /// # Errors
    /// Says what an id looks like.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let is_id = text.strip_prefix("vpc-").is_some_and(|digits| {
            matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        });
        if is_id { Ok(Self(text.to_owned())) } else { Err(AddressError::Vpc { value: text.to_owned() }) }
    }
}

impl fmt::Display for AllowedIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for VpcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        AllowedIp::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_address_is_read_as_the_one_address_and_a_range_as_itself() {
        assert_eq!(AllowedIp::parse("203.0.113.7").unwrap().to_string(), "203.0.113.7/32");
        assert_eq!(AllowedIp::parse("10.20.0.0/16").unwrap().to_string(), "10.20.0.0/16");
    }

    #[test]
    fn a_wrong_octet_is_named() {
        let told = r#""123.456.789.0" is not an IPv4 address: octet 2 is "456", allowed are 0 to 255"#;
        assert_eq!(refused("123.456.789.0"), told);
        assert!(refused("1.2.3.").contains(r#"octet 4 is """#));
        assert!(refused("1.2.3.+4").contains(r#"octet 4 is "+4""#));
        assert!(refused("1.2.3.010").contains(r#"octet 4 is "010""#));
    }

    #[test]
    fn what_is_no_ipv4_address_is_refused() {
        for text in ["", "localhost", "1.2.3", "1.2.3.4.5", "::1"] {
            assert!(refused(text).contains("is not an IPv4 address; give a.b.c.d"), "{text}");
        }
    }

    #[test]
    fn the_whole_internet_is_refused() {
        assert!(refused("0.0.0.0/0").contains("is the whole internet"));
        assert!(refused("1.2.3.4/0").contains("is the whole internet"));
    }

    #[test]
    fn a_wrong_prefix_or_bits_right_of_it_are_refused_with_the_fix() {
        assert!(refused("1.2.3.4/33").contains(r#"prefix "33", allowed are 1 to 32"#));
        assert!(refused("1.2.3.4/").contains(r#"prefix """#));
        assert!(refused("1.2.3.4/24").contains("give 1.2.3.0/24, or 1.2.3.4/32"));
    }

    #[test]
    fn a_vpc_id_has_eight_or_seventeen_digits() {
        assert_eq!(VpcId::parse("vpc-0123456789abcdef0").unwrap().to_string(), "vpc-0123456789abcdef0");
        assert!(VpcId::parse("vpc-0a1b2c3d").is_ok());
        for text in ["vpc-", "vpc-xyz", "subnet-0a1b2c3d", "vpc-0A1B2C3D", "vpc-0123456789"] {
            assert!(VpcId::parse(text).is_err(), "{text}");
        }
    }
}
