//! How far a crawl is, by vehicle type: what `infra status fipe` shows. Refuses to change anything.

use deadpool_postgres::{ClientWrapper, Transaction};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use tokio_postgres::IsolationLevel;
use uuid::Uuid;

use crate::Error;

const CRAWL: &str = "
    SELECT c.crawl_id, c.reference_code, r.month, c.started_at, c.completed_at
    FROM fipe_crawl AS c
    JOIN fipe_reference_month AS r ON r.reference_code = c.reference_code
    WHERE $1::uuid IS NULL OR c.crawl_id = $1
    ORDER BY c.started_at DESC, c.crawl_id
    LIMIT 1";
const PROGRESS: &str = "
    SELECT vehicle_type, brands_expected, brands_loaded, models_expected, models_loaded,
        prices_expected, prices_loaded, prices_absent, calls, retries
    FROM fipe_crawl_progress
    WHERE crawl_id = $1
    ORDER BY vehicle_type";

/// A crawl and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrawlStatus {
    pub crawl_id: Uuid,
    pub reference_code: i32,
    /// `YYYY-MM`.
    pub reference_month: String,
    /// When its first message was stored.
    pub started_at: Timestamp,
    /// When nothing expected was missing any more.
    pub completed_at: Option<Timestamp>,
    /// The types whose manifest is in, by type.
    pub by_vehicle_type: Vec<VehicleTypeStatus>,
    /// Calls made to FIPE, retries included.
    pub calls: i64,
    /// Calls that were repeated after a transient answer.
    pub retries: i64,
}

/// Models and prices are expected from the moment their manifest is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VehicleTypeStatus {
    /// 1 car, 2 motorcycle, 3 truck.
    pub vehicle_type: i32,
    pub brands_expected: i64,
    pub brands_loaded: i64,
    pub models_expected: i64,
    pub models_loaded: i64,
    pub prices_expected: i64,
    pub prices_loaded: i64,
    /// Pairs of model year and fuel that FIPE lists but has no price for.
    pub prices_absent: i64,
}

/// The crawl with this id, or the newest; `None` when there is none. All numbers are of one moment.
///
/// # Errors
/// [`Error::Database`].
pub async fn status(client: &mut ClientWrapper, crawl_id: Option<Uuid>) -> Result<Option<CrawlStatus>, Error> {
    let builder = client.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
    status_in(&builder.start().await?, crawl_id).await
}

pub(crate) async fn status_in(
    transaction: &Transaction<'_>,
    crawl_id: Option<Uuid>,
) -> Result<Option<CrawlStatus>, Error> {
    let statement = transaction.prepare_cached(CRAWL).await?;
    let Some(crawl) = transaction.query_opt(&statement, &[&crawl_id]).await? else { return Ok(None) };
    let crawl_id: Uuid = crawl.get(0);
    let statement = transaction.prepare_cached(PROGRESS).await?;
    let rows = transaction.query(&statement, &[&crawl_id]).await?;
    let by_vehicle_type = rows.iter().map(|row| VehicleTypeStatus {
        vehicle_type: row.get(0),
        brands_expected: row.get(1),
        brands_loaded: row.get(2),
        models_expected: row.get(3),
        models_loaded: row.get(4),
        prices_expected: row.get(5),
        prices_loaded: row.get(6),
        prices_absent: row.get(7),
    });
    Ok(Some(CrawlStatus {
        crawl_id,
        reference_code: crawl.get(1),
        reference_month: crawl.get::<_, Date>(2).strftime("%Y-%m").to_string(),
        started_at: crawl.get(3),
        completed_at: crawl.get(4),
        by_vehicle_type: by_vehicle_type.collect(),
        calls: rows.iter().map(|row| row.get::<_, i64>(8)).sum(),
        retries: rows.iter().map(|row| row.get::<_, i64>(9)).sum(),
    }))
}
