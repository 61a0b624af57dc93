//! Sending messages, and what became of them.

use function_http::openapi::{JSON, limited, query, reference, replayed, retried, tagged, told};
use function_http::{BODY_BYTES, PROBLEM_JSON};
use serde_json::{Value, json};

use super::{ID, answer, body, faults, path};

fn transaction() -> Value {
    json!({"transaction_id": "txn-7", "payer_id": "p1", "receiver_id": "r1", "amount": 12.5, "currency": "BRL"})
}

fn envelope() -> Value {
    let mut payload = transaction();
    payload["description"] = Value::Null;
    json!({
        "message_id": ID, "timestamp": "2026-11-02T13:43:38.862912Z", "source": "transactions_api",
        "type": "transaction_created", "dlq_retry": 0, "payload": payload,
    })
}

/// Two reasons have this status; the key's is no fault of the body.
fn or_reused(mut faults: Value) -> Value {
    let detail = "this Idempotency-Key was used for another message; use a new key for a new message";
    let mut reused = told(422, "", detail);
    for (media_type, schema) in [
        (JSON, json!({"oneOf": [reference("ValidationErrors"), reference("Error")]})),
        (PROBLEM_JSON, reference("Problem")),
    ] {
        let content = &mut faults["content"][media_type];
        let (fault, key) = (content["example"].take(), reused["content"][media_type]["example"].take());
        *content = json!({"schema": schema, "examples": {"faults": {"value": fault}, "key": {"value": key}}});
    }
    faults["description"] = "Something is missing or wrong, and detail lists all of it; or the Idempotency-Key was used for another message.".into();
    faults
}

fn sending(id: &str, summary: &str, description: &str) -> Value {
    let item = json!({"status": 200, "message": envelope()});
    let sent = json!({
        "description": "The message as it was queued; of an array, the answer to each by itself.",
        "content": {JSON: {
            "schema": {"oneOf": [reference("Envelope"), {"type": "array", "items": reference("SentItem"), "minItems": 1, "maxItems": 10}]},
            "examples": {"one": {"value": envelope()}, "several": {"value": [item, {"status": 422, "detail": []}]}},
        }},
    });
    let one_or_many = json!({"oneOf": [
        reference("Transaction"),
        {"type": "array", "items": reference("Transaction"), "minItems": 1, "maxItems": 10},
    ]});
    let fault = json!({"type": "greater_than", "loc": ["body", "amount"], "msg": "Input should be greater than 0", "input": 0, "ctx": {"gt": 0}});
    json!({
        "operationId": id,
        "summary": summary,
        "description": description,
        "tags": ["messages"],
        "parameters": [{
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Your own name for this request, remembered for 24 hours: with it, a repeated request has the same answer and makes no second message.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
            "example": "order-4711",
        }],
        "requestBody": body(&one_or_many, true, &transaction()),
        "responses": {
            "200": limited(replayed(sent)),
            "400": told(400, "The Idempotency-Key has a wrong form.", "the header Idempotency-Key must be 1 to 255 visible ASCII characters without blanks"),
            "413": told(413, &format!("The body is larger than {BODY_BYTES} bytes."), "the body has 300000 bytes, allowed are 262144"),
            "422": or_reused(faults(&fault)),
            "429": limited(retried(told(429, "The user has sent as many messages as a minute allows.", "600 in 60 seconds are allowed; try again in 42 seconds"))),
        },
    })
}

pub(super) fn send() -> Value {
    let description = "One transaction, or an array of 1 to 10, each of which is answered by itself. Messages of a payer are processed in the order in which they were accepted.";
    sending("sendMessage", "Send messages", description)
}

pub(super) fn send_dead() -> Value {
    let description = "The same, straight to the dead-letter queue, where they wait to be reprocessed.";
    sending("sendDeadLetter", "Send messages to the dead-letter queue", description)
}

fn status() -> Value {
    let example = json!({
        "queue_name": "main_queue.fifo", "messages_available": 14, "messages_in_flight": 0, "messages_delayed": 0, "messages_in_dlq": 1,
        "oldest_since": "2026-11-02T13:43:38.862912Z", "oldest_age_seconds": 12, "groups": 3, "messages_parked": 0,
    });
    answer("The counts, which SQS calls approximate.", "QueueStatus", &example)
}

pub(super) fn main_status() -> Value {
    json!({
        "operationId": "getStatus", "summary": "Get the counts of the main queue", "tags": ["queues"], "responses": {"200": status()},
    })
}

pub(super) fn queue_status() -> Value {
    json!({
        "operationId": "getQueueStatus", "summary": "Get the counts of a queue", "tags": ["queues"],
        "parameters": [queue_name()],
        "responses": {"200": status(), "400": unknown_queue()},
    })
}

pub(super) fn queue_name() -> Value {
    path(
        "queue_name",
        "main_queue.fifo or dlq_queue.fifo, with or without the stage in it.",
        &json!({"type": "string"}),
        "main_queue.fifo",
    )
}

pub(super) fn unknown_queue() -> Value {
    told(
        400,
        "There is no such queue.",
        "there is no queue \"none.fifo\"; there are main_queue.fifo and dlq_queue.fifo",
    )
}

pub(super) fn message() -> Value {
    let event = |at: &str, event: &str| json!({"at": format!("2026-11-02T13:43:{at}Z"), "event": event});
    let example = json!({
        "message_id": ID, "status": "SAVED", "since": "2026-11-02T13:43:39.101Z", "dlq_retry": 0, "payload": envelope()["payload"],
        "timeline": [event("38.862912", "accepted"), event("38.9", "queued"), event("39.101", "received"), event("39.101", "saved")],
    });
    let content = json!({JSON: {"schema": reference("Message"), "example": example}});
    let fault = json!({"type": "value_error", "loc": ["query", "wait"], "msg": "Input should be a whole number from 0 to 20", "input": "60"});
    json!({
        "operationId": "getMessage", "summary": "Get a message and what happened to it", "tags": ["messages"],
        "parameters": [
            path("id", "What POST answered.", &json!({"type": "string"}), ID),
            query("wait", false, "Seconds to wait until it is saved, dead or parked.", &json!({"type": "integer", "minimum": 0, "maximum": 20, "default": 0})),
            function_http::openapi::if_none_match(),
        ],
        "responses": {
            "200": tagged("The message.", &content),
            "304": function_http::openapi::not_modified("The message is as the entity tag of If-None-Match says."),
            "404": told(404, "No message has this id.", "no message has this id"),
            "422": faults(&fault),
        },
    })
}
