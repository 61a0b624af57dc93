//! Taking an upload back: the version of its key that it replaced counts again, and so do rows of other keys that it had as well.

use analytics_contract::{REVERT_DAYS, State};
use analytics_core::Reverted;
use deadpool_postgres::ClientWrapper;
use jiff::Timestamp;
use uuid::Uuid;

use crate::Error;
use crate::report::{standing, upload};
use crate::what_counts::{LOCK_VERSION, NEXT_VERSION};

const REVERT: &str = "UPDATE upload SET state = 'reverted', finished_at = $2 WHERE upload_number = $1";
const RESTORE: &str = "
    UPDATE upload SET state = 'applied', reason = NULL, finished_at = $2
    WHERE upload_number = (
        SELECT older.upload_number
        FROM upload AS older
        JOIN upload AS u ON (older.object_key, older.bucket) = (u.object_key, u.bucket)
        WHERE u.upload_number = $1 AND older.state = 'superseded' AND older.purged_at IS NULL
            AND (older.sequencer, older.event_time, older.upload_number) < (u.sequencer, u.event_time, u.upload_number)
        ORDER BY older.sequencer DESC, older.event_time DESC, older.upload_number DESC
        LIMIT 1)";

/// Takes an upload back. Safe to repeat.
///
/// # Errors
/// The database fails, and nothing is changed.
pub async fn revert(client: &mut ClientWrapper, id: Uuid, now: Timestamp) -> Result<Reverted, Error> {
    let transaction = client.transaction().await?;
    transaction.execute(LOCK_VERSION, &[]).await?;
    let find = "
        SELECT upload_number, state, requested_at, finished_at < $2::timestamptz - make_interval(days => $3) AS is_too_late
        FROM upload WHERE upload_id = $1";
    let Some(row) = transaction.query_opt(find, &[&id, &now, &i32::from(REVERT_DAYS)]).await? else {
        return Ok(Reverted::Unknown);
    };
    let number: i32 = row.get("upload_number");
    match standing(&row).ok_or(Error::Corrupt { number, column: "state" })? {
        State::Reverted => {}
        State::Applied if row.get::<_, Option<bool>>("is_too_late").unwrap_or_default() => {
            return Ok(Reverted::TooLate);
        }
        State::Applied => {
            transaction.execute(REVERT, &[&number, &now]).await?;
            transaction.execute(RESTORE, &[&number, &now]).await?;
            transaction.execute(NEXT_VERSION, &[]).await?;
        }
        other => return Ok(Reverted::NotApplied(other)),
    }
    transaction.commit().await?;
    Ok(upload(client, id).await?.map_or(Reverted::Unknown, Reverted::Done))
}
