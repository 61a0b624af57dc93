//! What a stage needs follows from the facts, what it does not need from a reason, and the rest is an error that says what to add.

use cfn::{RawResource, json};
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
    let [found, actions] = found.as_slice() else { panic!("{found:?}") };
    assert!(actions.contains("delivery/src/places.rs"), "{actions}");
    assert!(found.contains("Orders-dev > Stream (AWS::Kinesis::Stream)"), "{found}");
    assert!(found.contains("how AWS::Kinesis::Stream is named") && found.contains("delivery/src/names.rs"), "{found}");
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
    let stacks = [stack(vec![
        ("Bucket", bucket("orders-dev-${AWS::AccountId}")),
        ("Other", RawResource::new("AWS::S3::Bucket")),
    ])];
    let statements = execution(&Scope { stage: "dev", stacks: &stacks }).expect("covered");
    let texts: Vec<_> = statements.iter().map(|statement| format!("{statement:?}")).collect();
    let [buckets] = texts.as_slice() else { panic!("{texts:?}") };
    assert!(
        buckets.contains("s3:::orders-dev-${AWS::AccountId}") && buckets.contains("s3:::orders-dev-*"),
        "{buckets}"
    );
}

/// Of one resource, by statement.
fn allowed(resource: RawResource) -> BTreeMap<&'static str, String> {
    let stacks = [stack(vec![("It", resource)])];
    let statements = execution(&Scope { stage: "dev", stacks: &stacks }).unwrap_or_else(|found| panic!("{found:?}"));
    statements.iter().map(|statement| (statement.sid(), format!("{statement:?}"))).collect()
}

#[test]
fn what_the_facts_list_is_allowed_where_it_applies() {
    let dashboard = allowed(RawResource::new("AWS::CloudWatch::Dashboard").property("DashboardName", "orders-dev"));
    assert_eq!(dashboard.keys().collect::<Vec<_>>(), [&"Dashboards"]);
    for action in ["PutDashboard", "TagResource", "UntagResource", "ListTagsForResource"] {
        assert!(dashboard["Dashboards"].contains(&format!("cloudwatch:{action}")), "{action}: {dashboard:?}");
    }
    let group = allowed(RawResource::new("AWS::EC2::SecurityGroup"));
    assert!(group["NetworkReads"].contains("ec2:DescribeInstances"), "{group:?}");
    assert!(group["SecurityGroups"].contains("ResourceTag/Stage") && !group["SecurityGroups"].contains("Describe"));
    let parameters = allowed(RawResource::new("AWS::RDS::DBClusterParameterGroup"));
    assert!(parameters["Databases"].contains("rds:ResetDBClusterParameterGroup"), "{parameters:?}");
    let bucket = allowed(RawResource::new("AWS::S3::Bucket"));
    assert!(bucket["Buckets"].contains("s3:TagResource") && bucket["Buckets"].contains("s3:GetBucketWebsite"));
    let api = allowed(RawResource::new("AWS::ApiGatewayV2::Api"));
    assert!(api["ApiRole"].contains("ops.apigateway.amazonaws.com"), "{api:?}");
    let stage = allowed(RawResource::new("AWS::ApiGatewayV2::Stage"));
    assert!(stage["ApiTags"].contains("apigateway:TagResource"), "{stage:?}");
}

#[test]
fn no_deployment_lists_all_resources_of_a_type() {
    let queue = allowed(RawResource::new("AWS::SQS::Queue").property("QueueName", "orders-dev"));
    assert!(
        queue["Queues"].contains("sqs:ListQueueTags") && !queue["Queues"].contains("\"sqs:ListQueues\""),
        "{queue:?}"
    );
}

#[test]
fn an_exclusion_ends_when_a_stack_sets_the_property_that_needs_it() {
    let bucket = || RawResource::new("AWS::S3::Bucket");
    let notifies = |resource| allowed(resource)["Buckets"].contains("s3:PutBucketNotification");
    assert!(!notifies(bucket()));
    assert!(notifies(bucket().property("NotificationConfiguration", json!({}))));
    // At any depth; and then it has to be said where it applies.
    let key = json!({ "SSEEnabled": true, "KMSMasterKeyId": "alias/orders" });
    let table = RawResource::new("AWS::DynamoDB::Table").property("TableName", "orders-dev");
    let found = refused(stack(vec![("Table", table.property("SSESpecification", key))]));
    assert!(found.len() == 1 && found[0].contains("kms:CreateGrant") && found[0].contains("places.rs"), "{found:?}");
}

#[test]
fn a_role_is_written_within_the_boundary_alone_and_never_leaves_it() {
    let role = allowed(RawResource::new("AWS::IAM::Role"));
    for action in
        ["CreateRole", "PutRolePolicy", "DeleteRolePolicy", "UpdateAssumeRolePolicy", "PutRolePermissionsBoundary"]
    {
        assert!(role["RolesWithinTheBoundary"].contains(&format!("\"iam:{action}\"")), "{action}");
        assert!(!role["Roles"].contains(&format!("\"iam:{action}\"")), "{action}");
    }
    assert!(role["RolesWithinTheBoundary"].contains("iam:PermissionsBoundary"));
    assert!(role["RolesWithinTheBoundary"].contains(":policy/Delivery-dev-Boundary"));
    for text in role.values() {
        assert!(!text.contains("DeleteRolePermissionsBoundary") && !text.contains("AttachRolePolicy"), "{text}");
    }
}

#[test]
fn every_place_is_where_some_type_needs_something() {
    let mut used = BTreeSet::new();
    for (kind, _) in names::NAMED {
        for action in needed(kind, &[]) {
            let places = places::of(kind, action);
            assert!(!places.is_empty(), "{kind} needs {action} nowhere");
            used.extend(places.into_iter().map(|place| place.sid));
        }
    }
    let unused: Vec<_> = places::PLACES.iter().map(|place| place.sid).filter(|sid| !used.contains(sid)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn only_the_services_that_the_stacks_use_are_allowed_and_roles_go_to_those_that_they_trust() {
    let mut orders = Stack::new("Orders", "dev", "orders", &[]);
    Role::new(&mut orders, "Role", "states.amazonaws.com", "Orders.");
    orders.add("Schedule", RawResource::new("AWS::Scheduler::Schedule").property("Name", "orders-dev"));
    let statements = execution(&Scope { stage: "dev", stacks: &[orders.finish()] }).expect("covered");
    let services: BTreeSet<_> = statements.iter().map(Statement::service).collect();
    assert_eq!(services, BTreeSet::from(["iam", "scheduler"]));
    let passed = statements.iter().find(|statement| statement.sid() == "RolesOfFunctions").expect("it is passed");
    let text = format!("{passed:?}");
    assert!(text.contains("states.amazonaws.com") && !text.contains("lambda.amazonaws.com"), "{text}");
}
