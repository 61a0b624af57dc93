//! How the resources of each type are named, so that statements about names reach the stage's own and no others. A type without an
//! entry, and a resource with another name, is a synth error.

use cfn::{Diagnostic, Intrinsic, Json, ResourceEntry, Template};

use crate::RULE;
use crate::statement::{LOG_GROUPS, LOG_GROUPS_OF_CLUSTERS, NAMES, NAMES_OF_ACCOUNT, NAMES_OF_FIFO, Scope, matches};

/// How resources of a type are named.
pub(crate) enum Name {
    /// By this property, matching one of these patterns.
    Like(&'static str, &'static [&'static str]),
    /// By CloudFormation, so this property must be absent.
    Generated(&'static str),
    /// The same, or by this property with the stage's name and the account's id at the end.
    GeneratedOrOfAccount(&'static str),
    /// Irrelevant.
    None,
}

/// Every resource type in use needs an entry here.
pub(crate) const NAMED: &[(&str, Name)] = &[
    ("AWS::ApiGatewayV2::Api", Name::None),
    ("AWS::ApiGatewayV2::Integration", Name::None),
    ("AWS::ApiGatewayV2::Route", Name::None),
    ("AWS::ApiGatewayV2::Stage", Name::None),
    ("AWS::CloudWatch::Alarm", Name::Generated("AlarmName")),
    ("AWS::CloudWatch::Dashboard", Name::Like("DashboardName", &[NAMES])),
    ("AWS::DynamoDB::Table", Name::Like("TableName", &[NAMES])),
    ("AWS::EC2::SecurityGroup", Name::None),
    ("AWS::EC2::VPCEndpoint", Name::None),
    ("AWS::IAM::Role", Name::Generated("RoleName")),
    ("AWS::Lambda::EventInvokeConfig", Name::None),
    ("AWS::Lambda::EventSourceMapping", Name::None),
    ("AWS::Lambda::Function", Name::Like("FunctionName", &[NAMES])),
    ("AWS::Lambda::LayerVersion", Name::Like("LayerName", &[NAMES])),
    ("AWS::Lambda::Permission", Name::None),
    ("AWS::Logs::LogGroup", Name::Like("LogGroupName", &[LOG_GROUPS, LOG_GROUPS_OF_CLUSTERS])),
    ("AWS::RDS::DBCluster", Name::Generated("DBClusterIdentifier")),
    ("AWS::RDS::DBClusterParameterGroup", Name::Generated("DBClusterParameterGroupName")),
    ("AWS::RDS::DBInstance", Name::Generated("DBInstanceIdentifier")),
    ("AWS::RDS::DBSubnetGroup", Name::Generated("DBSubnetGroupName")),
    ("AWS::S3::Bucket", Name::GeneratedOrOfAccount("BucketName")),
    ("AWS::S3::BucketPolicy", Name::None),
    ("AWS::SNS::Subscription", Name::None),
    ("AWS::SNS::Topic", Name::Like("TopicName", &[NAMES])),
    ("AWS::SNS::TopicPolicy", Name::None),
    ("AWS::SQS::Queue", Name::Like("QueueName", &[NAMES, NAMES_OF_FIFO])),
    ("AWS::SQS::QueuePolicy", Name::None),
    ("AWS::Scheduler::Schedule", Name::Like("Name", &[NAMES])),
    ("AWS::SecretsManager::Secret", Name::Generated("Name")),
    ("AWS::SecretsManager::SecretTargetAttachment", Name::None),
];

/// What is wrong with the name of a resource, or with its type.
pub(crate) fn misnamed(scope: &Scope<'_>, template: &Template, entry: &ResourceEntry) -> Option<Diagnostic> {
    let kind = entry.parts.resource_type.as_ref();
    // A custom resource is an invocation of a function.
    if kind.starts_with("Custom::") {
        return None;
    }
    let Some((_, name)) = NAMED.iter().find(|(known, _)| *known == kind) else {
        let what = format!("the execution role of Delivery covers no {kind}");
        let fix = format!("say how {kind} is named in infra/systems/delivery/src/names.rs");
        return Some(Diagnostic::on(template, entry, RULE, "", what, fix));
    };
    let given = |property: &str| entry.parts.properties.get(property).filter(|value| **value != Json::Absent);
    let (property, allowed) = match name {
        Name::Like(property, patterns) => {
            let patterns: Vec<_> = patterns.iter().map(|pattern| scope.pattern(pattern)).collect();
            let name = given(property).and_then(written);
            if name.is_some_and(|name| patterns.iter().any(|pattern| matches(pattern, name))) {
                return None;
            }
            (property, patterns.join(", "))
        }
        Name::Generated(property) if given(property).is_some() => {
            (property, "none: CloudFormation makes it".to_owned())
        }
        Name::GeneratedOrOfAccount(property) if given(property).is_some() => {
            if given(property).and_then(|name| scope.name_of_account(name)).is_some() {
                return None;
            }
            (property, format!("none: CloudFormation makes it; or !Sub {}", scope.pattern(NAMES_OF_ACCOUNT)))
        }
        Name::Generated(_) | Name::GeneratedOrOfAccount(_) | Name::None => return None,
    };
    let name = given(property).map_or("no name", |name| name.as_str().unwrap_or("a name known when it is deployed"));
    let what = format!("{name:?} is not a name that the execution role of Delivery may touch; allowed: {allowed}");
    let fix = "name it so, or widen the names in infra/systems/delivery/src/statement.rs";
    Some(Diagnostic::on(template, entry, RULE, *property, what, fix))
}

/// A name as it is written: literally, or with what `Fn::Sub` fills in.
fn written(name: &Json) -> Option<&str> {
    match name.as_intrinsic() {
        Some(Intrinsic::Sub(text, _)) => Some(text),
        _ => name.as_str(),
    }
}
