//! `POST /messages/reprocess/..`: dead letters are sent again, within the request or as a job behind it.

use std::time::Duration;

use function_http::{Answer, Problem, Request};
use function_runtime::{Invocation, Log};
use messages_contract::{JOB, api_metric};
use serde_json::json;
use uuid::Uuid;

use crate::api::errors::Refusal;
use crate::api::status::StatusApi;
use crate::ask::Reprocess;
use crate::job::{Done, Job, JobState};
use crate::plan::plan;
use crate::ports::{Authenticates, Clock, Counted, DeadLetterQueue, Sends, Table};
use crate::reprocess::{Ran, ReprocessError, Reprocessing, Run};
use crate::views::ReprocessedView;

/// Seconds after which a client may try again while another run is in progress.
const RETRY_AFTER: u32 = 5;
/// What is kept back of a request's time for the response.
const MARGIN: Duration = Duration::from_secs(1);

impl<T, M, D, A, C> StatusApi<'_, T, M, D, A, C>
where
    T: Table,
    M: Sends + Counted,
    D: DeadLetterQueue,
    A: Authenticates,
    C: Clock,
{
    pub(super) async fn reprocess(
        &self,
        request: &Request,
        user: &str,
        id: Uuid,
        invocation: &Invocation,
    ) -> Result<Answer, Refusal> {
        let ask = Reprocess::read(request)?;
        let (is_job, is_dry) = (ask.job, ask.dry_run);
        let wanted = ask.wanted();
        if is_dry {
            return Ok(Answer::json(200, &plan(self.table, self.clock, &wanted).await?));
        }
        let mut job = Job::new(id, user, wanted, is_job, self.clock.now());
        let log = self.function.log().of_request(&invocation.request_id);
        log.started("reprocess_dlq", json!({"job_id": id, "by": user, "wanted": job.wanted, "is_job": is_job}));
        self.table.put_job(&job, job.expires()).await?;
        if is_job {
            return Ok(Answer::json(202, &job).with_header("location", JOB.replace("{id}", &id.to_string())));
        }
        let Self { table, main, dead_letters, clock, .. } = self;
        let reprocessing = Reprocessing { table: *table, main: *main, dead_letters: *dead_letters, clock: *clock };
        let until = invocation.work_until - MARGIN;
        let run = Run { wanted: &job.wanted, by: user, began: job.created_at, cursor: None, until };
        let ran = reprocessing.run(run, id).await;
        (job.state, job.done) = match &ran {
            Ok(Ran { fault: None, is_complete: true, done, .. }) => (JobState::Done, *done),
            Ok(Ran { fault: None, done, .. }) => (JobState::Stopped, *done),
            Ok(Ran { done, .. }) => (JobState::Failed, *done),
            Err(_) => (JobState::Failed, Done::default()),
        };
        job.updated_at = self.clock.now();
        let kept = self.table.put_job(&job, job.expires()).await;
        self.tell(&job, &log);
        let ran = match ran {
            Ok(Ran { fault: Some(fault), .. }) | Err(ReprocessError::Fault(fault)) => return Err(fault.into()),
            Err(ReprocessError::Locked) => {
                let detail = "dead letters are being reprocessed already; wait until that is done";
                return Err(Problem::new(409).because(detail).retry_after(RETRY_AFTER).into());
            }
            Ok(ran) => ran,
        };
        kept?;
        let message = match ran.is_complete {
            true => "Reprocessing completed.",
            false => "Reprocessing stopped before its end; repeat it, or ask for a job.",
        };
        let remaining = self.dead_letters.counts().await?.total();
        Ok(Answer::json(200, &ReprocessedView { message, done: ran.done, remaining, job_id: id }))
    }

    /// What a run did, in the log and the metrics.
    fn tell(&self, job: &Job, log: &Log) {
        let Done { total_reprocessed, parked, .. } = job.done;
        self.function
            .metrics()
            .also_without_dimensions()
            .count(api_metric::MESSAGES_REPROCESSED, u64::from(total_reprocessed))
            .count(api_metric::DLQ_MAX_RETRIES_REACHED, u64::from(parked))
            .emit();
        let details = json!({"job_id": job.job_id, "state": job.state, "done": job.done});
        match job.state {
            JobState::Failed => log.error("reprocess_dlq", details),
            _ if parked > 0 => log.skipped("reprocess_dlq", details),
            _ => log.success("reprocess_dlq", details),
        }
    }

    pub(super) async fn job(&self, id: &str) -> Result<Answer, Refusal> {
        let job = match Uuid::try_parse(id) {
            Ok(id) => self.table.find_job(id, self.clock.now()).await?,
            Err(_) => None,
        };
        match job {
            Some(job) => Ok(Answer::json(200, &job)),
            None => Err(no_job().into()),
        }
    }

    pub(super) async fn stop_job(&self, id: &str) -> Result<Answer, Refusal> {
        let Ok(uuid) = Uuid::try_parse(id) else { return Err(no_job().into()) };
        self.table.stop_job(uuid).await?;
        self.job(id).await
    }
}

fn no_job() -> Problem {
    Problem::new(404).because("no job has this id")
}
