//! An unknown resource type is an error that says what to add.

use cfn::RawResource;
use constructs::{Role, Stack, SynthesizedStack};

use super::*;

fn stack(resources: Vec<(&'static str, RawResource)>) -> SynthesizedStack {
    let mut stack = Stack::new("Orders", "dev", "orders", &[]);
    for (id, resource) in resources {
        stack.add(id, resource);
    }
    stack.finish()
}

fn refused(stack: SynthesizedStack) -> Vec<String> {
    let found = execution(&Scope { stage: "dev", stacks: &[stack] }).expect_err("it is refused");
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_type_that_is_not_covered_is_refused_with_what_to_add() {
    let stream = RawResource::new("AWS::Kinesis::Stream");
    let queue = RawResource::new("AWS::SQS::Queue").property("QueueName", "orders-dev");
    let found = refused(stack(vec![("Stream", stream), ("Queue", queue)]));
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert!(found.contains("Orders-dev > Stream (AWS::Kinesis::Stream)"), "{found}");
    assert!(found.contains("add AWS::Kinesis::Stream") && found.contains("delivery/src/services.rs"), "{found}");
}

#[test]
fn a_name_that_the_statements_do_not_reach_is_refused_with_those_that_they_do() {
    let queue = |name: &'static str| RawResource::new("AWS::SQS::Queue").property("QueueName", name);
    for name in ["orders", "orders-stg", "-dev-orders", "orders.fifo", "orders-stg.fifo"] {
        let found = refused(stack(vec![("Queue", queue(name))]));
        assert!(found.len() == 1 && found[0].contains("*-dev") && found[0].contains(name), "{found:?}");
    }
    for name in ["orders-dev", "orders-dev.fifo"] {
        let stacks = [stack(vec![("Queue", queue(name))])];
        let scope = Scope { stage: "dev", stacks: &stacks };
        assert!(execution(&scope).is_ok(), "{name}");
    }
    assert_eq!(
        refused(stack(vec![("Queue", RawResource::new("AWS::SQS::Queue"))])).len(),
        1,
        "CloudFormation's own name"
    );
    let bucket = RawResource::new("AWS::S3::Bucket").property("BucketName", "orders-dev");
    assert!(refused(stack(vec![("Bucket", bucket)]))[0].contains("CloudFormation makes it"));
}

#[test]
fn a_bucket_may_have_a_name_that_ends_with_the_stage_and_the_account_and_is_then_named_exactly() {
    let bucket = |name: &str| RawResource::new("AWS::S3::Bucket").property("BucketName", cfn::intrinsics::sub(name));
    for name in ["orders-stg-${AWS::AccountId}", "orders-dev", "orders-dev-${AWS::Region}"] {
        let found = refused(stack(vec![("Bucket", bucket(name))]));
        assert!(found[0].contains("!Sub *-dev-${AWS::AccountId}"), "{found:?}");
    }
    let notifying = bucket("orders-dev-${AWS::AccountId}").property("NotificationConfiguration", json!({}));
    let other = RawResource::new("AWS::S3::Bucket");
    let stacks = [stack(vec![("Bucket", notifying), ("Other", other)])];
    let statements = execution(&Scope { stage: "dev", stacks: &stacks }).expect("covered");
    let texts: Vec<_> = statements.iter().map(|statement| format!("{statement:?}")).collect();
    let [buckets, notifications] = texts.as_slice() else { panic!("{texts:?}") };
    assert!(
        buckets.contains("s3:::orders-dev-${AWS::AccountId}") && buckets.contains("s3:::orders-dev-*"),
        "{buckets}"
    );
    assert!(notifications.contains("s3:PutBucketNotification") && !notifications.contains('*'), "{notifications}");
}

#[test]
fn only_the_services_that_the_stacks_use_are_allowed() {
    let mut orders = Stack::new("Orders", "dev", "orders", &[]);
    Role::new(&mut orders, "Role", "states.amazonaws.com", "Orders.");
    let statements = execution(&Scope { stage: "dev", stacks: &[orders.finish()] }).expect("covered");
    assert!(statements.iter().all(|statement| statement.service() == "iam"), "{statements:?}");
    let text = format!("{statements:?}");
    assert!(text.contains("states.amazonaws.com") && !text.contains("lambda.amazonaws.com"), "{text}");
}
