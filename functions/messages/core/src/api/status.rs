//! Everything but sending and logging in: the state of queues and messages, dead letters, the documentation, and whatever is nowhere.

use std::collections::HashSet;
use std::time::Duration;

use function_http::{Answer, Docs, ErrorForm, Problem, Request, Routes};
use function_runtime::{Function, Invocation};
use messages_contract::{DEAD_LETTER_QUEUE, MAIN_QUEUE, Operation, ROUTES, STATUS, queue_on_stage};
use tokio::time::Instant;
use uuid::Uuid;

use crate::api::errors::{Refusal, find, respond};
use crate::ask::{self, Listed};
use crate::openapi::openapi;
use crate::ports::{Authenticates, Clock, Counted, DeadLetterQueue, Sends, Table};
use crate::record::Status;
use crate::views::{MessageView, MessagesView, QueueView};

const OF_STATUS: Routes<'_, Operation> = Routes { of_api: ROUTES, function: STATUS };
/// Queued messages among which groups are counted.
const GROUPED: u32 = 1_000;
/// Parked messages that are counted.
const PARKED: u32 = 1_000;
/// Pages of the index that one listing reads at most, so that a filter which matches nothing ends.
const PAGES: u32 = 20;
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LATER_LOOKS: Duration = Duration::from_millis(500);

/// The page that people look at, with the headers that protect it.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub html: &'static str,
    pub policy: &'static str,
}

/// The function that answers everything else.
pub struct StatusApi<'a, T, M, D, A, C> {
    pub function: &'a Function,
    pub table: &'a T,
    pub main: &'a M,
    pub dead_letters: &'a D,
    pub users: &'a A,
    pub clock: &'a C,
    pub page: Page,
    pub docs: &'a Docs,
    /// The stage, which is part of the queues' names.
    pub stage: &'a str,
}

/// A queue that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Main,
    DeadLetters,
}

impl<T, M, D, A, C> StatusApi<'_, T, M, D, A, C>
where
    T: Table,
    M: Sends + Counted,
    D: DeadLetterQueue,
    A: Authenticates,
    C: Clock,
{
    /// The response to a request. `id` is a new one, for a run over dead letters.
    pub async fn respond(&self, request: &Request, id: Uuid, invocation: &Invocation) -> Answer {
        respond(self.function, request, self.answer(request, id, invocation).await)
    }

    async fn answer(&self, request: &Request, id: Uuid, invocation: &Invocation) -> Result<Answer, Refusal> {
        let found = find(OF_STATUS, request)?;
        let now = self.clock.now();
        let user = match found.operation.needs_token() {
            true => self.users.user(request, now).await?,
            false => String::new(),
        };
        let segment = found.segments.first().copied().unwrap_or_default();
        match found.operation {
            Operation::MainStatus => self.queue(Named::Main, MAIN_QUEUE).await,
            Operation::QueueStatus => self.queue(self.named(segment)?, segment).await,
            Operation::Message => self.message(request, segment, invocation).await,
            Operation::Dead => self.dead(request).await,
            Operation::ReprocessMain => self.reprocess(request, &user, id, invocation).await,
            Operation::Reprocess => match self.named(segment)? {
                Named::Main => self.reprocess(request, &user, id, invocation).await,
                Named::DeadLetters => {
                    let detail = format!("{segment} has no dead-letter queue; reprocess {MAIN_QUEUE}");
                    Err(Problem::new(400).because(detail).into())
                }
            },
            Operation::Job => self.job(segment).await,
            Operation::StopJob => self.stop_job(segment).await,
            Operation::Page => Ok(Answer::new(200, "text/html; charset=utf-8", self.page.html)
                .with_header("content-security-policy", self.page.policy)
                .with_header("referrer-policy", "no-referrer")
                .revalidated(request)),
            Operation::Docs => Ok(self.docs.page(request, ErrorForm::asked_by(request))),
            Operation::DocsFile => Ok(self.docs.file(segment, ErrorForm::asked_by(request))),
            Operation::OpenApi => Ok(Answer::new(200, "application/json", openapi()).revalidated(request)),
            // Handled by the other functions; API Gateway does not route them here.
            Operation::Login
            | Operation::Refresh
            | Operation::Logout
            | Operation::Keys
            | Operation::Send
            | Operation::SendDead => Err(Problem::new(404).because("Not Found").into()),
        }
    }

    /// The queue of a name, with or without the stage in it.
    fn named(&self, name: &str) -> Result<Named, Problem> {
        let is = |queue: &str| name == queue || name == queue_on_stage(queue, self.stage);
        if is(MAIN_QUEUE) {
            Ok(Named::Main)
        } else if is(DEAD_LETTER_QUEUE) {
            Ok(Named::DeadLetters)
        } else {
            let detail = format!("there is no queue {name:?}; there are {MAIN_QUEUE} and {DEAD_LETTER_QUEUE}");
            Err(Problem::new(400).because(detail))
        }
    }

    async fn queue(&self, queue: Named, queue_name: &str) -> Result<Answer, Refusal> {
        let status = match queue {
            Named::Main => Status::Queued,
            Named::DeadLetters => Status::Dead,
        };
        let (main, dead, open, parked) = tokio::try_join!(
            self.main.counts(),
            self.dead_letters.counts(),
            self.table.open(status, None, None, GROUPED),
            self.table.count_open(Status::Parked, PARKED),
        )?;
        let (counts, in_dlq) = match queue {
            Named::Main => (main, dead.total()),
            Named::DeadLetters => (dead, 0),
        };
        let oldest_since = open.records.first().map(|record| record.since);
        let age = |since| u64::try_from(self.clock.now().duration_since(since).as_secs()).unwrap_or_default();
        let groups: HashSet<&str> = open.records.iter().map(|record| record.group.as_str()).collect();
        let view = QueueView {
            queue_name: queue_name.to_owned(),
            messages_available: counts.available,
            messages_in_flight: counts.in_flight,
            messages_delayed: counts.delayed,
            messages_in_dlq: in_dlq,
            oldest_since,
            oldest_age_seconds: oldest_since.map(age),
            groups: groups.len() as u64,
            messages_parked: u64::from(parked),
        };
        self.function.log().success("get_status", serde_json::json!({"queue": queue_name}));
        Ok(Answer::json(200, &view))
    }

    /// Waits until the message has come to its end, if it is asked to.
    async fn message(&self, request: &Request, id: &str, invocation: &Invocation) -> Result<Answer, Refusal> {
        let wait = Duration::from_secs(ask::wait(request)?);
        let until = (Instant::now() + wait).min(invocation.work_until - Duration::from_millis(500));
        let id = percent_decoded(id);
        let mut pause = FIRST_LOOK;
        loop {
            let record = self.table.find(&id, self.clock.now()).await?;
            let Some(record) = record else { return Err(Problem::new(404).because("no message has this id").into()) };
            if record.status.is_final() || Instant::now() + pause > until {
                return Ok(Answer::json(200, &MessageView::from(record)).of_trace(id).revalidated(request));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LATER_LOOKS);
        }
    }

    async fn dead(&self, request: &Request) -> Result<Answer, Refusal> {
        let Listed { filter, status, limit, mut cursor } = ask::listed(request)?;
        let mut messages = Vec::new();
        for _ in 0..PAGES {
            let left = limit - messages.len() as u32;
            let page = self.table.open(status, filter.before, cursor.as_deref(), left).await?;
            messages
                .extend(page.records.into_iter().filter(|record| filter.matches_record(record)).map(MessageView::from));
            cursor = page.next;
            if cursor.is_none() || messages.len() as u32 >= limit {
                break;
            }
        }
        Ok(Answer::json(200, &MessagesView { messages, next_cursor: cursor }))
    }
}

/// A segment of a path as it was meant: `%23` is `#`. API Gateway decodes paths and the emulator does not; no id has a percent sign, so doing it twice is the same.
fn percent_decoded(segment: &str) -> String {
    // A plus is itself in a path.
    let form = segment.replace('+', "%2B");
    Request::new("GET", "/").with_query(format!("id={form}")).parameter("id").unwrap_or_default().into_owned()
}
