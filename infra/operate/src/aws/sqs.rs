//! Queues, their messages and SQS's move tasks. Receives messages only for a redrive.

use std::time::Duration;

use aws_access::{Answer, CallError, CallErrorKind, call_error};
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
    QueueAttributeName,
};
use jiff::Timestamp;

use super::{AwsCloud, absent};
use crate::{Attribute, AttributeValue, Message, MoveStatus, MoveTask, QueueAttributes, Queues, Redriving};

impl Queues for AwsCloud {
    async fn attributes(&self, url: &str) -> Result<Option<QueueAttributes>, CallError> {
        use QueueAttributeName as Name;
        let call = self.sqs.get_queue_attributes().queue_url(url).attribute_names(Name::All);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => return absent(call_error("GetQueueAttributes", error)),
        };
        let attributes = answer.attributes.unwrap_or_default();
        let text = |name: &Name| attributes.get(name).map(String::as_str);
        let answer = Answer("GetQueueAttributes");
        // {"deadLetterTargetArn": "arn:..", "maxReceiveCount": 5}, where the number is sometimes a string.
        let redrive: serde_json::Value = match text(&Name::RedrivePolicy) {
            Some(policy) if !policy.is_empty() => serde_json::from_str(policy)
                .map_err(|_| CallError::unreadable("GetQueueAttributes", "RedrivePolicy"))?,
            // Optional: a queue without a dead-letter queue has none.
            _ => serde_json::Value::Null,
        };
        let count = &redrive["maxReceiveCount"];
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok());
        Ok(Some(QueueAttributes {
            arn: answer.text("QueueArn", text(&Name::QueueArn))?,
            visible: answer.number("ApproximateNumberOfMessages", text(&Name::ApproximateNumberOfMessages))?,
            in_flight: answer
                .number("ApproximateNumberOfMessagesNotVisible", text(&Name::ApproximateNumberOfMessagesNotVisible))?,
            delayed: answer
                .number("ApproximateNumberOfMessagesDelayed", text(&Name::ApproximateNumberOfMessagesDelayed))?,
            dead_letter_target: redrive["deadLetterTargetArn"].as_str().map(str::to_owned),
            max_receive_count: count.and_then(|count| u32::try_from(count).ok()),
            // Present for FIFO queues only.
            fifo: text(&Name::FifoQueue) == Some("true"),
        }))
    }
}

impl Redriving for AwsCloud {
    async fn start_move(&self, dead_letters_arn: &str, destination_arn: Option<&str>) -> Result<String, CallError> {
        let call = self.sqs.start_message_move_task().source_arn(dead_letters_arn);
        let answer = call.set_destination_arn(destination_arn.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| call_error("StartMessageMoveTask", error))?;
        Answer("StartMessageMoveTask").text("TaskHandle", answer.task_handle())
    }

    async fn moves(&self, dead_letters_arn: &str) -> Result<Vec<MoveTask>, CallError> {
        let call = self.sqs.list_message_move_tasks().source_arn(dead_letters_arn).max_results(10);
        let answer = call.send().await.map_err(|error| call_error("ListMessageMoveTasks", error))?;
        let mut tasks: Vec<MoveTask> = (answer.results().iter())
            .map(|task| {
                Ok(MoveTask {
                    // Present while it runs.
                    handle: task.task_handle().map(str::to_owned),
                    status: match Answer("ListMessageMoveTasks").text("Status", task.status())?.as_str() {
                        "RUNNING" => MoveStatus::Running,
                        "CANCELLING" => MoveStatus::Cancelling,
                        "CANCELLED" => MoveStatus::Cancelled,
                        "FAILED" => MoveStatus::Failed,
                        _ => MoveStatus::Completed,
                    },
                    moved: u64::try_from(task.approximate_number_of_messages_moved()).unwrap_or_default(),
                    total: task.approximate_number_of_messages_to_move().and_then(|total| u64::try_from(total).ok()),
                    failure: task.failure_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
                    started_at: task.started_timestamp(),
                })
            })
            .collect::<Result<_, CallError>>()?;
        tasks.sort_by_key(|task| std::cmp::Reverse(task.started_at));
        Ok(tasks)
    }

    async fn cancel_move(&self, handle: &str) -> Result<(), CallError> {
        let answer = self.sqs.cancel_message_move_task().task_handle(handle).send().await;
        answer.map(drop).map_err(|error| call_error("CancelMessageMoveTask", error))
    }

    async fn receive(&self, url: &str, most: u32, visibility: Duration) -> Result<Vec<Message>, CallError> {
        let call = self
            .sqs
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(most.clamp(1, 10)).unwrap_or(10))
            .visibility_timeout(i32::try_from(visibility.as_secs()).unwrap_or(30))
            .wait_time_seconds(1)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = call.send().await.map_err(|error| call_error("ReceiveMessage", error))?;
        let message = |message: aws_sdk_sqs::types::Message| {
            let system = message.attributes.unwrap_or_default();
            let of = |name| system.get(&name).filter(|text| !text.is_empty()).cloned();
            let answer = Answer("ReceiveMessage");
            let attributes = message.message_attributes.unwrap_or_default().into_iter().map(attribute);
            Ok(Message {
                message_id: answer.text("MessageId", message.message_id.as_deref())?,
                receipt_handle: answer.text("ReceiptHandle", message.receipt_handle.as_deref())?,
                body: answer.any("Body", message.body)?,
                attributes: attributes.collect::<Result<_, CallError>>()?,
                group_id: of(MessageSystemAttributeName::MessageGroupId),
                trace_header: of(MessageSystemAttributeName::AwsTraceHeader),
                sent_at: of(MessageSystemAttributeName::SentTimestamp)
                    .and_then(|millis| Timestamp::from_millisecond(millis.parse().ok()?).ok()),
                receives: of(MessageSystemAttributeName::ApproximateReceiveCount)
                    .and_then(|count| count.parse().ok())
                    .unwrap_or(1),
            })
        };
        // Optional: an empty receive has no list.
        answer.messages.unwrap_or_default().into_iter().map(message).collect()
    }

    async fn send(&self, url: &str, message: &Message, deduplication_id: Option<&str>) -> Result<(), CallError> {
        let error = |source: Box<dyn std::error::Error + Send + Sync>| CallError {
            operation: "SendMessage",
            code: None,
            message: "an attribute of the message cannot be sent".to_owned(),
            kind: CallErrorKind::Invalid,
            source: Some(source),
        };
        let mut call = self
            .sqs
            .send_message()
            .queue_url(url)
            .message_body(&message.body)
            .set_message_group_id(message.group_id.clone())
            .set_message_deduplication_id(deduplication_id.map(str::to_owned));
        for (name, attribute) in &message.attributes {
            let value = MessageAttributeValue::builder().data_type(&attribute.data_type);
            let value = match &attribute.value {
                AttributeValue::Text(text) => value.string_value(text),
                AttributeValue::Bytes(bytes) => value.binary_value(Blob::new(bytes.clone())),
            };
            call = call.message_attributes(name, value.build().map_err(|source| error(source.into()))?);
        }
        if let Some(header) = &message.trace_header {
            let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header).build();
            let value = value.map_err(|source| error(source.into()))?;
            call = call.message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, value);
        }
        call.send().await.map(drop).map_err(|error| call_error("SendMessage", error))
    }

    async fn delete(&self, url: &str, receipt_handle: &str) -> Result<(), CallError> {
        let answer = self.sqs.delete_message().queue_url(url).receipt_handle(receipt_handle).send().await;
        answer.map(drop).map_err(|error| call_error("DeleteMessage", error))
    }

    async fn release(&self, url: &str, receipt_handle: &str) -> Result<(), CallError> {
        let call =
            self.sqs.change_message_visibility().queue_url(url).receipt_handle(receipt_handle).visibility_timeout(0);
        call.send().await.map(drop).map_err(|error| call_error("ChangeMessageVisibility", error))
    }
}

fn attribute((name, value): (String, MessageAttributeValue)) -> Result<(String, Attribute), CallError> {
    let of = match (value.string_value, value.binary_value) {
        (_, Some(bytes)) => AttributeValue::Bytes(bytes.into_inner()),
        (text, None) => AttributeValue::Text(Answer("ReceiveMessage").any("StringValue", text)?),
    };
    Ok((name, Attribute { data_type: value.data_type, value: of }))
}
