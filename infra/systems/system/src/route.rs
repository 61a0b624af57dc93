//! Routes of an HTTP API from a system's contract.

use constructs::{Acknowledgement, HttpApi, RouteAuthorization, RustFunction, Stack};
use contract::{Authorization, Authorizations, DataAccess, Matches, Route};

/// Until this day new routes may be open; by then they are merged, and a change to an existing one is judged again.
const OPEN_ROUTES_ARE_LOOKED_AT: &str = "2027-03-31";

const BY_TOKEN: &str =
    "the function checks the bearer token of each request; an authorizer in front of it would be a second function";
const WITHOUT_DATA: &str = "a page or a description without data, whose requests are authorized by themselves";
const NOTHING_ELSE: &str =
    "answers HEAD as it answers GET, by the same authorization, and everything else with 404 or 405";

/// What makes it right that anyone may use an API, on the stages whose settings say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByAnyone {
    pub reading: &'static str,
    pub writing: &'static str,
}

/// How the routes of an API are authorized: as the stage asks for what each does with data. API Gateway checks signatures of IAM; a token is checked
/// by the function, and to API Gateway such a route is open.
#[derive(Debug, Clone, Copy)]
pub struct Routes<O> {
    pub access: fn(O) -> DataAccess,
    pub authorizations: Authorizations,
    pub by_anyone: ByAnyone,
}

impl<O: Copy> Routes<O> {
    /// Adds one to one of `functions`.
    ///
    /// # Panics
    /// It leads to none of them.
    #[track_caller]
    pub fn add(&self, stack: &mut Stack, api: &HttpApi, route: &Route<O>, functions: &[&RustFunction]) {
        add_route(stack, api, route, functions, self.authorization(route));
    }

    fn authorization(&self, route: &Route<O>) -> RouteAuthorization {
        let Matches::Operation { operation, .. } = route.matches else {
            return match self.authorizations.reading {
                Authorization::Iam => RouteAuthorization::Iam,
                Authorization::Token | Authorization::None => RouteAuthorization::Function(NOTHING_ELSE),
            };
        };
        let access = (self.access)(operation);
        match self.authorizations.of(access) {
            Authorization::Iam => RouteAuthorization::Iam,
            Authorization::Token => RouteAuthorization::Function(BY_TOKEN),
            Authorization::None => RouteAuthorization::Anyone(match access {
                DataAccess::None => WITHOUT_DATA,
                DataAccess::Reads => self.by_anyone.reading,
                DataAccess::Writes => self.by_anyone.writing,
            }),
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
