//! How full the chain's queues are. Refuses to receive messages: looking must not change anything.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use deploy::CallError;
use deploy::aws::call_error;
use serde::Serialize;

use crate::exit::BadInput;

/// The queues by name, with the outputs of FipeApi that hold their addresses.
const QUEUES: [(&str, &str, &str); 3] = [
    ("manufacturer", "ManufacturerQueueUrl", "ManufacturerDLQUrl"),
    ("model", "ModelQueueUrl", "ModelDLQUrl"),
    ("price", "PriceQueueUrl", "PriceDLQUrl"),
];

/// A queue and its dead-letter queue. SQS counts approximately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Queue {
    pub(crate) name: &'static str,
    /// Messages that wait.
    pub(crate) available: u64,
    /// Messages that a function works on, or that wait for their visibility time-out.
    pub(crate) in_flight: u64,
    /// Messages in the dead-letter queue.
    pub(crate) dead_letters: u64,
}

/// The three queues of a stage, to be asked again and again.
pub(crate) struct Queues {
    client: Client,
    urls: Vec<(&'static str, String, String)>,
}

impl Queues {
    /// Finds the queues' addresses in the outputs of the stack.
    pub(crate) fn new(config: &aws_config::SdkConfig, outputs: &[(String, String)]) -> Result<Self, BadInput> {
        let url = |output: &str| {
            let found = outputs.iter().find(|(name, _)| name == output).map(|(_, url)| url.clone());
            found.ok_or_else(|| BadInput(format!("stack FipeApi has no output {output}; deploy it again")))
        };
        let urls = QUEUES.iter().map(|(name, queue, dead)| Ok((*name, url(queue)?, url(dead)?)));
        Ok(Self { client: Client::new(config), urls: urls.collect::<Result<_, _>>()? })
    }

    /// How full they are now.
    pub(crate) async fn depths(&self) -> Result<Vec<Queue>, CallError> {
        let mut queues = Vec::new();
        for (name, url, dead) in &self.urls {
            let (available, in_flight) = self.depth(url).await?;
            let (dead, taken) = self.depth(dead).await?;
            queues.push(Queue { name, available, in_flight, dead_letters: dead + taken });
        }
        Ok(queues)
    }

    async fn depth(&self, url: &str) -> Result<(u64, u64), CallError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as NotVisible,
        };
        let call =
            self.client.get_queue_attributes().queue_url(url).attribute_names(Visible).attribute_names(NotVisible);
        let answer = call.send().await.map_err(|error| call_error("GetQueueAttributes", error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let number = |name| attributes.get(&name).and_then(|text| text.parse().ok()).unwrap_or_default();
        Ok((number(Visible), number(NotVisible)))
    }
}
