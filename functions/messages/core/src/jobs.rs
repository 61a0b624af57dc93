//! Reprocessing as a job: what a request has no time for, the sweeper continues each minute until it is done or stopped.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::job::{Job, JobState};
use crate::ports::{Clock, DeadLetterQueue, Fault, Sends, Table};
use crate::reprocess::{ReprocessError, Reprocessing};

/// How long a job works before it writes how far it is, and sees whether it was stopped.
const SLICE: Duration = Duration::from_secs(5);

/// Continues jobs, the oldest first, until none is left or `until`.
///
/// # Errors
/// A call failed; the job goes on at the next time.
pub async fn continue_jobs<T: Table, M: Sends, D: DeadLetterQueue, C: Clock>(
    reprocessing: &Reprocessing<'_, T, M, D, C>,
    until: Instant,
) -> Result<Vec<Job>, Fault> {
    let mut seen = Vec::new();
    for mut job in reprocessing.table.open_jobs().await? {
        while job.state == JobState::Running && Instant::now() < until {
            let slice = until.min(Instant::now() + SLICE);
            // Each slice has a lock of its own, so that a run is never its own rival.
            let walked = match reprocessing.run(&job.rest(), &job.by, Uuid::new_v4(), slice).await {
                Ok(walked) => walked,
                Err(ReprocessError::Locked) => return Ok(seen),
                Err(ReprocessError::Fault(fault)) => return Err(fault),
            };
            job.done = job.done.and(walked.done);
            let is_limited = job.rest().limit == Some(0);
            if walked.is_complete || is_limited {
                job.state = JobState::Done;
            }
            job.updated_at = reprocessing.clock.now();
            if !reprocessing.table.put_job(&job, job.expires()).await? {
                job.state = JobState::Stopped;
            }
        }
        seen.push(job);
    }
    Ok(seen)
}
