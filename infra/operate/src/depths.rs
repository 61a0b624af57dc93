//! How full the queues of a stack are, for repeated polling. Finds which queues there are once.

use aws_access::CallError;
use serde::Serialize;

use crate::{Inventory, Pair, QueueAttributes, Queues, pairs, queues};

/// A queue and its dead-letter queue. SQS counts approximately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueDepth {
    /// Logical id in lower case, without the word "queue".
    pub name: String,
    /// Messages that wait.
    pub available: u64,
    /// Messages that a function is working on, or that wait for their visibility timeout.
    pub in_flight: u64,
    /// Messages in the dead-letter queue.
    pub dead_letters: u64,
}

impl QueueDepth {
    /// Whether there is nothing in it, and nothing in its dead-letter queue.
    pub fn is_quiet(&self) -> bool {
        self.available + self.in_flight + self.dead_letters == 0
    }
}

/// The queues of an inventory that have dead-letter queues.
pub struct QueueDepths<Q> {
    sqs: Q,
    pairs: Vec<Pair>,
}

impl<Q: Queues> QueueDepths<Q> {
    /// Finds the queues.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn find(sqs: Q, inventory: &Inventory) -> Result<Self, CallError> {
        let pairs = pairs(&queues(&sqs, inventory).await?);
        Ok(Self { sqs, pairs })
    }

    /// How full they are now. What SQS no longer knows is empty.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn now(&self) -> Result<Vec<QueueDepth>, CallError> {
        let mut depths = Vec::new();
        for Pair { source, dead_letters } in &self.pairs {
            let (queue, dead) = tokio::try_join!(
                self.sqs.attributes(&source.resource.physical_id),
                self.sqs.attributes(&dead_letters.resource.physical_id)
            )?;
            let queue = queue.unwrap_or_default();
            depths.push(QueueDepth {
                name: source.resource.logical_id.trim_end_matches("Queue").to_lowercase(),
                available: queue.visible + queue.delayed,
                in_flight: queue.in_flight,
                dead_letters: dead.as_ref().map_or(0, QueueAttributes::messages),
            });
        }
        Ok(depths)
    }
}

#[cfg(test)]
mod tests {
    use crate::Resource;

    use super::*;

    /// Knows a queue, its dead-letter queue, and one of neither kind.
    struct Sqs;

    impl Queues for Sqs {
        async fn attributes(&self, url: &str) -> Result<Option<QueueAttributes>, CallError> {
            let (visible, in_flight, delayed, target) = match url {
                "OrderQueue" => (3, 2, 1, Some("DeadOrders".to_owned())),
                _ => (4, 1, 0, None),
            };
            let arn = url.to_owned();
            Ok(Some(QueueAttributes {
                arn,
                visible,
                in_flight,
                delayed,
                dead_letter_target: target,
                ..Default::default()
            }))
        }
    }

    #[tokio::test]
    async fn a_queue_is_counted_with_its_dead_letters_and_one_without_any_not_at_all() {
        let resource = |id: &str| Resource {
            stack: "Shop-dev".to_owned(),
            logical_id: id.to_owned(),
            physical_id: id.to_owned(),
            resource_type: "AWS::SQS::Queue".to_owned(),
        };
        let resources = ["OrderQueue", "DeadOrders", "Failures"].map(resource).to_vec();
        let inventory = Inventory { stacks: Vec::new(), resources };
        let depths = QueueDepths::find(Sqs, &inventory).await.unwrap().now().await.unwrap();
        let order = QueueDepth { name: "order".to_owned(), available: 4, in_flight: 2, dead_letters: 5 };
        assert_eq!(depths, [order]);
        assert!(!depths[0].is_quiet());
    }
}
