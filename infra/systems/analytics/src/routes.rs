//! The API's routes from the contract, each with the authorization that the stage asks for. API Gateway checks signatures of IAM; a token is
//! checked by the function, and to API Gateway such a route is open.

use analytics_contract::{Operation, ROUTES};
use constructs::{HttpApi, RouteAuthorization, RustFunction, Stack};
use contract::{Authorization, Authorizations, DataAccess, Matches, Route};
use system::{WhyOpen, add_route};

use crate::Settings;

const BY_TOKEN: &str =
    "the function checks the bearer token of each request; an authorizer in front of it would be a second function";
const READ_BY_ANYONE: &str =
    "read by anyone, as the stage's settings say: audiences of broadcasts, nothing personal, throttled as a whole";
const WRITTEN_BY_ANYONE: &str =
    "written by anyone, as the settings of this stage say; protected stages refuse that, and an upload can be reverted";
const WITHOUT_DATA: &str = "a page or a description without data, whose requests are authorized by themselves";
const NOTHING_ELSE: &str =
    "answers HEAD as it answers GET, by the same authorization, and everything else with 404 or 405";

/// Adds every route.
pub(crate) fn add_routes(stack: &mut Stack, api: &HttpApi, function: &RustFunction, settings: &Settings) {
    for route in ROUTES {
        add_route(stack, api, route, &[function], authorization(route, settings.api.authorizations));
    }
}

fn authorization(route: &Route<Operation>, of_stage: Authorizations) -> RouteAuthorization {
    let Matches::Operation { operation, .. } = route.matches else {
        return match of_stage.reading {
            Authorization::Iam => RouteAuthorization::Iam,
            Authorization::Token | Authorization::None => RouteAuthorization::Function(NOTHING_ELSE),
        };
    };
    let access = operation.data_access();
    let anyone = match access {
        DataAccess::None => WITHOUT_DATA,
        DataAccess::Reads => READ_BY_ANYONE,
        DataAccess::Writes => WRITTEN_BY_ANYONE,
    };
    WhyOpen { by_token: BY_TOKEN, anyone }.of(of_stage.of(access))
}
