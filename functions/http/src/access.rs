//! Who may use an operation, as the stage's settings say: anyone, whoever API Gateway has checked against IAM, or whoever has the token (RFC
//! 6750). Where the token comes from is behind a port.

use contract::{Authorization, Authorizations, DataAccess};
use sha2::{Digest, Sha256};

use crate::bearer::Realm;
use crate::problem::Problem;
use crate::request::Request;

/// Why the token is unknown.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Retrying later can work.
    #[error("the secret of the token is out of reach")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A wrong configuration.
    #[error("the secret of the token cannot be used")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where the bearer token is kept.
pub trait Tokens {
    /// The token that clients have to send; only asked for when one is required.
    ///
    /// # Errors
    /// It cannot be read.
    fn token(&self) -> impl Future<Output = Result<String, TokenError>>;
}

/// For an API that may have no token; without one nobody is let in by it.
impl<T: Tokens> Tokens for Option<T> {
    async fn token(&self) -> Result<String, TokenError> {
        match self {
            Some(tokens) => tokens.token().await,
            None => Err(TokenError::Failed("no token is configured".into())),
        }
    }
}

/// Who sent a request, as far as the API can tell one client from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    Anyone,
    /// Whoever has the token.
    HasToken,
    /// A user or role of IAM, or a user of an identity pool, by the id that is never given out again.
    Iam(String),
}

impl Principal {
    /// A name that no other principal has, such as for [`crate::IdempotencyKey::of_principal`].
    pub fn name(&self) -> String {
        match self {
            Self::Anyone => "anyone".to_owned(),
            Self::HasToken => "token".to_owned(),
            Self::Iam(id) => format!("iam:{id}"),
        }
    }
}

/// How the requests of an API are authorized.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a, T> {
    pub authorizations: Authorizations,
    pub realm: Realm,
    pub tokens: &'a T,
}

impl<T: Tokens> Access<'_, T> {
    /// Who sent the request, or the problem to answer: 401 without the right token, 403 without a signature that IAM admits.
    ///
    /// # Errors
    /// The token is required and cannot be read.
    pub async fn admit(&self, access: DataAccess, request: &Request) -> Result<Result<Principal, Problem>, TokenError> {
        match self.authorizations.of(access) {
            Authorization::None => Ok(Ok(Principal::Anyone)),
            Authorization::Iam => {
                let caller = request.iam_caller.clone().map(Principal::Iam);
                Ok(caller.ok_or_else(|| Problem::new(403)))
            }
            Authorization::Token => {
                let given = match self.realm.token(request) {
                    Ok(given) => given,
                    Err(problem) => return Ok(Err(problem)),
                };
                let is_it = is_same(given, &self.tokens.token().await?);
                Ok(if is_it { Ok(Principal::HasToken) } else { Err(self.realm.invalid_token()) })
            }
        }
    }
}

/// Takes the same time wherever the texts differ: compares digests, all bytes of them.
fn is_same(given: &str, expected: &str) -> bool {
    let (given, expected) = (Sha256::digest(given), Sha256::digest(expected));
    given.iter().zip(expected.iter()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known(Option<&'static str>);

    impl Tokens for Known {
        async fn token(&self) -> Result<String, TokenError> {
            self.0.map(str::to_owned).ok_or_else(|| TokenError::Unavailable("on purpose".into()))
        }
    }

    async fn admitted(authorization: Authorization, request: &Request, tokens: &impl Tokens) -> Result<Principal, u16> {
        let access = Access { authorizations: Authorizations::all(authorization), realm: Realm("orders"), tokens };
        let admitted = access.admit(DataAccess::Writes, request).await.map_err(|_| 503_u16)?;
        admitted.map_err(|problem| problem.status)
    }

    fn with(authorization: &str) -> Request {
        Request::new("POST", "/orders").with_header("authorization", authorization)
    }

    #[tokio::test]
    async fn whoever_has_the_token_is_let_in_and_nobody_else() {
        let tokens = Known(Some("s3cret"));
        let by_token = async |request: &Request| admitted(Authorization::Token, request, &tokens).await;
        assert_eq!(by_token(&with("Bearer s3cret")).await, Ok(Principal::HasToken));
        for wrong in ["", "Bearer", "Bearer s3cre", "Bearer s3cret1", "Bearer S3CRET", "Basic s3cret"] {
            assert_eq!(by_token(&with(wrong)).await, Err(401), "{wrong:?}");
        }
        let signed = Request { iam_caller: Some("AIDA".to_owned()), ..Request::new("POST", "/orders") };
        assert_eq!(by_token(&signed).await, Err(401), "a signature is no token");
    }

    #[tokio::test]
    async fn while_the_token_is_unknown_nobody_is_let_in() {
        let known = with("Bearer s3cret");
        assert_eq!(admitted(Authorization::Token, &known, &Known(None)).await, Err(503));
        assert_eq!(admitted(Authorization::Token, &known, &None::<Known>).await, Err(503));
        assert_eq!(admitted(Authorization::None, &known, &None::<Known>).await, Ok(Principal::Anyone));
    }

    #[tokio::test]
    async fn iam_is_what_the_api_says_and_no_header() {
        let by_iam = async |request: &Request| admitted(Authorization::Iam, request, &Known(Some("s3cret"))).await;
        assert_eq!(by_iam(&with("Bearer s3cret")).await, Err(403));
        let signed = with("AWS4-HMAC-SHA256 Credential=a");
        assert_eq!(by_iam(&signed).await, Err(403));
        let checked = Request { iam_caller: Some("AIDA".to_owned()), ..signed };
        assert_eq!(by_iam(&checked).await, Ok(Principal::Iam("AIDA".to_owned())));
    }

    #[tokio::test]
    async fn reading_and_writing_are_authorized_apart_and_what_has_no_data_is_for_anyone() {
        let authorizations = Authorizations { writing: Authorization::Token, reading: Authorization::Iam };
        let access = Access { authorizations, realm: Realm("orders"), tokens: &Known(Some("s3cret")) };
        let status = async |of: DataAccess| {
            let request = Request::new("POST", "/orders");
            access.admit(of, &request).await.unwrap().map_err(|problem| problem.status)
        };
        assert_eq!(status(DataAccess::Writes).await, Err(401));
        assert_eq!(status(DataAccess::Reads).await, Err(403));
        assert_eq!(status(DataAccess::None).await, Ok(Principal::Anyone));
    }

    #[test]
    fn no_two_principals_have_one_name() {
        let names =
            [Principal::Anyone, Principal::HasToken, Principal::Iam("token".into()), Principal::Iam("a".into())];
        let names: std::collections::BTreeSet<_> = names.iter().map(Principal::name).collect();
        assert_eq!(names.len(), 4);
    }
}
