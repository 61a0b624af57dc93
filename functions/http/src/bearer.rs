//! Bearer tokens (RFC 6750): reading one, and the challenge for whoever sent none or a wrong one. Whether a token is valid is the caller's.

use crate::problem::Problem;
use crate::request::Request;

/// What tokens protect, as clients are told; visible ASCII without `"` and `\`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Realm(pub &'static str);

impl Realm {
    /// The token of a request.
    ///
    /// # Errors
    /// 401: without `error` when the request has no bearer token, with `invalid_token` for one that has characters that no token has.
    pub fn token(self, request: &Request) -> Result<&str, Problem> {
        let token = bearer(request).ok_or_else(|| self.missing_token())?;
        if is_token68(token) { Ok(token) } else { Err(self.invalid_token()) }
    }

    /// The error of a request without a token. It names no `error`, since nothing was wrong with what was sent.
    pub fn missing_token(self) -> Problem {
        Problem::new(401).because("Not authenticated").challenged(self.challenge())
    }

    /// The error of a token that is malformed, expired, revoked or somebody else's: the client is not told which.
    pub fn invalid_token(self) -> Problem {
        let challenge = format!("{}, error=\"invalid_token\"", self.challenge());
        Problem::new(401).because("Invalid token").challenged(challenge)
    }

    fn challenge(self) -> String {
        format!("Bearer realm=\"{}\"", self.0)
    }
}

/// What follows the scheme `Bearer` in `Authorization`, as it came; nothing for another scheme. Schemes are compared without case, and one or
/// more blanks follow them (RFC 9110, 11.4).
pub fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.trim_matches(' ').split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}

/// `token68` of RFC 9110, 11.2.
fn is_token68(text: &str) -> bool {
    let token = text.trim_end_matches('=');
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, ErrorForm};

    const REALM: Realm = Realm("orders");

    fn with(authorization: &str) -> Request {
        Request::new("GET", "/").with_header("Authorization", authorization)
    }

    #[test]
    fn a_token_follows_its_scheme_in_any_case_after_any_number_of_blanks() {
        for (header, expected) in [
            ("Bearer abc", "abc"),
            ("bEARER   a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="),
            (" Bearer 0 ", "0"),
            ("Bearer Bearer", "Bearer"),
        ] {
            assert_eq!(REALM.token(&with(header)), Ok(expected), "{header}");
        }
    }

    #[test]
    fn whoever_sends_no_token_is_asked_for_one_and_a_wrong_one_is_called_wrong() {
        let challenge = |header: &str| {
            let answer: Answer = REALM.token(&with(header)).unwrap_err().answer(ErrorForm::Detail);
            (answer.status, answer.headers["www-authenticate"].clone())
        };
        let missing = (401, "Bearer realm=\"orders\"".to_owned());
        for header in ["", "Bearer", "Bearer ", "Bearer\tabc", "Basic YTpi", "BearerX abc", "abc"] {
            assert_eq!(challenge(header), missing, "{header:?}");
        }
        assert_eq!(REALM.token(&Request::new("GET", "/")), Err(REALM.missing_token()));
        let invalid = (401, "Bearer realm=\"orders\", error=\"invalid_token\"".to_owned());
        for header in
            ["Bearer a b", "Bearer a,Bearer b", "Bearer é", "Bearer =", "Bearer a=b", "Bearer \"a\"", "Bearer a\t"]
        {
            assert_eq!(challenge(header), invalid, "{header:?}");
        }
    }
}
