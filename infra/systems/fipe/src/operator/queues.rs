//! How full a chain's queues are, for repeated polling. Their names come from the stack.

use aws_access::CallError;
use operate::aws::AwsCloud;
use operate::{Inventory, Pair, QueueAttributes, Queues as _, pairs, queues};
use serde::Serialize;

/// A queue and its dead-letter queue. SQS counts approximately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Queue {
    /// Logical id in lower case, without the word "queue".
    pub(crate) name: String,
    /// Messages that wait.
    pub(crate) available: u64,
    /// Messages that a function is working on, or that wait for their visibility timeout.
    pub(crate) in_flight: u64,
    /// Messages in the dead-letter queue.
    pub(crate) dead_letters: u64,
}

/// The queues of a stack that have dead-letter queues.
pub(crate) struct Queues {
    cloud: AwsCloud,
    pairs: Vec<Pair>,
}

impl Queues {
    pub(crate) async fn new(cloud: AwsCloud, inventory: &Inventory) -> Result<Self, CallError> {
        let pairs = pairs(&queues(&cloud, inventory).await?);
        Ok(Self { cloud, pairs })
    }

    /// How full they are now.
    pub(crate) async fn depths(&self) -> Result<Vec<Queue>, CallError> {
        let mut depths = Vec::new();
        for Pair { source, dead_letters } in &self.pairs {
            let (queue, dead) = tokio::try_join!(
                self.cloud.attributes(&source.resource.physical_id),
                self.cloud.attributes(&dead_letters.resource.physical_id)
            )?;
            let queue = queue.unwrap_or_default();
            depths.push(Queue {
                name: source.resource.logical_id.trim_end_matches("Queue").to_lowercase(),
                available: queue.visible + queue.delayed,
                in_flight: queue.in_flight,
                dead_letters: dead.as_ref().map_or(0, QueueAttributes::messages),
            });
        }
        Ok(depths)
    }
}
