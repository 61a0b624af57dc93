//! Replacements that fail or surprise: conflicting custom names, renamed logical ids, messages left in a replaced queue.

use super::{Context, Rule, rule};
use crate::change::{Action, Finding, Replacement};
use crate::compare::is_same;

pub(super) const RULES: &[Rule] = &[
    rule(
        "reliability/replace-needs-a-new-name",
        "a resource with a name of its own is replaced: CloudFormation makes the new one first, and the name is taken",
        "{Example: {Type: 'AWS::DynamoDB::Table', UpdateReplacePolicy: Retain, Properties: {TableName: prices, KeySchema: [{AttributeName: a, KeyType: HASH}]}}}",
        "{Example: {Type: 'AWS::DynamoDB::Table', UpdateReplacePolicy: Retain, Properties: {TableName: prices, KeySchema: [{AttributeName: b, KeyType: HASH}]}}}",
        needs_a_new_name,
    ),
    rule(
        "reliability/renamed-under-its-name",
        "a logical id changes while the resource keeps its name: the new one cannot be made while the old one has it",
        "{Example: {Type: 'AWS::SNS::Topic', Properties: {TopicName: alarms}}}",
        "{Renamed: {Type: 'AWS::SNS::Topic', Properties: {TopicName: alarms}}}",
        renamed,
    ),
    rule(
        "reliability/messages-left-behind",
        "a queue is replaced or removed and kept: its messages stay in a queue that nobody reads",
        "{Example: {Type: 'AWS::SQS::Queue', UpdateReplacePolicy: Retain, Properties: {FifoQueue: false}}}",
        "{Example: {Type: 'AWS::SQS::Queue', UpdateReplacePolicy: Retain, Properties: {FifoQueue: true}}}",
        messages_left_behind,
    ),
];

/// The property with which a template names a resource itself, where that name must be unique.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>
const NAMES: &[(&str, &str)] = &[
    ("AWS::ApiGateway::DomainName", "DomainName"),
    ("AWS::ApiGatewayV2::DomainName", "DomainName"),
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::CloudWatch::Dashboard", "DashboardName"),
    ("AWS::DocDB::DBCluster", "DBClusterIdentifier"),
    ("AWS::DynamoDB::GlobalTable", "TableName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::EC2::SecurityGroup", "GroupName"),
    ("AWS::ECR::Repository", "RepositoryName"),
    ("AWS::ECS::Cluster", "ClusterName"),
    ("AWS::ECS::Service", "ServiceName"),
    ("AWS::EKS::Cluster", "Name"),
    ("AWS::ElastiCache::CacheCluster", "ClusterName"),
    ("AWS::ElastiCache::ReplicationGroup", "ReplicationGroupId"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"),
    ("AWS::Events::EventBus", "Name"),
    ("AWS::Events::Rule", "Name"),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::KMS::Alias", "AliasName"),
    ("AWS::Kinesis::Stream", "Name"),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::Neptune::DBCluster", "DBClusterIdentifier"),
    ("AWS::OpenSearchService::Domain", "DomainName"),
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"),
    ("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroupName"),
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"),
    ("AWS::RDS::DBParameterGroup", "DBParameterGroupName"),
    ("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName"),
    ("AWS::Redshift::Cluster", "ClusterIdentifier"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::SSM::Parameter", "Name"),
    ("AWS::Scheduler::Schedule", "Name"),
    ("AWS::Scheduler::ScheduleGroup", "Name"),
    ("AWS::SecretsManager::Secret", "Name"),
    ("AWS::StepFunctions::StateMachine", "StateMachineName"),
];

/// The property with the name, if both sides have it unchanged.
fn kept_name(
    context: &Context<'_>,
    old: Option<&crate::Resource>,
    new: Option<&crate::Resource>,
) -> Option<(&'static str, String)> {
    let (_, property) = NAMES.iter().find(|(kind, _)| context.is_type(kind))?;
    let (old, new) = (old?.property(property)?, new?.property(property)?);
    is_same(Some(old), Some(new)).then(|| (*property, new.render()))
}

fn needs_a_new_name(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some((property, name)) = kept_name(context, context.old, context.new).filter(|_| context.is_modified()) else {
        return;
    };
    // A changed type is a different resource: its name is different too, or never conflicted.
    if context.change.properties.iter().any(|change| change.attribute && change.path == "Type") {
        return;
    }
    match context.change.replacement {
        Replacement::Yes => findings.push(context.danger(property, format!("the deployment fails: a new {} cannot be made while the old one is called {name}; change {property} too", context.resource_type()))),
        Replacement::Maybe => findings.push(context.notice(property, format!("should it be replaced, the deployment fails: the old one is called {name} as well"))),
        Replacement::No => {}
    }
}

fn renamed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(old_id) = context.change.renamed_from.as_deref().filter(|_| context.change.action == Action::Add) else {
        return;
    };
    let old = context.before.and_then(|template| template.resource(old_id));
    if let Some((property, name)) = kept_name(context, old, context.new) {
        findings.push(context.danger(property, format!("the deployment fails: `{old_id}` is still called {name} when this one is made; move it with a stack refactor instead")));
    }
}

fn messages_left_behind(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_type("AWS::SQS::Queue") {
        return;
    }
    let keeps = |resource: Option<&crate::Resource>, attribute: &str| {
        resource
            .and_then(|resource| resource.attribute(attribute)?.as_str())
            .is_some_and(|policy| policy.starts_with("Retain"))
    };
    let is_left = match context.change.action {
        Action::Remove => keeps(context.old, "DeletionPolicy"),
        Action::Modify => context.change.replacement != Replacement::No && keeps(context.new, "UpdateReplacePolicy"),
        Action::Add => false,
    };
    if is_left {
        findings.push(context.notice("", "messages that wait stay in the old queue, which nobody reads any more"));
    }
}
