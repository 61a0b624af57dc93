//! The operations, as the description has them.

use analytics_contract::{Operation, UPLOAD};
use contract::DataAccess;
use function_http::BODY_BYTES;
use serde_json::{Value, json};

use crate::csv::CSV;
use crate::openapi::parts::*;
use crate::predictions::NDJSON;
use crate::uploads::WAIT_SECONDS;
use crate::weekday;

/// The page and the documentation endpoints do not describe themselves.
pub(super) fn described(operation: Operation) -> Option<Value> {
    let mut described = match operation {
        Operation::Program => program(),
        Operation::Period => period(),
        Operation::Programs => programs(),
        Operation::Explain => explain(),
        Operation::Accuracy => accuracy(),
        Operation::CreateUpload => create_upload(),
        Operation::Uploads => uploads(),
        Operation::Upload => upload(),
        Operation::RejectedRows => rejected_rows(),
        Operation::RevertUpload => revert(),
        Operation::Page | Operation::Docs | Operation::DocsFile | Operation::OpenApi => return None,
    };
    for (status, error) in usual_errors() {
        described["responses"][status] = error;
    }
    if operation.data_access() == DataAccess::Reads {
        described["responses"]["304"] = not_modified();
        if let Some(parameters) = described["parameters"].as_array_mut() {
            parameters.push(if_none_match());
        }
    }
    Some(described)
}

/// Predictions in each of their media types.
fn predictions() -> Value {
    json!({
        JSON: {"schema": reference("Predictions"), "example": {
            "message": "Predictions from all exhibitions", "status": "SUCCESS", "body": [
                {"signal": "DF", "program_code": "NOVA", "weekday": "Tuesday", "available_time": 45, "predicted_audience": null},
                {"signal": "RJ", "program_code": "NOVA", "weekday": "Monday", "available_time": 50, "predicted_audience": 220.0},
            ],
        }},
        CSV: {"schema": {"type": "string"}, "example":
            "signal,program_code,weekday,available_time,predicted_audience\r\nDF,NOVA,Tuesday,45,\r\nRJ,NOVA,Monday,50,220.0\r\n"},
        NDJSON: {"schema": {"type": "string", "description": "A Prediction on each line."}, "example":
            "{\"signal\":\"RJ\",\"program_code\":\"NOVA\",\"weekday\":\"Monday\",\"available_time\":50,\"predicted_audience\":220.0}\n"},
    })
}

const WHO: &str = "Groups (signal and weekday) with slots, by signal, then from Monday to Sunday.";

fn program() -> Value {
    json!({
        "operationId": "getProgram",
        "summary": "Predictions of a program",
        "description": format!("{WHO} Without a day from all exhibitions, and predicted_audience is null where there is none; with a day only groups that have an exhibition then. An exhibition counts as midnight of its day."),
        "parameters": [program_code(), date("exhibition_date", false, "Only the exhibitions of this day.")],
        "responses": {"200": tagged("The predictions; none for a program that is unknown.", &predictions())},
    })
}

fn period() -> Value {
    json!({
        "operationId": "getPeriod",
        "summary": "Predictions of a program over a period",
        "description": format!("{WHO} Only groups that have an exhibition in the period. An exhibition counts as midnight of its day, so that an end of 23:59:59 includes its day."),
        "parameters": [
            program_code(),
            date("start_date", true, "The start, included."),
            date("end_date", true, "The end, included."),
        ],
        "responses": {
            "200": tagged("The predictions; none for a program that is unknown.", &predictions()),
            "400": inconsistent(),
        },
    })
}

fn inconsistent() -> Value {
    let detail = "start_date 2021-03-22T00:00:00 is after end_date 2021-03-08T00:00:00";
    let example = json!({"status": "ERROR", "message": "INCONSISTENT_DATES", "detail": detail});
    error(400, "The period ends before it starts, by local times.", "InconsistentDates", &example)
}

fn programs() -> Value {
    let content = json!({
        JSON: {"schema": reference("Programs")},
        CSV: {"schema": {"type": "string"}, "example":
            "program_code,signals,first_day,last_day,first_slot_day,last_slot_day\r\nNOVA,DF RJ,2021-03-01,2021-03-29,2021-04-05,2021-04-12\r\n"},
        NDJSON: {"schema": {"type": "string", "description": "A Program on each line."}},
    });
    json!({
        "operationId": "getPrograms",
        "summary": "The programs, and the days that are covered",
        "parameters": [limit(), cursor(&json!({"type": "string", "pattern": "^[^\\u0000]*$"}))],
        "responses": {"200": page("A page of the programs, by their codes.", &content)},
    })
}

fn explain() -> Value {
    let [day, start, end] = selection();
    json!({
        "operationId": "getExplanation",
        "summary": "The values and slots behind the numbers",
        "description": "For each group that the predictions list: the selected exhibitions, with the up to four values that each prediction is the median of, and the slots; each with the upload, key and line that it came from.",
        "parameters": [
            program_code(), day, start, end,
            query("signal", false, "Only this signal.", &json!({"type": "string"})),
            query("weekday", false, "Only this weekday.", &json!({"type": "string", "enum": weekday::ALL.map(weekday::name)})),
            cursor(&json!({"type": "string", "pattern": "^.*\\.(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day$"})),
        ],
        "responses": {
            "200": page("What is behind the numbers.", &json!({JSON: {"schema": reference("Explanation")}})),
            "400": inconsistent(),
        },
    })
}

fn accuracy() -> Value {
    let [day, start, end] = selection();
    json!({
        "operationId": "getAccuracy",
        "summary": "How far predictions were from what came",
        "description": "Each prediction against the audience of the next exhibition of its group. A day or a period selects the exhibitions that came.",
        "parameters": [program_code(), day, start, end],
        "responses": {
            "200": tagged("The errors of the predictions.", &json!({JSON: {"schema": reference("Accuracy")}})),
            "400": inconsistent(),
        },
    })
}

fn create_upload() -> Value {
    let location = json!({
        "description": "Where its report will be.", "required": true, "schema": {"type": "string"}, "example": UPLOAD.replace("{id}", ID),
    });
    json!({
        "operationId": "createUpload",
        "summary": "Announce a file",
        "description": "Returns a signed address; PUT the file there with the headers that come with it. Size and checksum are signed.",
        "parameters": [query("dry_run", false, "Whether the file is only to be checked, like the member of the body.", &json!({"type": "boolean"}))],
        "requestBody": {"required": true, "content": {JSON: {
            "schema": reference("NewUpload"),
            "example": {"key": "march.csv", "size": 4096, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        }}},
        "responses": {
            "201": {
                "description": "The file can be sent.",
                "headers": {"Location": location},
                "content": {JSON: {"schema": reference("Announced"), "example": {
                    "id": ID, "method": "PUT", "url": "https://uploads.s3.sa-east-1.amazonaws.com/march.csv?X-Amz-Signature=0f34",
                    "headers": {"content-length": "4096", "x-amz-meta-upload-id": ID}, "expires_at": "2026-11-02T09:30:00Z",
                }}},
                "links": {"report": {"operationId": "getUpload", "parameters": {"id": "$response.body#/id"}}},
            },
            "413": told(413, &format!("The body is larger than {BODY_BYTES} bytes."), "the body has 300000 bytes, allowed are 262144"),
            "415": told(415, "The body is not application/json.", "the media type must be application/json, given is \"text/plain\""),
        },
    })
}

fn uploads() -> Value {
    json!({
        "operationId": "getUploads",
        "summary": "The uploads, the newest first",
        "parameters": [limit(), cursor(&json!({"type": "string", "format": "uuid"}))],
        "responses": {"200": page("A page of the uploads.", &json!({JSON: {"schema": reference("Uploads")}}))},
    })
}

fn upload() -> Value {
    let wait = json!({"type": "integer", "minimum": 0, "maximum": WAIT_SECONDS, "default": 0});
    let mut answer = page("The report.", &json!({JSON: {"schema": reference("UploadWithFaults")}}));
    answer["headers"]["Retry-After"] = json!({
        "description": "Seconds after which to look again; absent once it has ended.", "required": false,
        "schema": {"type": "integer", "minimum": 1},
    });
    json!({
        "operationId": "getUpload",
        "summary": "What became of an upload",
        "parameters": [
            id(),
            query("wait", false, "Seconds to wait for its end.", &wait),
            limit(),
            cursor(&record_number()),
        ],
        "responses": {"200": answer, "404": told(404, "No upload has this id.", "no upload has this id")},
    })
}

fn rejected_rows() -> Value {
    let content = json!({CSV: {"schema": {"type": "string"}, "example":
        "\u{FEFF}signal;program_code;date;available_time;error\r\nRJ;NOVA;30/02/2021;30;date: February 2021 has 28 days\r\n"}});
    let completeness = "A dictionary (RFC 9651): how many rows of the file were rejected (total), how many of them are kept (kept), and how many on this page were longer than 64 KiB and end there (cut).";
    json!({
        "operationId": "getRejectedRows",
        "summary": "The rejected rows as they came",
        "description": "In the file's order, the first 1,000, each up to 64 KiB, with its header and delimiter and a last column error. Mend them, and upload them as another file. Rejected-Rows says whether these are all.",
        "parameters": [id(), cursor(&record_number())],
        "responses": {
            "200": with_header(page("The rows.", &content), "Rejected-Rows", completeness, true, &json!({"type": "string", "example": "total=1202, kept=1000, cut=1"})),
            "404": told(404, "No upload has this id, or no row of its file has been read.", "no upload has this id"),
        },
    })
}

fn record_number() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
}

fn revert() -> Value {
    json!({
        "operationId": "revertUpload",
        "summary": "Take an upload back",
        "description": "What it replaced counts again. Possible for 30 days; taking it back twice is the same as once.",
        "parameters": [id()],
        "responses": {
            "200": {"description": "It is taken back.", "content": {JSON: {"schema": reference("Upload")}}},
            "404": told(404, "No upload has this id.", "no upload has this id"),
            "409": told(409, "It does not count, or it was applied too long ago.", "only an applied upload can be reverted, this one is waiting"),
        },
    })
}
