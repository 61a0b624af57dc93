//! Reports of uploads.

use analytics_contract::{ADDRESS_SECONDS, Effect, Kind, RejectedRow, Replaced, Report, State, Status, Upload};
use analytics_core::{NewUpload, RejectedRecord, RejectedText};
use deadpool_postgres::ClientWrapper;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::Error;
use crate::import::read_state;

const COLUMNS: &str = "
    SELECT upload_number, upload_id, object_key, state, dry_run, kind, delimiter, encoding, bytes, bytes_done, rows_taken, rows_rejected,
        rows_repeated, rows_overwritten, replaced_upload, replaced_rows, effect, first_day, last_day, error_kind, reason, requested_at, received_at, finished_at
    FROM upload";
const ADDRESS: SignedDuration = SignedDuration::from_secs(ADDRESS_SECONDS as i64);
/// Uploads in a status report.
const LATEST: i64 = 10;
/// Rejected rows in the report of an object.
const REJECTED_IN_REPORT: u16 = 20;

/// The report in a row with [`COLUMNS`].
fn read(row: &Row) -> Result<Upload, Error> {
    let number = row.get("upload_number");
    let corrupt = |column| Error::Corrupt { number, column };
    let count = |column: &str| row.get::<_, i64>(column).cast_unsigned();
    let time = |column: &str| row.get::<_, Option<Timestamp>>(column).map(|time| time.to_string());
    let day = |column: &str| row.get::<_, Option<Date>>(column).map(|day| day.to_string());
    let kind = match row.get::<_, Option<&str>>("kind") {
        None => None,
        Some("audience") => Some(Kind::Audience),
        Some("availability") => Some(Kind::Availability),
        Some(_) => return Err(corrupt("kind")),
    };
    let replaced = row.get::<_, Option<Uuid>>("replaced_upload");
    let effect = row.get::<_, Option<Value>>("effect").map(serde_json::from_value::<Effect>).transpose();
    Ok(Upload {
        id: row.get::<_, Uuid>("upload_id").to_string(),
        key: row.get("object_key"),
        state: standing(row).ok_or_else(|| corrupt("state"))?,
        dry_run: row.get("dry_run"),
        kind,
        delimiter: row.get("delimiter"),
        encoding: row.get("encoding"),
        bytes: row.get::<_, Option<i64>>("bytes").map(i64::cast_unsigned),
        bytes_done: count("bytes_done"),
        rows_taken: count("rows_taken"),
        rows_rejected: count("rows_rejected"),
        rows_repeated: row.get::<_, Option<i64>>("rows_repeated").map(i64::cast_unsigned),
        rows_overwritten: row.get::<_, Option<i64>>("rows_overwritten").map(i64::cast_unsigned),
        replaced: replaced.map(|id| Replaced {
            id: id.to_string(),
            rows: row.get::<_, Option<i64>>("replaced_rows").unwrap_or_default().cast_unsigned(),
        }),
        effect: effect.map_err(|_| corrupt("effect"))?,
        first_day: day("first_day"),
        last_day: day("last_day"),
        error_kind: row.get("error_kind"),
        reason: row.get("reason"),
        requested_at: time("requested_at"),
        received_at: time("received_at"),
        finished_at: time("finished_at"),
    })
}

/// Where the upload in a row with `state` and `requested_at` stands. That its address has expired is written nowhere, so a file that comes late is taken like any other.
pub(crate) fn standing(row: &Row) -> Option<State> {
    let state = read_state(row.get("state"))?;
    let requested_at: Option<Timestamp> = row.get("requested_at");
    let is_expired = requested_at.is_some_and(|at| at + ADDRESS <= Timestamp::now());
    Some(if state == State::Waiting && is_expired { State::Expired } else { state })
}

/// At most `limit` uploads, the newest first, from the one after `after` on.
///
/// # Errors
/// The database fails.
pub async fn uploads(client: &ClientWrapper, after: Option<Uuid>, limit: i64) -> Result<Vec<Upload>, Error> {
    let page = format!(
        "{COLUMNS} WHERE $1::uuid IS NULL OR upload_number < (SELECT upload_number FROM upload WHERE upload_id = $1)
        ORDER BY upload_number DESC LIMIT $2"
    );
    let statement = client.prepare_cached(&page).await?;
    client.query(&statement, &[&after, &limit]).await?.iter().map(read).collect()
}

pub(crate) async fn upload(client: &ClientWrapper, id: Uuid) -> Result<Option<Upload>, Error> {
    let statement = client.prepare_cached(&format!("{COLUMNS} WHERE upload_id = $1")).await?;
    client.query_opt(&statement, &[&id]).await?.as_ref().map(read).transpose()
}

/// The upload of a version of a key, with its first rejected rows.
///
/// # Errors
/// The database fails.
pub async fn object(client: &ClientWrapper, key: &str, version: &str) -> Result<Option<Report>, Error> {
    let statement = client.prepare_cached(&format!("{COLUMNS} WHERE (object_key, version) = ($1, $2)")).await?;
    let Some(row) = client.query_opt(&statement, &[&key, &version]).await? else { return Ok(None) };
    let rejected = faults(client, row.get("upload_id"), 0, REJECTED_IN_REPORT).await?;
    Ok(Some(Report { upload: read(&row)?, rejected }))
}

/// The latest uploads, and how many rows are in those that count; to count each row once would read them all.
///
/// # Errors
/// The database fails.
pub async fn status(client: &ClientWrapper) -> Result<Status, Error> {
    let uploads = uploads(client, None, LATEST).await?;
    let totals = "
        SELECT coalesce(sum(rows_taken) FILTER (WHERE kind = 'audience'), 0)::bigint,
            coalesce(sum(rows_taken) FILTER (WHERE kind = 'availability'), 0)::bigint
        FROM upload WHERE state = 'applied'";
    let row = client.query_one(totals, &[]).await?;
    let count = |column| row.get::<_, i64>(column).cast_unsigned();
    Ok(Status { uploads, exhibitions: count(0), slots: count(1) })
}

pub(crate) async fn create(client: &ClientWrapper, upload: &NewUpload) -> Result<(), Error> {
    let insert = "
        INSERT INTO upload (upload_id, object_key, bytes, dry_run, state, requested_at)
        VALUES ($1, $2, $3, $4, 'waiting', $5)";
    let statement = client.prepare_cached(insert).await?;
    let NewUpload { id, key, bytes, dry_run, requested_at, .. } = upload;
    client.execute(&statement, &[id, key, &bytes.cast_signed(), dry_run, requested_at]).await?;
    Ok(())
}

const REJECTED: &str = "
    SELECT r.upload_number, r.record, r.line, r.raw, r.faults
    FROM rejected_row AS r JOIN upload AS u USING (upload_number)
    WHERE u.upload_id = $1 AND r.record > $2 ORDER BY r.record LIMIT $3";

async fn rejected(client: &ClientWrapper, id: Uuid, after: u64, limit: u16) -> Result<Vec<Row>, Error> {
    let statement = client.prepare_cached(REJECTED).await?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    Ok(client.query(&statement, &[&id, &after, &i64::from(limit)]).await?)
}

fn faults_of(row: &Row) -> Result<Vec<analytics_contract::Fault>, Error> {
    let corrupt = |_| Error::Corrupt { number: row.get("upload_number"), column: "faults" };
    serde_json::from_value(row.get("faults")).map_err(corrupt)
}

pub(crate) async fn faults(
    client: &ClientWrapper,
    id: Uuid,
    after: u64,
    limit: u16,
) -> Result<Vec<RejectedRow>, Error> {
    let rows = rejected(client, id, after, limit).await?;
    let read = |row: &Row| {
        Ok(RejectedRow {
            record: row.get::<_, i64>("record").cast_unsigned(),
            line: row.get::<_, i64>("line").cast_unsigned(),
            faults: faults_of(row)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn rejected_rows(
    client: &ClientWrapper,
    id: Uuid,
    after: u64,
    limit: u16,
) -> Result<Option<RejectedText>, Error> {
    let statement = client.prepare_cached("SELECT header, delimiter FROM upload WHERE upload_id = $1").await?;
    let Some(row) = client.query_opt(&statement, &[&id]).await? else { return Ok(None) };
    let (Some(header), Some(delimiter)) = (row.get("header"), row.get::<_, Option<String>>("delimiter")) else {
        return Ok(None);
    };
    let read = |row: &Row| {
        Ok(RejectedRecord {
            record: row.get::<_, i64>("record").cast_unsigned(),
            text: String::from_utf8_lossy(row.get("raw")).into_owned(),
            faults: faults_of(row)?,
        })
    };
    let rows: Result<Vec<_>, Error> = rejected(client, id, after, limit).await?.iter().map(read).collect();
    Ok(Some(RejectedText { header, delimiter: delimiter.chars().next().unwrap_or(','), rows: rows? }))
}
