//! What an upload would change, for a dry run: the numbers before and after, compared inside a transaction that takes the change back.

use analytics_contract::Effect;
use deadpool_postgres::Transaction;

use crate::Error;
use crate::what_counts::{APPLY, SUPERSEDE_OLDER};

/// The upload, and the version that it replaces.
const UPLOADS: &str = "
    SELECT array_agg(each.upload_number)
    FROM upload AS u
    JOIN upload AS each ON each.upload_number = u.upload_number
        OR each.state = 'applied' AND (each.object_key, each.bucket) = (u.object_key, u.bucket)
    WHERE u.upload_number = $1";
const PROGRAMS: &str = "
    SELECT array_agg(program_code) FROM (
        SELECT program_code FROM exhibition WHERE upload_number = ANY ($1)
        UNION SELECT program_code FROM slot WHERE upload_number = ANY ($1)
    ) AS touched";
const COMPARE_EXHIBITIONS: &str = "
    SELECT
        count(*) FILTER (WHERE b.average_audience IS NULL) AS new,
        count(*) FILTER (WHERE b.average_audience <> a.average_audience) AS changed,
        count(*) FILTER (WHERE b.average_audience = a.average_audience) AS unchanged,
        count(*) FILTER (WHERE a.average_audience IS NULL) AS gone,
        count(*) FILTER (WHERE b.predicted_audience <> a.predicted_audience) AS moved,
        100 * max(abs(a.predicted_audience - b.predicted_audience) / nullif(b.predicted_audience, 0)) AS largest
    FROM before_exhibitions AS b
    FULL JOIN after_exhibitions AS a USING (program_code, signal, exhibition_date, program_start_time)
    WHERE b.average_audience IS NULL OR a.average_audience IS NULL OR a.upload_number = $1
        OR b.predicted_audience <> a.predicted_audience";
const COMPARE_SLOTS: &str = "
    SELECT
        count(*) FILTER (WHERE b.available_time IS NULL) AS new,
        count(*) FILTER (WHERE b.available_time <> a.available_time) AS changed,
        count(*) FILTER (WHERE b.available_time = a.available_time) AS unchanged,
        count(*) FILTER (WHERE a.available_time IS NULL) AS gone
    FROM before_slots AS b FULL JOIN after_slots AS a USING (program_code, signal, day, nth)
    WHERE b.available_time IS NULL OR a.available_time IS NULL OR a.upload_number = $1";

/// Compares what counts now with what would count, which it does in earnest: the caller takes it back to a savepoint.
pub(crate) async fn effect(transaction: &Transaction<'_>, number: i32) -> Result<Effect, Error> {
    let uploads: Vec<i32> = transaction.query_one(UPLOADS, &[&number]).await?.get(0);
    let programs: Option<Vec<String>> = transaction.query_one(PROGRAMS, &[&uploads]).await?.get(0);
    let programs = programs.unwrap_or_default();
    snapshot(transaction, "before", &programs).await?;
    transaction.execute(SUPERSEDE_OLDER, &[&number]).await?;
    transaction.execute(APPLY, &[&number]).await?;
    snapshot(transaction, "after", &programs).await?;
    let rows = transaction.query_one(COMPARE_EXHIBITIONS, &[&number]).await?;
    let slots = transaction.query_one(COMPARE_SLOTS, &[&number]).await?;
    let sum = |column: &str| (rows.get::<_, i64>(column) + slots.get::<_, i64>(column)).cast_unsigned();
    Ok(Effect {
        new: sum("new"),
        changed: sum("changed"),
        unchanged: sum("unchanged"),
        gone: sum("gone"),
        predictions_moved: rows.get::<_, i64>("moved").cast_unsigned(),
        largest_move_percent: rows.get("largest"),
    })
}

/// What counts of these programs, as temporary tables. The codes are values: a view is narrowed to them, but not to those of a subquery.
async fn snapshot(transaction: &Transaction<'_>, moment: &str, programs: &[String]) -> Result<(), Error> {
    for (table, view) in [("exhibitions", "exhibition_prediction"), ("slots", "current_slot")] {
        let make =
            format!("CREATE TEMPORARY TABLE {moment}_{table} ON COMMIT DROP AS SELECT * FROM {view} WITH NO DATA");
        transaction.batch_execute(&make).await?;
        let fill = format!("INSERT INTO {moment}_{table} SELECT * FROM {view} WHERE program_code = ANY ($1)");
        transaction.execute(&fill, &[&programs]).await?;
    }
    Ok(())
}
