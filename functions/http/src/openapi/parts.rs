//! Parameters, headers and security schemes that descriptions share.

use serde_json::{Value, json};

/// The media type of what is neither an error nor a file.
pub const JSON: &str = "application/json";

/// The security scheme of bearer tokens.
pub fn bearer() -> Value {
    json!({"type": "http", "scheme": "bearer"})
}

pub fn query(name: &str, is_required: bool, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "required": is_required, "description": description, "schema": schema})
}

pub fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match", "in": "header", "required": false,
        "description": "The ETag of an earlier answer: 304 while nothing has changed.", "schema": {"type": "string"},
    })
}

/// The answer with a header.
pub fn with_header(mut answer: Value, name: &str, description: &str, is_required: bool, schema: &Value) -> Value {
    answer["headers"][name] = json!({"description": description, "required": is_required, "schema": schema});
    answer
}

/// An answer in these media types, with an entity tag.
pub fn tagged(description: &str, content: &Value) -> Value {
    with_tag(json!({"description": description, "content": content}))
}

/// 304; `description` says what has not changed.
pub fn not_modified(description: &str) -> Value {
    with_tag(json!({"description": description}))
}

fn with_tag(answer: Value) -> Value {
    let description = "Send it as If-None-Match to get 304 while nothing has changed.";
    with_header(answer, "ETag", description, true, &json!({"type": "string"}))
}

/// The answer with `Retry-After`.
pub fn retried(answer: Value) -> Value {
    with_header(answer, "Retry-After", "Seconds to wait.", true, &json!({"type": "integer", "minimum": 1}))
}

/// An error 401, with how to authenticate.
pub fn challenged(answer: Value) -> Value {
    with_header(answer, "WWW-Authenticate", "Bearer (RFC 6750).", true, &json!({"type": "string"}))
}

/// The answer with what is left of a limit.
pub fn limited(answer: Value) -> Value {
    let text = json!({"type": "string"});
    let policy = "The limit: its name, the quota q, and the window w in seconds.";
    let answer = with_header(answer, "RateLimit-Policy", policy, true, &text);
    let left = "The rest: the limit's name, what remains (r), and seconds until the next window (t).";
    with_header(answer, "RateLimit", left, true, &text)
}

/// The answer to a request that an idempotency key may repeat.
pub fn replayed(answer: Value) -> Value {
    let description = "Present when the Idempotency-Key was known: this is the answer of the first request with it.";
    with_header(answer, "Idempotent-Replayed", description, false, &json!({"type": "string", "const": "true"}))
}
