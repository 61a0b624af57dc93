//! Handing on: what an invocation has no time for goes back to the function's own queue, as a new message that counts how often. Lambda's detection of such
//! loops is off for a function that does so (`RecursiveLoop: Allow`); this limit is in its place.

use crate::queue::{Outgoing, Queue, SendBatch};
use crate::send_fault::SendError;

/// How often work is handed on before it is a dead letter of the kind `handed_on_too_often`. At 40 calls a minute the 62,600 calls of a month of FIPE take 26 hours:
/// a task without a turn in any of its invocations of five minutes would be handed on 313 times.
pub const HAND_ONS: u32 = 1_000;

/// The message attribute with the count.
pub(crate) const ATTRIBUTE: &str = "hand_ons";

/// A message that was handed on more often than [`HAND_ONS`].
#[derive(Debug, thiserror::Error)]
#[error(
    "it was handed on {HAND_ONS} times, as often as is allowed; work that never gets time has too little concurrency or too short a timeout"
)]
pub(crate) struct TooOften;

impl<P: SendBatch> Queue<P> {
    /// Sends bodies back to the function's own queue: what is left of a message that was handed on `hand_ons` times
    /// ([`Message::hand_ons`](crate::Message::hand_ons)).
    ///
    /// # Errors
    /// Names the messages that were not accepted; all others were sent.
    pub async fn hand_on(&self, hand_ons: u32, bodies: Vec<String>) -> Result<(), SendError> {
        let count = (hand_ons + 1).to_string();
        let one_more =
            |body| Outgoing { body, attributes: vec![(ATTRIBUTE.into(), count.clone())], ..Outgoing::default() };
        self.send(bodies.into_iter().map(one_more).collect()).await
    }
}
