//! One notification to its end: every object that it names is done, handed on, or failed.

use analytics_contract::{State, metric};
use analytics_core::{CreatedObject, Notification};
use analytics_store::{Database, Ended, Limits};
use function_runtime::{Failure, Function, Invocation, Log, Queue, SendBatch, Unit};
use serde_json::json;
use tokio::time::Instant;

use crate::import::{Done, import};
use crate::objects::Objects;

/// A file that was not taken. What is in it stays out of logs and queues; the report of the upload says what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("the file {key:?} was rejected as {kind}; the report of upload {upload} says why")]
struct Rejected {
    key: String,
    kind: String,
    upload: uuid::Uuid,
}

/// What consoles create for an empty folder.
fn is_folder(object: &CreatedObject) -> bool {
    object.key.ends_with('/') && object.size.unwrap_or_default() == 0
}

/// The trace of a notification: the keys that it names.
pub fn trace_id(notification: &Notification) -> String {
    notification.created.iter().map(|object| object.key.as_str()).collect::<Vec<_>>().join(", ")
}

/// The function's work.
pub struct Importer<'a, O, P> {
    pub function: &'a Function,
    pub database: Database,
    pub objects: O,
    /// Its own queue, for what is left of a file.
    pub queue: Queue<P>,
    pub limits: Limits,
}

impl<O: Objects, P: SendBatch> Importer<'_, O, P> {
    /// Imports every object; those for which no time is left go on in another invocation. `hand_ons` is how often that was so before.
    ///
    /// # Errors
    /// Transient when any object needs another try, since all are safe to repeat; permanent when a file was rejected or is gone.
    pub async fn notified(
        &self,
        notification: &Notification,
        hand_ons: u32,
        invocation: &Invocation,
    ) -> Result<(), Failure> {
        if notification.created.is_empty() {
            let details = json!({"reason": "the message names no new object", "records": notification.others});
            self.function.log().of_request(&invocation.request_id).skipped("import_file", details);
        }
        let (mut permanent, mut transient, mut left) = (None, None, Vec::new());
        for object in notification.created.iter().filter(|object| !is_folder(object)) {
            if Instant::now() >= invocation.work_until {
                left.push(object);
                continue;
            }
            match import(&self.database, &self.objects, object, &self.limits, invocation).await {
                Ok(done) => {
                    let log = self.function.log().of_request(&invocation.request_id).of_trace(&object.key);
                    if let Some(failure) = self.record(object, &done, &log) {
                        permanent.get_or_insert(failure);
                    }
                    if matches!(done, Done::Unfinished { .. }) {
                        left.push(object);
                    }
                }
                Err(error) if error.is_retryable() => {
                    transient.get_or_insert(Failure::transient(error));
                }
                Err(error) => {
                    let kind = if matches!(error, crate::ImportError::Object(_)) { "object_gone" } else { "database" };
                    permanent.get_or_insert(Failure::permanent(kind, error));
                }
            }
        }
        if !left.is_empty() {
            self.function.metrics().count(metric::HANDED_ON, left.len() as u64).emit();
            let left = left.iter().map(|object| object.to_event()).collect();
            self.queue.hand_on(hand_ons, left).await.map_err(Failure::transient)?;
        }
        transient.or(permanent).map_or(Ok(()), Err)
    }

    /// Logs and counts what became of an object.
    fn record(&self, object: &CreatedObject, done: &Done, log: &Log) -> Option<Failure> {
        let metrics = self.function.metrics();
        match done {
            // It may have been rejected by an invocation that was killed before it could say so.
            Done::Before { upload, state: State::Rejected, dry_run: false, error_kind } => {
                let kind = error_kind.clone().unwrap_or_default();
                return Some(Failure::permanent(
                    "rejected",
                    Rejected { key: object.key.clone(), kind, upload: *upload },
                ));
            }
            Done::Before { upload, state, .. } => {
                let details = json!({"upload": upload, "state": state.as_str(), "is_repeated": true});
                log.success("import_file", details);
            }
            Done::Unfinished { upload } => log.success("import_file", json!({"upload": upload, "state": "reading"})),
            Done::Ended { upload, ended, dry_run, silent } => match ended {
                Ended::Applied { taken, rejected } => {
                    let details = json!({"upload": upload, "state": "applied", "taken": taken, "rejected": rejected});
                    log.success("import_file", details);
                    let counts =
                        [(metric::FILES_APPLIED, 1), (metric::ROWS_TAKEN, *taken), (metric::ROWS_REJECTED, *rejected)];
                    let share = 100.0 * *rejected as f64 / (*taken + *rejected).max(1) as f64;
                    let metrics = metrics.counts(counts).value(metric::REJECTED_SHARE, Unit::Percent, share);
                    match silent {
                        Some(silent) => metrics.count(metric::GROUPS_SILENT, *silent).emit(),
                        None => metrics.emit(),
                    }
                }
                Ended::Superseded => log.success("import_file", json!({"upload": upload, "state": "superseded"})),
                Ended::Checked => log.success("import_file", json!({"upload": upload, "state": "checked"})),
                // Its report is all that a dry run is for; nothing has failed.
                Ended::Rejected { kind, .. } if *dry_run => {
                    let details = json!({"upload": upload, "state": "rejected", "kind": kind, "dry_run": true});
                    log.success("import_file", details);
                }
                Ended::Rejected { kind, .. } => {
                    metrics.count(metric::FILES_REJECTED, 1).emit();
                    let rejected = Rejected { key: object.key.clone(), kind: (*kind).to_owned(), upload: *upload };
                    return Some(Failure::permanent(kind, rejected));
                }
            },
        }
        None
    }
}
