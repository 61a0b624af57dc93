//! What is wrong with a parameter or a member of a body, in FastAPI's shape: `type`, `loc`, `msg`, `input`, `ctx`. All faults of a request are
//! told at once. Whoever asks for a problem gets the same as pointers and details.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::body::BODY_BYTES;
use crate::members::Members;
use crate::problem::{FieldFault, Problem};
use crate::request::Request;

const NOT_AN_OBJECT: &str = "Input should be a valid dictionary or object to extract fields from";

/// One fault.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub struct Invalid {
    /// A short stable identifier, as pydantic has it.
    #[serde(rename = "type")]
    #[schema(example = "missing")]
    kind: &'static str,
    /// Where: `query` or `body`, and the name; of a body that is no JSON the offset in bytes.
    #[schema(value_type = Vec<Value>, example = json!(["query", "start_date"]))]
    loc: Vec<Value>,
    #[schema(example = "Field required")]
    msg: String,
    /// What was given; left out where it is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    input: Option<Input>,
    /// What the message is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false, nullable = false)]
    ctx: Option<Box<Value>>,
}

/// A value as JSON text, so that a number goes back as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input(String);

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Query,
    Body,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Body => "body",
        }
    }
}

impl Invalid {
    pub fn new(place: Place, name: &str, kind: &'static str, msg: impl Into<String>, input: impl Into<Input>) -> Self {
        let loc = vec![place.name().into(), name.into()];
        Self { kind, loc, msg: msg.into(), input: Some(input.into()), ctx: None }
    }

    /// A parameter or member that has to be there; `input` is what it is missing in, null for a query.
    pub fn missing(place: Place, name: &str, input: impl Into<Input>) -> Self {
        Self::new(place, name, "missing", "Field required", input)
    }

    /// The body as a whole; `at` is where in it.
    pub fn of_body(kind: &'static str, msg: impl Into<String>, at: Option<usize>, input: impl Into<Input>) -> Self {
        let loc = std::iter::once("body".into()).chain(at.map(Value::from)).collect();
        Self { kind, loc, msg: msg.into(), input: Some(input.into()), ctx: None }
    }

    /// The same with what the message is made of.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        Self { ctx: Some(Box::new(json!({ name: value.into() }))), ..self }
    }

    /// The same without what was given: it is a secret.
    #[must_use]
    pub fn without_input(self) -> Self {
        Self { input: None, ..self }
    }

    /// The same inside an item of a list.
    #[must_use]
    pub fn in_item(mut self, index: usize) -> Self {
        self.loc.insert(self.loc.len().min(1), index.into());
        self
    }

    fn to_fault(&self) -> FieldFault {
        let name = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
        let pointer = self.loc.iter().map(|part| FieldFault::of(&name(part), "").pointer);
        FieldFault { pointer: pointer.collect(), detail: self.msg.clone() }
    }
}

impl From<Value> for Input {
    fn from(value: Value) -> Self {
        Self(value.to_string())
    }
}

impl From<&Value> for Input {
    fn from(value: &Value) -> Self {
        Self(value.to_string())
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self(Value::from(text).to_string())
    }
}

impl From<&RawValue> for Input {
    fn from(value: &RawValue) -> Self {
        Self(value.get().to_owned())
    }
}

impl Serialize for Input {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// The error 422 with all of them.
pub fn unprocessable(faults: &[Invalid]) -> Problem {
    #[derive(Serialize)]
    struct Detail<'a> {
        detail: &'a [Invalid],
    }
    let plain = serde_json::to_string(&Detail { detail: faults }).unwrap_or_default();
    Problem::new(422)
        .because("the request has faults; errors names each")
        .with_faults(faults.iter().map(Invalid::to_fault).collect())
        .with_plain(plain)
}

/// Reads a JSON body.
///
/// # Errors
/// 422 when there is none, or where it stops being JSON, as an offset in bytes.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    if body.is_empty() {
        return Err(unprocessable(&[Invalid::of_body("missing", "Field required", None, Value::Null)]));
    }
    serde_json::from_slice(body).map_err(|error| {
        let at = offset(body, error.line(), error.column());
        let fault = Invalid::of_body("json_invalid", "JSON decode error", Some(at), json!({}));
        unprocessable(&[fault.with("error", error.to_string())])
    })
}

/// The body of a request that is JSON by its media type or names none, as FastAPI reads it.
///
/// # Errors
/// 413 above [`BODY_BYTES`]; 422 for another media type, which is not echoed.
pub fn fastapi_body(request: &Request) -> Result<&[u8], Problem> {
    let length = request.body.len();
    if length > BODY_BYTES {
        return Err(Problem::new(413).because(format!("the body has {length} bytes, allowed are {BODY_BYTES}")));
    }
    let media_type = request.header("content-type").map(|value| value.split(';').next().unwrap_or_default().trim());
    let is_json = media_type.is_none_or(|media_type| {
        let media_type = media_type.to_ascii_lowercase();
        media_type == "application/json" || media_type.starts_with("application/") && media_type.ends_with("+json")
    });
    if is_json || length == 0 {
        return Ok(&request.body);
    }
    Err(unprocessable(&[Invalid::of_body("model_attributes_type", NOT_AN_OBJECT, None, Value::Null).without_input()]))
}

/// Reads a JSON body that is an object.
///
/// # Errors
/// As [`parse`], and 422 for other JSON.
pub fn object(body: &[u8]) -> Result<Members<'_>, Problem> {
    let whole: &RawValue = parse(body)?;
    if whole.get().starts_with('{') { parse(whole.get().as_bytes()) } else { Err(not_an_object(whole)) }
}

/// 422 for a body that is JSON, and no object.
pub fn not_an_object(body: impl Into<Input>) -> Problem {
    unprocessable(&[Invalid::of_body("model_attributes_type", NOT_AN_OBJECT, None, body)])
}

/// The offset of a line and column, both from 1, in bytes.
fn offset(body: &[u8], line: usize, column: usize) -> usize {
    let lines = body.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1));
    (lines.map(<[u8]>::len).sum::<usize>() + column.saturating_sub(1)).min(body.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorForm;

    #[test]
    fn a_fault_goes_back_with_the_value_as_it_came_and_a_secret_does_not() {
        let amount: &RawValue = serde_json::from_str("12.500000000000000000001").unwrap();
        let faults = [
            Invalid::new(Place::Body, "amount", "decimal_max_digits", "too long", amount),
            Invalid::new(Place::Body, "pwd", "value_error", "too short", "x").without_input(),
            Invalid::missing(Place::Body, "a/b", Value::Null).in_item(3),
        ];
        let problem = unprocessable(&faults);
        let pointers: Vec<_> = problem.errors.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/body/amount", "/body/pwd", "/body/3/a~1b"]);
        assert_eq!(
            problem.answer(ErrorForm::Detail).body,
            r#"{"detail":[{"type":"decimal_max_digits","loc":["body","amount"],"msg":"too long","input":12.500000000000000000001},{"type":"value_error","loc":["body","pwd"],"msg":"too short"},{"type":"missing","loc":["body",3,"a/b"],"msg":"Field required","input":null}]}"#
        );
    }

    #[test]
    fn a_body_that_is_no_object_is_told_where_it_ends() {
        let detail = |body: &str| {
            let answer = object(body.as_bytes()).unwrap_err().answer(ErrorForm::Detail);
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            format!("{} {}", body["detail"][0]["type"].as_str().unwrap(), body["detail"][0]["loc"])
        };
        assert_eq!(detail(""), r#"missing ["body"]"#);
        assert_eq!(detail("[1]"), r#"model_attributes_type ["body"]"#);
        assert_eq!(detail("{"), r#"json_invalid ["body",0]"#);
        assert_eq!(detail("{\n\"a\": x}"), r#"json_invalid ["body",7]"#);
        let members = object(br#"{"a": 1.50, "b": null, "a": 2}"#).unwrap();
        assert_eq!((members.iter().count(), members.get("a").map(RawValue::get)), (3, Some("2")));
    }

    #[test]
    fn a_body_is_json_by_its_media_type_or_without_one() {
        let status = |content_type: Option<&str>, length: usize| {
            let request = Request::new("POST", "/").with_body(vec![b' '; length]);
            let request =
                content_type.into_iter().fold(request, |request, value| request.with_header("content-type", value));
            fastapi_body(&request).map(<[u8]>::len).map_err(|problem| problem.status)
        };
        for json in
            [None, Some("application/json"), Some("Application/JSON; charset=utf-8"), Some("application/a+json")]
        {
            assert_eq!(status(json, BODY_BYTES), Ok(BODY_BYTES), "{json:?}");
        }
        assert_eq!(status(None, BODY_BYTES + 1), Err(413));
        assert_eq!(status(Some("text/plain"), BODY_BYTES + 1), Err(413), "its size comes first");
        assert_eq!((status(Some("text/plain"), 1), status(Some("text/plain"), 0)), (Err(422), Ok(0)));
    }
}
