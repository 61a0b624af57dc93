//! The currencies that a stage settles.

use std::fmt;

/// All, or those of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Currencies {
    All,
    Of(Vec<String>),
}

impl Currencies {
    /// Reads the setting: `*`, or codes of three capital letters separated by commas.
    ///
    /// # Errors
    /// Names the code that is none.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.trim() == "*" {
            return Ok(Self::All);
        }
        let codes: Vec<String> = text.split(',').map(|code| code.trim().to_owned()).collect();
        match codes.iter().find(|code| code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase())) {
            Some(code) => Err(format!("CURRENCIES: {code:?} is no currency of three capital letters; \"*\" is all")),
            None => Ok(Self::Of(codes)),
        }
    }

    pub fn contain(&self, currency: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(codes) => codes.iter().any(|code| code == currency),
        }
    }
}

impl fmt::Display for Currencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Of(codes) => f.write_str(&codes.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_or_all_is_read_and_anything_else_is_named() {
        assert!(Currencies::read("*").unwrap().contain("XYZ"));
        let some = Currencies::read("BRL, USD").unwrap();
        assert_eq!([some.contain("USD"), some.contain("EUR")], [true, false]);
        for wrong in ["", "brl", "BRL,", "BRL;USD", "*,BRL"] {
            assert!(Currencies::read(wrong).is_err(), "{wrong}");
        }
    }
}
