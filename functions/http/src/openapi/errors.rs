//! Errors, as a document has them: problem documents, and `{"detail": ..}` for APIs that answer so.

use serde_json::{Value, json};

use super::parts::JSON;
use super::reference;
use crate::problem::{PROBLEM_JSON, Problem};

/// The schemas of errors that are no problem documents: `Error` and `ValidationErrors`, which needs the schema of [`crate::Invalid`].
pub fn detail_schemas() -> [(String, Value); 2] {
    let detail = json!({
        "type": "object", "required": ["detail"], "properties": {"detail": {"type": "string", "example": "Not Found"}},
        "description": "An error.",
    });
    let faults = json!({
        "type": "object", "required": ["detail"],
        "properties": {"detail": {"type": "array", "minItems": 1, "items": reference("ValidationError")}},
        "description": "Everything that is missing or wrong.",
    });
    [("Error", detail), ("ValidationErrors", faults)].map(|(name, schema)| (name.to_owned(), schema))
}

/// An error of an API whose errors are all problems; `more` are the example's members beside those that the status has.
pub fn problem(status: u16, description: &str, more: &Value) -> Value {
    let mut example = json!(Problem::new(status));
    for (name, value) in more.as_object().into_iter().flatten() {
        example[name] = value.clone();
    }
    json!({"description": description, "content": {PROBLEM_JSON: {"schema": reference("Problem"), "example": example}}})
}

/// An error whose body has this schema, or is a problem for whoever asks for one.
pub fn error(status: u16, description: &str, schema: &str, example: &Value) -> Value {
    let mut problem = json!(Problem::new(status));
    match &example["detail"] {
        Value::String(detail) => problem["detail"] = detail.as_str().into(),
        Value::Array(faults) => {
            problem["detail"] = "the request has faults; errors names each".into();
            problem["errors"] = faults.iter().map(fault).collect();
        }
        _ => {}
    }
    json!({
        "description": description,
        "content": {
            JSON: {"schema": reference(schema), "example": example},
            PROBLEM_JSON: {"schema": reference("Problem"), "example": problem},
        },
    })
}

/// A fault of [`crate::Invalid`] as a problem has it.
fn fault(invalid: &Value) -> Value {
    let parts = invalid["loc"].as_array().into_iter().flatten();
    let name = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    let pointer: String = parts.map(|part| format!("/{}", name(part))).collect();
    json!({"pointer": pointer, "detail": invalid["msg"]})
}

/// An error that says why.
pub fn told(status: u16, description: &str, detail: &str) -> Value {
    error(status, description, "Error", &json!({"detail": detail}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_in_both_forms() {
        let example = json!({"detail": [{"type": "missing", "loc": ["body", 3, "pwd"], "msg": "Field required"}]});
        let shown = error(422, "Wrong.", "ValidationErrors", &example);
        assert_eq!(shown["content"][JSON]["example"], example);
        assert_eq!(
            shown["content"][PROBLEM_JSON]["example"]["errors"],
            json!([{"pointer": "/body/3/pwd", "detail": "Field required"}])
        );
        let told = told(404, "Unknown.", "no such thing");
        assert_eq!(told["content"][PROBLEM_JSON]["example"]["detail"], "no such thing");
        assert_eq!(told["content"][JSON]["schema"], reference("Error"));
    }

    #[test]
    fn a_problem_has_what_its_status_has_and_more() {
        let example = problem(409, "Taken.", &json!({"detail": "taken"}))["content"][PROBLEM_JSON]["example"].clone();
        assert_eq!(example, json!({"type": "about:blank", "title": "Conflict", "status": 409, "detail": "taken"}));
    }
}
