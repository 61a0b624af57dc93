//! The pool of one execution environment: one connection, checked before each use, with a cached secret.
//!
//! Never opens a second connection: the total of all environments must fit the server's `max_connections`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, PoolError, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;

use crate::error::is_wrong_password;
use crate::{Endpoint, Error, Failed, Secret, SecretSource};

/// A resumed environment may hold a connection that the server has closed; the check may take this long.
const RECYCLE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection of the pool, returned when dropped; derefs to [`ClientWrapper`].
pub type Client = Object<Connector>;

/// One connection to one database.
#[derive(Debug, Clone)]
pub struct Pool {
    pool: deadpool::managed::Pool<Connector>,
}

impl Pool {
    /// Connects on first use, as `user`, or as the user name in the secret when that is `None`.
    #[must_use]
    pub fn new(endpoint: Endpoint, user: Option<String>, secrets: Arc<dyn SecretSource>) -> Self {
        let connector = Connector { endpoint, user, secrets, cached: Mutex::new(None) };
        let pool = deadpool::managed::Pool::builder(connector)
            .max_size(1)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .recycle_timeout(Some(RECYCLE_TIMEOUT))
            .build();
        match pool {
            Ok(pool) => Self { pool },
            Err(_) => unreachable!("a pool with time-outs has its runtime"),
        }
    }

    /// The connection, or a new one if the last has broken.
    ///
    /// # Errors
    /// Errors of the secret or the connection.
    pub async fn get(&self) -> Result<Client, Error> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => {
                unreachable!("the pool waits without end, is never closed, and has a runtime and no hooks")
            }
        })
    }

    /// Works on the connection.
    ///
    /// # Errors
    /// Those of [`Pool::get`] and of the work.
    pub async fn work<R, E: Failed>(&self, work: impl AsyncFnOnce(&mut ClientWrapper) -> Result<R, E>) -> Result<R, E> {
        work_on(self.get().await?, work).await
    }
}

/// Works on a connection and returns it to its pool only if it is as good as before: the work has succeeded, or values alone were at fault. After
/// any other error, and after work that was not waited for to the end, the next use starts with a new one.
///
/// # Errors
/// Those of the work.
pub async fn work_on<R, E: Failed>(
    client: Client,
    work: impl AsyncFnOnce(&mut ClientWrapper) -> Result<R, E>,
) -> Result<R, E> {
    let mut used = Used(Some(client));
    let Some(client) = &mut used.0 else { unreachable!("it was put there a line above") };
    let result = work(client).await;
    if result.as_ref().err().is_none_or(Failed::is_of_the_data) {
        used.return_to_pool();
    }
    result
}

/// A connection that is closed unless it is returned.
struct Used(Option<Client>);

impl Used {
    fn return_to_pool(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

/// Opens connections with the cached secret, and with a fresh one when the server rejects that.
pub struct Connector {
    endpoint: Endpoint,
    user: Option<String>,
    secrets: Arc<dyn SecretSource>,
    cached: Mutex<Option<Secret>>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("endpoint", &self.endpoint).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Connector {
    async fn connect(&self, secret: &Secret) -> Result<ClientWrapper, Error> {
        self.endpoint.connect(self.user.as_ref().unwrap_or(&secret.username), secret).await
    }

    async fn fetch(&self) -> Result<Secret, Error> {
        let secret = self.secrets.fetch().await?;
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(secret.clone());
        Ok(secret)
    }
}

impl Manager for Connector {
    type Type = ClientWrapper;
    type Error = Error;

    async fn create(&self) -> Result<ClientWrapper, Error> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let secret = match cached {
            Some(secret) => secret,
            None => self.fetch().await?,
        };
        match self.connect(&secret).await {
            Err(Error::Connect { source, .. }) if is_wrong_password(&source) => {
                let fresh = self.fetch().await?;
                self.connect(&fresh).await
            }
            result => result,
        }
    }

    async fn recycle(&self, client: &mut ClientWrapper, _: &Metrics) -> RecycleResult<Error> {
        if client.is_closed() {
            return Err(RecycleError::message("connection closed"));
        }
        client.simple_query("").await.map_err(Error::from)?;
        Ok(())
    }
}
