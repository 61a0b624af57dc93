//! The API's contract, on the model without faults.

use std::time::Duration;

use function_http::{Answer, Docs, Request, bearer};
use function_runtime::{Function, Invocation};
use jiff::Timestamp;
use messages_auth::Refused;
use messages_core::{
    Authenticates, Clock, Currencies, Envelope, Fault, Job, Page, ProducerApi, Recorded, Reprocessing, StatusApi,
    Table, Wanted, Worker, continue_jobs, dead,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fault::{Chance, VirtualClock};
use crate::queue::ModelQueue;
use crate::table::ModelTable;

const BODY: &str = r#"{"transaction_id":"txn-7","payer_id":"p1","receiver_id":"r1","amount":12.50,"currency":"BRL"}"#;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Whoever has a token is the user that it names.
struct Tokens;

impl Authenticates for Tokens {
    async fn user(&self, request: &Request, _: Timestamp) -> Result<String, Refused> {
        bearer(request).map(str::to_owned).ok_or(Refused::NoToken)
    }
}

/// The API on the model.
struct Api {
    function: Function,
    table: ModelTable<'static>,
    main: ModelQueue<'static>,
    dead_letters: &'static ModelQueue<'static>,
    clock: VirtualClock,
    docs: Docs,
}

impl Api {
    fn new() -> Self {
        let chance: &'static Chance = Box::leak(Box::new(Chance::new(1)));
        let dead_letters: &'static _ = Box::leak(Box::new(ModelQueue::new(chance, "dlq", DAY * 14, None)));
        Self {
            function: Function::new("Api", "local", "Api"),
            table: ModelTable::new(chance),
            main: ModelQueue::new(chance, "main", DAY * 4, Some((5, dead_letters))),
            dead_letters,
            clock: VirtualClock::new(),
            docs: Docs::in_folder("nowhere"),
        }
    }

    async fn send(&self, request: &Request) -> Answer {
        let api = ProducerApi {
            function: &self.function,
            table: &self.table,
            main: &self.main,
            dead_letters: self.dead_letters,
            users: &Tokens,
            clock: &self.clock,
            messages_per_minute: 3,
        };
        api.respond(request, Uuid::from_u128(u128::from(rand::random::<u64>()))).await
    }

    async fn ask(&self, request: &Request) -> Answer {
        // A run leaves alone what died at the instant when it began, or later.
        tokio::time::advance(Duration::from_millis(1)).await;
        let api = StatusApi {
            function: &self.function,
            table: &self.table,
            main: &self.main,
            dead_letters: self.dead_letters,
            users: &Tokens,
            clock: &self.clock,
            page: Page { html: "<!doctype html>", policy: "default-src 'none'" },
            docs: &self.docs,
            stage: "dev",
        };
        api.respond(request, Uuid::from_u128(7), &Invocation::new("r", Duration::from_secs(29))).await
    }

    /// Makes a message a dead letter, and returns its id.
    async fn dead_letter(&self, payer: &str) -> String {
        let body = BODY.replace("p1", payer);
        let answer = self.send(&post("/messages/send/dlq", &body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        json(&answer)["message_id"].as_str().unwrap().to_owned()
    }
}

fn get(path: &str) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request::new("GET", path).with_query(query).with_header("authorization", "Bearer a@b.example")
}

fn post(path: &str, body: &str) -> Request {
    Request::new("POST", path)
        .with_header("authorization", "Bearer a@b.example")
        .with_header("content-type", "application/json")
        .with_body(body)
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

#[tokio::test(start_paused = true)]
async fn a_message_is_answered_with_its_envelope_and_queued_as_such() {
    let api = Api::new();
    let answer = api.send(&post("/messages/send", BODY)).await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
    let envelope = Envelope::read(&answer.body).unwrap();
    assert_eq!(
        answer.body,
        format!(
            r#"{{"message_id":"{}","timestamp":"2026-11-02T12:00:00Z","source":"transactions_api","type":"transaction_created","dlq_retry":0,"payload":{{"transaction_id":"txn-7","payer_id":"p1","receiver_id":"r1","amount":12.50,"currency":"BRL","description":null}}}}"#,
            envelope.message_id
        )
    );
    assert_eq!(api.main.bodies(), vec![answer.body.clone()]);
    assert_eq!(answer.headers["ratelimit-policy"], "\"user\";q=3;w=60");
    assert_eq!(answer.headers["ratelimit"], "\"user\";r=2;t=60");
}

#[tokio::test(start_paused = true)]
async fn errors_have_the_bodies_that_clients_know() {
    let api = Api::new();
    let anonymous = Request::new("POST", "/messages/send").with_body("{");
    let answer = api.send(&anonymous).await;
    assert_eq!(
        (answer.status, answer.headers["www-authenticate"].as_str()),
        (401, "Bearer realm=\"messages\""),
        "the token comes first"
    );
    assert_eq!(answer.body, r#"{"detail":"Not authenticated"}"#);
    let answer = api.send(&post("/messages/send", &BODY.replace("12.50", "0"))).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        json(&answer),
        json!({"detail": [{"type": "greater_than", "loc": ["body", "amount"], "msg": "Input should be greater than 0", "input": 0, "ctx": {"gt": 0}}]})
    );
    let problem = api.send(&post("/messages/send", "{}").with_header("accept", "application/problem+json")).await;
    assert_eq!(problem.headers["content-type"], "application/problem+json");
    assert_eq!(json(&problem)["errors"][0]["pointer"], "/body/transaction_id");
    let answer = api.ask(&get("/nowhere")).await;
    assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"detail":"Not Found"}"#));
    let answer = api.ask(&post("/messages/status", "")).await;
    assert_eq!((answer.status, answer.body.as_str()), (405, r#"{"detail":"Method Not Allowed"}"#));
    assert_eq!(answer.headers["allow"], "GET");
    let answer = api.send(&get("/messages/send")).await;
    assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, "POST"));
    for path in ["/messages/status", "/messages/dead", "/messages/x", "/messages/jobs/x"] {
        assert_eq!(api.ask(&Request::new("GET", path)).await.status, 401, "{path}");
    }
    for path in ["/openapi.json", "/messages"] {
        assert_eq!(api.ask(&Request::new("GET", path)).await.status, 200, "{path}");
    }
    assert!(api.main.bodies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_has_the_same_answer_and_makes_no_second_message() {
    let api = Api::new();
    let request = post("/messages/send", BODY).with_header("idempotency-key", "k");
    let first = api.send(&request).await;
    tokio::time::advance(Duration::from_secs(400)).await;
    let again = api.send(&request).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(
        (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"].as_str()),
        (None, "true")
    );
    let written_otherwise = post("/messages/send", &BODY.replace("12.50", "12.5")).with_header("idempotency-key", "k");
    assert_eq!(api.send(&written_otherwise).await.status, 422, "another amount, as it was written");
    let other = api.send(&post("/messages/send/dlq", BODY).with_header("idempotency-key", "k")).await;
    assert_eq!(other.status, 422, "another queue");
    let somebody = request.clone().with_header("authorization", "Bearer c@d.example");
    assert_ne!(api.send(&somebody).await.body, first.body, "keys are each user's own");
    assert_eq!(api.main.bodies().len(), 2);
    assert_eq!(api.send(&post("/messages/send", BODY).with_header("idempotency-key", "a b")).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn an_array_is_answered_item_by_item_and_counts_as_many() {
    let api = Api::new();
    let body = format!("[{BODY},{},{BODY}]", BODY.replace("BRL", "real").replace("12.50", "12.500000000000000000001"));
    let request = post("/messages/send", &body).with_header("idempotency-key", "k");
    let answer = api.send(&request).await;
    let items = json(&answer);
    let statuses: Vec<_> = items.as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!((answer.status, statuses), (200, vec![200, 422, 200]));
    assert_eq!(items[1]["detail"][1]["loc"], json!(["body", 1, "currency"]));
    assert!(answer.body.contains(r#""input":12.500000000000000000001"#), "as it came: {}", answer.body);
    assert_ne!(items[0]["message"]["message_id"], items[2]["message"]["message_id"]);
    assert_eq!(api.main.bodies().len(), 2);
    assert_eq!(answer.headers["ratelimit"], "\"user\";r=1;t=60");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(api.send(&request).await.body, answer.body);
    assert_eq!(api.main.bodies().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_sends_too_much_is_told_when_to_come_back() {
    let api = Api::new();
    for _ in 0..3 {
        assert_eq!(api.send(&post("/messages/send", BODY)).await.status, 200);
    }
    tokio::time::advance(Duration::from_secs(18)).await;
    let answer = api.send(&post("/messages/send", BODY)).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "42"));
    assert_eq!(answer.headers["ratelimit"], "\"user\";r=0;t=42");
    let other = post("/messages/send", BODY).with_header("authorization", "Bearer c@d.example");
    assert_eq!(api.send(&other).await.status, 200, "limits are each user's own");
    assert_eq!(api.main.bodies().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn queues_are_counted_under_both_their_names() {
    let api = Api::new();
    api.send(&post("/messages/send", BODY)).await;
    api.dead_letter("p2").await;
    tokio::time::advance(Duration::from_secs(12)).await;
    let main = json(&api.ask(&get("/messages/status")).await);
    assert_eq!(
        main,
        json!({
            "queue_name": "main_queue.fifo", "messages_available": 1, "messages_in_flight": 0, "messages_delayed": 0, "messages_in_dlq": 1,
            "oldest_since": "2026-11-02T12:00:00Z", "oldest_age_seconds": 12, "groups": 1, "messages_parked": 0,
        })
    );
    let dead = json(&api.ask(&get("/messages/status/dlq_queue-dev.fifo")).await);
    assert_eq!(
        (&dead["queue_name"], &dead["messages_available"], &dead["messages_in_dlq"]),
        (&json!("dlq_queue-dev.fifo"), &json!(1), &json!(0))
    );
    for name in ["none.fifo", "main_queue-prd.fifo", "MAIN_QUEUE.fifo"] {
        let answer = api.ask(&get(&format!("/messages/status/{name}"))).await;
        assert_eq!(answer.status, 400, "{name}");
        assert!(json(&answer)["detail"].as_str().unwrap().contains("main_queue.fifo and dlq_queue.fifo"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_tells_what_happened_to_it() {
    let api = Api::new();
    let id = json(&api.send(&post("/messages/send", BODY)).await)["message_id"].as_str().unwrap().to_owned();
    let envelope = Envelope::read(&api.main.bodies()[0]).unwrap();
    let function = Function::new("Worker", "local", "Worker");
    let worker = Worker { function: &function, table: &api.table, clock: &api.clock, currencies: &Currencies::All };
    let asked = tokio::time::Instant::now();
    let request = get(&format!("/messages/{id}?wait=20"));
    let waiting = api.ask(&request);
    let working = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let message = serde_json::from_value::<function_runtime::SqsEvent>(json!({"Records": [{
            "messageId": "m", "body": envelope.to_body(), "attributes": {"ApproximateReceiveCount": "2", "MessageGroupId": "p1"},
        }]}));
        let batch = function_runtime::FifoBatch {
            function: &function,
            dead_letters: &Recorded {
                function: &function,
                table: &api.table,
                clock: &api.clock,
                queue: function_runtime::Queue::over(api.dead_letters),
            },
            input: &function_runtime::Input::over(&api.main, 50),
            trace_id: |envelope: &Envelope| envelope.message_id.to_string(),
            handler: async |message, invocation: &Invocation| worker.handle(message, invocation).await,
        };
        batch.handle(&message.unwrap(), &Invocation::new("r", Duration::from_secs(30))).await
    };
    let (answer, response) = tokio::join!(waiting, working);
    assert!(response.batch_item_failures.is_empty());
    let waited = asked.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_secs(4)).contains(&waited), "{waited:?}");
    let message = json(&answer);
    let events: Vec<_> =
        message["timeline"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((message["status"].as_str(), events), (Some("SAVED"), vec!["accepted", "queued", "received", "saved"]));
    assert_eq!(message["timeline"][0]["detail"], "from a@b.example");
    assert_eq!(message["timeline"][2]["detail"], "for the 2nd time");
    assert_eq!(message["payload"]["amount"].to_string(), "12.5");
    assert!(answer.body.contains(r#""amount":12.50"#), "as it was written");
    assert_eq!(api.ask(&get("/messages/6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11")).await.status, 404);
    assert_eq!(api.ask(&get(&format!("/messages/{id}?wait=60"))).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn dead_letters_are_listed_planned_and_sent_again() {
    let api = Api::new();
    let one = api.dead_letter("p1").await;
    let two = api.dead_letter("p2").await;
    let ids = |answer: &Answer| -> Vec<String> {
        json(answer)["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["message_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&api.ask(&get("/messages/dead")).await).len(), 2);
    assert_eq!(ids(&api.ask(&get("/messages/dead?payer=p2&reason=SENT_BY")).await), vec![two.clone()]);
    assert!(ids(&api.ask(&get("/messages/dead?reason=malformed")).await).is_empty());
    assert!(ids(&api.ask(&get("/messages/dead?before=2026-11-01T00:00:00Z")).await).is_empty());
    for wrong in [
        "before=yesterday",
        "status=SAVED",
        "limit=0",
        "limit=101",
        "before=",
        "status=",
        "limit=",
        "cursor=",
        "cursor=x",
        "cursor=x%23",
        "cursor=2026-11-02T12:00:00Z%23",
    ] {
        assert_eq!(api.ask(&get(&format!("/messages/dead?{wrong}"))).await.status, 422, "{wrong}");
    }
    let plan =
        json(&api.ask(&post("/messages/dlq/reprocess", r#"{"filter": {"payer": "p2"}, "dry_run": true}"#)).await);
    assert_eq!((&plan["would_reprocess"], &plan["ids"]), (&json!(1), &json!([two])));
    assert_eq!(api.dead_letters.bodies().len(), 2, "a plan changes nothing");
    let done = api.ask(&post("/messages/dlq/reprocess", r#"{"filter": {"payer": "p2"}}"#)).await;
    assert_eq!(
        json(&done),
        json!({"message": "Reprocessing completed.", "total_reprocessed": 1, "parked": 0, "already_saved": 0, "remaining": 1, "job_id": Uuid::from_u128(7)})
    );
    let done = json(&api.ask(&post("/messages/reprocess/main_queue.fifo", "")).await);
    assert_eq!((&done["total_reprocessed"], &done["remaining"]), (&json!(1), &json!(0)), "without a body: everything");
    let job = json(&api.ask(&get(&format!("/messages/jobs/{}", Uuid::from_u128(7)))).await);
    assert_eq!((&job["state"], &job["by"]), (&json!("DONE"), &json!("a@b.example")), "it is kept who did it");
    let bodies = api.main.bodies();
    assert_eq!(bodies.len(), 2);
    assert!(bodies.iter().all(|body| body.contains(r#""dlq_retry":1"#)), "{bodies:?}");
    let message = json(&api.ask(&get(&format!("/messages/{one}"))).await);
    assert_eq!((&message["status"], &message["dlq_retry"]), (&json!("QUEUED"), &json!(1)));
    let whole = r#"{"limit": 7.0, "rate": 1e2, "dry_run": true}"#;
    assert_eq!(api.ask(&post("/messages/dlq/reprocess", whole)).await.status, 200);
    for wrong in [
        r#"{"limit": null}"#,
        r#"{"rate": 1.5}"#,
        r#"{"limit": -1}"#,
        r#"{"limit": 1e10}"#,
        r#"{"limit": 1000001}"#,
        r#"{"filter": [null, null]}"#,
    ] {
        assert_eq!(api.ask(&post("/messages/dlq/reprocess", wrong)).await.status, 422, "{wrong}");
    }
    for wrong in [r#"{"limit": 0}"#, r#"{"rate": 1001}"#, r#"{"filters": {}}"#, "[]", "{", r#"{"limit": "1"}"#] {
        assert_eq!(api.ask(&post("/messages/dlq/reprocess", wrong)).await.status, 422, "{wrong}");
    }
    assert_eq!(api.ask(&post("/messages/reprocess/dlq_queue.fifo", "")).await.status, 400);
    assert_eq!(api.ask(&post("/messages/reprocess/none.fifo", "")).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_job_goes_on_behind_the_response_and_can_be_stopped() {
    let api = Api::new();
    api.dead_letter("p1").await;
    let answer = api.ask(&post("/messages/dlq/reprocess", r#"{"job": true}"#)).await;
    let path = format!("/messages/jobs/{}", Uuid::from_u128(7));
    assert_eq!((answer.status, answer.headers["location"].as_str()), (202, path.as_str()));
    assert_eq!(json(&api.ask(&get(&path)).await)["state"], "RUNNING");
    assert_eq!(json(&api.ask(&post(&format!("{path}/stop"), "")).await)["state"], "STOPPED");
    assert_eq!(api.dead_letters.bodies().len(), 1);
    assert!(api.table.open_jobs().await.unwrap().is_empty());
    assert_eq!(api.ask(&get("/messages/jobs/nothing")).await.status, 404);
}

/// A queue that nobody can read.
struct Unreadable;

impl messages_core::Counted for Unreadable {
    async fn counts(&self) -> Result<messages_core::Counts, Fault> {
        unreadable()
    }
}

impl messages_core::DeadLetterQueue for Unreadable {
    async fn receive(&self, _: Duration) -> Result<Vec<messages_core::Received>, Fault> {
        unreadable()
    }

    async fn delete(&self, _: &str) -> Result<(), Fault> {
        unreadable()
    }

    async fn release(&self, _: &[String]) -> Result<(), Fault> {
        unreadable()
    }
}

fn unreadable<T>() -> Result<T, Fault> {
    Err(Fault::Failed { what: "the dead-letter queue", source: "on purpose".into() })
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_keeps_no_other_from_going_on_and_what_was_done_is_counted() {
    let api = Api::new();
    let ids = vec![api.dead_letter("p1").await];
    for (number, wanted) in [(1, Wanted::default()), (2, Wanted { ids, ..Wanted::default() })] {
        tokio::time::advance(Duration::from_millis(1)).await;
        let job = Job::new(Uuid::from_u128(number), "a@b.example", wanted, true, api.clock.now());
        api.table.put_job(&job, job.expires()).await.unwrap();
    }
    // The first needs the queue; the second sends what the table knows, and fails afterwards.
    let (table, main, clock) = (&api.table, &api.main, &api.clock);
    let reprocessing = Reprocessing { table, main, dead_letters: &Unreadable, clock };
    let until = tokio::time::Instant::now() + Duration::from_secs(50);
    let swept = continue_jobs(&reprocessing, until).await;
    assert!(swept.fault.is_some());
    assert_eq!((swept.done.total_reprocessed, api.main.bodies().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_is_parked_and_what_is_parked_is_sent_by_its_id_alone() {
    let api = Api::new();
    let id = api.dead_letter("p1").await;
    let now = || api.clock.now();
    for _ in 0..5 {
        assert_eq!(json(&api.ask(&post("/messages/dlq/reprocess", "")).await)["total_reprocessed"], 1);
        let body = api.main.bodies().pop().unwrap();
        let envelope = Envelope::read(&body).unwrap();
        // The worker gives it up again.
        let entry = api.main.take(1, Duration::from_secs(1)).pop().unwrap();
        api.main.acknowledge(&entry.id);
        let fault = messages_core::DeadFault { kind: "k".to_owned(), reason: "r".to_owned() };
        let about = messages_core::Identified { id: &id, body: &body, group: "p1" };
        dead(&api.table, about, envelope.dlq_retry, Some(1), fault.clone(), now()).await.unwrap();
        let letter = messages_core::ToSend {
            id: id.clone(),
            body,
            group: "p1".to_owned(),
            deduplication_id: format!("{}#dead", entry.id),
            fault: Some(fault),
        };
        messages_core::Sends::send(api.dead_letters, letter).await.unwrap();
    }
    let done = json(&api.ask(&post("/messages/dlq/reprocess", "")).await);
    assert_eq!((&done["total_reprocessed"], &done["parked"], &done["remaining"]), (&json!(0), &json!(1), &json!(0)));
    let parked = json(&api.ask(&get("/messages/dead?status=parked")).await);
    assert_eq!(parked["messages"][0]["message_id"], id);
    assert_eq!(parked["messages"][0]["error_kind"], "replayed_too_often");
    let plan =
        json(&api.ask(&post("/messages/dlq/reprocess", &json!({"ids": [id, id], "dry_run": true}).to_string())).await);
    assert_eq!(plan["would_reprocess"], 1);
    let done = json(&api.ask(&post("/messages/dlq/reprocess", &json!({ "ids": [id] }).to_string())).await);
    assert_eq!(done["total_reprocessed"], 1);
    assert!(api.main.bodies()[0].contains(r#""dlq_retry":6"#));

    let letter = messages_core::ToSend {
        id: "m".to_owned(),
        body: "no message".to_owned(),
        group: "g".to_owned(),
        deduplication_id: "d".to_owned(),
        fault: None,
    };
    messages_core::Sends::send(api.dead_letters, letter).await.unwrap();
    let done = json(&api.ask(&post("/messages/dlq/reprocess", "")).await);
    assert_eq!((&done["parked"], &done["remaining"]), (&json!(1), &json!(0)));
    let parked = json(&api.ask(&get("/messages/dead?status=PARKED")).await);
    assert_eq!(parked["messages"][0]["body"], "no message");
    let unreadable = parked["messages"][0]["message_id"].as_str().unwrap().replace('#', "%23");
    assert_eq!(json(&api.ask(&get(&format!("/messages/{unreadable}"))).await)["error_kind"], "malformed");
}

#[tokio::test(start_paused = true)]
async fn what_a_queue_does_not_keep_is_parked_before_it_is_gone() {
    let api = Api::new();
    let queued = Envelope::read(&api.send(&post("/messages/send", BODY)).await.body).unwrap().message_id.to_string();
    let dead = api.dead_letter("p2").await;
    let status = async |id: &str| {
        let message = json(&api.ask(&get(&format!("/messages/{id}"))).await);
        format!("{} {}", message["status"].as_str().unwrap(), message["error_kind"].as_str().unwrap_or_default())
    };
    let sweep = async || {
        let until = tokio::time::Instant::now() + Duration::from_secs(50);
        messages_core::park_old(&api.table, &api.clock, until).await.done
    };
    tokio::time::advance(DAY * 4 - Duration::from_secs(60)).await;
    assert_eq!(sweep().await, 0);
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!((sweep().await, status(&queued).await.as_str()), (1, "PARKED kept_too_long"));
    assert!(api.main.take(10, DAY).is_empty(), "SQS has dropped it");
    let done = json(&api.ask(&post("/messages/dlq/reprocess", &json!({ "ids": [queued] }).to_string())).await);
    assert_eq!((&done["total_reprocessed"], status(&queued).await.as_str()), (&json!(1), "QUEUED "));
    tokio::time::advance(DAY * 9).await;
    assert_eq!(status(&dead).await, "DEAD sent_by_user");
    assert_eq!((sweep().await, status(&dead).await.as_str()), (2, "PARKED kept_too_long"));
}
