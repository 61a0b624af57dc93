//! The API's routes from the contract, each with the authorisation that the stage asks for. API Gateway checks signatures of IAM; a token is
//! checked by the function, and to API Gateway such a route is open.

use analytics_contract::{Authorisation, Operation, ROUTES};
use constructs::{HttpApi, RouteAuthorization, RustFunction, Stack};
use contract::{Matches, Route};
use system::add_open_route;

use crate::Settings;

const BY_TOKEN: &str =
    "the function checks the bearer token of each request; an authorizer in front of it would be a second function";
const READ_BY_ANYONE: &str =
    "read by anyone, as the stage's settings say: audiences of broadcasts, nothing personal, throttled as a whole";
const WRITTEN_BY_ANYONE: &str =
    "written by anyone, as the settings of this stage say; protected stages refuse that, and an upload can be reverted";

/// Adds every route.
pub(crate) fn add_routes(stack: &mut Stack, api: &HttpApi, function: &RustFunction, settings: &Settings) {
    for route in ROUTES {
        let writes = writes(route);
        let authorisation = if writes { settings.authorise_writing } else { settings.authorise_reading };
        let why_open = match authorisation {
            Authorisation::Iam => {
                api.add_route(stack, route.id, &route.key(), function, RouteAuthorization::Iam);
                continue;
            }
            Authorisation::Token => BY_TOKEN,
            Authorisation::None if writes => WRITTEN_BY_ANYONE,
            Authorisation::None => READ_BY_ANYONE,
        };
        add_open_route(stack, api, route, &[function], why_open);
    }
}

/// Whatever matches no operation is a `HEAD` of a reading one, or a mistake.
fn writes(route: &Route<Operation>) -> bool {
    matches!(route.matches, Matches::Operation { operation, .. } if operation.is_writing())
}
