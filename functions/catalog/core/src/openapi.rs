//! The API description, OpenAPI 3.1: schemas from the types, paths from the routes, operations written here.
//! What API Gateway answers by itself, `function-http` adds.

use catalog_contract::{Operation, PRODUCT, ROUTES};
use function_http::openapi::{
    Info, bearer, challenged, document, not_modified, problem, reference, replayed, retried, schema, tagged,
};
use function_http::{BODY_BYTES, FieldFault, PROBLEM_JSON, Problem};
use serde_json::{Value, json};

use crate::product::{Draft, Status};
use crate::view::{AcceptedView, ProductView};

const INFO: Info<'_> = Info {
    title: "Product catalog",
    version: env!("CARGO_PKG_VERSION"),
    description: "Accepts products immediately and saves them shortly afterwards. POST returns 202 with the product's id; GET returns 202 until it is saved. Whether a token is needed is a setting of the stage.",
};

/// The document.
pub fn openapi() -> String {
    let schemas = [
        schema::<Draft>(),
        schema::<AcceptedView>(),
        schema::<ProductView>(),
        schema::<Status>(),
        schema::<Problem>(),
        schema::<FieldFault>(),
    ];
    let mut document = document(INFO, ROUTES, described, schemas);
    // `read_draft` rejects additional properties, and the functions that write these objects add none.
    for name in ["NewProduct", "Accepted", "Product"] {
        document["components"]["schemas"][name]["additionalProperties"] = json!(false);
    }
    document["components"]["securitySchemes"] = json!({"token": bearer()});
    document["security"] = json!([{}, {"token": []}]);
    document.to_string()
}

/// The documentation endpoints do not describe themselves.
fn described(operation: Operation) -> Option<Value> {
    match operation {
        Operation::CreateProduct => Some(create_product()),
        Operation::GetProduct => Some(get_product()),
        Operation::Docs | Operation::DocsFile | Operation::OpenApi => None,
    }
}

fn create_product() -> Value {
    let answer = json!({
        "202": replayed(json!({
            "description": "Accepted: the product is on its way, and this is its id.",
            "headers": {"Location": {"description": "Where the product will be.", "required": true, "schema": {"type": "string"}, "example": PRODUCT.replace("{id}", ID)}},
            "content": {"application/json": {"schema": reference("Accepted"), "example": {"id": ID, "status": "ACCEPTED"}}},
            "links": {"product": {"operationId": "getProduct", "parameters": {"id": "$response.body#/id"}}},
        })),
        "400": problem(400, "The body is not JSON, or the Idempotency-Key has a wrong form.", &json!({"detail": "the body is not JSON: EOF while parsing a value at line 1 column 0"})),
        "401": unauthenticated(),
        "403": forbidden(),
        "413": problem(413, &format!("The body is larger than {BODY_BYTES} bytes."), &json!({"detail": "the body has 300000 bytes, allowed are 262144"})),
        "415": problem(415, "The body is not application/json.", &json!({"detail": "the media type must be application/json, given is \"text/plain\""})),
        "422": unprocessable(),
        "429": throttled(),
        "500": problem(500, "An internal error.", &json!({})),
        "503": out_of_reach(),
    });
    json!({
        "operationId": "createProduct",
        "summary": "Create a product",
        "description": "Returns immediately; the product is saved shortly afterwards, once, with a report.",
        "parameters": [{
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Your own name for this offer, remembered for 24 hours, for you alone where the stage knows who you are: with it, a repeated request has the same answer and makes no second product.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
            "example": "order-4711",
        }],
        "requestBody": {"required": true, "content": {"application/json": {
            "schema": reference("NewProduct"),
            "example": {"name": "Cup", "description": "White, 0.3 l", "price": "19.90"},
        }}},
        "responses": answer,
    })
}

/// Two reasons have this status; the key's is not the body's, so it names no fields.
fn unprocessable() -> Value {
    let reused =
        json!({"detail": "this Idempotency-Key was used for another product; use a new key for a new product"});
    let mut answer = problem(
        422,
        "Fields are invalid, and errors lists all of them; or the Idempotency-Key was used for another product.",
        &json!({
            "detail": "the body is not a product; errors names each fault",
            "errors": [
                {"pointer": "/name", "detail": "must have 1 to 255 characters, has 0"},
                {"pointer": "/price", "detail": "must have at most two decimal places"},
            ],
        }),
    );
    let example = |answer: &mut Value| answer["content"][PROBLEM_JSON]["example"].take();
    let (fields, key) = (example(&mut answer), example(&mut problem(422, "", &reused)));
    answer["content"][PROBLEM_JSON] = json!({
        "schema": reference("Problem"),
        "examples": {"fields": {"value": fields}, "key": {"value": key}},
    });
    answer
}

fn unauthenticated() -> Value {
    let description = "The stage wants a token, and none or a wrong one was sent.";
    challenged(problem(401, description, &json!({"detail": "Not authenticated"})))
}

fn forbidden() -> Value {
    problem(403, "The stage wants requests that IAM authorizes.", &json!({}))
}

fn throttled() -> Value {
    retried(problem(429, "Too many requests.", &json!({"detail": "too many requests at the moment"})))
}

fn out_of_reach() -> Value {
    let detail = json!({"detail": "the catalog is out of reach at the moment"});
    retried(problem(503, "The catalog is out of reach.", &detail))
}

fn get_product() -> Value {
    let saved = json!({"application/json": {"schema": reference("Product"), "example": {
        "id": ID, "status": "SAVED", "name": "Cup", "description": "White, 0.3 l", "price": "19.90", "accepted_at": "2026-08-01T10:20:30.5Z",
    }}});
    json!({
        "operationId": "getProduct",
        "summary": "Get a product",
        "parameters": [
            {"name": "id", "in": "path", "required": true, "description": "What POST answered.", "schema": {"type": "string", "format": "uuid"}, "example": ID},
        ],
        "responses": {
            "200": tagged("The product is saved.", &saved),
            "202": retried(json!({
                "description": "The product is not saved yet.",
                "content": {"application/json": {"schema": reference("Accepted"), "example": {"id": ID, "status": "ACCEPTED"}}},
            })),
            "304": not_modified("The product is as the entity tag of If-None-Match says."),
            "401": unauthenticated(),
            "403": forbidden(),
            "404": problem(404, "No product has this id.", &json!({"detail": "no product has this id"})),
            "429": throttled(),
            "500": problem(500, "An internal error.", &json!({})),
            "503": out_of_reach(),
        },
    })
}

const ID: &str = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{DESCRIPTION_CHARACTERS, NAME_CHARACTERS};
    use crate::read::read_draft;
    use function_http::openapi::references;

    fn document() -> Value {
        serde_json::from_str(&openapi()).unwrap()
    }

    /// Clients generate code from the document, so it is a reviewed snapshot: `BLESS=1 cargo test -p catalog-core openapi` rewrites it.
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
    fn the_schemas_have_the_limits_that_the_rules_have() {
        let new = &document()["components"]["schemas"]["NewProduct"];
        assert_eq!(new["properties"]["name"]["maxLength"], NAME_CHARACTERS);
        assert_eq!(new["properties"]["name"]["minLength"], 1);
        assert_eq!(new["properties"]["description"]["maxLength"], DESCRIPTION_CHARACTERS);
        assert_eq!(new["properties"]["price"]["oneOf"][1]["maximum"], 9_999_999_999.99);
        assert_eq!(new["required"], json!(["name", "description", "price"]));
        assert_eq!(new["additionalProperties"], false);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let found = references(&document);
        assert!(found.len() > 10);
        for reference in found {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_example_of_a_product_is_one() {
        let document = document();
        let example = &document["paths"]["/products"]["post"]["requestBody"]["content"]["application/json"]["example"];
        assert!(read_draft(example.to_string().as_bytes()).is_ok());
    }
}
