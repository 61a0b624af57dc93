//! What every HTTP function needs: API Gateway's event in and its response out, routes, body limits, problems (RFC 9457).
//! Knows no resource; CORS, throttling and the access log are the API's.

mod accept;
mod access;
mod answer;
mod bearer;
mod body;
mod docs;
mod entity_tag;
mod error_form;
mod idempotency_key;
mod limit;
mod members;
pub mod openapi;
mod problem;
mod request;
mod routes;
mod serve;
#[cfg(feature = "token-secret")]
mod token_secret;
mod validation;

pub use accept::preferred;
pub use access::{Access, Principal, TokenError, Tokens};
pub use answer::Answer;
pub use bearer::{Realm, bearer};
pub use body::{BODY_BYTES, json_body};
pub use docs::Docs;
pub use entity_tag::EntityTag;
pub use error_form::ErrorForm;
pub use idempotency_key::IdempotencyKey;
pub use limit::{Limit, Usage};
pub use members::Members;
pub use problem::{FieldFault, PROBLEM_JSON, Problem};
pub use request::Request;
pub use routes::{Found, Routes};
pub use serve::{respond, serve, serve_in_form};
#[cfg(feature = "token-secret")]
pub use token_secret::TokenSecret;
pub use validation::{Input, Invalid, Place, fastapi_body, not_an_object, object, parse, unprocessable};
