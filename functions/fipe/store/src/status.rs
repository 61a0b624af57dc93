//! The progress of a crawl by vehicle type: what `infra status fipe` shows. Counted while the crawl is in progress, and read as it was found
//! complete afterwards. Changes nothing.

use deadpool_postgres::{ClientWrapper, Transaction};
use fipe_contract::Progress;
use fipe_core::month::Month;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::{IsolationLevel, Row};
use uuid::Uuid;

use crate::Error;

const CRAWL: &str = "
    SELECT c.crawl_id, c.reference_code, r.month, c.started_at, c.completed_at
    FROM fipe_crawl AS c
    JOIN fipe_reference_month AS r ON r.reference_code = c.reference_code
    WHERE ($1::uuid IS NULL OR c.crawl_id = $1)
        AND ($2::date IS NULL OR r.month = $2)
        AND (NOT $3::boolean OR r.month = (SELECT max(month) FROM fipe_reference_month))
    ORDER BY c.started_at DESC, c.crawl_id
    LIMIT 1";
const PROGRESS: &str = "
    SELECT vehicle_type, brands_expected, brands_loaded, models_expected, models_loaded,
        prices_expected, prices_loaded, prices_absent, calls, retries
    FROM fipe_crawl_progress
    WHERE crawl_id = $1
    ORDER BY vehicle_type";

/// Which crawl is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Newest,
    Crawl(Uuid),
    /// The newest of this month.
    OfMonth(Month),
    /// The newest of the newest month in FIPE's table of references, as the last crawl brought it.
    OfNewestMonth,
}

/// A crawl and its progress.
pub type CrawlStatus = fipe_contract::CrawlStatus<Uuid, Timestamp>;

/// The crawl that is asked for; `None` when there is none. All numbers come from one snapshot.
///
/// # Errors
/// [`Error::Database`].
pub async fn status(client: &mut ClientWrapper, which: Which) -> Result<Option<CrawlStatus>, Error> {
    let builder = client.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
    status_in(&builder.start().await?, which).await
}

pub(crate) async fn status_in(transaction: &Transaction<'_>, which: Which) -> Result<Option<CrawlStatus>, Error> {
    let (crawl_id, month, is_of_newest_month) = match which {
        Which::Newest => (None, None, false),
        Which::Crawl(crawl_id) => (Some(crawl_id), None, false),
        Which::OfMonth(month) => (None, Some(month.to_date()), false),
        Which::OfNewestMonth => (None, None, true),
    };
    let statement = transaction.prepare_cached(CRAWL).await?;
    let Some(crawl) = transaction.query_opt(&statement, &[&crawl_id, &month, &is_of_newest_month]).await? else {
        return Ok(None);
    };
    let crawl_id: Uuid = crawl.get(0);
    let statement = transaction.prepare_cached(PROGRESS).await?;
    let rows = transaction.query(&statement, &[&crawl_id]).await?;
    // PostgreSQL counts in signed numbers, and never below 0.
    let count = |row: &Row, index: usize| row.get::<_, i64>(index).unsigned_abs();
    let by_vehicle_type = rows.iter().map(|row| Progress {
        vehicle_type: row.get(0),
        brands_expected: count(row, 1),
        brands_loaded: count(row, 2),
        models_expected: count(row, 3),
        models_loaded: count(row, 4),
        prices_expected: count(row, 5),
        prices_loaded: count(row, 6),
        prices_absent: count(row, 7),
    });
    Ok(Some(CrawlStatus {
        crawl_id,
        reference_code: crawl.get(1),
        reference_month: crawl.get::<_, Date>(2).strftime("%Y-%m").to_string(),
        started_at: crawl.get(3),
        completed_at: crawl.get(4),
        by_vehicle_type: by_vehicle_type.collect(),
        calls: rows.iter().map(|row| count(row, 8)).sum(),
        retries: rows.iter().map(|row| count(row, 9)).sum(),
    }))
}
