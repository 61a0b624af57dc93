//! One batch: store it, blame single messages if it cannot be stored, then check whether a crawl is complete.
//!
//! While the database is unavailable, or its password is being rotated, the function waits as long as the invocation lasts, since
//! each return of a message to the queue uses up one of its few receives. A failure of the configuration or the network is never blamed on a message.

use std::collections::BTreeMap;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use fipe_contract::{NEWEST_MONTH, StatusQuestion, metric};
use fipe_core::message::{Crawl, Load};
use fipe_store::{CrawlStatus, Error, Settled, Which, settle, status, write};
use function_postgres::Pool;
use function_runtime::{Failure, Function, Invocation, Message, Outcomes};
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::topic::{CrawlComplete, Topic};

const FIRST_WAIT: Duration = Duration::from_millis(200);
/// How long messages wait here for their reference, before they wait on the queue.
const TABLE_WAIT: Duration = Duration::from_secs(3);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The function's work on its database and its topic.
pub struct Ingestor<'a, T> {
    function: &'a Function,
    pool: Pool,
    topic: T,
}

impl<'a, T: Topic> Ingestor<'a, T> {
    pub fn new(function: &'a Function, pool: Pool, topic: T) -> Self {
        Self { function, pool, topic }
    }

    /// Stores a batch and settles its crawls.
    pub async fn ingest(&self, messages: Vec<Message<Load>>, invocation: &Invocation) -> Outcomes {
        let loads: Vec<&Load> = messages.iter().map(|message| &message.body).collect();
        let mut ends = self.store(&loads, invocation).await;
        self.settle(&loads, &mut ends, invocation).await;
        let stored = loads.iter().zip(&ends).filter(|(_, end)| end.is_ok());
        self.function.metrics().count(metric::PRICES_STORED, stored.map(|(load, _)| prices(load)).sum()).emit();
        messages.into_iter().map(|message| message.id).zip(ends).collect()
    }

    /// The progress of the crawl that is asked for. Does not retry: a person is waiting.
    ///
    /// # Errors
    /// The month is none, the database is unreachable, or the query fails.
    pub async fn status(&self, question: StatusQuestion<Uuid>) -> Result<Option<CrawlStatus>, Failure> {
        let which = match (question.crawl_id, question.month.as_deref()) {
            (Some(crawl_id), _) => Which::Crawl(crawl_id),
            (None, None) => Which::Newest,
            (None, Some(NEWEST_MONTH)) => Which::OfNewestMonth,
            (None, Some(month)) => Which::OfMonth(
                month.parse().map_err(|error: fipe_core::month::InvalidMonth| Failure::permanent("month", error))?,
            ),
        };
        let status = self.pool.work(async |client| status(client, which).await).await;
        status.map_err(Failure::transient)
    }

    /// All in one transaction; if one of them spoils it, each in its own.
    async fn store(&self, loads: &[&Load], invocation: &Invocation) -> Vec<Result<(), Failure>> {
        let together = self.patiently(invocation, async |client| write(client, loads).await).await;
        match together {
            Ok(()) => vec![Ok(()); loads.len()],
            Err(error) if error.is_of_single_messages() => {
                let mut ends = Vec::with_capacity(loads.len());
                for load in loads {
                    ends.push(self.patiently(invocation, async |client| write(client, &[load]).await).await);
                }
                // The table of references is sent first, but another instance may be storing it at this moment.
                let until = (Instant::now() + TABLE_WAIT).min(invocation.work_until);
                while ends.iter().any(waits_for_table) && Instant::now() + FIRST_WAIT < until {
                    sleep(FIRST_WAIT).await;
                    for (end, load) in ends.iter_mut().zip(loads).filter(|(end, _)| waits_for_table(end)) {
                        *end = self.patiently(invocation, async |client| write(client, &[load]).await).await;
                    }
                }
                ends.into_iter().map(|end| end.map_err(failure)).collect()
            }
            Err(error) => vec![Err(failure(error)); loads.len()],
        }
    }

    /// For each crawl in the stored messages; if settling fails, the crawl's last message is redelivered and it is settled then.
    async fn settle(&self, loads: &[&Load], ends: &mut [Result<(), Failure>], invocation: &Invocation) {
        let mut last_of: BTreeMap<Uuid, usize> = BTreeMap::new();
        for (index, load) in loads.iter().enumerate() {
            if ends[index].is_ok() {
                last_of.insert(crawl(load).id, index);
            }
        }
        for (id, last) in last_of {
            let notify = async |status: &CrawlStatus| self.topic.publish(&CrawlComplete::from(status)).await;
            let settled = self.patiently(invocation, async |client| settle(client, id, notify).await).await;
            match settled {
                Ok(Settled::Notified) => {
                    let Crawl { reference_code, month, .. } = crawl(loads[last]);
                    let details = json!({"reference_code": reference_code, "reference_month": month.to_string()});
                    let log = self.function.log().of_request(&invocation.request_id).of_trace(id);
                    log.success("complete_crawl", details);
                    self.function.metrics().count(metric::CRAWLS_COMPLETED, 1).emit();
                }
                Ok(Settled::Incomplete | Settled::ByOther) => {}
                Err(error) => ends[last] = Err(Failure::transient(error)),
            }
        }
    }

    /// Works on a connection; tries again on a new one while the database is merely unavailable and time is left.
    async fn patiently<R>(
        &self,
        invocation: &Invocation,
        work: impl AsyncFn(&mut ClientWrapper) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut wait = FIRST_WAIT;
        loop {
            let error = match self.pool.work(&work).await {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            if !error.is_retryable() || Instant::now() + wait >= invocation.work_until {
                return Err(error);
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

fn waits_for_table(end: &Result<(), Error>) -> bool {
    matches!(end, Err(Error::UnknownMonth { .. }))
}

fn failure(error: Error) -> Failure {
    if error.is_the_messages_fault() { Failure::permanent("unstorable", error) } else { Failure::transient(error) }
}

/// The crawl that a message belongs to: one trace through all four functions.
#[must_use]
pub fn trace_id(load: &Load) -> String {
    crawl(load).id.to_string()
}

fn crawl(load: &Load) -> &Crawl {
    match load {
        Load::References { crawl, .. }
        | Load::Brands { crawl, .. }
        | Load::Models { crawl, .. }
        | Load::Prices { crawl, .. } => crawl,
    }
}

fn prices(load: &Load) -> u64 {
    match load {
        Load::Prices { models, .. } => models.iter().map(|model| model.prices.len() as u64).sum(),
        Load::References { .. } | Load::Brands { .. } | Load::Models { .. } => 0,
    }
}
