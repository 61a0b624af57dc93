//! Answers that lack what AWS always gives: an error that names operation and field, and no default.

#[path = "../../aws/tests/canned/mod.rs"]
mod canned;

use aws_access::{CallError, CallErrorKind, sdk_config};
use canned::answering;
use operate::aws::AwsCloud;
use operate::{Functions, LogGroups, Queues, Redriving, Stacks};

async fn cloud(status: u16, body: &'static str) -> AwsCloud {
    AwsCloud::new(&sdk_config(&answering(status, body).await).await)
}

fn lacks(error: &CallError, operation: &str, field: &'static str) {
    assert_eq!(error.to_string(), format!("{operation} answered without {field}"));
    assert_eq!((error.kind, error.is_retryable()), (CallErrorKind::Incomplete { field }, false));
}

#[tokio::test]
async fn a_queue_says_how_many_messages_it_has() {
    let body = r#"{"Attributes": {"QueueArn": "arn:q", "ApproximateNumberOfMessages": "3"}}"#;
    let error = cloud(200, body).await.attributes("http://q").await.unwrap_err();
    lacks(&error, "GetQueueAttributes", "ApproximateNumberOfMessagesNotVisible");
    let error = cloud(200, "{}").await.attributes("http://q").await.unwrap_err();
    lacks(&error, "GetQueueAttributes", "QueueArn");
    let body = r#"{"Attributes": {"QueueArn": "arn:q", "ApproximateNumberOfMessages": "many"}}"#;
    let error = cloud(200, body).await.attributes("http://q").await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Incomplete { field: "ApproximateNumberOfMessages" });
    let body = r#"{"Attributes": {"QueueArn": "arn:q", "ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesNotVisible": "1", "ApproximateNumberOfMessagesDelayed": "0"}}"#;
    let queue = cloud(200, body).await.attributes("http://q").await.unwrap().unwrap();
    assert_eq!((queue.messages(), queue.dead_letter_target, queue.fifo), (4, None, false));
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_known_by_its_code() {
    let body = r#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"}"#;
    assert_eq!(cloud(400, body).await.attributes("http://q").await.unwrap(), None);
}

#[tokio::test]
async fn a_message_without_a_receipt_handle_is_not_moved() {
    let body = r#"{"Messages": [{"MessageId": "m-1", "Body": ""}]}"#;
    let visibility = std::time::Duration::from_secs(1);
    let error = cloud(200, body).await.receive("http://q", 1, visibility).await.unwrap_err();
    lacks(&error, "ReceiveMessage", "ReceiptHandle");
    assert_eq!(cloud(200, "{}").await.receive("http://q", 1, visibility).await.unwrap(), []);
}

#[tokio::test]
async fn functions_events_and_stacks_are_whole_or_refused() {
    let error = cloud(200, r#"{"FunctionName": "f", "Timeout": 3}"#).await.function("f").await.unwrap_err();
    lacks(&error, "GetFunctionConfiguration", "MemorySize");
    let body = r#"{"events": [{"logStreamName": "s", "message": "hello"}]}"#;
    lacks(&cloud(200, body).await.events("g", 0, None).await.unwrap_err(), "FilterLogEvents", "timestamp");
    let body = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>A</StackName></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";
    lacks(&cloud(200, body).await.describe_stack("A").await.unwrap_err(), "DescribeStacks", "StackStatus");
}
