//! Who may use an operation, as the stage's settings say: anybody, whoever API Gateway has checked against IAM, or whoever has the token
//! (RFC 6750). What shows no data, the page and the documentation, needs no token. With `iam` API Gateway asks for a signature on every route in front of this.

use analytics_contract::{Authorisation, Operation};
use function_http::{Problem, Realm, Request};
use sha2::{Digest, Sha256};

use crate::ports::{Fault, Tokens};

/// How the routes are authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorisations {
    pub writing: Authorisation,
    pub reading: Authorisation,
}

impl Authorisations {
    fn of(self, operation: Operation) -> Authorisation {
        match operation {
            Operation::Page | Operation::Docs | Operation::DocsFile | Operation::OpenApi => Authorisation::None,
            _ if operation.is_writing() => self.writing,
            _ => self.reading,
        }
    }

    /// Whether the request may use the operation: nothing, or the error to answer.
    ///
    /// # Errors
    /// The token cannot be read.
    pub(crate) async fn refuse(
        self,
        operation: Operation,
        request: &Request,
        tokens: &impl Tokens,
    ) -> Result<Option<Problem>, Fault> {
        match self.of(operation) {
            Authorisation::None => Ok(None),
            Authorisation::Iam => Ok((!request.is_authorised_by_iam).then(|| Problem::new(403))),
            Authorisation::Token => {
                let given = match REALM.token(request) {
                    Ok(given) => given,
                    Err(problem) => return Ok(Some(problem)),
                };
                let is_it = is_same(given, &tokens.token().await?);
                Ok((!is_it).then(|| REALM.invalid_token()))
            }
        }
    }
}

const REALM: Realm = Realm("analytics");

/// Takes the same time wherever the texts differ: compares digests, all bytes of them.
fn is_same(given: &str, expected: &str) -> bool {
    let (given, expected) = (Sha256::digest(given), Sha256::digest(expected));
    given.iter().zip(expected.iter()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
