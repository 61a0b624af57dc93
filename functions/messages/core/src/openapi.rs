//! The API description, OpenAPI 3.1: schemas from the types, paths from the routes, operations written here.
//! What API Gateway answers by itself, `function-http` adds.

mod dead_letters;
mod messages;
mod users;

use function_http::openapi::{
    Info, JSON, bearer, challenged, detail_schemas, document, reference, retried, schema, told,
};
use function_http::{FieldFault, Invalid, Problem};
use messages_contract::{Operation, ROUTES};
use serde_json::{Value, json};

use crate::ask::Reprocess;
use crate::envelope::Envelope;
use crate::filter::Filter;
use crate::job::{Done, Job, JobState, Wanted};
use crate::payload::Payload;
use crate::plan::Plan;
use crate::record::Status;
use crate::views::{EventView, ItemView, MessageView, MessagesView, QueueView, ReprocessedView};

const INFO: Info<'_> = Info {
    title: "Messages",
    version: env!("CARGO_PKG_VERSION"),
    description: "Accepts transactions, processes each once and those of a payer in their order, and says what became of each. Log in first: POST /users/login answers an access token, which Authorize takes.",
};
/// The name of the security scheme.
const SCHEME: &str = "jwt";
pub(super) const ID: &str = "742652f8-0b46-400c-ae8e-c9ecaecc9bc7";

/// The document.
pub(crate) fn openapi() -> String {
    let schemas = [
        schema::<Payload>(),
        schema::<Envelope>(),
        schema::<ItemView>(),
        schema::<QueueView>(),
        schema::<MessageView>(),
        schema::<MessagesView>(),
        schema::<EventView>(),
        schema::<Status>(),
        schema::<Reprocess>(),
        schema::<ReprocessedView>(),
        schema::<Filter>(),
        schema::<Wanted>(),
        schema::<Done>(),
        schema::<Plan>(),
        schema::<Job>(),
        schema::<JobState>(),
        schema::<Invalid>(),
        schema::<Problem>(),
        schema::<FieldFault>(),
    ];
    let schemas = schemas.into_iter().chain(detail_schemas()).chain(users::schemas());
    let mut document = document(INFO, ROUTES, described, schemas);
    let mut scheme = bearer();
    scheme["bearerFormat"] = "JWT".into();
    document["tags"] = ["users", "messages", "queues", "dead letters"].map(|name| json!({ "name": name })).into();
    document["components"]["securitySchemes"] = json!({ SCHEME: scheme });
    document.to_string()
}

/// The pages and the documentation do not describe themselves.
fn described(operation: Operation) -> Option<Value> {
    let mut described = match operation {
        Operation::Login => users::login(),
        Operation::Refresh => users::refresh(),
        Operation::Logout => users::logout(),
        Operation::Keys => users::keys(),
        Operation::Send => messages::send(),
        Operation::SendDead => messages::send_dead(),
        Operation::MainStatus => messages::main_status(),
        Operation::QueueStatus => messages::queue_status(),
        Operation::Message => messages::message(),
        Operation::Dead => dead_letters::dead(),
        Operation::ReprocessMain => dead_letters::reprocess_main(),
        Operation::Reprocess => dead_letters::reprocess(),
        Operation::Job => dead_letters::job(),
        Operation::StopJob => dead_letters::stop_job(),
        Operation::Page | Operation::Docs | Operation::DocsFile | Operation::OpenApi => return None,
    };
    let responses = &mut described["responses"];
    if operation.needs_token() {
        let no_token = told(401, "There is no token, or it is not valid any more.", "Not authenticated");
        responses["401"] = challenged(no_token);
        described["security"] = json!([{ SCHEME: [] }]);
    }
    let responses = &mut described["responses"];
    if responses["429"].is_null() {
        responses["429"] = retried(told(429, "Too many requests.", "too many requests at the moment"));
    }
    responses["500"] = told(500, "An internal error.", "Internal Server Error");
    responses["503"] = retried(told(503, "Something is out of reach.", "messages are out of reach at the moment"));
    Some(described)
}

/// An answer with this schema.
fn answer(description: &str, schema: &str, example: &Value) -> Value {
    json!({"description": description, "content": {JSON: {"schema": reference(schema), "example": example}}})
}

/// The error 422.
fn faults(example: &Value) -> Value {
    let example = json!({"detail": [example]});
    function_http::openapi::error(
        422,
        "Something is missing or wrong; detail lists all of it.",
        "ValidationErrors",
        &example,
    )
}

fn body(schema: &Value, is_required: bool, example: &Value) -> Value {
    json!({"required": is_required, "content": {JSON: {"schema": schema, "example": example}}})
}

fn path(name: &str, description: &str, schema: &Value, example: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example})
}

#[cfg(test)]
mod tests {
    use contract::Matches;
    use function_http::openapi::references;

    use super::*;
    use crate::payload::{DESCRIPTION_CHARACTERS, ID_CHARACTERS};
    use crate::read::read;

    /// Clients generate code from the document, so it is a reviewed snapshot: `BLESS=1 cargo test -p messages-core openapi` rewrites it.
    #[test]
    fn the_document_is_the_reviewed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        let text = format!("{document:#}\n");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text);
    }

    #[test]
    fn the_schemas_have_the_limits_that_the_rules_have() {
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        let members = &document["components"]["schemas"]["Transaction"]["properties"];
        for id in ["transaction_id", "payer_id", "receiver_id"] {
            assert_eq!((&members[id]["minLength"], &members[id]["maxLength"]), (&json!(1), &json!(ID_CHARACTERS)));
        }
        assert_eq!(members["description"]["maxLength"], DESCRIPTION_CHARACTERS);
        let example = &document["paths"]["/messages/send"]["post"]["requestBody"]["content"][JSON]["example"];
        assert!(read(example.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn every_operation_is_described_and_every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        for reference in references(&document) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        for route in ROUTES {
            let Matches::Operation { method, path, operation } = route.matches else { continue };
            let described = &document["paths"][path][method.name().to_ascii_lowercase()];
            let is_page =
                matches!(operation, Operation::Page | Operation::Docs | Operation::DocsFile | Operation::OpenApi);
            assert_eq!(described.is_null(), is_page, "{path}");
            assert_eq!(!described["security"].is_null(), operation.needs_token(), "{path}");
        }
        let ids: Vec<&Value> = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|path| path.as_object().unwrap().values().map(|operation| &operation["operationId"]))
            .collect();
        assert!(ids.iter().all(|id| id.is_string()));
        let distinct: std::collections::BTreeSet<&str> = ids.iter().filter_map(|id| id.as_str()).collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
