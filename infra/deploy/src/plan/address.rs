//! Values that are easily mistyped and that open or close a network: addresses and VPC ids. Rejects what AWS would reject
//! minutes later, and the whole internet.

use std::fmt;
use std::net::Ipv4Addr;

/// The one IPv4 address outside the VPC that may reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedIp(Ipv4Addr);

/// Id of a VPC, `vpc-` and 8 or 17 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpcId(String);

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not four numbers separated by dots.
    #[error("{value:?} is not an IPv4 address; give a.b.c.d")]
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
    /// More than one address.
    #[error("{value:?} is a range; one address may be admitted, give a.b.c.d")]
    Range {
        /// The value.
        value: String,
    },
    /// Every address.
    #[error("{value:?} is the whole internet; give the one address that needs the database, for example 203.0.113.7")]
    WholeInternet {
        /// The value.
        value: String,
    },
    /// Not a VPC id.
    #[error("{value:?} is not a VPC id; it is vpc- and 8 or 17 digits of 0-9a-f, for example vpc-0123456789abcdef0")]
    Vpc {
        /// The value.
        value: String,
    },
}

impl AllowedIp {
    /// Parses `a.b.c.d`, or the same with `/32`.
    ///
    /// # Errors
    /// Names the wrong part; rejects ranges, above all the whole internet.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let value = || text.to_owned();
        let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
        let parts: Vec<&str> = address.split('.').collect();
        let Ok(parts) = <[&str; 4]>::try_from(parts) else {
            return Err(AddressError::NotAnAddress { value: value() });
        };
        let mut octets = [0; 4];
        for (index, part) in parts.into_iter().enumerate() {
            let is_plain = part.bytes().all(|byte| byte.is_ascii_digit());
            // A leading zero means octal to some parsers.
            let is_canonical = part.len() == 1 || !part.starts_with('0');
            match part.parse::<u8>() {
                Ok(number) if is_plain && is_canonical => octets[index] = number,
                _ => return Err(AddressError::Octet { value: value(), position: index + 1, octet: part.to_owned() }),
            }
        }
        match (prefix, Ipv4Addr::from(octets)) {
            ("0", _) | (_, Ipv4Addr::UNSPECIFIED) => Err(AddressError::WholeInternet { value: value() }),
            ("32", address) => Ok(Self(address)),
            _ => Err(AddressError::Range { value: value() }),
        }
    }
}

impl VpcId {
    /// Parses a VPC id.
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
        self.0.fmt(f)
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
    fn one_address_is_read_with_and_without_its_prefix() {
        assert_eq!(AllowedIp::parse("203.0.113.7").unwrap().to_string(), "203.0.113.7");
        assert_eq!(AllowedIp::parse("203.0.113.7/32").unwrap().to_string(), "203.0.113.7");
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
    fn the_whole_internet_and_any_range_are_refused() {
        for text in ["0.0.0.0/0", "1.2.3.4/0", "0.0.0.0"] {
            assert!(refused(text).contains("is the whole internet"), "{text}");
        }
        for text in ["10.0.0.0/8", "1.2.3.4/31", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/a"] {
            assert!(refused(text).contains("is a range"), "{text}");
        }
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
