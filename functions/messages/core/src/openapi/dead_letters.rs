//! Dead letters: listing them, and sending them again.

use function_http::openapi::{JSON, query, reference, retried, told};
use serde_json::{Value, json};

use super::messages::{queue_name, unknown_queue};
use super::{ID, answer, body, faults, path};

pub(super) fn dead() -> Value {
    let message = json!({
        "message_id": ID, "status": "DEAD", "since": "2026-11-02T13:43:39.101Z", "dlq_retry": 0,
        "error_kind": "currency_not_settled", "reason": "XTS is not settled here; settled are BRL", "timeline": [],
    });
    let fault = json!({"type": "datetime_parsing", "loc": ["query", "before"], "msg": "Input should be a date-time with an offset", "input": "yesterday"});
    let text = json!({"type": "string"});
    json!({
        "operationId": "listDeadLetters", "summary": "List dead letters", "tags": ["dead letters"],
        "description": "Of those that match everything given, the oldest first. A page may be shorter than limit, or empty, and still have a next one.",
        "parameters": [
            query("reason", false, "A part of the reason or its kind, without case.", &text),
            query("payer", false, "The payer's id.", &text),
            query("before", false, "Dead since before.", &json!({"type": "string", "format": "date-time"})),
            query("status", false, "What to list instead of dead letters.", &json!({"type": "string", "enum": ["DEAD", "PARKED", "QUEUED", "ACCEPTED"], "default": "DEAD"})),
            query("limit", false, "The length of a page.", &json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 100})),
            query("cursor", false, "Where to go on: next_cursor of the page before.", &text),
        ],
        "responses": {
            "200": answer("A page of them.", "Messages", &json!({"messages": [message]})),
            "422": faults(&fault),
        },
    })
}

fn reprocessing(id: &str, summary: &str) -> Value {
    let plan = json!({"dry_run": true, "would_reprocess": 2, "would_park": 1, "oldest": "2026-11-02T13:43:39Z", "by_kind": {"malformed": 1, "currency_not_settled": 2}, "ids": [ID], "is_complete": true});
    let done = json!({"message": "Reprocessing completed.", "total_reprocessed": 2, "parked": 0, "already_saved": 0, "remaining": 0, "job_id": ID});
    let fault = json!({"type": "value_error", "loc": ["body", "limit"], "msg": "Input should be from 1 to 1000000", "input": 0});
    json!({
        "operationId": id, "summary": summary, "tags": ["dead letters"],
        "description": "Each message is sent with a counter that goes up; after five times it is parked: kept in the table, listed, and sent again only by its id. Without a body everything in the dead-letter queue is sent. What dies after the run has begun is not sent again by it.",
        "requestBody": body(&reference("Reprocess"), false, &json!({"filter": {"reason": "currency_not_settled"}, "limit": 100, "dry_run": true})),
        "responses": {
            "200": {
                "description": "What was done; with dry_run, what would be.",
                "content": {JSON: {
                    "schema": {"oneOf": [reference("Reprocessed"), reference("Plan")]},
                    "examples": {"done": {"value": done}, "plan": {"value": plan}},
                }},
            },
            "202": job_answer("The job goes on behind this response; Location is where it is."),
            "409": retried(told(409, "Somebody else is reprocessing.", "dead letters are being reprocessed already; wait until that is done")),
            "422": faults(&fault),
        },
    })
}

pub(super) fn reprocess_main() -> Value {
    reprocessing("reprocessMain", "Send dead letters of the main queue again")
}

pub(super) fn reprocess() -> Value {
    let mut described = reprocessing("reprocess", "Send dead letters of a queue again");
    described["parameters"] = json!([queue_name()]);
    described["responses"]["400"] = unknown_queue();
    described
}

fn job_answer(description: &str) -> Value {
    let example = json!({
        "job_id": ID, "state": "RUNNING", "by": "user@example.com", "wanted": {}, "created_at": "2026-11-02T13:43:39Z", "in_background": true,
        "updated_at": "2026-11-02T13:43:39Z", "total_reprocessed": 0, "parked": 0, "already_saved": 0,
    });
    answer(description, "Job", &example)
}

fn one_job(id: &str, summary: &str) -> Value {
    json!({
        "operationId": id, "summary": summary, "tags": ["dead letters"],
        "parameters": [path("id", "What the reprocess answered.", &json!({"type": "string"}), ID)],
        "responses": {"200": job_answer("The job."), "404": told(404, "No job has this id.", "no job has this id")},
    })
}

pub(super) fn job() -> Value {
    one_job("getJob", "Get a run over dead letters")
}

pub(super) fn stop_job() -> Value {
    one_job("stopJob", "Stop a job")
}
