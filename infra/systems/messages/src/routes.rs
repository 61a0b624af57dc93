//! The API's routes from the contract. To API Gateway each is open: tokens are verified by the functions, since its own authorizer knows no
//! Ed25519 and answers in words of its own.

use constructs::{HttpApi, RouteAuthorization, RustFunction, Stack};
use contract::{Matches, Route};
use messages_contract::{Operation, ROUTES};
use system::add_route;

const BY_TOKEN: &str =
    "the function verifies the bearer token of each request: API Gateway's own authorizer takes RSA keys alone";
const BY_CREDENTIALS: &str =
    "takes a password or a refresh token instead of an access token; the function locks out whoever guesses";
const PUBLIC_KEYS: &str = "public keys, which whoever verifies a token has to read";
const WITHOUT_DATA: &str = "a page or a description without data, whose requests bring a token of their own";
const NOTHING_HERE: &str = "answers with 404 or 405 and nothing else";

/// Adds every route.
pub(crate) fn add_routes(stack: &mut Stack, api: &HttpApi, functions: &[&RustFunction]) {
    for route in ROUTES {
        add_route(stack, api, route, functions, authorization(route));
    }
}

fn authorization(route: &Route<Operation>) -> RouteAuthorization {
    match route.matches {
        Matches::Operation { operation, .. } if operation.needs_token() => RouteAuthorization::Function(BY_TOKEN),
        Matches::Operation { operation: Operation::Login | Operation::Refresh | Operation::Logout, .. } => {
            RouteAuthorization::Function(BY_CREDENTIALS)
        }
        Matches::Operation { operation: Operation::Keys, .. } => RouteAuthorization::Anyone(PUBLIC_KEYS),
        Matches::Operation { .. } => RouteAuthorization::Anyone(WITHOUT_DATA),
        Matches::AnyMethod { .. } | Matches::Rest => RouteAuthorization::Function(NOTHING_HERE),
    }
}
