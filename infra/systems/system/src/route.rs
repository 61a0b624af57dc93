//! Routes of an HTTP API from a system's contract.

use constructs::{Acknowledgement, HttpApi, RouteAuthorization, RustFunction, Stack};
use contract::{Authorization, Route};

/// Until this day new routes may be open; by then they are merged, and a change to an existing one is judged again.
const OPEN_ROUTES_ARE_LOOKED_AT: &str = "2027-03-31";

/// Sentences about routes at which API Gateway checks nothing, of which one applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhyOpen {
    /// How the function decides whom it lets in, where it checks a token.
    pub by_token: &'static str,
    /// What makes it right that anyone may call it, where nobody checks anything.
    pub anyone: &'static str,
}

impl WhyOpen {
    /// How a route is authorized, as the stage's settings ask for it.
    pub fn of(self, authorization: Authorization) -> RouteAuthorization {
        match authorization {
            Authorization::Iam => RouteAuthorization::Iam,
            Authorization::Token => RouteAuthorization::Function(self.by_token),
            Authorization::None => RouteAuthorization::Anyone(self.anyone),
        }
    }
}

/// Adds a route to one of `functions`. One at which API Gateway checks nothing is acknowledged to the review, with its reason.
///
/// # Panics
/// The route leads to none of the functions.
#[track_caller]
pub fn add_route<O>(
    stack: &mut Stack,
    api: &HttpApi,
    route: &Route<O>,
    functions: &[&RustFunction],
    authorization: RouteAuthorization,
) {
    let function = functions.iter().find(|function| function.id().as_str() == route.function.name);
    let function = function.expect("a route leads to a function of this stack");
    api.add_route(stack, route.id, &route.key(), function, authorization);
    if let RouteAuthorization::Anyone(reason) | RouteAuthorization::Function(reason) = authorization {
        let rule = "exposure/api-authorisation";
        stack.acknowledge(route.id, Acknowledgement { rule, reason, until: OPEN_ROUTES_ARE_LOOKED_AT });
    }
}
