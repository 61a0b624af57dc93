//! A template from typed resources to text.

use cfn::aws_lambda::cfn_function::{CodeProperty, EnvironmentProperty, Runtime, VpcConfigProperty};
use cfn::aws_lambda::{CfnEventSourceMapping, CfnFunction};
use cfn::aws_sqs::CfnQueue;
use cfn::aws_sqs::cfn_queue::RedrivePolicyProperty;
use cfn::intrinsics::{if_, join, sub};
use cfn::{Condition, DeletionPolicy, Parameter, ResourceOptions, Template, UpdateReplacePolicy, list, pseudo};

fn template() -> Template {
    let mut stack = Template::new("ShopApi-dev").description("The shop: queues and functions");
    let bucket = stack.parameter("CodeBucket", Parameter::string().description("Where the code is"));
    let subnets = stack.parameter("SubnetIds", Parameter::list_of_subnet_ids());
    let stage = stack.parameter("Stage", Parameter::string().default("dev").allowed_values(["dev", "prd"]));
    let is_prd = stack.condition("IsPrd", Condition::equals(&stage, "prd"));
    let dead = stack.add("OrderDlq", CfnQueue::new().message_retention_period(1_209_600));
    let queue = stack.add(
        "OrderQueue",
        CfnQueue::new()
            .queue_name("shop-order-queue-dev")
            .visibility_timeout(1830)
            .redrive_policy(RedrivePolicyProperty::new().dead_letter_target_arn(dead.attr_arn()).max_receive_count(5))
            .tags([("Stage", "dev")])
            .deletion_policy(DeletionPolicy::Retain)
            .update_replace_policy(UpdateReplacePolicy::Retain),
    );
    let function = stack.add(
        "OrderLoader",
        CfnFunction::new()
            .code(CodeProperty::new().s3_bucket(&bucket).s3_key("order-loader.zip"))
            .role(sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/loader"))
            .runtime(Runtime::PROVIDED_AL2023)
            .memory_size(if_(&is_prd, 256, 128))
            .vpc_config(VpcConfigProperty::new().subnet_ids(&subnets).security_group_ids(["sg-1"]))
            .environment(
                EnvironmentProperty::new()
                    .variables([("QUEUE_URL", queue.r#ref()), ("NO", join("-", list!["a", pseudo::region()]))]),
            )
            .depends_on(&dead),
    );
    stack.add(
        "Mapping",
        CfnEventSourceMapping::new().function_name(function.r#ref()).event_source_arn(queue.attr_arn()),
    );
    stack.output("OrderQueueUrl", queue.r#ref()).description("Where orders are placed");
    stack
}

#[test]
fn a_template_reads_as_it_was_written() {
    insta::assert_snapshot!(template().to_yaml());
}

#[test]
fn the_same_template_gives_the_same_bytes() {
    assert_eq!(template().to_yaml(), template().to_yaml());
    assert_eq!(template().to_json(), template().to_json());
}
