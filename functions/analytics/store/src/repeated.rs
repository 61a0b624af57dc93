//! How many of an upload's rows others have as well, and how many a later row of the same file replaces. A report, not a condition: it is counted after the rows count, and given up when it takes too long.

use std::time::Duration;

use analytics_contract::COMPARED_ROWS;
use deadpool_postgres::ClientWrapper;

use crate::Error;
use crate::import::Import;

/// Uploads that count and have a day in common with this one; mostly none, and then no row has to be compared.
const NEIGHBOURS: &str = "
    SELECT coalesce(array_agg(other.upload_number), '{}')
    FROM upload AS u
    JOIN upload AS other ON other.state = 'applied' AND other.kind = u.kind AND other.upload_number <> u.upload_number
        AND other.first_day <= u.last_day AND other.last_day >= u.first_day
    WHERE u.upload_number = $1";
const REPEATED_EXHIBITIONS: &str = "
    SELECT count(*) FROM exhibition AS e WHERE e.upload_number = $1 AND EXISTS (
        SELECT FROM exhibition AS o
        WHERE o.upload_number = ANY ($2)
            AND (o.program_code, o.signal, o.exhibition_date, o.program_start_time)
                = (e.program_code, e.signal, e.exhibition_date, e.program_start_time))";
const REPEATED_SLOTS: &str = "
    WITH numbered AS (
        SELECT upload_number, program_code, signal, day,
            row_number() OVER (PARTITION BY program_code, upload_number, signal, day ORDER BY record) AS nth
        FROM slot WHERE upload_number = $1 OR upload_number = ANY ($2)
    )
    SELECT count(*) FROM numbered AS s WHERE s.upload_number = $1 AND EXISTS (
        SELECT FROM numbered AS o
        WHERE o.upload_number <> $1
            AND (o.program_code, o.signal, o.day, o.nth) = (s.program_code, s.signal, s.day, s.nth))";

/// Slots have none: several on a day are the first, the second, .. of it.
pub(crate) const OVERWRITTEN: &str = "
    SELECT coalesce(sum(rows - 1), 0)::bigint FROM (
        SELECT count(*) AS rows FROM exhibition WHERE upload_number = $1
        GROUP BY program_code, signal, exhibition_date, program_start_time
    ) AS keys";

/// Rows after which the planner's statistics are renewed: without them it takes a table for as small as it was.
const ANALYZED_ROWS: u64 = 20_000;

/// Counts the rows of an applied upload that others which count have as well, and those that a later one of the same file replaces, and renews the statistics after a large one. Stays within `limit`.
///
/// # Errors
/// The database fails, or time is up; then the report has no such numbers.
pub async fn count_repeated(
    client: &mut ClientWrapper,
    import: &Import,
    taken: u64,
    limit: Duration,
) -> Result<(), Error> {
    let number = import.number;
    let transaction = client.transaction().await?;
    // Each row would be looked up among all of its program: a hash of them is made once.
    let settings = format!("SET LOCAL statement_timeout = {}; SET LOCAL enable_nestloop = off", limit.as_millis());
    transaction.batch_execute(&settings).await?;
    if taken >= ANALYZED_ROWS {
        transaction.batch_execute("ANALYZE exhibition; ANALYZE slot").await?;
    }
    if taken <= COMPARED_ROWS {
        let neighbours: Vec<i32> = transaction.query_one(NEIGHBOURS, &[&number]).await?.get(0);
        let mut repeated = 0;
        if !neighbours.is_empty() {
            for statement in [REPEATED_EXHIBITIONS, REPEATED_SLOTS] {
                repeated += transaction.query_one(statement, &[&number, &neighbours]).await?.get::<_, i64>(0);
            }
        }
        let overwritten: i64 = transaction.query_one(OVERWRITTEN, &[&number]).await?.get(0);
        let note = "UPDATE upload SET rows_repeated = $2, rows_overwritten = $3 WHERE upload_number = $1";
        transaction.execute(note, &[&number, &repeated, &overwritten]).await?;
    }
    transaction.commit().await?;
    Ok(())
}
