//! Whether a crawl has everything it expects, what it then has for good, and the one notification about it. Counts what is stored instead
//! of trusting signals.

use deadpool_postgres::ClientWrapper;
use uuid::Uuid;

use crate::Error;
use crate::error::BoxError;
use crate::status::{CrawlStatus, Which, status_in};

const KNOWN: &str = "SELECT completed_at IS NOT NULL, notified_at IS NOT NULL FROM fipe_crawl WHERE crawl_id = $1";
// Verdict and counts come from the same snapshot; the counts are not computed unless nothing is missing.
const COMPLETE: &str = "
    WITH complete AS (
        UPDATE fipe_crawl SET completed_at = now()
        WHERE crawl_id = $1 AND completed_at IS NULL
            AND NOT EXISTS (SELECT FROM fipe_crawl_missing WHERE crawl_id = $1)
        RETURNING crawl_id
    )
    INSERT INTO fipe_crawl_result (crawl_id, vehicle_type, brands, models, prices, prices_absent, calls, retries)
    SELECT crawl_id, vehicle_type, brands_loaded, models_loaded, prices_loaded, prices_absent, calls, retries
    FROM fipe_crawl_progress
    WHERE crawl_id = $1 AND EXISTS (SELECT FROM complete)";
const OWED: &str = "SELECT FROM fipe_crawl WHERE crawl_id = $1 AND notified_at IS NULL FOR UPDATE SKIP LOCKED";
const NOTIFIED: &str = "UPDATE fipe_crawl SET notified_at = now() WHERE crawl_id = $1";

/// What [`settle`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Settled {
    /// Something expected is still missing.
    Incomplete,
    /// Complete, and this call has sent the notification.
    Notified,
    /// Complete, and another call has sent the notification or is sending it; if that one fails, its messages are redelivered and it is sent then.
    ByOther,
}

/// Checks whether a crawl is complete and, unless it was announced before, calls `notify` and records that. With the verdict it freezes the
/// crawl's counts: what arrives later changes neither.
///
/// Call it after the batch's transaction has committed: of two that store the last rows at the same time, the one that commits
/// later sees everything. `notify` runs under a lock on the crawl, so that only one call sends it; it runs again only
/// if the process dies between sending and recording.
///
/// # Errors
/// Database errors, or [`Error::Notify`]; the crawl then stays unannounced, and a later call announces it.
pub async fn settle(
    client: &mut ClientWrapper,
    crawl_id: Uuid,
    notify: impl AsyncFnOnce(&CrawlStatus) -> Result<(), BoxError>,
) -> Result<Settled, Error> {
    let Some(mut known) = known(client, crawl_id).await? else { return Ok(Settled::Incomplete) };
    if !known.is_complete {
        let statement = client.prepare_cached(COMPLETE).await?;
        if client.execute(&statement, &[&crawl_id]).await? == 0 {
            // Perhaps because another call has completed it at this moment. That one may have found the row locked by this statement, and
            // have left the notification to this call.
            let Some(again) = self::known(client, crawl_id).await? else { return Ok(Settled::Incomplete) };
            known = again;
            if !known.is_complete {
                return Ok(Settled::Incomplete);
            }
        }
    }
    if known.is_notified {
        return Ok(Settled::ByOther);
    }

    let transaction = client.transaction().await?;
    if transaction.query_opt(OWED, &[&crawl_id]).await?.is_none() {
        return Ok(Settled::ByOther);
    }
    let Some(status) = status_in(&transaction, Which::Crawl(crawl_id)).await? else {
        return Ok(Settled::Incomplete);
    };
    notify(&status).await.map_err(|source| Error::Notify { crawl_id, source })?;
    transaction.execute(NOTIFIED, &[&crawl_id]).await?;
    transaction.commit().await?;
    Ok(Settled::Notified)
}

/// What is recorded of a crawl.
struct Known {
    is_complete: bool,
    is_notified: bool,
}

async fn known(client: &ClientWrapper, crawl_id: Uuid) -> Result<Option<Known>, Error> {
    let statement = client.prepare_cached(KNOWN).await?;
    let row = client.query_opt(&statement, &[&crawl_id]).await?;
    Ok(row.map(|row| Known { is_complete: row.get(0), is_notified: row.get(1) }))
}
