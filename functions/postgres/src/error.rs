//! What can go wrong on the way to the database and in it, and whether a retry can help. Does not log.

use std::path::PathBuf;

use tokio_postgres::error::SqlState;

/// A source of an error, of whatever type.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error of a connection, a secret or a migration. Never contains a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A TLS mode that is unknown, or not allowed on this stage.
    #[error("RDS_TLS {mode:?} on stage {stage:?}: use \"verify-full\", or \"disable\" on stage \"local\" alone")]
    TlsMode { mode: String, stage: String },
    /// `PGHOSTADDR` that is not an address.
    #[error("PGHOSTADDR {text:?} is not an IP address")]
    HostAddress { text: String },
    /// The certificate authorities cannot be read.
    #[error("no certificate authorities in {}: give a PEM file as RDS_CA_BUNDLE", path.display())]
    CaBundle { path: PathBuf, source: BoxError },
    /// The TLS library rejects its own configuration.
    #[error("setting up TLS")]
    Tls { source: rustls::Error },
    /// The secret cannot be fetched.
    #[error("fetching secret {id}")]
    Secret { id: String, retryable: bool, source: BoxError },
    /// The secret has an unexpected shape.
    #[error("secret {id} is not a JSON object with the texts \"username\" and \"password\"")]
    SecretShape { id: String },
    /// No connection.
    #[error("connecting to {address} as {user}")]
    Connect { address: String, user: String, source: tokio_postgres::Error },
    /// No connection in time.
    #[error("no connection to {address} within {seconds} s")]
    ConnectTimeout { address: String, seconds: u64 },
    /// A statement failed.
    #[error("querying PostgreSQL")]
    Query(#[from] tokio_postgres::Error),
    /// A migration failed and was rolled back.
    #[error("migration {name} failed and was rolled back")]
    Migration { name: String, source: tokio_postgres::Error },
    /// A migration was edited after it had been applied.
    #[error("migration {name} was changed after it had been applied: restore it and write a new one")]
    MigrationChanged { name: String },
    /// A migration was added before one that is already applied.
    #[error("migration {name} would come before {applied}, which is applied already: give it a higher number")]
    MigrationOrder { name: String, applied: String },
}

impl Error {
    /// Whether the same call can succeed later without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect { source, .. } => is_refused_login(source) || classify(source) == Fault::Transient,
            Self::Query(source) | Self::Migration { source, .. } => classify(source) == Fault::Transient,
            Self::Secret { retryable, .. } => *retryable,
            Self::ConnectTimeout { .. } => true,
            Self::TlsMode { .. }
            | Self::HostAddress { .. }
            | Self::CaBundle { .. }
            | Self::Tls { .. }
            | Self::SecretShape { .. }
            | Self::MigrationChanged { .. }
            | Self::MigrationOrder { .. } => false,
        }
    }

    /// Whether the server rejected the log-in. For seconds this passes by itself: a cluster that resumes from 0 ACU has no `pg_hba.conf` yet and says
    /// 28000 (<https://github.com/cyrilgdn/terraform-provider-postgresql/issues/540>), and in a rotation the database has the new password and
    /// the secret still the old one, 28P01. Waiting does not fix a role or a secret that is simply wrong, so nobody should wait for long.
    #[must_use]
    pub fn is_refused_login(&self) -> bool {
        matches!(self, Self::Connect { source, .. } if is_refused_login(source))
    }

    /// Whether the server may be resuming or starting: it does not respond yet, or says so.
    #[must_use]
    pub fn may_be_waking(&self) -> bool {
        match self {
            Self::ConnectTimeout { .. } => true,
            Self::Connect { source, .. } => {
                let waking = [SqlState::CANNOT_CONNECT_NOW, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
                source.code().is_some_and(|state| waking.contains(state))
            }
            _ => false,
        }
    }
}

/// An error of work on a connection.
pub trait Failed: From<Error> {
    /// Whether only values were at fault, so that the connection is as good as before.
    fn is_of_the_data(&self) -> bool;
}

impl Failed for Error {
    fn is_of_the_data(&self) -> bool {
        matches!(self, Self::Query(source) if classify(source) == Fault::Data)
    }
}

/// Whose fault a failed statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server's or the network's, temporarily: a retry can help.
    Transient,
    /// The values': the same values fail again, others may succeed.
    Data,
    /// Ours or the configuration's: a missing table, a missing privilege, a wrong password.
    Permanent,
}

/// Classifies an error by SQLSTATE, or by the kind of failure where the server did not respond.
#[must_use]
pub fn classify(error: &tokio_postgres::Error) -> Fault {
    let Some(state) = error.code() else {
        return if error.is_closed() || is_broken_transport(error) {
            Fault::Transient
        } else if is_unencodable(error) {
            Fault::Data
        } else {
            Fault::Permanent
        };
    };
    // Classes: 08 connection, 40 rollback (serialization, deadlock), 53 resources, 58 system, 57P0x shutdown and start,
    // 22 data exception, 23 integrity. 25006 comes from a former writer after a failover; 25P03 and 57P05 end a connection that was idle.
    let transient = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::QUERY_CANCELED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::IDLE_SESSION_TIMEOUT,
    ];
    match state.code().get(..2) {
        Some("08" | "40" | "53" | "58") => Fault::Transient,
        _ if transient.contains(state) => Fault::Transient,
        Some("22" | "23") => Fault::Data,
        _ => Fault::Permanent,
    }
}

fn is_refused_login(error: &tokio_postgres::Error) -> bool {
    is_wrong_password(error) || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// The password is not, or no longer, correct.
pub(crate) fn is_wrong_password(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::INVALID_PASSWORD)
}

/// A socket that failed; a rejected certificate is not such a failure, although it arrives as an I/O error too.
fn is_broken_transport(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|source| {
        !source
            .get_ref()
            .is_some_and(<dyn std::error::Error + std::marker::Send + std::marker::Sync + 'static>::is::<rustls::Error>)
    })
}

/// A value that cannot be encoded, such as a text with a NUL in a C string.
fn is_unencodable(error: &tokio_postgres::Error) -> bool {
    // tokio-postgres keeps the kind private; its text is stable: "error serializing parameter 0".
    error.to_string().starts_with("error serializing parameter")
}
