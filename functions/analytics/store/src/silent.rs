//! Which programs have stopped: files that stay away, or come with less than before, are no fault that a row could show.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;

use crate::Error;

/// By signal, since files often have one signal each: its latest week against the four before.
const SILENT_GROUPS: &str = "
    WITH counting AS (
        SELECT e.signal, e.program_code, e.exhibition_date
        FROM exhibition AS e JOIN upload AS u USING (upload_number)
        WHERE u.state = 'applied' AND e.exhibition_date > (
            SELECT max(last_day) FROM upload WHERE state = 'applied' AND kind = 'audience'
        ) - 70
    ), latest AS (
        SELECT signal, max(exhibition_date) AS day FROM counting GROUP BY signal
    ), weeks AS (
        SELECT signal, program_code, extract(isodow FROM exhibition_date) AS weekday,
            array_agg(DISTINCT (day - exhibition_date) / 7) AS weeks
        FROM counting JOIN latest USING (signal)
        WHERE exhibition_date > day - 35 GROUP BY 1, 2, 3
    )
    SELECT count(*) FROM weeks WHERE weeks = ARRAY[1, 2, 3, 4]";

/// Groups with an exhibition in each of four weeks and none in the week after, which is their signal's latest. Stays within `limit`.
///
/// # Errors
/// The database fails, or time is up.
pub async fn silent_groups(client: &mut ClientWrapper, limit: Duration) -> Result<u64, Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(&format!("SET LOCAL statement_timeout = {}", limit.as_millis())).await?;
    let row = transaction.query_one(SILENT_GROUPS, &[]).await?;
    transaction.commit().await?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
}
