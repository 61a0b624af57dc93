//! What API Gateway answers by itself, in words of its own: when all routes together get too many requests, when the function does not answer in
//! time or answers nothing that can be read, and when IAM does not admit a signature.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>

use serde_json::{Value, json};

use super::parts::JSON;
use super::reference;
use crate::problem::Problem;

const SCHEMA: &str = "GatewayError";
/// On any route.
const ANYWHERE: [u16; 3] = [429, 500, 503];
/// On routes that IAM may guard.
const SIGNED: u16 = 403;

/// Adds its answers to an operation that is described, beside those of the function with the same status. Headers of the function's answers are
/// absent from these, so none of them is required.
pub(super) fn add_answers(operation: &mut Value) {
    let is_signed = operation["responses"].get(SIGNED.to_string()).is_some();
    for status in ANYWHERE.into_iter().chain(is_signed.then_some(SIGNED)) {
        let title = Problem::new(status).title;
        let own = json!({ "message": title });
        let answer = &mut operation["responses"][status.to_string()];
        let description = match answer["description"].as_str() {
            Some(of_function) => format!("{of_function} Or API Gateway's own answer, with the member message."),
            None => "API Gateway's own answer.".to_owned(),
        };
        answer["description"] = description.into();
        let headers = answer.get_mut("headers").and_then(Value::as_object_mut);
        for header in headers.into_iter().flat_map(|headers| headers.values_mut()) {
            header["required"] = false.into();
        }
        let content = &mut answer["content"][JSON];
        match content["schema"].take() {
            Value::Null => *content = json!({"schema": reference(SCHEMA), "example": own}),
            schema => {
                let example = content["example"].take();
                *content = json!({
                    "schema": {"oneOf": [schema, reference(SCHEMA)]},
                    "examples": {"function": {"value": example}, "gateway": {"value": own}},
                });
            }
        }
    }
}

pub(super) fn schema() -> (String, Value) {
    let schema = json!({
        "type": "object", "required": ["message"],
        "properties": {"message": {"type": ["string", "null"], "example": "Too Many Requests"}},
        "description": "An error that API Gateway answers by itself.",
    });
    (SCHEMA.to_owned(), schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::{problem, retried, told};

    #[test]
    fn the_gateways_answers_stand_beside_the_functions() {
        let mut operation = json!({"responses": {
            "403": told(403, "No.", "Forbidden"),
            "429": retried(problem(429, "Too many.", &json!({}))),
            "503": retried(told(503, "Away.", "away")),
        }});
        add_answers(&mut operation);
        let answer = |status: &str| operation["responses"][status].clone();
        let own = answer("500");
        assert_eq!(own["content"][JSON]["example"], json!({"message": "Internal Server Error"}));
        assert_eq!(own["description"], "API Gateway's own answer.");
        assert!(own.get("headers").is_none(), "null is no object of headers: {own}");
        let throttled = answer("429");
        assert_eq!(throttled["content"][JSON]["schema"], reference(SCHEMA));
        assert_eq!(throttled["content"][JSON]["example"], json!({"message": "Too Many Requests"}));
        assert!(throttled["content"]["application/problem+json"].is_object());
        assert_eq!(throttled["headers"]["Retry-After"]["required"], false);
        for (status, ours, theirs) in [("403", "Forbidden", "Forbidden"), ("503", "away", "Service Unavailable")] {
            let content = &answer(status)["content"][JSON];
            assert_eq!(content["schema"]["oneOf"], json!([reference("Error"), reference(SCHEMA)]), "{status}");
            assert_eq!(content["examples"]["function"]["value"], json!({"detail": ours}), "{status}");
            assert_eq!(content["examples"]["gateway"]["value"], json!({"message": theirs}), "{status}");
        }
    }

    #[test]
    fn a_route_that_iam_never_guards_has_no_answer_of_its_own_for_that() {
        let mut operation = json!({"responses": {"200": {"description": "Done."}}});
        add_answers(&mut operation);
        let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(statuses, ["200", "429", "500", "503"]);
    }
}
