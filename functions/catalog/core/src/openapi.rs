//! The API description, OpenAPI 3.1: schemas from the types, paths from the routes, operations written here.
//! Does not describe what API Gateway does by itself.

use catalog_contract::{Operation, PRODUCT, ROUTES};
use contract::Matches;
use function_http::{BODY_BYTES, FieldFault, PROBLEM_JSON, Problem};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::product::{Draft, Status};
use crate::view::{AcceptedView, ProductView};

/// The document.
pub fn openapi() -> String {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Product catalog",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Accepts products immediately and saves them shortly afterwards. POST returns 202 with the product's id; GET returns 202 until it is saved.",
        },
        "paths": {},
        "components": {"schemas": {}},
    });
    for route in ROUTES {
        let Matches::Operation { method, path, operation } = route.matches else { continue };
        if let Some(described) = described(operation) {
            document["paths"][path][method.name().to_ascii_lowercase()] = described;
        }
    }
    document["components"]["schemas"] = Value::Object(
        [
            schema::<Draft>(),
            schema::<AcceptedView>(),
            schema::<ProductView>(),
            schema::<Status>(),
            schema::<Problem>(),
            schema::<FieldFault>(),
        ]
        .into_iter()
        .collect(),
    );
    // `read_draft` rejects additional properties, and the functions that write these objects add none.
    for name in ["NewProduct", "Accepted", "Product"] {
        document["components"]["schemas"][name]["additionalProperties"] = json!(false);
    }
    document.to_string()
}

fn schema<T: ToSchema>() -> (String, Value) {
    (T::name().into_owned(), json!(T::schema()))
}

/// The documentation endpoints do not describe themselves.
fn described(operation: Operation) -> Option<Value> {
    match operation {
        Operation::CreateProduct => Some(create_product()),
        Operation::GetProduct => Some(get_product()),
        Operation::Docs | Operation::OpenApi => None,
    }
}

fn create_product() -> Value {
    let answer = json!({
        "202": {
            "description": "Accepted: the product is on its way, and this is its id.",
            "headers": {"Location": {"description": "Where the product will be.", "required": true, "schema": {"type": "string"}, "example": PRODUCT.replace("{id}", ID)}},
            "content": {"application/json": {"schema": reference("Accepted"), "example": {"id": ID, "status": "ACCEPTED"}}},
            "links": {"product": {"operationId": "getProduct", "parameters": {"id": "$response.body#/id"}}},
        },
        "400": problem("The body is not JSON, or the Idempotency-Key has a wrong form.", json!({"detail": "the body is not JSON: EOF while parsing a value at line 1 column 0"}), 400),
        "409": problem("The Idempotency-Key was used for another product.", json!({"detail": "this Idempotency-Key was used for another product; use a new key for a new product"}), 409),
        "413": problem(&format!("The body is larger than {BODY_BYTES} bytes."), json!({"detail": "the body has 300000 bytes, allowed are 262144"}), 413),
        "415": problem("The body is not application/json.", json!({"detail": "the media type must be application/json, given is \"text/plain\""}), 415),
        "422": problem("Fields are invalid; errors lists all of them.", json!({
            "detail": "the body is not a product; errors names each fault",
            "errors": [
                {"pointer": "/name", "detail": "must have 1 to 255 characters, has 0"},
                {"pointer": "/price", "detail": "must have at most two decimal places"},
            ],
        }), 422),
        "429": retried(problem("Too many requests.", json!({"detail": "too many requests at the moment"}), 429)),
        "500": problem("An internal error.", json!({}), 500),
        "503": retried(problem("The catalog is out of reach.", json!({"detail": "the catalog is out of reach at the moment"}), 503)),
    });
    json!({
        "operationId": "createProduct",
        "summary": "Create a product",
        "description": "Returns immediately; the product is saved shortly afterwards, once, with a report.",
        "parameters": [{
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Your own name for this offer, remembered for 24 hours: with it, a repeated request has the same answer and makes no second product.",
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

fn get_product() -> Value {
    let tag = json!({"description": "Send it as If-None-Match to get 304 while nothing has changed.", "required": true, "schema": {"type": "string"}});
    json!({
        "operationId": "getProduct",
        "summary": "Get a product",
        "parameters": [
            {"name": "id", "in": "path", "required": true, "description": "What POST answered.", "schema": {"type": "string", "format": "uuid"}, "example": ID},
        ],
        "responses": {
            "200": {
                "description": "The product is saved.",
                "headers": {"ETag": tag},
                "content": {"application/json": {"schema": reference("Product"), "example": {
                    "id": ID, "status": "SAVED", "name": "Cup", "description": "White, 0.3 l", "price": "19.90", "accepted_at": "2026-08-01T10:20:30.5Z",
                }}},
            },
            "202": retried(json!({
                "description": "The product is not saved yet.",
                "content": {"application/json": {"schema": reference("Accepted"), "example": {"id": ID, "status": "ACCEPTED"}}},
            })),
            "304": {"description": "The product is as the entity tag of If-None-Match says.", "headers": {"ETag": tag}},
            "404": problem("No product has this id.", json!({"detail": "no product has this id"}), 404),
            "429": retried(problem("Too many requests.", json!({"detail": "too many requests at the moment"}), 429)),
            "500": problem("An internal error.", json!({}), 500),
            "503": retried(problem("The catalog is out of reach.", json!({"detail": "the catalog is out of reach at the moment"}), 503)),
        },
    })
}

const ID: &str = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11";

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn problem(description: &str, more: Value, status: u16) -> Value {
    let mut example = json!(Problem::new(status));
    for (name, value) in more.as_object().into_iter().flatten() {
        example[name] = value.clone();
    }
    json!({"description": description, "content": {PROBLEM_JSON: {"schema": reference("Problem"), "example": example}}})
}

fn retried(mut answer: Value) -> Value {
    answer["headers"]["Retry-After"] =
        json!({"description": "Seconds to wait.", "required": true, "schema": {"type": "integer", "minimum": 1}});
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{DESCRIPTION_CHARACTERS, NAME_CHARACTERS};
    use crate::read::read_draft;

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
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(members) => {
                    found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    members.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 10);
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_example_of_a_product_is_one() {
        let document = document();
        let example = &document["paths"]["/products"]["post"]["requestBody"]["content"]["application/json"]["example"];
        assert!(read_draft(example.to_string().as_bytes()).is_ok());
    }
}
