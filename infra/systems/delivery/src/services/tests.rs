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
    for name in ["orders", "orders-stg", "-dev-orders"] {
        let found = refused(stack(vec![("Queue", queue(name))]));
        assert!(found.len() == 1 && found[0].contains("*-dev") && found[0].contains(name), "{found:?}");
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
fn only_the_services_that_the_stacks_use_are_allowed() {
    let mut orders = Stack::new("Orders", "dev", "orders", &[]);
    Role::new(&mut orders, "Role", "states.amazonaws.com", "Orders.");
    let statements = execution(&Scope { stage: "dev", stacks: &[orders.finish()] }).expect("covered");
    assert!(statements.iter().all(|statement| statement.service() == "iam"), "{statements:?}");
    let text = format!("{statements:?}");
    assert!(text.contains("states.amazonaws.com") && !text.contains("lambda.amazonaws.com"), "{text}");
}
