//! Passwords and their hashes: Argon2id with the cost that OWASP asks for. A password is never displayed, and never compared other than by
//! its hash.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization;

/// Characters, after normalisation.
pub(crate) const SHORTEST: usize = 6;
/// The same. Far above what a person types, and low enough that a request costs nothing but its hash.
pub(crate) const LONGEST: usize = 1_024;

/// KiB of memory.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash that is verified when there is no user, of a password that nobody has: its salt and its 32 bytes are zeros. With the parameters
/// above, so that it costs what a user's costs.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password as it is hashed. All of its bytes count: also what follows a NUL, or the seventy-second.
///
/// It is normalised to composed characters (NFC), as RFC 8265 has it for passwords: keyboards differ in how they send an accent, and the person
/// cannot see it. Nothing else is changed, neither blanks nor case.
pub struct Password(String);

/// Why a text is no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    #[error("it has {0} characters; at least {SHORTEST} are needed")]
    TooShort(usize),
    #[error("it has {0} characters; at most {LONGEST} are allowed")]
    TooLong(usize),
}

impl Password {
    /// # Errors
    /// It has less than 6 or more than 1,024 characters.
    pub fn new(text: &str) -> Result<Self, PasswordFault> {
        let text: String = text.nfc().collect();
        match text.chars().count() {
            short if short < SHORTEST => Err(PasswordFault::TooShort(short)),
            long if long > LONGEST => Err(PasswordFault::TooLong(long)),
            _ => Ok(Self(text)),
        }
    }

    /// Its hash as a PHC string. Takes tens of milliseconds of a processor.
    pub fn hash(&self, salt: &[u8; 16]) -> String {
        let hash = hasher().hash_password_with_salt(self.0.as_bytes(), salt);
        hash.expect("the length of the salt is one that is allowed").to_string()
    }

    /// Whether it is the one with this hash. Without a hash it takes the same time, and it is not.
    ///
    /// # Errors
    /// The hash is no PHC string of a known algorithm.
    pub(crate) fn is_of(&self, hash: Option<&str>) -> Result<bool, argon2::password_hash::Error> {
        use argon2::password_hash::Error;
        let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).ok().filter(|parsed| parsed.hash.is_some());
        let parsed = parsed.ok_or(Error::EncodingInvalid)?;
        match hasher().verify_password(self.0.as_bytes(), &parsed) {
            Ok(()) => Ok(hash.is_some()),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, LANES, None).expect("within the algorithm's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn is_same(one: &str, other: &str) -> bool {
        password(other).is_of(Some(&password(one).hash(&[7; 16]))).unwrap()
    }

    #[test]
    fn a_hash_is_argon2id_with_the_cost_that_owasp_asks_for() {
        let hash = password("correct horse").hash(&[7; 16]);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{hash}");
        assert!(password("correct horse").is_of(Some(&hash)).unwrap());
        assert_ne!(hash, password("correct horse").hash(&[8; 16]));
    }

    #[test]
    fn nobody_has_a_password_and_it_costs_the_same() {
        let (nobody, somebody) = (PasswordHash::new(NOBODY).unwrap(), password("secret").hash(&[7; 16]));
        let somebody = PasswordHash::new(&somebody).unwrap();
        assert_eq!(
            (nobody.algorithm, nobody.version, &nobody.params),
            (somebody.algorithm, somebody.version, &somebody.params)
        );
        assert_eq!(nobody.hash.unwrap().as_ref().len(), somebody.hash.unwrap().as_ref().len());
        assert!(!password("secret").is_of(None).unwrap());
    }

    #[test]
    fn every_byte_of_a_password_counts() {
        let seventy_two = "x".repeat(72);
        assert!(is_same(&format!("{seventy_two}a"), &format!("{seventy_two}a")));
        assert!(!is_same(&format!("{seventy_two}a"), &format!("{seventy_two}b")));
        assert!(!is_same(&seventy_two, &format!("{seventy_two}a")));
        assert!(is_same("secret\0one", "secret\0one"));
        assert!(!is_same("secret\0one", "secret\0two"));
        assert!(!is_same("secret", "secret\0"));
        assert!(!is_same("secret", "Secret") && !is_same("secret", " secret"));
    }

    #[test]
    fn composed_and_decomposed_accents_are_the_same_password_and_others_are_not() {
        assert!(is_same("caf\u{e9} noir", "cafe\u{301} noir"));
        assert!(!is_same("caf\u{e9} noir", "cafe noir"));
        // What NFKC would make equal stays different.
        assert!(!is_same("\u{fb01}reworks", "fireworks"));
    }

    #[test]
    fn lengths_are_characters_and_not_bytes() {
        let length = |text: String| Password::new(&text).map(|_| ());
        assert_eq!(length("\u{1f511}".repeat(5)), Err(PasswordFault::TooShort(5)));
        assert_eq!(length("\u{1f511}".repeat(6)), Ok(()));
        assert_eq!(length("e\u{301}".repeat(5)), Err(PasswordFault::TooShort(5)));
        assert_eq!(length("e\u{301}".repeat(1_024)), Ok(()));
        assert_eq!(length("\u{e9}".repeat(1_025)), Err(PasswordFault::TooLong(1_025)));
        let longest = "\u{e9}".repeat(1_023);
        assert!(is_same(&format!("{longest}a"), &format!("{longest}a")));
        assert!(!is_same(&format!("{longest}a"), &format!("{longest}b")));
    }

    #[test]
    fn a_hash_that_is_none_is_an_error_and_no_wrong_password() {
        for hash in [
            "",
            "secret",
            "$argon2id$v=19$m=19456,t=2,p=1$AAAA",
            "$pbkdf2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(password("secret").is_of(Some(hash)).is_err(), "{hash}");
        }
    }
}
