//! What is known at run time.

use facts::{
    Knowledge, Outline, Replacement, Scrutiny, TagShape, is_known, is_stateful, of, resource_type, resource_types,
};

#[test]
fn replacement_is_known_at_nested_paths() {
    let queue = resource_type("AWS::SQS::Queue").unwrap();
    assert_eq!(queue.replacement("QueueName"), Some(Replacement::Yes));
    assert_eq!(queue.replacement("VisibilityTimeout"), Some(Replacement::No));
    assert_eq!(queue.replacement("NoSuchThing"), None);
    let table = resource_type("AWS::DynamoDB::Table").unwrap();
    assert_eq!(table.replacement("ImportSourceSpecification/InputFormatOptions/Csv/Delimiter"), Some(Replacement::Yes));
    let instance = resource_type("AWS::EC2::Instance").unwrap();
    assert_eq!(instance.replacement("InstanceType"), Some(Replacement::Maybe));
    assert_eq!(instance.replacement("BlockDeviceMappings[0].Ebs.KmsKeyId"), Some(Replacement::Yes));
}

#[test]
fn write_only_values_are_known() {
    assert_eq!(resource_type("AWS::RDS::DBCluster").unwrap().is_write_only("MasterUserPassword"), Some(true));
    assert_eq!(resource_type("AWS::IAM::User").unwrap().is_write_only("LoginProfile.Password"), Some(true));
    assert_eq!(resource_type("AWS::SQS::Queue").unwrap().is_write_only("QueueName"), Some(false));
}

#[test]
fn what_needs_a_security_look_is_known_for_types_and_at_nested_paths() {
    let scrutiny = |name, path| resource_type(name).unwrap().scrutiny(path);
    assert_eq!(scrutiny("AWS::IAM::Role", "Policies.0.PolicyDocument"), Some(Scrutiny::IdentityPolicy));
    assert_eq!(scrutiny("AWS::IAM::Role", "AssumeRolePolicyDocument"), Some(Scrutiny::ResourcePolicy));
    assert_eq!(scrutiny("AWS::IAM::Role", "ManagedPolicyArns"), Some(Scrutiny::ManagedPolicies));
    assert_eq!(scrutiny("AWS::IAM::Role", "Description"), None);
    let group = "AWS::EC2::SecurityGroup";
    assert_eq!(scrutiny(group, "SecurityGroupIngress[0].CidrIp"), Some(Scrutiny::IngressRules));
    assert_eq!(scrutiny(group, "SecurityGroupEgress"), Some(Scrutiny::EgressRules));
    assert_eq!(scrutiny("AWS::Lambda::Permission", "Principal"), Some(Scrutiny::LambdaPermission));
    assert_eq!(scrutiny("AWS::SQS::QueuePolicy", "Queues"), Some(Scrutiny::ResourcePolicy));
    assert_eq!(scrutiny("AWS::SQS::Queue", "RedriveAllowPolicy"), Some(Scrutiny::ResourcePolicy));
    assert_eq!(scrutiny("AWS::SQS::Queue", "RedrivePolicy"), None);
}

#[test]
fn stateful_types_are_known_also_of_services_without_module() {
    let stateful = [
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::EFS::FileSystem",
        "AWS::ECR::Repository",
    ];
    assert!(stateful.iter().all(|name| is_stateful(name)));
    assert!(!is_stateful("AWS::Lambda::Function"));
}

#[test]
fn every_type_is_found_by_its_name() {
    let mut count = 0;
    for known in resource_types() {
        assert_eq!(resource_type(known.name).map(|found| found.name), Some(known.name));
        let sorted = known.properties.is_sorted_by(|left, right| left.name < right.name);
        assert!(sorted && known.attributes.is_sorted(), "{}", known.name);
        count += 1;
    }
    assert!(count > 290, "{count} types");
    assert!(resource_type("AWS::SQS::Nothing").is_none() && resource_type("Custom::Thing").is_none());
}

#[test]
fn the_shape_of_tags_is_known() {
    let shape = |name| resource_type(name).unwrap().tags.map(|tags| tags.shape);
    assert_eq!(shape("AWS::SQS::Queue"), Some(TagShape::List));
    assert_eq!(shape("AWS::ApiGatewayV2::Api"), Some(TagShape::Map));
    assert_eq!(shape("AWS::SQS::QueuePolicy"), None);
}

#[test]
fn what_a_deployment_needs_of_iam_is_known() {
    let permissions = |name| resource_type(name).unwrap().permissions;
    let actions: Vec<_> = permissions("AWS::CloudWatch::Dashboard").iter().map(|each| each.action).collect();
    assert!(actions.contains(&"cloudwatch:PutDashboard") && actions.contains(&"cloudwatch:TagResource"), "{actions:?}");
    let only_lists = |name| permissions(name).iter().filter(|each| each.only_lists()).map(|each| each.action);
    assert_eq!(only_lists("AWS::SQS::Queue").collect::<Vec<_>>(), ["sqs:ListQueues"]);
    let without: Vec<_> = resource_types().filter(|each| each.permissions.is_empty()).map(|each| each.name).collect();
    assert!(without.len() * 10 < resource_types().count(), "{without:?}");
    for known in resource_types() {
        let permissions = known.permissions;
        assert!(permissions.is_sorted_by(|left, right| left.action < right.action), "{}", known.name);
        assert!(permissions.iter().all(|each| each.action.contains(':')), "{}", known.name);
    }
}

fn outline(name: &str) -> &'static Outline {
    let Knowledge::Outline(outline) = of(name) else { panic!("{name} has no outline") };
    outline
}

#[test]
fn types_of_services_without_tables_are_known_too() {
    let system = outline("AWS::EFS::FileSystem");
    assert_eq!(system.name, "AWS::EFS::FileSystem");
    assert_eq!(system.replacement("PerformanceMode"), Replacement::Yes);
    assert_eq!(system.replacement("LifecyclePolicies[0].TransitionToIA"), Replacement::No);
    assert!(system.is_write_only("ReplicationConfiguration.Destinations[0].KmsKeyId"));
    assert!(matches!(of("AWS::SQS::Queue"), Knowledge::Full(_)), "no outline beside a table");
}

#[test]
fn a_type_that_nobody_knows_is_unknown() {
    for name in ["Custom::Migration", "AWS::EFS::FileSyste", "AWS::EFS", "FileSystem", ""] {
        assert!(!is_known(name), "{name}");
    }
}
