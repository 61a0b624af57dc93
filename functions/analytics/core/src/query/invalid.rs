//! What is wrong with a parameter or a member of a body, in FastAPI's shape: `type`, `loc`, `msg`, `input`, `ctx`. All faults of a request are
//! told at once. Whoever asks for a problem gets the same as pointers and details.

use function_http::{FieldFault, Problem};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// One fault.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub(crate) struct Invalid {
    /// A short stable identifier, as pydantic has it.
    #[serde(rename = "type")]
    #[schema(example = "missing")]
    kind: &'static str,
    /// Where: `query` or `body`, and the name; of a body that is no JSON the offset in bytes.
    #[schema(value_type = Vec<Value>, example = json!(["query", "start_date"]))]
    loc: Vec<Value>,
    #[schema(example = "Field required")]
    msg: String,
    /// What was given.
    #[schema(value_type = Value)]
    input: Value,
    /// What the message is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false, nullable = false)]
    ctx: Option<Box<Value>>,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
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
    pub(crate) fn new(place: Place, name: &str, kind: &'static str, msg: impl Into<String>, input: Value) -> Self {
        Self { kind, loc: vec![place.name().into(), name.into()], msg: msg.into(), input, ctx: None }
    }

    /// A parameter that has to be there.
    pub(crate) fn missing(name: &str) -> Self {
        Self::new(Place::Query, name, "missing", "Field required", Value::Null)
    }

    /// The body as a whole; `at` is where in it.
    pub(crate) fn of_body(kind: &'static str, msg: impl Into<String>, at: Option<usize>, input: Value) -> Self {
        let loc = std::iter::once("body".into()).chain(at.map(Value::from)).collect();
        Self { kind, loc, msg: msg.into(), input, ctx: None }
    }

    /// The same with what the message is made of.
    pub(crate) fn with(self, name: &str, value: impl Into<Value>) -> Self {
        Self { ctx: Some(Box::new(json!({ name: value.into() }))), ..self }
    }

    fn to_fault(&self) -> FieldFault {
        let name = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
        let pointer = self.loc.iter().map(|part| format!("/{}", name(part).replace('~', "~0").replace('/', "~1")));
        FieldFault { pointer: pointer.collect(), detail: self.msg.clone() }
    }
}

/// The error 422 with all of them.
pub(crate) fn unprocessable(faults: &[Invalid]) -> Problem {
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
