//! Reprocessing as a job: what a request has no time for, the sweeper continues each minute until it is done or stopped.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::job::{Done, Job, JobState};
use crate::ports::{Clock, DeadLetterQueue, Fault, Sends, Table};
use crate::reprocess::{ReprocessError, Reprocessing, Run};
use crate::sweep::Swept;

/// How long a job works before it writes how far it is, sees whether it was stopped, and lets the next one work.
const SLICE: Duration = Duration::from_secs(5);

/// Continues jobs in turns, until none is left or `until`, and returns what was done. One that fails goes on at the next time and keeps no other from going on now.
pub async fn continue_jobs<T: Table, M: Sends, D: DeadLetterQueue, C: Clock>(
    reprocessing: &Reprocessing<'_, T, M, D, C>,
    until: Instant,
) -> Swept<Done> {
    let mut swept = Swept { done: Done::default(), fault: None };
    let mut failed = HashSet::new();
    loop {
        let jobs = match reprocessing.table.open_jobs().await {
            Ok(jobs) => jobs,
            Err(fault) => return Swept { fault: swept.fault.or(Some(fault)), ..swept },
        };
        let mut is_idle = true;
        for Job { job_id, .. } in jobs {
            if Instant::now() >= until {
                return swept;
            }
            if failed.contains(&job_id) {
                continue;
            }
            let mut done = Done::default();
            let stepped = step(reprocessing, job_id, until.min(Instant::now() + SLICE), &mut done).await;
            swept.done = swept.done.and(done);
            match stepped {
                Ok(Step::Done) => is_idle = false,
                Ok(Step::Over) => {}
                Ok(Step::Locked) => return swept,
                Err(fault) => {
                    failed.insert(job_id);
                    swept.fault.get_or_insert(fault);
                }
            }
        }
        if is_idle {
            return swept;
        }
    }
}

/// How a slice of a job went.
enum Step {
    Done,
    /// The job is not running any more.
    Over,
    /// Somebody else is reprocessing.
    Locked,
}

/// One slice of a job, if it is still running. Adds to `done` what it did.
async fn step<T: Table, M: Sends, D: DeadLetterQueue, C: Clock>(
    reprocessing: &Reprocessing<'_, T, M, D, C>,
    job_id: Uuid,
    until: Instant,
    done: &mut Done,
) -> Result<Step, Fault> {
    let now = reprocessing.clock.now();
    // The index is a moment late.
    let job = reprocessing.table.find_job(job_id, now).await?;
    let Some(mut job) = job.filter(|job| job.state == JobState::Running) else { return Ok(Step::Over) };
    let wanted = job.rest();
    let run = Run { wanted: &wanted, by: &job.by, began: job.created_at, cursor: job.cursor.as_deref(), until };
    // Each slice has a lock of its own, so that a job is never its own rival.
    let ran = match reprocessing.run(run, Uuid::new_v4()).await {
        Ok(ran) => ran,
        Err(ReprocessError::Locked) => return Ok(Step::Locked),
        Err(ReprocessError::Fault(fault)) => return Err(fault),
    };
    *done = ran.done;
    job.done = job.done.and(ran.done);
    job.cursor = ran.cursor;
    job.updated_at = now;
    if ran.is_complete {
        job.state = JobState::Done;
    }
    reprocessing.table.put_job(&job, job.expires()).await?;
    ran.fault.map_or(Ok(Step::Done), Err)
}
