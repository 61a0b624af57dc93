//! One object into the database, as far as the invocation's time goes. Every piece is committed with the place where reading goes on.

use std::time::Duration;

use analytics_contract::{State, key_of_dry_run};
use analytics_core::CreatedObject;
use analytics_reader::{Encoding, FileFault, Reader};
use analytics_store::{
    Begun, Database, Ended, Import, Limits, Object, begin, count_repeated, reject, silent_groups, start_again,
};
use deadpool_postgres::ClientWrapper;
use function_postgres::Failed;
use function_runtime::Invocation;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::objects::{Body, ObjectError, Objects};

/// Bytes of rows that are sent at once.
const SEND_BYTES: usize = 256 * 1024;
/// A piece ends after so much time, if it has not enough rows before.
const PIECE_TIME: Duration = Duration::from_secs(5);
/// How long rows may be compared with others for the report.
const COUNTING_TIME: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What became of an object in this invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    Ended {
        upload: Uuid,
        ended: Ended,
        dry_run: bool,
        /// Programs that have stopped, after a file that counts; none when there was no time to look.
        silent: Option<u64>,
    },
    /// It was done before: a redelivery.
    Before {
        upload: Uuid,
        state: State,
        dry_run: bool,
        /// Why it was rejected.
        error_kind: Option<String>,
    },
    /// Time is up; the rest is for another invocation.
    Unfinished { upload: Uuid },
}

/// Why an object was not done.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Store(#[from] analytics_store::Error),
}

impl ImportError {
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Object(ObjectError::Gone { .. }) => false,
            Self::Object(ObjectError::Failed { .. }) => true,
            Self::Store(error) => error.is_retryable(),
        }
    }
}

impl From<function_postgres::Error> for ImportError {
    fn from(error: function_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Failed for ImportError {
    fn is_of_the_data(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_of_the_data())
    }
}

/// Reads an object, or goes on with it. Tries again while the database or S3 is merely out of reach and time is left, since each return of a
/// message to the queue uses up one of its few receives.
///
/// # Errors
/// The object is gone, or something was out of reach until time was up and nothing was done.
pub async fn import(
    database: &Database,
    objects: &impl Objects,
    created: &CreatedObject,
    limits: &Limits,
    invocation: &Invocation,
) -> Result<Done, ImportError> {
    let (id, mut wait) = (Uuid::new_v4(), FIRST_WAIT);
    let mut progress = None;
    loop {
        let error = match attempt(database, objects, created, limits, invocation, id, &mut progress).await {
            Ok(done) => return Ok(done),
            Err(error) if !error.is_retryable() => return Err(error),
            Err(error) => error,
        };
        if Instant::now() + wait >= invocation.work_until {
            return match progress {
                Some(upload) => Ok(Done::Unfinished { upload }),
                None => Err(error),
            };
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// `progress` is set as soon as a piece has been committed.
async fn attempt(
    database: &Database,
    objects: &impl Objects,
    created: &CreatedObject,
    limits: &Limits,
    invocation: &Invocation,
    id: Uuid,
    progress: &mut Option<Uuid>,
) -> Result<Done, ImportError> {
    let head = objects.head(created).await?;
    let about = key_of_dry_run(&created.key);
    let object = Object {
        bucket: created.bucket.clone(),
        key: about.unwrap_or(&created.key).to_owned(),
        version: created.version().to_owned(),
        sequencer: created.sequencer.as_ref().map(|sequencer| sequencer.0.to_ascii_uppercase()).unwrap_or_default(),
        event_time: created.event_time,
        bytes: head.bytes,
        announced_as: head.upload_id.as_deref().and_then(|id| id.parse().ok()),
        dry_run: head.dry_run || about.is_some(),
    };
    let work = async |client: &mut ClientWrapper| match begin(client, &object, id).await? {
        Begun::Ended { upload, state, dry_run, error_kind } => Ok(Done::Before { upload, state, dry_run, error_kind }),
        Begun::Work(mut import) => {
            let reading = Reading { objects, created, bytes: head.bytes, limits, invocation };
            let mut done = reading.whole(client, &mut import, progress).await?;
            if let Done::Ended { ended: Ended::Applied { taken, .. }, silent, .. } = &mut done {
                let left = invocation.deadline.saturating_duration_since(Instant::now());
                // The file counts already, so whatever happens here is no reason to read it again.
                let limit = (left / 3).min(COUNTING_TIME);
                let _ = count_repeated(client, &import, *taken, limit).await;
                *silent = silent_groups(client, limit).await.ok();
            }
            Ok(done)
        }
    };
    database.work(work).await
}

/// How a piece ended.
enum Stop {
    /// Enough for one transaction.
    Full,
    End,
    Fault(FileFault),
}

struct Reading<'a, O> {
    objects: &'a O,
    created: &'a CreatedObject,
    bytes: u64,
    limits: &'a Limits,
    invocation: &'a Invocation,
}

impl<O: Objects> Reading<'_, O> {
    async fn whole(
        &self,
        client: &mut ClientWrapper,
        import: &mut Import,
        progress: &mut Option<Uuid>,
    ) -> Result<Done, ImportError> {
        let reader = import.checkpoint.clone().map_or_else(Reader::new, Reader::resume);
        let fault = match self.pieces(client, import, reader, progress).await? {
            Err(FileFault::OtherEncoding { .. }) => {
                start_again(client, import).await?;
                let reader = Reader::new_in(Encoding::Windows1252);
                self.pieces(client, import, reader, progress).await?
            }
            other => other,
        };
        match fault {
            Ok(done) => Ok(done),
            Err(fault) => {
                let (kind, reason) = (fault.kind(), fault.to_string());
                reject(client, import, kind, &reason).await?;
                let ended = Ended::Rejected { kind, reason };
                Ok(Done::Ended { upload: import.id, ended, dry_run: import.dry_run, silent: None })
            }
        }
    }

    /// Piece after piece, to the end of the file, of the time, or of what can be read.
    async fn pieces(
        &self,
        client: &mut ClientWrapper,
        import: &mut Import,
        mut reader: Reader,
        progress: &mut Option<Uuid>,
    ) -> Result<Result<Done, FileFault>, ImportError> {
        let mut rows = import.rows(self.limits);
        let mut body = match import.next_byte() < self.bytes {
            true => Some(self.objects.open(self.created, import.next_byte()).await?),
            false => None,
        };
        loop {
            let mut piece = import.piece(client).await?;
            let until = self.invocation.work_until.min(Instant::now() + PIECE_TIME);
            let stop = loop {
                let chunk = match &mut body {
                    Some(body) => body.next().await?,
                    None => None,
                };
                let Some(chunk) = chunk else { break Stop::End };
                if let Err(fault) = reader.feed(&chunk, &mut rows) {
                    break Stop::Fault(fault);
                }
                if rows.len() >= SEND_BYTES
                    && let Some(kind) = reader.kind()
                {
                    piece.send(kind, &mut rows).await?;
                }
                if reader.kind().is_some() && (rows.records() >= self.limits.piece_rows || Instant::now() >= until) {
                    break Stop::Full;
                }
            };
            match stop {
                Stop::Fault(fault) => return Ok(Err(fault)),
                Stop::End => {
                    let checkpoint = match reader.finish(&mut rows) {
                        Ok(checkpoint) => checkpoint,
                        Err(fault) => return Ok(Err(fault)),
                    };
                    let ended = piece.finish(import, &checkpoint, &mut rows, self.limits).await?;
                    return Ok(Ok(Done::Ended { upload: import.id, ended, dry_run: import.dry_run, silent: None }));
                }
                Stop::Full => {
                    if let Some(checkpoint) = reader.checkpoint() {
                        piece.commit(import, checkpoint, &mut rows).await?;
                        *progress = Some(import.id);
                    }
                    if Instant::now() >= self.invocation.work_until {
                        return Ok(Ok(Done::Unfinished { upload: import.id }));
                    }
                }
            }
        }
    }
}
