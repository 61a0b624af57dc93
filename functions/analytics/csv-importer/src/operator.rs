//! What the operator asks. Does not retry: a person is waiting.

use analytics_contract::{REVERT_DAYS, Request};
use analytics_core::Reverted;
use analytics_store::{Database, object, revert, status};
use function_runtime::Failure;
use jiff::Timestamp;
use serde_json::Value;

/// Why an upload was not taken back.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("upload {id:?} is not a UUID")]
    NotAnId { id: String },
    #[error("there is no upload {id}")]
    Unknown { id: String },
    #[error("upload {id} is {state}, so there is nothing to take back")]
    NotApplied { id: String, state: &'static str },
    #[error("upload {id} was applied more than {REVERT_DAYS} days ago; what it replaced is no longer kept")]
    TooLate { id: String },
}

/// The response to a request.
///
/// # Errors
/// Transient when the database is out of reach; permanent for a request that cannot be met.
pub async fn answer(database: &Database, request: Request) -> Result<Value, Failure> {
    let failed = |error: analytics_store::Error| Failure::of(error.is_retryable(), "database", error);
    let value = match request {
        Request::Status => {
            serde_json::to_value(database.work(async |client| status(client).await).await.map_err(failed)?)
        }
        Request::Object { key, version } => {
            let found = database.work(async |client| object(client, &key, &version).await).await.map_err(failed)?;
            serde_json::to_value(found)
        }
        Request::Revert { id } => {
            let refused = |refused| Failure::permanent("refused", refused);
            let uuid = id.parse().map_err(|_| refused(Refused::NotAnId { id: id.clone() }))?;
            let now = Timestamp::now();
            match database.work(async |client| revert(client, uuid, now).await).await.map_err(failed)? {
                Reverted::Done(upload) => serde_json::to_value(upload),
                Reverted::Unknown => return Err(refused(Refused::Unknown { id })),
                Reverted::NotApplied(state) => return Err(refused(Refused::NotApplied { id, state: state.as_str() })),
                Reverted::TooLate => return Err(refused(Refused::TooLate { id })),
            }
        }
    };
    value.map_err(|error| Failure::permanent("answer", error))
}
