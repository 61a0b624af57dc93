//! Who may use an HTTP API: what a stage's settings say, what a route asks for, and what the function checks.

use crate::Setting;

/// How requests are authorized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// Not at all.
    None,
    /// By API Gateway, which checks a signature of AWS Signature Version 4 against IAM.
    Iam,
    /// By the function, which checks `Authorization: Bearer ..`.
    Token,
}

impl Authorization {
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

impl Setting for Authorization {
    fn read(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|(name, _)| *name == text);
        known.map(|(_, value)| value).ok_or_else(|| format!("{text:?} is not none, iam or token"))
    }
}

/// What an operation of an API does with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataAccess {
    /// It has none: a page, a description of the API, public keys. Anyone may use it.
    None,
    Reads,
    Writes,
}

/// How an API's requests are authorized, by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorizations {
    pub writing: Authorization,
    pub reading: Authorization,
}

impl Authorizations {
    /// The same for all that have access to data.
    pub const fn all(authorization: Authorization) -> Self {
        Self { writing: authorization, reading: authorization }
    }

    pub fn of(self, access: DataAccess) -> Authorization {
        match access {
            DataAccess::None => Authorization::None,
            DataAccess::Reads => self.reading,
            DataAccess::Writes => self.writing,
        }
    }

    /// Whether any request is authorized by a token, so that there has to be one.
    pub fn need_token(self) -> bool {
        [self.writing, self.reading].contains(&Authorization::Token)
    }
}
