//! What can go wrong in the database, and whether a retry can help.

use function_postgres::{Failed, Fault, classify};

/// An error of a connection or a statement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection.
    #[error("the database is out of reach")]
    Unreachable(#[from] function_postgres::Error),
    /// There was none in time: a cluster that is paused takes about 15 s to resume.
    #[error("the database did not respond within {seconds} s; it may be resuming")]
    Asleep { seconds: u64 },
    #[error("querying PostgreSQL")]
    Query(#[from] tokio_postgres::Error),
    /// Another invocation has read the same upload in the meantime.
    #[error("another invocation is reading the same upload")]
    Overtaken,
    /// A value in the database that no statement here writes.
    #[error("the column {column} of upload {number} cannot be read")]
    Corrupt { number: i32, column: &'static str },
}

impl Error {
    /// Whether the same call can succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable(error) => error.is_retryable(),
            Self::Query(error) => classify(error) == Fault::Transient,
            Self::Asleep { .. } | Self::Overtaken => true,
            Self::Corrupt { .. } => false,
        }
    }

    /// Whether the server is resuming or starting: it does not respond yet, or says so.
    fn is_of_a_server_that_starts(&self) -> bool {
        match self {
            Self::Asleep { .. } => true,
            Self::Unreachable(error) => error.may_be_waking(),
            _ => false,
        }
    }
}

impl Failed for Error {
    fn is_of_the_data(&self) -> bool {
        matches!(self, Self::Query(error) if classify(error) == Fault::Data)
    }
}

impl From<Error> for analytics_core::Fault {
    fn from(error: Error) -> Self {
        const WHAT: &str = "the database";
        let waking = error.is_of_a_server_that_starts();
        match error.is_retryable() {
            true => Self::Unavailable { what: WHAT, waking, source: error.into() },
            false => Self::Failed { what: WHAT, source: error.into() },
        }
    }
}
