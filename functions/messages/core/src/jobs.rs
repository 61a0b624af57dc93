//! Reprocessing as a job: what a request has no time for, the sweeper continues each minute until it is done or stopped.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use crate::job::{Done, Job, JobState};
use crate::ports::{Clock, DeadLetterQueue, Fault, Sends, Table};
use crate::reprocess::{Ran, ReprocessError, Reprocessing, Run};

/// How long a job works before it writes how far it is, sees whether it was stopped, and lets the next one work.
const SLICE: Duration = Duration::from_secs(5);

/// Continues jobs in turns, until none is left or `until`, and returns what was done.
///
/// # Errors
/// A call failed; the jobs go on at the next time.
pub async fn continue_jobs<T: Table, M: Sends, D: DeadLetterQueue, C: Clock>(
    reprocessing: &Reprocessing<'_, T, M, D, C>,
    until: Instant,
) -> Result<Done, Fault> {
    let mut total = Done::default();
    loop {
        let jobs = reprocessing.table.open_jobs().await?;
        let mut is_idle = true;
        for job in jobs {
            if Instant::now() >= until {
                return Ok(total);
            }
            let now = reprocessing.clock.now();
            // The index is a moment late.
            let job = reprocessing.table.find_job(job.job_id, now).await?;
            let Some(job) = job.filter(|job| job.state == JobState::Running) else { continue };
            is_idle = false;
            let slice = until.min(Instant::now() + SLICE);
            match step(reprocessing, job, slice, now).await? {
                Some(done) => total = total.and(done),
                None => return Ok(total),
            }
        }
        if is_idle {
            return Ok(total);
        }
    }
}

/// One slice of a job; `None` while somebody else is reprocessing.
async fn step<T: Table, M: Sends, D: DeadLetterQueue, C: Clock>(
    reprocessing: &Reprocessing<'_, T, M, D, C>,
    mut job: Job,
    until: Instant,
    now: Timestamp,
) -> Result<Option<Done>, Fault> {
    let wanted = job.rest();
    let run = Run { wanted: &wanted, by: &job.by, began: job.created_at, cursor: job.cursor.as_deref(), until };
    // Each slice has a lock of its own, so that a job is never its own rival.
    let Ran { done, is_complete, cursor, fault } = match reprocessing.run(run, Uuid::new_v4()).await {
        Ok(ran) => ran,
        Err(ReprocessError::Locked) => return Ok(None),
        Err(ReprocessError::Fault(fault)) => return Err(fault),
    };
    job.done = job.done.and(done);
    job.cursor = cursor;
    job.updated_at = now;
    if is_complete {
        job.state = JobState::Done;
    }
    reprocessing.table.put_job(&job, job.expires()).await?;
    fault.map_or(Ok(Some(done)), Err)
}
