//! The port to a queue: accepts all message bodies or returns an error. Does not know SQS.

use serde::Serialize;

use crate::error::Error;

/// The error of a queue that did not accept everything.
pub type SendFault = Box<dyn std::error::Error + Send + Sync>;

/// A queue to send to; any `async |bodies: Vec<String>| -> Result<(), SendFault>` is one.
pub trait Queue {
    /// # Errors
    /// Some bodies were not accepted. The caller need not know which, since sending again is harmless.
    fn send(&self, bodies: Vec<String>) -> impl Future<Output = Result<(), SendFault>>;
}

impl<F: AsyncFn(Vec<String>) -> Result<(), SendFault>> Queue for F {
    async fn send(&self, bodies: Vec<String>) -> Result<(), SendFault> {
        self(bodies).await
    }
}

/// Sends messages as JSON; `what` names them in an error.
pub(crate) async fn send<M: Serialize>(queue: &impl Queue, what: &'static str, messages: &[M]) -> Result<(), Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let bodies = messages.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let bodies = bodies.map_err(|source| Error::Send { what, source: source.into() })?;
    queue.send(bodies).await.map_err(|source| Error::Send { what, source })
}
