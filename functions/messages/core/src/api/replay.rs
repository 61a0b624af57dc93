//! `POST /messages/reprocess/..`: dead letters are sent again, within the request or as a job behind it.

use std::time::Duration;

use function_http::{Answer, Problem, Request};
use function_runtime::Invocation;
use messages_contract::{JOB, api_metric};
use serde_json::json;
use uuid::Uuid;

use crate::api::status::{Refusal, StatusApi};
use crate::ask::Reprocess;
use crate::job::{Done, Job, JobState};
use crate::plan::plan;
use crate::ports::{Authenticates, Clock, Counted, DeadLetterQueue, Sends, Table};
use crate::reprocess::{ReprocessError, Reprocessing};
use crate::views::ReprocessedView;

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
        let mut job = Job::new(id, user, wanted, self.clock.now());
        let log = self.function.log().of_request(&invocation.request_id);
        log.started("reprocess_dlq", json!({"job_id": id, "by": user, "wanted": job.wanted, "is_job": is_job}));
        self.table.put_job(&job, job.expires()).await?;
        if is_job {
            return Ok(Answer::json(202, &job).with_header("location", JOB.replace("{id}", &id.to_string())));
        }
        let Self { table, main, dead_letters, clock, .. } = self;
        let until = invocation.work_until - MARGIN;
        let walked = Reprocessing { table: *table, main: *main, dead_letters: *dead_letters, clock: *clock }
            .run(&job.wanted, user, id, until)
            .await;
        let walked = match walked {
            Ok(walked) => walked,
            Err(ReprocessError::Locked) => {
                let detail = "dead letters are being reprocessed already; wait until that is done";
                return Err(Problem::new(409).because(detail).retry_after(5).into());
            }
            Err(ReprocessError::Fault(fault)) => return Err(fault.into()),
        };
        job.done = walked.done;
        job.state = JobState::Done;
        job.updated_at = self.clock.now();
        self.table.put_job(&job, job.expires()).await?;
        let counts = self.dead_letters.counts().await?;
        let Done { total_reprocessed, parked, .. } = walked.done;
        self.function
            .metrics()
            .also_without_dimensions()
            .count(api_metric::MESSAGES_REPROCESSED, u64::from(total_reprocessed))
            .count(api_metric::DLQ_MAX_RETRIES_REACHED, u64::from(parked))
            .emit();
        if parked > 0 {
            log.skipped("reprocess_dlq", json!({"job_id": id, "parked": parked}));
        }
        log.success("reprocess_dlq", json!({"job_id": id, "done": walked.done}));
        let message = match walked.is_complete {
            true => "Reprocessing completed.",
            false => "Reprocessing stopped before its end; repeat it, or ask for a job.",
        };
        let remaining = counts.total();
        Ok(Answer::json(200, &ReprocessedView { message, done: walked.done, remaining, job_id: id }))
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
