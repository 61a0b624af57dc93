//! How many logins may fail: five in fifteen minutes for an e-mail address, and five from a source address. An attempt is counted before the
//! password is verified and taken back when it was right, so that many attempts at once are no way around. Addresses without a user count
//! like all others: whoever asks cannot tell them apart.

use std::fmt;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::email::Email;

/// Failures after which no more attempts are allowed.
pub const ATTEMPTS: u32 = 5;
/// From the first attempt on.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// What is counted, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counter(String);

impl Counter {
    pub fn of_email(email: &Email) -> Self {
        Self(format!("email#{email}"))
    }

    /// Of an IPv6 address the first 64 bits count: who has one of these networks has all of its addresses.
    pub fn of_source(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self(format!("source#{address}")),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                Self(format!("source#{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
            None => Self("source#unknown".to_owned()),
        }
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is counted.
    Allowed,
    /// Too many have failed; the next is allowed at this time.
    Locked { until: Timestamp },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_is_one_source() {
        let source = |text: &str| Counter::of_source(Some(text.parse().unwrap())).to_string();
        assert_eq!(source("192.0.2.1"), "source#192.0.2.1");
        assert_eq!(source("::ffff:192.0.2.1"), "source#192.0.2.1");
        assert_eq!(source("2001:db8:1:2:3:4:5:6"), source("2001:db8:1:2::"));
        assert_ne!(source("2001:db8:1:2::"), source("2001:db8:1:3::"));
        assert_eq!(Counter::of_source(None).to_string(), "source#unknown");
    }
}
