//! Logging in: the operations of the login function.

use function_http::openapi::{reference, retried, told};
use serde_json::{Value, json};

use super::{answer, body, faults};

/// The bodies and answers of these operations.
pub(super) fn schemas() -> [(String, Value); 5] {
    let login = json!({
        "type": "object", "required": ["email", "pwd"],
        "properties": {
            "email": {"type": "string", "format": "email", "maxLength": 254, "example": "user@example.com"},
            "pwd": {"type": "string", "format": "password", "minLength": 6, "maxLength": 1024},
        },
    });
    let refresh = json!({
        "type": "object", "required": ["refresh_token"],
        "properties": {"refresh_token": {"type": "string"}},
    });
    let tokens = json!({
        "type": "object", "required": ["access_token", "token_type", "expires_in", "refresh_token"],
        "properties": {
            "access_token": {"type": "string", "description": "A JWT, signed with Ed25519."},
            "token_type": {"type": "string", "const": "Bearer"},
            "expires_in": {"type": "integer", "description": "Seconds for which the access token is valid.", "example": 900},
            "refresh_token": {"type": "string", "description": "For another pair, once."},
        },
    });
    let logged_out = json!({
        "type": "object", "required": ["message"], "properties": {"message": {"type": "string", "example": "Logged out."}},
    });
    let keys = json!({
        "type": "object", "required": ["keys"], "description": "A JWK set (RFC 7517).",
        "properties": {"keys": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["kty", "crv", "x", "kid", "alg", "use"],
            "properties": {
                "kty": {"type": "string", "const": "OKP"}, "crv": {"type": "string", "const": "Ed25519"}, "x": {"type": "string"},
                "kid": {"type": "string"}, "alg": {"type": "string"}, "use": {"type": "string", "const": "sig"},
            },
        }}},
    });
    [("Login", login), ("Refresh", refresh), ("Tokens", tokens), ("LoggedOut", logged_out), ("Keys", keys)]
        .map(|(name, schema)| (name.to_owned(), schema))
}

fn tokens() -> Value {
    let example = json!({"access_token": "eyJ..", "token_type": "Bearer", "expires_in": 900, "refresh_token": "rt_.."});
    answer("A pair of tokens.", "Tokens", &example)
}

pub(super) fn login() -> Value {
    let fault = json!({"type": "missing", "loc": ["body", "pwd"], "msg": "Field required", "input": {"email": "user@example.com"}});
    json!({
        "operationId": "login",
        "summary": "Log in",
        "tags": ["users"],
        "requestBody": body(&reference("Login"), true, &json!({"email": "user@example.com", "pwd": "correct horse battery staple"})),
        "responses": {
            "200": tokens(),
            "401": told(401, "The address and the password do not belong together.", "Incorrect email or password"),
            "422": faults(&fault),
            "429": retried(told(429, "Too many logins failed; wait.", "too many failed logins; try again in 900 seconds")),
        },
    })
}

pub(super) fn refresh() -> Value {
    let fault = json!({"type": "missing", "loc": ["body", "refresh_token"], "msg": "Field required", "input": {}});
    json!({
        "operationId": "refresh",
        "summary": "Get another pair of tokens",
        "description": "A refresh token can be used once. Used a second time, all tokens of its login are revoked.",
        "tags": ["users"],
        "requestBody": body(&reference("Refresh"), true, &json!({"refresh_token": "rt_.."})),
        "responses": {
            "200": tokens(),
            "401": told(401, "The token is unknown, used, expired or revoked.", "Invalid refresh token"),
            "422": faults(&fault),
        },
    })
}

pub(super) fn logout() -> Value {
    let fault = json!({"type": "missing", "loc": ["body", "refresh_token"], "msg": "Field required", "input": {}});
    json!({
        "operationId": "logout",
        "summary": "Log out",
        "description": "Revokes all refresh tokens of the login. Access tokens stay valid until they expire.",
        "tags": ["users"],
        "requestBody": body(&reference("Refresh"), true, &json!({"refresh_token": "rt_.."})),
        "responses": {
            "200": answer("Nothing of this login can be refreshed any more.", "LoggedOut", &json!({"message": "Logged out."})),
            "422": faults(&fault),
        },
    })
}

pub(super) fn keys() -> Value {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "alg": "EdDSA", "use": "sig"});
    json!({
        "operationId": "getKeys",
        "summary": "Get the public keys of access tokens",
        "tags": ["users"],
        "responses": {"200": answer("The keys.", "Keys", &json!({"keys": [key]}))},
    })
}
