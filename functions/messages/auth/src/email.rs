//! E-mail addresses: which are taken, and the one form in which each is stored. Says nothing about whether an address exists.

use std::fmt;

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

/// Bytes of an address (RFC 5321, 4.5.3.1.3).
const LONGEST: usize = 254;
/// Domains that reach nobody (RFC 6761, RFC 7686, RFC 8375).
const RESERVED: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// An address with its domain in lower case and its characters composed (NFC). The local part keeps its case: only the domain's operator knows
/// whether it matters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Email(String);

/// Why a text is no address that is taken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailFault {
    #[error("it needs one @-sign between a name and a domain, in the characters that they may have")]
    Syntax,
    #[error("it has more than {LONGEST} bytes")]
    TooLong,
    #[error("a quoted name is not taken")]
    Quoted,
    #[error("its domain must end in a name, such as .com, and must not contain an underscore")]
    Domain,
    #[error("its domain is reserved and reaches nobody")]
    Reserved,
}

impl Email {
    /// Reads an address, with blanks around it, or as `Name <a@b.example>`.
    ///
    /// # Errors
    /// Says why it is none.
    pub fn parse(text: &str) -> Result<Self, EmailFault> {
        let address = without_name(text.trim()).ok_or(EmailFault::Syntax)?;
        let address: String = address.nfc().collect();
        if address.len() > LONGEST {
            return Err(EmailFault::TooLong);
        }
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        let address = EmailAddress::parse_with_options(&address, options).map_err(|_| EmailFault::Syntax)?;
        let (name, domain) = (address.local_part(), address.domain().to_lowercase());
        if name.starts_with('"') {
            return Err(EmailFault::Quoted);
        }
        let last = domain.rsplit('.').next().unwrap_or_default();
        if domain.contains('_') || !last.chars().next_back().is_some_and(char::is_alphabetic) {
            return Err(EmailFault::Domain);
        }
        if RESERVED.contains(&last) {
            return Err(EmailFault::Reserved);
        }
        Ok(Self(format!("{name}@{domain}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address in `Name <address>`, or the text itself.
fn without_name(text: &str) -> Option<&str> {
    match text.strip_suffix('>') {
        Some(rest) => rest.split_once('<').filter(|(name, _)| !name.contains('@')).map(|(_, address)| address.trim()),
        None => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, EmailFault> {
        Email::parse(text).map(|email| email.0)
    }

    #[test]
    fn an_address_has_one_form() {
        for (given, stored) in [
            ("user@example.com", "user@example.com"),
            (" \tUser.Name+tag@EXAMPLE.Com\n", "User.Name+tag@example.com"),
            ("Ada <ada@example.com>", "ada@example.com"),
            ("Ada L. < ada@example.com > ", "ada@example.com"),
            ("<ada@example.com>", "ada@example.com"),
            ("jose\u{301}@example.com", "jos\u{e9}@example.com"),
            ("a@B\u{dc}CHER.example", "a@b\u{fc}cher.example"),
            ("o'neill_x@sub.example.co.uk", "o'neill_x@sub.example.co.uk"),
        ] {
            assert_eq!(read(given).as_deref(), Ok(stored), "{given:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        let long = format!("{}@{}.com", "a".repeat(64), "b.".repeat(100));
        for (given, fault) in [
            ("", EmailFault::Syntax),
            ("nope", EmailFault::Syntax),
            ("@example.com", EmailFault::Syntax),
            ("a@", EmailFault::Syntax),
            ("a@b@example.com", EmailFault::Syntax),
            ("a b@example.com", EmailFault::Syntax),
            ("a@example", EmailFault::Syntax),
            ("a@.example.com", EmailFault::Syntax),
            ("a@example..com", EmailFault::Syntax),
            ("a@-example.com", EmailFault::Syntax),
            (".a@example.com", EmailFault::Syntax),
            ("a..b@example.com", EmailFault::Syntax),
            ("a\u{0}@example.com", EmailFault::Syntax),
            ("a@[127.0.0.1]", EmailFault::Syntax),
            ("a@b.example <c@d.example>", EmailFault::Syntax),
            ("Ada <ada@example.com", EmailFault::Syntax),
            ("\"a b\"@example.com", EmailFault::Quoted),
            ("a@exa_mple.com", EmailFault::Domain),
            ("a@127.0.0.1", EmailFault::Domain),
            ("a@host.localhost", EmailFault::Reserved),
            ("a@x.TEST", EmailFault::Reserved),
            ("a@1.in-addr.arpa", EmailFault::Reserved),
            (&long, EmailFault::TooLong),
        ] {
            assert_eq!(read(given), Err(fault), "{given:?}");
        }
    }
}
