//! What clients send: credentials and refresh tokens, as JSON. Every fault is told at once, in the order of the fields. A password never goes
//! back, also not as a part of the body that something else is missing in.

use function_http::{Invalid, Members, Place, Problem, Request, fastapi_body, parse, unprocessable};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::email::Email;
use crate::password::Password;

/// An e-mail address and a password, both well-formed.
pub(crate) struct Credentials {
    pub(crate) email: Email,
    pub(crate) password: Password,
}

impl Credentials {
    /// # Errors
    /// 422 with all faults, 413.
    pub(crate) fn read(request: &Request) -> Result<Self, Problem> {
        let members = members(request)?;
        let mut faults = Vec::new();
        let email = text(&members, "email", &mut faults).and_then(|(given, raw)| {
            let invalid = |reason: String| {
                let msg = format!("value is not a valid email address: {reason}");
                Invalid::new(Place::Body, "email", "value_error", msg, raw).with("reason", reason)
            };
            Email::parse(&given).map_err(|fault| faults.push(invalid(fault.to_string()))).ok()
        });
        let password = text(&members, "pwd", &mut faults).and_then(|(given, _)| {
            let invalid = |reason: String| {
                let msg = format!("Value error, {reason}");
                Invalid::new(Place::Body, "pwd", "value_error", msg, Value::Null).without_input().with("reason", reason)
            };
            Password::new(&given).map_err(|fault| faults.push(invalid(fault.to_string()))).ok()
        });
        match (email, password) {
            (Some(email), Some(password)) => Ok(Self { email, password }),
            _ => Err(unprocessable(&faults)),
        }
    }
}

/// The member `refresh_token`, whatever text it is.
///
/// # Errors
/// 422, 413.
pub(crate) fn refresh_token(request: &Request) -> Result<String, Problem> {
    let mut faults = Vec::new();
    match text(&members(request)?, "refresh_token", &mut faults) {
        Some((token, _)) => Ok(token),
        None => Err(unprocessable(&faults)),
    }
}

/// A member that is a text, with the JSON of it; else its fault. Of what is no text only an address goes back.
fn text<'a>(members: &Members<'a>, name: &str, faults: &mut Vec<Invalid>) -> Option<(String, &'a RawValue)> {
    let fault = match members.get(name) {
        None => Invalid::missing(Place::Body, name, Value::Null).without_input(),
        Some(raw) => match serde_json::from_str(raw.get()) {
            Ok(text) => return Some((text, raw)),
            Err(_) => {
                let fault = Invalid::new(Place::Body, name, "string_type", "Input should be a valid string", raw);
                if name == "email" { fault } else { fault.without_input() }
            }
        },
    };
    faults.push(fault);
    None
}

/// The members of a body that is JSON by its media type, or says none.
fn members(request: &Request) -> Result<Members<'_>, Problem> {
    let whole = parse::<&RawValue>(fastapi_body(request)?)?.get();
    match whole.starts_with('{') {
        true => parse(whole.as_bytes()),
        false => {
            let msg = "Input should be a valid dictionary or object to extract fields from";
            let fault = Invalid::of_body("model_attributes_type", msg, None, Value::Null);
            Err(unprocessable(&[fault.without_input()]))
        }
    }
}
