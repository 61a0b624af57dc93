//! Queues and their dead-letter queues, as their redrive policies connect them. Never receives a message, so looking changes nothing.

use aws_access::CallError;
use futures_util::future::try_join_all;
use serde::Serialize;

use crate::{Error, Inventory, Resource};

/// The part of SQS that is needed to look at queues.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Queues {
    /// GetQueueAttributes; `None` when there is no such queue.
    async fn attributes(&self, url: &str) -> Result<Option<QueueAttributes>, CallError>;
}

/// What a queue reports about itself. SQS counts approximately.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QueueAttributes {
    /// ARN.
    pub arn: String,
    /// Messages that can be received.
    pub visible: u64,
    /// Messages that a consumer is working on, or that wait for their visibility timeout.
    pub in_flight: u64,
    /// Messages that were sent with a delay.
    pub delayed: u64,
    /// ARN of its dead-letter queue.
    pub dead_letter_target: Option<String>,
    /// How many times a message may be received.
    pub max_receive_count: Option<u32>,
    /// Whether it keeps the order within message groups.
    pub fifo: bool,
}

impl QueueAttributes {
    /// All messages that are there.
    pub fn messages(&self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

/// A queue of the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Which one; the physical id is its URL.
    pub resource: Resource,
    /// `None`: its stack knows it, SQS does not.
    pub attributes: Option<QueueAttributes>,
}

/// A queue with its dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The queue that messages go back to.
    pub source: Queue,
    /// The dead-letter queue.
    pub dead_letters: Queue,
}

/// All queues of the stacks, fetched at the same time.
///
/// # Errors
/// When a call fails.
pub async fn queues(sqs: &impl Queues, inventory: &Inventory) -> Result<Vec<Queue>, CallError> {
    try_join_all(inventory.of_type("AWS::SQS::Queue").map(|resource| async move {
        let attributes = sqs.attributes(&resource.physical_id).await?;
        Ok(Queue { resource: resource.clone(), attributes })
    }))
    .await
}

/// Which queue has which dead-letter queue, according to the redrive policies.
pub fn pairs(queues: &[Queue]) -> Vec<Pair> {
    let by_arn = |arn: &str| queues.iter().find(|queue| queue.attributes.as_ref().is_some_and(|it| it.arn == arn));
    (queues.iter())
        .filter_map(|source| {
            let target = source.attributes.as_ref()?.dead_letter_target.as_deref()?;
            Some(Pair { source: source.clone(), dead_letters: by_arn(target)?.clone() })
        })
        .collect()
}

/// The pair meant by the logical id or the name of the queue or of its dead-letter queue, case-insensitively.
///
/// # Errors
/// [`Error::UnknownQueue`] and [`Error::AmbiguousQueue`].
pub fn find_pair<'a>(pairs: &'a [Pair], name: &str) -> Result<&'a Pair, Error> {
    let is = |queue: &Queue| {
        let Resource { logical_id, physical_id, .. } = &queue.resource;
        [logical_id, physical_id, queue.resource.name()].iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    // The dead-letter queue of several queues is only identified by one of them.
    let by_source: Vec<&Pair> = pairs.iter().filter(|pair| is(&pair.source)).collect();
    let found = match by_source.is_empty() {
        true => pairs.iter().filter(|pair| is(&pair.dead_letters)).collect(),
        false => by_source,
    };
    match found[..] {
        [pair] => Ok(pair),
        [] => Err(Error::UnknownQueue {
            name: name.to_owned(),
            known: pairs.iter().map(|pair| pair.source.resource.logical_id.clone()).collect(),
        }),
        _ => Err(Error::AmbiguousQueue {
            name: name.to_owned(),
            physical_names: found.iter().map(|pair| pair.source.resource.name().to_owned()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(stack: &str, logical_id: &str, name: &str, target: Option<&str>) -> Queue {
        Queue {
            resource: Resource {
                stack: stack.to_owned(),
                logical_id: logical_id.to_owned(),
                physical_id: format!("https://sqs.sa-east-1.amazonaws.com/111122223333/{name}"),
                resource_type: "AWS::SQS::Queue".to_owned(),
            },
            attributes: Some(QueueAttributes {
                arn: format!("arn:{name}"),
                dead_letter_target: target.map(|name| format!("arn:{name}")),
                ..QueueAttributes::default()
            }),
        }
    }

    fn shop() -> Vec<Queue> {
        vec![
            queue("Shop-dev", "OrderQueue", "shop-order-queue-dev", Some("shop-order-dlq-dev")),
            queue("Shop-dev", "OrderQueueDeadLetters", "shop-order-dlq-dev", None),
            queue("Shop-dev", "MailQueue", "shop-mail-queue-dev", Some("shop-mail-dlq-dev")),
            queue("Shop-dev", "MailQueueDeadLetters", "shop-mail-dlq-dev", None),
            queue("Shop-dev", "Notices", "shop-notices-dev", Some("elsewhere")),
        ]
    }

    #[test]
    fn a_queue_is_found_by_every_name_it_or_its_dead_letter_queue_has() {
        let pairs = pairs(&shop());
        for name in ["OrderQueue", "orderqueue", "OrderQueueDeadLetters", "shop-order-queue-dev", "shop-order-dlq-dev"]
        {
            let pair = find_pair(&pairs, name).unwrap();
            assert_eq!(pair.source.resource.logical_id, "OrderQueue", "{name}");
            assert_eq!(pair.dead_letters.resource.logical_id, "OrderQueueDeadLetters", "{name}");
        }
    }

    #[test]
    fn an_unknown_queue_is_answered_with_those_there_are() {
        let error = find_pair(&pairs(&shop()), "Notices").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"no queue with a dead-letter queue is called "Notices"; there are OrderQueue, MailQueue"#
        );
        assert!(error.is_usage());
    }

    #[test]
    fn a_name_of_two_stacks_has_to_be_said_in_full() {
        let mut queues = shop();
        queues.push(queue("Bar-dev", "OrderQueue", "bar-order-queue-dev", Some("bar-order-dlq-dev")));
        queues.push(queue("Bar-dev", "OrderQueueDeadLetters", "bar-order-dlq-dev", None));
        let pairs = pairs(&queues);
        let error = find_pair(&pairs, "OrderQueue").unwrap_err();
        assert!(matches!(&error, Error::AmbiguousQueue { physical_names, .. } if physical_names.len() == 2), "{error}");
        assert_eq!(find_pair(&pairs, "bar-order-queue-dev").unwrap().source.resource.stack, "Bar-dev");
    }
}
