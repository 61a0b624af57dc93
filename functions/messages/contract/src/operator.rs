//! What the operator asks of the login function, which may write users: `infra user add|list|disable|reset`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A request, as the function's event: `{"operator": "list_users"}`. Passwords travel in it, so it is never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operator", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// A new user; responds with the [`User`]. An address that is taken is an error.
    AddUser { email: String, password: String },
    /// Responds with every [`User`], by address.
    ListUsers,
    /// The user can no longer log in, and refresh tokens are revoked; responds with the [`User`].
    DisableUser { email: String },
    /// Another password; enables the user and revokes refresh tokens. Responds with the [`User`].
    ResetUser { email: String, password: String },
}

/// A user, without what could be used to log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// With the domain in lower case.
    pub email: String,
    pub disabled: bool,
    /// UTC, as in RFC 3339.
    pub created_at: String,
    /// The last successful login, if there was one.
    pub last_login_at: Option<String>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddUser { email, .. } => f.debug_struct("AddUser").field("email", email).finish_non_exhaustive(),
            Self::ListUsers => f.write_str("ListUsers"),
            Self::DisableUser { email } => f.debug_struct("DisableUser").field("email", email).finish(),
            Self::ResetUser { email, .. } => f.debug_struct("ResetUser").field("email", email).finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let request = Request::AddUser { email: "a@b.example".to_owned(), password: "secret".to_owned() };
        assert_eq!(format!("{request:?}"), r#"AddUser { email: "a@b.example", .. }"#);
        let request = Request::ResetUser { email: "a@b.example".to_owned(), password: "secret".to_owned() };
        assert!(!format!("{request:?}").contains("secret"));
    }
}
