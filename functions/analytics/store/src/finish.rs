//! The end of an import: whether the file is taken, and what it replaces. One transaction, together with the file's last rows.

use analytics_contract::{COMPARED_ROWS, Effect};
use analytics_reader::Checkpoint;
use contract::grouped;
use deadpool_postgres::Transaction;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::Error;
use crate::effect::effect;
use crate::import::{Import, Piece, delete_good_rows, reject_in};
use crate::limits::Limits;
use crate::repeated::OVERWRITTEN;
use crate::rows::Rows;
use crate::what_counts::{APPLY, LOCK_VERSION, NEXT_VERSION, SUPERSEDE_OLDER};

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Applied {
        taken: u64,
        rejected: u64,
    },
    /// A newer version of the same key counts already.
    Superseded,
    /// A dry run.
    Checked,
    Rejected {
        kind: &'static str,
        reason: String,
    },
}

/// How long each of the statements that count may take.
const STATEMENT_MILLISECONDS: u32 = 2_000;
/// Purged at most so many uploads at a time.
const PURGED_AT_A_TIME: i64 = 2;

impl Piece<'_> {
    /// Writes the last rows and decides. After it, the upload is final.
    ///
    /// # Errors
    /// The database fails, and nothing is changed.
    pub async fn finish(
        mut self,
        import: &Import,
        checkpoint: &Checkpoint,
        rows: &mut Rows,
        limits: &Limits,
    ) -> Result<Ended, Error> {
        self.write(checkpoint, rows).await?;
        let counts = "SELECT rows_taken, rows_rejected FROM upload WHERE upload_number = $1";
        let row = self.transaction.query_one(counts, &[&self.number]).await?;
        let (taken, rejected) = (row.get::<_, i64>(0).cast_unsigned(), row.get::<_, i64>(1).cast_unsigned());
        let ended = match refusal(taken, rejected, limits) {
            Some((kind, reason)) => {
                reject_in(&self.transaction, self.number, kind, &reason).await?;
                Ended::Rejected { kind, reason }
            }
            None if import.dry_run => {
                check(&self.transaction, self.number, taken).await?;
                Ended::Checked
            }
            None => apply(&self.transaction, self.number, taken, rejected).await?,
        };
        purge(&self.transaction).await?;
        self.transaction.commit().await?;
        Ok(ended)
    }
}

fn refusal(taken: u64, rejected: u64, limits: &Limits) -> Option<(&'static str, String)> {
    let limit = u64::from(limits.reject_above_percent);
    match taken + rejected {
        0 => None,
        records if taken == 0 => {
            Some(("no_good_row", format!("all of its {} rows were rejected; their faults say why", grouped(records))))
        }
        records if rejected * 100 > records * limit => Some((
            "too_many_rejected_rows",
            format!(
                "{} of its {} rows were rejected, which is more than {limit} %; their faults say why",
                grouped(rejected),
                grouped(records)
            ),
        )),
        _ => None,
    }
}

const IS_SUPERSEDED: &str = "
    SELECT EXISTS (
        SELECT FROM upload AS newer
        WHERE newer.state = 'applied' AND (newer.object_key, newer.bucket) = (u.object_key, u.bucket)
            AND (newer.sequencer, newer.event_time, newer.upload_number) > (u.sequencer, u.event_time, u.upload_number)
    )
    FROM upload AS u WHERE u.upload_number = $1";
async fn apply(transaction: &Transaction<'_>, number: i32, taken: u64, rejected: u64) -> Result<Ended, Error> {
    transaction.execute(LOCK_VERSION, &[]).await?;
    if transaction.query_one(IS_SUPERSEDED, &[&number]).await?.get(0) {
        let reason = "a newer version of the same key counts";
        let end = "
            UPDATE upload SET state = 'superseded', reason = $2, finished_at = clock_timestamp(), checkpoint = NULL
            WHERE upload_number = $1";
        transaction.execute(end, &[&number, &reason]).await?;
        return Ok(Ended::Superseded);
    }
    // Of a key one upload counts at most.
    if let Some(older) = transaction.query(SUPERSEDE_OLDER, &[&number]).await?.first() {
        let note = "UPDATE upload SET replaced_upload = $2, replaced_rows = $3 WHERE upload_number = $1";
        transaction.execute(note, &[&number, &older.get::<_, Uuid>(0), &older.get::<_, i64>(1)]).await?;
    }
    transaction.execute(APPLY, &[&number]).await?;
    transaction.execute(NEXT_VERSION, &[]).await?;
    Ok(Ended::Applied { taken, rejected })
}

/// What the upload would change, without changing it.
async fn check(transaction: &Transaction<'_>, number: i32, taken: u64) -> Result<(), Error> {
    let (counted, reason) = match taken {
        0..=COMPARED_ROWS => match within_time(transaction, number).await? {
            Some(counted) => (Some(counted), None),
            None => (None, Some("what it changes could not be counted in time".to_owned())),
        },
        _ => {
            let (most, taken) = (grouped(COMPARED_ROWS), grouped(taken));
            (None, Some(format!("what it changes is counted for up to {most} rows; this file has {taken}")))
        }
    };
    let (effect, overwritten) = counted.unzip();
    let effect = effect.map(|effect| serde_json::to_value(&effect).unwrap_or_default());
    let end = "
        UPDATE upload SET state = 'checked', effect = $2, reason = $3, rows_overwritten = $4, finished_at = clock_timestamp(), checkpoint = NULL
        WHERE upload_number = $1";
    transaction.execute(end, &[&number, &effect, &reason, &overwritten]).await?;
    delete_good_rows(transaction, number).await
}

/// The effect, and how many rows a later one of the same file replaces, unless counting takes too long.
async fn within_time(transaction: &Transaction<'_>, number: i32) -> Result<Option<(Effect, i64)>, Error> {
    let limit = format!("SAVEPOINT counting; SET LOCAL statement_timeout = {STATEMENT_MILLISECONDS}");
    transaction.batch_execute(&limit).await?;
    let counting = async {
        let overwritten = transaction.query_one(OVERWRITTEN, &[&number]).await?.get(0);
        // Nothing else may begin or cease to count between the two moments that are compared.
        transaction.execute(LOCK_VERSION, &[]).await?;
        Ok((effect(transaction, number).await?, overwritten))
    };
    let counted = match counting.await {
        Ok(counted) => Some(counted),
        Err(Error::Query(error)) if error.code() == Some(&SqlState::QUERY_CANCELED) => None,
        Err(error) => return Err(error),
    };
    transaction.batch_execute("ROLLBACK TO SAVEPOINT counting").await?;
    Ok(counted)
}

/// Deletes rows that have not counted for longer than an upload can be taken back.
async fn purge(transaction: &Transaction<'_>) -> Result<(), Error> {
    let old = "
        UPDATE upload SET purged_at = now()
        WHERE upload_number IN (
            SELECT upload_number FROM upload
            WHERE state IN ('superseded', 'reverted') AND purged_at IS NULL
                AND finished_at < now() - make_interval(days => $1)
            ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING upload_number";
    let days = i32::from(analytics_contract::REVERT_DAYS);
    for row in transaction.query(old, &[&days, &PURGED_AT_A_TIME]).await? {
        delete_good_rows(transaction, row.get(0)).await?;
    }
    Ok(())
}
