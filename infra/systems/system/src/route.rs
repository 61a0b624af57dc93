//! Routes of an HTTP API from a system's contract.

use constructs::{Acknowledgement, HttpApi, RouteAuthorization, RustFunction, Stack};
use contract::Route;

/// Until this day new routes may be open; by then they are merged, and a change to an existing one is judged again.
const OPEN_ROUTES_ARE_LOOKED_AT: &str = "2027-03-31";

/// Adds a route at which API Gateway asks for no authorisation, to one of `functions`. `why` says what makes that right, such as that the
/// function verifies a token.
///
/// # Panics
/// The route leads to none of the functions.
#[track_caller]
pub fn add_open_route<O>(
    stack: &mut Stack,
    api: &HttpApi,
    route: &Route<O>,
    functions: &[&RustFunction],
    why: &'static str,
) {
    let function = functions.iter().find(|function| function.id().as_str() == route.function.name);
    let function = function.expect("a route leads to a function of this stack");
    api.add_route(stack, route.id, &route.key(), function, RouteAuthorization::None);
    let rule = "exposure/api-authorisation";
    stack.acknowledge(route.id, Acknowledgement { rule, reason: why, until: OPEN_ROUTES_ARE_LOOKED_AT });
}
