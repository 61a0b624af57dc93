//! What clients get, route by route, with the example of the contract.

mod predictions;
mod protection;
mod uploads;

use super::*;
use crate::fakes::{World, alone};
use contract::{Authorization, Authorizations};
use serde_json::Value;

const OPEN: Authorizations = Authorizations::all(Authorization::None);

fn answered(world: &World, authorizations: Authorizations, request: &Request) -> Answer {
    let page = Page { html: "<!doctype html>", policy: "default-src 'none'" };
    let answers = &Answers::default();
    // There is no Swagger UI in the folder of a test.
    let docs = &Docs::in_folder("/nowhere");
    let access = Access { authorizations, realm: REALM, tokens: world };
    let api = Api { store: world, signer: world, access, clock: world, answers, page, docs };
    alone(api.respond(request, Uuid::from_u128(7)))
}

/// A request by its path and query.
fn request(method: &str, address: &str) -> Request {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    Request::new(method, path).with_query(query)
}

fn got(world: &World, address: &str) -> Answer {
    answered(world, OPEN, &request("GET", address))
}

fn got_as(world: &World, address: &str, accept: &str) -> Answer {
    answered(world, OPEN, &request("GET", address).with_header("accept", accept))
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}
