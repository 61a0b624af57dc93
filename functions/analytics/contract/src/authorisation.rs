//! Who may use a part of the API.

use contract::Setting;

/// How requests are authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorisation {
    /// Not at all.
    None,
    /// By API Gateway, which checks a signature of AWS Signature Version 4 against IAM.
    Iam,
    /// By the function: `Authorization: Bearer ..` with the token in the secret.
    Token,
}

impl Authorisation {
    pub const ALL: [(&str, Self); 3] = [("none", Self::None), ("iam", Self::Iam), ("token", Self::Token)];

    /// As in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Iam => "iam",
            Self::Token => "token",
        }
    }
}

impl Setting for Authorisation {
    fn read(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|(name, _)| *name == text);
        known.map(|(_, value)| value).ok_or_else(|| format!("{text:?} is not none, iam or token"))
    }
}
