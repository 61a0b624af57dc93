//! How long the server may work for a function, wait for a lock, and keep a transaction open: never longer than the function that asked.

use std::fmt;
use std::time::Duration;

use contract::work_time;

/// How often the server looks whether the function whose statement it runs still has its connection open. PostgreSQL 14 and later, on Linux and other
/// systems that tell when a peer has closed its socket.
const CLIENT_CHECK: Duration = Duration::from_secs(2);

/// The limits of a connection, sent with its start-up message, so that no statement runs without them. Without limits a statement goes on, and
/// keeps its locks, after Lambda has ended or frozen the function that waits for it. A connection that was closed ends its statement within two seconds; one that
/// merely fell silent, as of a frozen function, at the statement's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    statement: Duration,
    lock: Duration,
    idle_in_transaction: Duration,
}

impl ServerLimits {
    /// For a function with this timeout, whose connections outlive an invocation.
    #[must_use]
    pub fn of_timeout(timeout: Duration) -> Self {
        Self::of_work(work_time(timeout))
    }

    /// For so much time for work, at least a tenth of a second. A statement may take all of it; half of it is the longest wait for a lock, and a quarter the longest
    /// pause inside a transaction: so whoever waits for the locks of a frozen function outlasts it.
    #[must_use]
    pub fn of_work(time: Duration) -> Self {
        // To PostgreSQL 0 is no limit.
        let statement = time.max(Duration::from_millis(100));
        Self { statement, lock: statement / 2, idle_in_transaction: statement / 4 }
    }
}

/// As the start-up message's `options`.
impl fmt::Display for ServerLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} -c client_connection_check_interval={}",
            self.statement.as_millis(),
            self.lock.as_millis(),
            self.idle_in_transaction.as_millis(),
            CLIENT_CHECK.as_millis()
        )
    }
}
