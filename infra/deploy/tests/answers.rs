//! Answers of CloudFormation that lack what AWS always gives: an error that names operation and field, and no default.

#[path = "../../aws/tests/canned/mod.rs"]
mod canned;

use aws_access::{CallError, CallErrorKind, sdk_config};
use canned::answering;
use deploy::CloudFormation;
use deploy::aws::{AwsCloudFormation, AwsDriftDetection};
use deploy::drift::DriftDetection;

async fn cloudformation(status: u16, body: &'static str) -> AwsCloudFormation {
    AwsCloudFormation::new(&sdk_config(&answering(status, body).await).await)
}

fn lacks(error: &CallError, operation: &str, field: &'static str) {
    assert_eq!(error.to_string(), format!("{operation} answered without {field}"));
    assert_eq!(error.kind, CallErrorKind::Incomplete { field });
    assert!(!error.is_retryable() && !error.is_about_state());
}

#[tokio::test]
async fn a_stack_has_an_id_and_a_status() {
    let whole = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>arn:1</StackId><StackName>A</StackName><CreationTime>2026-11-22T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";
    let found = cloudformation(200, whole).await.describe_stack("A").await.unwrap().unwrap();
    assert_eq!((found.stack_id.as_str(), found.status.as_str()), ("arn:1", "CREATE_COMPLETE"));
    assert!(!found.termination_protection && found.outputs.is_empty());
    for (body, field) in [
        (
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>arn:1</StackId></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
            "StackStatus",
        ),
        (
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackStatus>CREATE_COMPLETE</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
            "StackId",
        ),
        (
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>arn:1</StackId><StackStatus>CREATE_COMPLETE</StackStatus><Outputs><member><OutputKey>Url</OutputKey></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
            "OutputValue",
        ),
        (
            "<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>",
            "Stacks",
        ),
    ] {
        lacks(&cloudformation(200, body).await.describe_stack("A").await.unwrap_err(), "DescribeStacks", field);
    }
}

#[tokio::test]
async fn only_a_refusal_says_that_there_is_no_stack() {
    let body = "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id A does not exist</Message></Error></ErrorResponse>";
    assert_eq!(cloudformation(400, body).await.describe_stack("A").await.unwrap(), None);
    let drift = AwsDriftDetection::new(&sdk_config(&answering(400, body).await).await);
    assert_eq!(drift.detect_stack_drift("A").await.unwrap(), None);
    let body = "<DetectStackDriftResponse><DetectStackDriftResult/></DetectStackDriftResponse>";
    let drift = AwsDriftDetection::new(&sdk_config(&answering(200, body).await).await);
    lacks(&drift.detect_stack_drift("A").await.unwrap_err(), "DetectStackDrift", "StackDriftDetectionId");
}

#[tokio::test]
async fn an_event_without_a_status_does_not_end_an_operation() {
    const EVENT: &str = "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents><member><StackId>arn:1</StackId><EventId>e-1</EventId><StackName>A</StackName><LogicalResourceId>A</LogicalResourceId><ResourceType>AWS::CloudFormation::Stack</ResourceType><Timestamp>2026-11-22T00:00:00Z</Timestamp></member></StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>";
    let error = cloudformation(200, EVENT).await.describe_stack_events("arn:1", None).await.unwrap_err();
    lacks(&error, "DescribeStackEvents", "ResourceStatus");
    const HOOK: &str = "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents><member><StackId>arn:1</StackId><EventId>e-1</EventId><StackName>A</StackName><LogicalResourceId>Q</LogicalResourceId><HookType>My::Own::Hook</HookType><Timestamp>2026-11-22T00:00:00Z</Timestamp></member></StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>";
    let page = cloudformation(200, HOOK).await.describe_stack_events("arn:1", None).await.unwrap();
    assert_eq!(page.events, []);
}

#[tokio::test]
async fn a_change_set_has_ids_and_a_time() {
    let made = "<ListChangeSetsResponse><ListChangeSetsResult><Summaries><member><ChangeSetName>infra-1</ChangeSetName></member></Summaries></ListChangeSetsResult></ListChangeSetsResponse>";
    let error = cloudformation(200, made).await.list_change_sets("A").await.unwrap_err();
    lacks(&error, "ListChangeSets", "CreationTime");
    let page = "<DescribeChangeSetResponse><DescribeChangeSetResult><ChangeSetId>arn:c</ChangeSetId><StackId>arn:1</StackId></DescribeChangeSetResult></DescribeChangeSetResponse>";
    let error = cloudformation(200, page).await.describe_change_set(None, "arn:c", true, None).await.unwrap_err();
    lacks(&error, "DescribeChangeSet", "Status");
}

#[tokio::test]
async fn a_resource_has_a_status_and_a_template_a_text() {
    let body = "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member><LogicalResourceId>Q</LogicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType></member></StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>";
    let error = cloudformation(200, body).await.list_stack_resources("A").await.unwrap_err();
    lacks(&error, "ListStackResources", "ResourceStatus");
    let error = cloudformation(200, "<GetTemplateResponse><GetTemplateResult/></GetTemplateResponse>")
        .await
        .get_template("A")
        .await
        .unwrap_err();
    lacks(&error, "GetTemplate", "TemplateBody");
}

#[tokio::test]
async fn what_can_succeed_later_is_still_told_by_its_code() {
    let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let error = cloudformation(403, body).await.get_template("A").await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (CallErrorKind::Denied, Some("AccessDenied")));
    let body = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
    let error = cloudformation(400, body).await.get_template("A").await.unwrap_err();
    assert_eq!((error.kind, error.is_retryable()), (CallErrorKind::Throttled, true));
}
