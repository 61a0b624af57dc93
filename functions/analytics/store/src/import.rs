//! Writing the rows of one upload, piece by piece. Each piece is a transaction of rows together with the place at which reading goes on,
//! so that an import which ends anywhere, by a kill or its timeout, goes on from there and no row is written twice.

use std::pin::Pin;

use analytics_contract::State;
use analytics_reader::{Checkpoint, Kind};
use bytes::Bytes;
use deadpool_postgres::{ClientWrapper, Transaction};
use futures_util::SinkExt;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::CopyInSink;
use uuid::Uuid;

use crate::Error;
use crate::limits::Limits;
use crate::rows::{Rows, copy_statement, date, header, trailer};

/// One version of one object, as S3 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub bucket: String,
    /// Of a dry run the key that it is about.
    pub key: String,
    /// The version id, or the entity tag of a bucket without versions.
    pub version: String,
    /// Orders the versions of a key; compared after filling up with zeros on the right.
    pub sequencer: String,
    /// When the object was created.
    pub event_time: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// The upload that it was announced as.
    pub announced_as: Option<Uuid>,
    pub dry_run: bool,
}

/// Whether there is anything left to do for an object.
#[derive(Debug)]
pub enum Begun {
    Work(Box<Import>),
    /// It was done before.
    Ended {
        upload: Uuid,
        state: State,
        dry_run: bool,
        /// Why it was rejected.
        error_kind: Option<String>,
    },
}

/// An upload that is being read.
#[derive(Debug, Clone)]
pub struct Import {
    pub(crate) number: i32,
    pub id: Uuid,
    pub dry_run: bool,
    /// Where reading goes on; from the first byte when there is none.
    pub checkpoint: Option<Checkpoint>,
    rejected: u64,
}

const ANNOUNCED: &str = "
    UPDATE upload SET state = 'reading', bucket = $3, version = $4, sequencer = rpad($5, 128, '0'), event_time = $6, bytes = $7,
        received_at = now()
    WHERE upload_id = $1 AND object_key = $2 AND dry_run = $8 AND state = 'waiting'
        AND NOT EXISTS (SELECT FROM upload WHERE (object_key, bucket, version) = ($2, $3, $4))";
const ARRIVED: &str = "
    INSERT INTO upload (upload_id, object_key, bucket, version, sequencer, event_time, bytes, dry_run, state, received_at)
    VALUES ($1, $2, $3, $4, rpad($5, 128, '0'), $6, $7, $8, 'reading', now())
    ON CONFLICT (object_key, bucket, version) DO NOTHING";
const BEGUN: &str = "
    SELECT upload_number, upload_id, dry_run, state, checkpoint, rows_rejected, error_kind
    FROM upload WHERE (object_key, bucket, version) = ($1, $2, $3)";

/// Finds the upload of an object, or makes it. `id` is a new one.
///
/// # Errors
/// The database fails.
pub async fn begin(client: &mut ClientWrapper, object: &Object, id: Uuid) -> Result<Begun, Error> {
    let Object { bucket, key, version, .. } = object;
    let begun = client.prepare_cached(BEGUN).await?;
    let mut row = client.query_opt(&begun, &[key, bucket, version]).await?;
    if row.is_none() {
        arrive(client, object, id).await?;
        row = client.query_opt(&begun, &[key, bucket, version]).await?;
    }
    // It was made a moment ago, and uploads are never deleted.
    let Some(row) = row else { return Err(Error::Overtaken) };
    let number: i32 = row.get("upload_number");
    let corrupt = |column| Error::Corrupt { number, column };
    let state = read_state(row.get("state")).ok_or_else(|| corrupt("state"))?;
    if state != State::Reading {
        let (upload, dry_run, error_kind) = (row.get("upload_id"), row.get("dry_run"), row.get("error_kind"));
        return Ok(Begun::Ended { upload, state, dry_run, error_kind });
    }
    let checkpoint = row.get::<_, Option<Value>>("checkpoint").map(serde_json::from_value).transpose();
    Ok(Begun::Work(Box::new(Import {
        number,
        id: row.get("upload_id"),
        dry_run: row.get("dry_run"),
        checkpoint: checkpoint.map_err(|_| corrupt("checkpoint"))?,
        rejected: row.get::<_, i64>("rows_rejected").cast_unsigned(),
    })))
}

/// Makes the upload of an object that was not known, from its announcement if there is one.
async fn arrive(client: &mut ClientWrapper, object: &Object, id: Uuid) -> Result<(), Error> {
    let Object { bucket, key, version, sequencer, event_time, .. } = object;
    let bytes = object.bytes.cast_signed();
    if let Some(announced) = object.announced_as {
        let statement = client.prepare_cached(ANNOUNCED).await?;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
            [&announced, key, bucket, version, sequencer, event_time, &bytes, &object.dry_run];
        if client.execute(&statement, &values).await? > 0 {
            return Ok(());
        }
    }
    let statement = client.prepare_cached(ARRIVED).await?;
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
        [&id, key, bucket, version, sequencer, event_time, &bytes, &object.dry_run];
    client.execute(&statement, &values).await?;
    Ok(())
}

pub(crate) fn read_state(text: &str) -> Option<State> {
    State::ALL.into_iter().find(|state| state.as_str() == text)
}

impl Import {
    /// The first byte that has not been read.
    pub fn next_byte(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.next_byte)
    }

    /// Where the reader's rows go.
    pub fn rows(&self, limits: &Limits) -> Rows {
        let stored = usize::try_from(self.rejected).unwrap_or(usize::MAX);
        Rows::new(self.number, limits.rejected_rows.saturating_sub(stored))
    }

    /// Locks the upload for one piece. Fails when another invocation has moved on from where this one stands.
    ///
    /// # Errors
    /// [`Error::Overtaken`], or the database fails.
    pub async fn piece<'a>(&mut self, client: &'a mut ClientWrapper) -> Result<Piece<'a>, Error> {
        let transaction = client.transaction().await?;
        let lock =
            "SELECT FROM upload WHERE upload_number = $1 AND state = 'reading' AND bytes_done = $2 FOR UPDATE NOWAIT";
        let statement = transaction.prepare_cached(lock).await?;
        match transaction.query_opt(&statement, &[&self.number, &self.next_byte().cast_signed()]).await? {
            Some(_) => Ok(Piece { number: self.number, transaction, copy: None }),
            None => Err(Error::Overtaken),
        }
    }
}

/// Rows that become visible together with the place where reading goes on. Dropped without [`Piece::commit`], it leaves nothing behind.
pub struct Piece<'a> {
    pub(crate) number: i32,
    pub(crate) transaction: Transaction<'a>,
    copy: Option<Pin<Box<CopyInSink<Bytes>>>>,
}

const PROGRESS: &str = "
    UPDATE upload SET bytes_done = $2, checkpoint = $3, kind = $4, delimiter = $5, encoding = $6, header = $7,
        rows_taken = rows_taken + $8, rows_rejected = rows_rejected + $9,
        first_day = least(first_day, $10), last_day = greatest(last_day, $11)
    WHERE upload_number = $1";
const REJECTED: &str = "
    INSERT INTO rejected_row (upload_number, record, line, raw, faults)
    SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::jsonb[])";

impl Piece<'_> {
    /// Sends the rows that wait.
    ///
    /// # Errors
    /// The database fails.
    pub async fn send(&mut self, kind: Kind, rows: &mut Rows) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        if self.copy.is_none() {
            let mut copy = Box::pin(self.transaction.copy_in(copy_statement(kind)).await?);
            copy.feed(header()).await?;
            self.copy = Some(copy);
        }
        if let Some(copy) = &mut self.copy {
            copy.send(rows.take()).await?;
        }
        Ok(())
    }

    /// Makes the rows and the place permanent. `rows` must be those before the place.
    ///
    /// # Errors
    /// The database fails, and nothing is changed.
    pub async fn commit(mut self, import: &mut Import, checkpoint: Checkpoint, rows: &mut Rows) -> Result<(), Error> {
        let rejected = self.write(&checkpoint, rows).await?;
        self.transaction.commit().await?;
        import.rejected += rejected;
        import.checkpoint = Some(checkpoint);
        Ok(())
    }

    /// Ends the COPY and notes the progress; returns the number of rejected rows.
    pub(crate) async fn write(&mut self, checkpoint: &Checkpoint, rows: &mut Rows) -> Result<u64, Error> {
        self.send(checkpoint.kind, rows).await?;
        if let Some(mut copy) = self.copy.take() {
            copy.feed(trailer()).await?;
            copy.as_mut().finish().await?;
        }
        let (counts, rejected) = rows.settle();
        if !rejected.is_empty() {
            let records: Vec<i64> = rejected.iter().map(|row| row.record).collect();
            let lines: Vec<i64> = rejected.iter().map(|row| row.line).collect();
            let raw: Vec<&[u8]> = rejected.iter().map(|row| row.raw.as_slice()).collect();
            let faults: Vec<&Value> = rejected.iter().map(|row| &row.faults).collect();
            let statement = self.transaction.prepare_cached(REJECTED).await?;
            self.transaction.execute(&statement, &[&self.number, &records, &lines, &raw, &faults]).await?;
        }
        let statement = self.transaction.prepare_cached(PROGRESS).await?;
        // PostgreSQL stores no U+0000.
        let header = checkpoint.header.replace('\0', "\u{FFFD}");
        let progress = Checkpoint { header: header.clone(), ..checkpoint.clone() };
        let progress = serde_json::to_value(progress).unwrap_or_default();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 11] = [
            &self.number,
            &checkpoint.next_byte.cast_signed(),
            &progress,
            &checkpoint.kind.as_str(),
            &checkpoint.delimiter.as_str(),
            &checkpoint.encoding.as_str(),
            &header,
            &counts.taken.cast_signed(),
            &counts.rejected.cast_signed(),
            &counts.first_day.and_then(date),
            &counts.last_day.and_then(date),
        ];
        self.transaction.execute(&statement, &values).await?;
        Ok(counts.rejected)
    }
}

/// Drops what was read, so that reading starts again from the first byte.
///
/// # Errors
/// The database fails.
pub async fn start_again(client: &mut ClientWrapper, import: &mut Import) -> Result<(), Error> {
    let piece = import.piece(client).await?;
    delete_rows(&piece.transaction, import.number).await?;
    let reset = "
        UPDATE upload SET bytes_done = 0, checkpoint = NULL, rows_taken = 0, rows_rejected = 0, first_day = NULL, last_day = NULL
        WHERE upload_number = $1";
    piece.transaction.execute(reset, &[&import.number]).await?;
    piece.transaction.commit().await?;
    (import.rejected, import.checkpoint) = (0, None);
    Ok(())
}

/// Ends an upload that cannot be read. Its rows go.
///
/// # Errors
/// The database fails.
pub async fn reject(client: &mut ClientWrapper, import: &Import, kind: &str, reason: &str) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    reject_in(&transaction, import.number, kind, reason).await?;
    transaction.commit().await?;
    Ok(())
}

pub(crate) async fn reject_in(
    transaction: &Transaction<'_>,
    number: i32,
    kind: &str,
    reason: &str,
) -> Result<(), Error> {
    let end = "
        UPDATE upload SET state = 'rejected', error_kind = $2, reason = $3, finished_at = clock_timestamp(), checkpoint = NULL
        WHERE upload_number = $1 AND state = 'reading'";
    let reason = reason.replace('\0', "\u{FFFD}");
    if transaction.execute(end, &[&number, &kind, &reason]).await? > 0 {
        delete_good_rows(transaction, number).await?;
    }
    Ok(())
}

/// Rows of the upload, not those that were rejected.
pub(crate) async fn delete_good_rows(transaction: &Transaction<'_>, number: i32) -> Result<(), Error> {
    for table in ["exhibition", "slot", "upload_program"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE upload_number = $1"), &[&number]).await?;
    }
    Ok(())
}

async fn delete_rows(transaction: &Transaction<'_>, number: i32) -> Result<(), Error> {
    delete_good_rows(transaction, number).await?;
    transaction.execute("DELETE FROM rejected_row WHERE upload_number = $1", &[&number]).await?;
    Ok(())
}
