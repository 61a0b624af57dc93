//! What `validate` says, word by word.

use cfn::aws_lambda::CfnFunction;
use cfn::aws_lambda::cfn_function::{CodeProperty, Runtime, VpcConfigProperty};
use cfn::aws_sqs::CfnQueue;
use cfn::aws_sqs::cfn_queue::{RedriveAllowPolicyProperty, RedrivePolicyProperty};
use cfn::intrinsics::{get_att, if_, ref_to, sub};
use cfn::{Condition, Parameter, RawResource, Resource, ResourceOptions, Template, Value, json};

fn messages(template: &Template) -> Vec<String> {
    template.validate().iter().map(ToString::to_string).collect()
}

fn messages_of<R: Resource>(resource: R) -> Vec<String> {
    let mut template = Template::new("Test");
    template.add("It", resource);
    messages(&template)
}

fn function() -> CfnFunction {
    CfnFunction::new().code(CodeProperty::new().image_uri("image")).role("arn:aws:iam::123456789012:role/loader")
}

#[test]
fn a_good_template_has_nothing_to_say() {
    let mut template = Template::new("Test");
    let parameter = template.parameter("Name", Parameter::string());
    let condition = template.condition("IsNamed", Condition::not(Condition::equals(&parameter, "")));
    let dead = template.add("Dead", CfnQueue::new());
    let redrive = RedrivePolicyProperty::new().dead_letter_target_arn(dead.attr_arn()).max_receive_count(5);
    let queue = template.add("Queue", CfnQueue::new().redrive_policy(redrive).condition(&condition));
    template.add(
        "Function",
        function().function_name(if_(&condition, &parameter, sub("${AWS::StackName}-${Queue.QueueName}-${!x}"))),
    );
    template.output("Url", queue.r#ref()).condition(&condition);
    assert_eq!(messages(&template), [""; 0]);
}

#[test]
fn a_number_out_of_its_range_is_told_with_the_range() {
    let mut template = Template::new("ShopApi-dev");
    template.add("OrderQueue", CfnQueue::new().visibility_timeout(50_000).delay_seconds(-1));
    assert_eq!(
        messages(&template),
        [
            "ShopApi-dev > OrderQueue (AWS::SQS::Queue) > VisibilityTimeout: 50000 is above 43200; use 0 to 43200",
            "ShopApi-dev > OrderQueue (AWS::SQS::Queue) > DelaySeconds: -1 is below 0; use 0 to 900",
        ]
    );
}

#[test]
fn a_limit_itself_is_allowed() {
    assert_eq!(messages_of(CfnQueue::new().visibility_timeout(43_200).delay_seconds(0)), [""; 0]);
}

#[test]
fn nested_values_are_told_by_their_path() {
    let vpc = VpcConfigProperty::new()
        .security_group_ids(["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "other"])
        .subnet_ids(["subnet-1"]);
    assert_eq!(
        messages_of(function().vpc_config(vpc)),
        [
            "Test > It (AWS::Lambda::Function) > VpcConfig.SecurityGroupIds: 6 items are more than 5; give at most 5",
            "Test > It (AWS::Lambda::Function) > VpcConfig.SecurityGroupIds[5]: `other` does not match ^sg-[0-9a-zA-Z]*$; change it so that it matches",
        ]
    );
}

#[test]
fn too_few_items_and_too_short_texts_are_refused() {
    let group = RawResource::new("AWS::Lambda::CodeSigningConfig")
        .property("AllowedPublishers", json!({ "SigningProfileVersionArns": [] }));
    let path = "Test > It (AWS::Lambda::CodeSigningConfig) > AllowedPublishers.SigningProfileVersionArns";
    assert_eq!(messages_of(group), [format!("{path}: 0 items are fewer than 1; give at least 1")]);
    let mapping = RawResource::new("AWS::Lambda::EventSourceMapping")
        .property("FunctionName", "f")
        .property("Queues", json!([""]));
    assert_eq!(
        messages_of(mapping),
        ["Test > It (AWS::Lambda::EventSourceMapping) > Queues[0]: `` has 0 characters, fewer than 1; use at least 1"]
    );
}

#[test]
fn values_that_aws_takes_in_any_case_are_taken_in_any_case() {
    let address = |domain| RawResource::new("AWS::EC2::EIP").property("Domain", domain);
    assert_eq!(messages_of(address("VPC")), [""; 0]);
    assert_eq!(messages_of(address("vpn")).len(), 1);
}

#[test]
fn what_may_be_a_secret_is_never_repeated() {
    let parameters = json!({ "BasicAuthParameters": { "Username": "me", "Password": "correct\u{7}horse" } });
    let connection = RawResource::new("AWS::Events::Connection").property("AuthParameters", parameters);
    let messages = messages_of(connection);
    assert!(messages.len() == 1 && messages[0].contains("Password: the value does not match"), "{messages:?}");
}

#[test]
fn lengths_are_counted_in_characters() {
    let name = "ã".repeat(128);
    assert_eq!(messages_of(CfnQueue::new().tags([(name.as_str(), "")])), [""; 0]);
    assert_eq!(
        messages_of(CfnQueue::new().tags([(format!("{name}ã"), "value")])),
        [format!(
            "Test > It (AWS::SQS::Queue) > Tags[0].Key: `{}..` has 129 characters, more than 128; use at most 128",
            "ã".repeat(60)
        )]
    );
}

#[test]
fn an_unknown_value_is_refused_as_text_and_taken_as_custom() {
    assert_eq!(messages_of(function().runtime(Runtime::PROVIDED_AL2023)), [""; 0]);
    assert_eq!(messages_of(function().runtime("provided.al2023")), [""; 0]);
    assert_eq!(messages_of(function().runtime(Runtime::custom("provided.al2030"))), [""; 0]);
    let policy = RedriveAllowPolicyProperty::new().redrive_permission("allowall");
    assert_eq!(
        messages_of(CfnQueue::new().redrive_allow_policy(policy)),
        [
            "Test > It (AWS::SQS::Queue) > RedriveAllowPolicy.redrivePermission: `allowall` is not one of allowAll, byQueue, denyAll; \
         did you mean `allowAll`; `custom(..)` takes newer values",
        ]
    );
}

#[test]
fn values_known_only_at_deployment_are_passed_over() {
    let mut template = Template::new("Test");
    let runtime = template.parameter("Runtime", Parameter::string());
    let memory = template.parameter("Memory", Parameter::number());
    template.add("It", function().runtime(runtime.r#ref()).memory_size(memory.r#ref().cast()));
    assert_eq!(messages(&template), [""; 0]);
}

#[test]
fn raw_resources_of_known_types_are_checked_like_others() {
    let raw = RawResource::new("AWS::Lambda::Function")
        .property("Rol", "arn")
        .property("Timeout", "30")
        .property("Code", json!({ "S3Buckt": "code" }));
    assert_eq!(
        messages_of(raw),
        [
            "Test > It (AWS::Lambda::Function) > Rol: there is no such property; did you mean `Role`",
            "Test > It (AWS::Lambda::Function) > Timeout: `30` is no whole number; give a whole number",
            "Test > It (AWS::Lambda::Function) > Code.S3Buckt: there is no such property; did you mean `S3Bucket`",
            "Test > It (AWS::Lambda::Function) > Role: a required property is missing; set it",
        ]
    );
}

#[test]
fn raw_resources_of_unknown_types_are_taken_as_they_are() {
    assert_eq!(messages_of(RawResource::new("Custom::Init").property("Anything", json!([1, null, {}]))), [""; 0]);
}

#[test]
fn a_required_property_set_to_none_is_missing() {
    let none: Option<&str> = None;
    assert_eq!(
        messages_of(CfnFunction::new().code(CodeProperty::new()).role(none)),
        ["Test > It (AWS::Lambda::Function) > Role: a required property is missing; set it"]
    );
}

#[test]
fn ids_are_valid_and_unique() {
    let mut template = Template::new("Test");
    template.parameter("Queue", Parameter::string());
    template.add("Queue", CfnQueue::new());
    template.add("order-queue", CfnQueue::new());
    assert_eq!(
        messages(&template),
        [
            "Test > Queue (AWS::SQS::Queue): the id is taken by another one (Parameter); choose another id",
            "Test > order-queue (AWS::SQS::Queue): `order-queue` is no logical id; use 1 to 255 ASCII letters and digits",
        ]
    );
}

#[test]
fn everything_that_is_named_exists() {
    let mut template = Template::new("Test");
    let elsewhere = Template::new("Other").condition("Elsewhere", Condition::equals("a", "b"));
    let queue =
        template.add("OrderQueue", CfnQueue::new().queue_name(sub("${Stag}-${OrderQueue2}-${AWS::Regio}-${!Not}")));
    let nested: Value<String> = if_(&elsewhere, get_att::<String>("OrderQueu", "Arn"), "x");
    template.add("It", function().description(nested).timeout(queue.get_att::<i64>("Arm")));
    template.output("Url", ref_to::<String>("OrderQeue"));
    assert_eq!(
        messages(&template),
        [
            "Test > OrderQueue (AWS::SQS::Queue) > QueueName: there is no parameter or resource `Stag`; add it to this template, or pass it in as a parameter",
            "Test > OrderQueue (AWS::SQS::Queue) > QueueName: there is no parameter or resource `OrderQueue2`; did you mean `OrderQueue`",
            "Test > OrderQueue (AWS::SQS::Queue) > QueueName: there is no parameter or resource `AWS::Regio`; add it to this template, or pass it in as a parameter",
            "Test > It (AWS::Lambda::Function) > Description: there is no condition `Elsewhere`; add it to the template",
            "Test > It (AWS::Lambda::Function) > Description: there is no resource `OrderQueu`; did you mean `OrderQueue`",
            "Test > It (AWS::Lambda::Function) > Timeout: `OrderQueue` (AWS::SQS::Queue) has no attribute `Arm`; did you mean `Arn`",
            "Test > Url (Output) > Value: there is no parameter or resource `OrderQeue`; did you mean `OrderQueue`",
        ]
    );
}

#[test]
fn a_cycle_is_told_along_its_way() {
    let mut template = Template::new("Test");
    template.add("A", CfnQueue::new().queue_name(get_att::<String>("B", "QueueName")));
    template.add("B", CfnQueue::new().queue_name(sub("${C}")));
    let a = template.add("C", CfnQueue::new());
    template.update(&a, |queue| queue.queue_name(ref_to::<String>("A")));
    assert_eq!(
        messages(&template),
        [
            "Test > A (AWS::SQS::Queue): resources wait for one another: A -> B -> C -> A; break one of the references, such as by a resource of its own for a policy"
        ]
    );
}

#[test]
fn a_number_that_cannot_be_written_is_refused() {
    assert_eq!(
        messages_of(RawResource::new("Custom::It").property("Rate", f64::NAN)),
        ["Test > It (Custom::It) > Rate: NaN cannot be written; use a finite number"]
    );
}

#[test]
fn more_than_five_hundred_resources_are_too_many() {
    let mut template = Template::new("Test");
    for number in 0..501 {
        template.add(format!("Queue{number}"), CfnQueue::new());
    }
    assert_eq!(messages(&template), ["Test: 501 resources are more than 500; split the stack"]);
}
