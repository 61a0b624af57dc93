//! The API description, OpenAPI 3.1: schemas from the types, paths from the routes, operations written next to it.
//! What API Gateway answers by itself, `function-http` adds.

mod operations;
mod parts;

use analytics_contract::{Effect, Fault, Kind, ROUTES, RejectedRow, Replaced, State, Upload};
use function_http::openapi::{Info, bearer, detail_schemas, document, schema};
use function_http::{FieldFault, Invalid, Problem};
use serde_json::json;

use crate::evidence::{
    AccuracyGroupView, AccuracyView, ExhibitionView, ExplainedGroupView, ExplanationView, OriginView, SlotView,
    ValueView,
};
use crate::openapi::operations::described;
use crate::predictions::{PredictionView, PredictionsView, ProgramView, ProgramsView};
use crate::uploads::{AnnouncedView, NewUploadBody, UploadView, UploadsView};

const INFO: Info<'_> = Info {
    title: "CSV analytics",
    version: env!("CARGO_PKG_VERSION"),
    description: "Predictions of audience by program, signal and weekday, from uploaded CSV files. Errors are {\"detail\": ..}, or problem documents (RFC 9457) for whoever asks for application/problem+json. Whether a token is needed is a setting of the stage.",
};

/// The document.
pub fn openapi() -> String {
    let schemas = [
        schema::<PredictionsView<'_>>(),
        schema::<PredictionView<'_>>(),
        schema::<ProgramsView>(),
        schema::<ProgramView>(),
        schema::<ExplanationView>(),
        schema::<ExplainedGroupView>(),
        schema::<ExhibitionView>(),
        schema::<ValueView>(),
        schema::<SlotView>(),
        schema::<OriginView>(),
        schema::<AccuracyView>(),
        schema::<AccuracyGroupView>(),
        schema::<NewUploadBody>(),
        schema::<AnnouncedView>(),
        schema::<UploadsView>(),
        schema::<UploadView>(),
        schema::<Upload>(),
        schema::<State>(),
        schema::<Kind>(),
        schema::<Effect>(),
        schema::<Replaced>(),
        schema::<RejectedRow>(),
        schema::<Fault>(),
        schema::<Invalid>(),
        schema::<Problem>(),
        schema::<FieldFault>(),
    ];
    let errors = detail_schemas().into_iter().chain([parts::inconsistent_dates()]);
    let mut document = document(INFO, ROUTES, described, schemas.into_iter().chain(errors));
    document["components"]["securitySchemes"] = json!({"token": bearer()});
    document["security"] = json!([{}, {"token": []}]);
    // `uploads::new` rejects additional members.
    document["components"]["schemas"]["NewUpload"]["additionalProperties"] = json!(false);
    document["components"]["schemas"]["FieldFault"]["properties"]["pointer"] = json!({
        "type": "string", "example": "/query/start_date",
        "description": "JSON Pointer (RFC 6901): query or body, and the name of the parameter or member.",
    });
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uploads::new::FILE_BYTES;
    use analytics_contract::KEY_CHARACTERS;
    use function_http::openapi::references;
    use serde_json::Value;

    fn document() -> Value {
        serde_json::from_str(&openapi()).unwrap()
    }

    /// Clients generate code from the document, so it is a reviewed snapshot: `BLESS=1 cargo test -p analytics-core openapi` rewrites it.
    #[test]
    fn the_document_is_the_reviewed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let text = format!("{:#}\n", document());
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document();
        let found = references(&document);
        for reference in &found {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(found.contains(&format!("/components/schemas/{name}").as_str()), "{name}");
        }
    }

    #[test]
    fn every_operation_says_what_it_does_and_how_it_fails() {
        let document = document();
        let mut operations = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                operations += 1;
                let responses = operation["responses"].as_object().unwrap();
                assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{method} {path}");
                for status in ["401", "403", "422", "500", "503"] {
                    assert!(responses.contains_key(status), "{method} {path} {status}");
                }
                assert_eq!(method == "get", responses.contains_key("304"), "{method} {path}");
            }
        }
        assert_eq!(operations, 10);
    }

    #[test]
    fn the_schemas_have_the_limits_that_the_rules_have() {
        let document = document();
        let new = &document["components"]["schemas"]["NewUpload"];
        assert_eq!(new["properties"]["size"]["maximum"], FILE_BYTES);
        assert_eq!(new["properties"]["key"]["maxLength"], KEY_CHARACTERS);
        assert_eq!(new["required"], json!(["key", "size", "sha256"]));
        let prediction = &document["components"]["schemas"]["Prediction"];
        assert_eq!(prediction["properties"]["weekday"]["enum"][6], "Sunday");
        assert_eq!(prediction["properties"]["predicted_audience"]["type"], json!(["number", "null"]));
    }
}
