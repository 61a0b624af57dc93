//! `infra invoke messages`: three messages of two payers through the whole system, as a client of the API sees it, and what the functions logged
//! about the first.

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use messages_contract::{PRODUCER, Request, User, WORKER};
use operate::{Source, Trace, sources, trace};
use serde_json::{Value, json};
use system::{DeployedStack, Failed, How, Site, StageName, Table, trace_lines};
use uuid::Uuid;

use super::client::{Api, Saved, Sent, WAIT};
use super::login::ask;
use super::password;
use crate::stack;

const HELP: &str = "\
Logs in, sends the messages with POST /messages/send, follows each with GET /messages/{id} until it is saved, and shows what the producer and \
the worker logged about the first; its id is their trace id. The address is the output ApiUrl of the stack Messages.

On the stage local a user for it is made, or given another password. On other stages --email names a user, and the password is asked for, or \
is the first line of stdin; `infra user add` makes one.

Examples:
  infra invoke messages
  infra invoke messages --stage dev --email you@example.com
  infra invoke messages --json | jq -r '.messages[].message.message_id'

Exit codes: 0 all are saved; 1 one is not, or the API failed; 64 the user could not log in, nothing is deployed, or the arguments are wrong; 75 \
the API or AWS was busy or unavailable.";

/// The user of the stage local.
const DEMO_USER: &str = "demo@example.com";

/// Who sends the messages.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Invoke {
    /// The user's e-mail address; needed on stages other than local.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// A message with what became of it.
struct Followed {
    payer: &'static str,
    sent: Sent,
    saved: Saved,
}

pub(super) async fn run(site: &Site<'_>, arguments: &Invoke) -> Result<(), Failed> {
    let (stage, console) = (site.stage, site.console);
    let deployed = DeployedStack::find(site, stack::NAME).await?;
    let api = Api::new(deployed.address("ApiUrl")?, stage)?;
    let (email, password) = user(site, arguments.email.as_deref()).await?;
    let token = api.log_in(&email, &password).await?;
    // The functions' clocks may differ from ours.
    let begun = Timestamp::now() - SignedDuration::from_mins(1);
    let (wait_saved, wait_lines) = patience(stage);
    let mut sent = Vec::new();
    for (payer, message) in messages(Uuid::new_v4()) {
        let key = message["transaction_id"].as_str().unwrap_or_default();
        sent.push((payer, api.send(&token, key, &message).await?));
    }
    let mut followed = Vec::new();
    for (payer, sent) in sent {
        let saved = api.until_saved(&token, &sent, wait_saved).await?;
        followed.push(Followed { payer, sent, saved });
    }
    let id = &followed[0].sent.id;
    let sources: Vec<Source> =
        sources(&deployed.cloud, &deployed.inventory).await?.into_iter().filter(is_traced).collect();
    let Trace { lines, silent } = trace(&deployed.cloud, &sources, begun, id, wait_lines).await?;

    if arguments.json {
        let lines =
            lines.iter().map(|(place, line)| json!({"function": sources[*place].function, "line": line.document}));
        let document = json!({
            "schema": 1, "api_url": api.url, "email": email, "messages": followed.iter().map(document).collect::<Vec<_>>(),
            "trace_id": id, "trace": lines.collect::<Vec<_>>(), "without_lines": silent,
        });
        console.data(&document.to_string());
        return Ok(());
    }
    console.data(&format!("{email} sends to {}", api.url));
    table(&followed).iter().for_each(|line| console.data(line));
    console.data("");
    console.data(&format!("trace {id}"));
    trace_lines(&sources, &lines).iter().for_each(|line| console.data(line));
    if !silent.is_empty() {
        let again = format!("`infra logs messages --stage {stage} --trace {id}` shows the logs again");
        console.note(&format!("no line of {} has come yet; {again}", silent.join(", ")));
    }
    if stage == StageName::Local {
        try_it(&api.url, &email, &password, id).iter().for_each(|line| console.note(line));
    }
    Ok(())
}

/// Who logs in: on the stage local the user of this demo, whose password is a new one each time.
async fn user(site: &Site<'_>, email: Option<&str>) -> Result<(String, String), Failed> {
    match email {
        Some(email) => Ok((email.to_owned(), password::known(site.answers, email).await?)),
        None if site.stage == StageName::Local => {
            let (email, password) = (DEMO_USER.to_owned(), password::generated());
            let reset = Request::ResetUser { email: email.clone(), password: password.clone() };
            match ask::<User>(site, &reset).await {
                // At the first time there is no such user.
                Err(Failed { how: How::Usage, .. }) => {
                    let add = Request::AddUser { email: email.clone(), password: password.clone() };
                    ask::<User>(site, &add).await?;
                }
                reset => _ = reset?,
            }
            Ok((email, password))
        }
        None => {
            let text = format!("give --email on the stage {}; `infra user add` makes a user", site.stage);
            Err(Failed::usage(text))
        }
    }
}

/// Two messages of one payer, which are saved in their order, and one of another, with ids of this run.
fn messages(run: Uuid) -> [(&'static str, Value); 3] {
    let message = |number: u32, payer: &'static str, amount: &str| {
        let amount: Value = serde_json::from_str(amount).expect("a number");
        let transaction_id = format!("demo-{}-{number}", run.simple());
        let message = json!({
            "transaction_id": transaction_id, "payer_id": payer, "receiver_id": "demo-receiver", "amount": amount,
            "currency": "BRL", "description": "a message of infra invoke",
        });
        (payer, message)
    };
    [message(1, "demo-payer-1", "12.5"), message(2, "demo-payer-1", "7"), message(3, "demo-payer-2", "199.99")]
}

/// The functions that every message passes.
fn is_traced(source: &Source) -> bool {
    [PRODUCER.name, WORKER.name].contains(&source.function.as_str())
}

/// How long to wait for a message and for its log lines. On AWS a first call starts three functions, and CloudWatch shows
/// lines some seconds late.
fn patience(stage: StageName) -> (Duration, Duration) {
    match stage {
        StageName::Local => (Duration::from_secs(30), Duration::from_secs(5)),
        _ => (Duration::from_secs(60), Duration::from_secs(30)),
    }
}

fn document(Followed { sent, saved, .. }: &Followed) -> Value {
    json!({
        "message": saved.message, "accepted_ms": sent.took.as_millis() as u64, "saved_ms": saved.took.as_millis() as u64,
    })
}

fn table(followed: &[Followed]) -> Vec<String> {
    let mut table = Table::new(&["message", "payer", "accepted (ms)", "saved (ms)", "timeline"], &[2, 3]);
    for Followed { payer, sent, saved } in followed {
        table.row(vec![
            sent.id.clone(),
            (*payer).to_owned(),
            sent.took.as_millis().to_string(),
            saved.took.as_millis().to_string(),
            timeline(&saved.message),
        ]);
    }
    table.lines()
}

/// `accepted, queued, received, saved`.
fn timeline(message: &Value) -> String {
    let events = message["timeline"].as_array().into_iter().flatten();
    events.filter_map(|event| event["event"].as_str()).collect::<Vec<_>>().join(", ")
}

/// Shell commands that do what this command did.
fn try_it(url: &str, email: &str, password: &str, id: &str) -> Vec<String> {
    let login = json!({"email": email, "pwd": password});
    let message =
        r#"{"transaction_id": "txn-7", "payer_id": "p1", "receiver_id": "r1", "amount": 12.5, "currency": "BRL"}"#;
    vec![
        String::new(),
        "try it".to_owned(),
        format!(
            "  TOKEN=$(curl -s {url}/users/login -H 'Content-Type: application/json' -d '{login}' | jq -r .access_token)"
        ),
        format!(
            "  curl {url}/messages/send -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -d '{message}'"
        ),
        format!("  curl \"{url}/messages/{id}?wait={WAIT}\" -H \"Authorization: Bearer $TOKEN\""),
        format!("  curl {url}/messages/status -H \"Authorization: Bearer $TOKEN\""),
        format!("  {url}/docs in a browser does the same interactively"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_a_run_are_new_and_two_of_them_have_one_payer() {
        let (one, other) = (messages(Uuid::from_u128(1)), messages(Uuid::from_u128(2)));
        assert_eq!(one.each_ref().map(|(payer, _)| *payer), ["demo-payer-1", "demo-payer-1", "demo-payer-2"]);
        assert_eq!(one[0].1["payer_id"], "demo-payer-1");
        let ids: std::collections::BTreeSet<String> =
            one.iter().chain(&other).map(|(_, message)| message["transaction_id"].to_string()).collect();
        assert_eq!(ids.len(), 6);
    }

    #[test]
    fn a_timeline_is_its_events_in_their_order() {
        let event = |event: &str| json!({"at": "2026-11-02T13:43:38.862912Z", "event": event});
        let message = json!({"timeline": [event("accepted"), event("queued"), event("saved")]});
        assert_eq!(timeline(&message), "accepted, queued, saved");
        assert_eq!(timeline(&json!({})), "");
    }

    #[test]
    fn what_to_try_can_be_typed_into_a_shell() {
        let lines = try_it("http://127.0.0.1:4566/api", DEMO_USER, "secret", "742652f8");
        for line in lines.iter().filter(|line| line.contains("curl")) {
            let status = std::process::Command::new("sh").args(["-n", "-c", line]).status().unwrap();
            assert!(status.success(), "{line}");
        }
    }
}
