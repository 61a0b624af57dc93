//! What a template keeps of deleted resources. A text that is not a template is an error.

use std::collections::BTreeMap;

use template::{Node, ParseError, Resource, parse};

use crate::Keeps;

/// What is kept of each resource of a template, by logical id.
///
/// Source: "DeletionPolicy attribute". RetainExceptOnCreate keeps what was created successfully.
///
/// # Errors
/// The text is not a template.
pub(crate) fn policies(text: &str) -> Result<BTreeMap<String, Keeps>, ParseError> {
    let template = parse("the deployed template", text)?;
    let kept = template.resources().iter().map(|resource| (resource.logical_id.clone(), keeps(resource)));
    Ok(kept.collect())
}

fn keeps(resource: &Resource) -> Keeps {
    let in_cluster = resource.property("DBClusterIdentifier").is_some();
    match resource.attribute("DeletionPolicy") {
        Some(policy) => said(policy, &resource.resource_type),
        None if facts::leaves_snapshot_by_default(&resource.resource_type, in_cluster) => Keeps::Snapshot,
        None => Keeps::Nothing,
    }
}

fn said(policy: &Node, resource_type: &str) -> Keeps {
    // The transform AWS::LanguageExtensions allows intrinsics here. Certain is only what both branches keep.
    if let Some(("Fn::If", argument)) = policy.intrinsic() {
        let branches = argument.items().iter().skip(1).map(|branch| said(branch, resource_type));
        return branches.min_by_key(|keeps| *keeps as u8).unwrap_or(Keeps::Nothing);
    }
    match policy.as_str() {
        Some("Retain" | "RetainExceptOnCreate") => Keeps::Resource,
        Some("Snapshot") if facts::takes_snapshots(resource_type) => Keeps::Snapshot,
        _ => Keeps::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub '${AWS::StackName}-queue'
      Tags: [{Key: DeletionPolicy, Value: Retain}]
  Cluster:
    Type: AWS::RDS::DBCluster
  Instance:
    Type: AWS::RDS::DBInstance
    Properties:
      DBClusterIdentifier: !Ref Cluster
  Alone:
    Type: AWS::RDS::DBInstance
  Bucket:
    DeletionPolicy: RetainExceptOnCreate
    Type: AWS::S3::Bucket
  Table: {Type: AWS::DynamoDB::Table, DeletionPolicy: Delete}
Outputs:
  Queue: {Value: !GetAtt [Queue, Arn]}
";

    #[test]
    fn policies_and_their_defaults_are_read_out_of_yaml() {
        let policies = policies(YAML).unwrap();
        let of = |id: &str| policies[id];
        assert_eq!([of("Queue"), of("Instance"), of("Table")], [Keeps::Nothing; 3]);
        assert_eq!([of("Cluster"), of("Alone")], [Keeps::Snapshot; 2]);
        assert_eq!(of("Bucket"), Keeps::Resource);
        assert_eq!(policies.len(), 6);
    }

    #[test]
    fn json_is_read_as_well_and_nonsense_is_refused() {
        let json = r#"{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}}}"#;
        assert_eq!(policies(json).unwrap()["Bucket"], Keeps::Resource);
        // Never half of a template: what follows the mistake may be kept.
        let broken = format!("{YAML}  Other: [");
        for text in ["{{{", "", "Resources: []", &broken] {
            assert!(policies(text).is_err(), "{text}");
        }
    }

    /// What is kept of the only resource.
    fn kept(resource: &str) -> Keeps {
        policies(&format!("Transform: AWS::LanguageExtensions\nResources: {{Only: {resource}}}")).unwrap()["Only"]
    }

    #[test]
    fn only_the_policy_of_the_resource_itself_counts() {
        let nested =
            "{Type: AWS::SQS::Queue, Metadata: {DeletionPolicy: Retain}, Properties: {DeletionPolicy: Retain}}";
        assert_eq!(kept(nested), Keeps::Nothing);
        let elsewhere = "Metadata: {Resources: {Only: {DeletionPolicy: Retain}}}\nResources: {Only: {Type: AWS::SQS::Queue}}\n\
                         Outputs: {Only: {Value: x, DeletionPolicy: Retain}}";
        assert_eq!(policies(elsewhere).unwrap()["Only"], Keeps::Nothing);
    }

    #[test]
    fn a_policy_is_read_in_every_way_to_write_it() {
        let quoted = [
            r#"{"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}"#,
            "{Type: AWS::S3::Bucket, DeletionPolicy: 'Retain'}",
        ];
        assert_eq!(quoted.map(kept), [Keeps::Resource; 2]);
        let shared = "Resources:\n  One: &one {Type: AWS::S3::Bucket, DeletionPolicy: Retain}\n  Two: *one\n  \
                      Three: {<<: *one, DeletionPolicy: Delete}\n  Four: {<<: *one}\n";
        let policies = policies(shared).unwrap();
        assert_eq!(["One", "Two", "Four"].map(|id| policies[id]), [Keeps::Resource; 3]);
        assert_eq!(policies["Three"], Keeps::Nothing);
    }

    #[test]
    fn a_policy_by_a_condition_keeps_what_both_branches_keep() {
        let cluster = |one: &str, two: &str| {
            kept(&format!("{{Type: AWS::RDS::DBCluster, DeletionPolicy: !If [IsPrd, {one}, {two}]}}"))
        };
        assert_eq!(cluster("Retain", "Delete"), Keeps::Nothing);
        assert_eq!(cluster("Retain", "Snapshot"), Keeps::Snapshot);
        assert_eq!(cluster("Retain", "RetainExceptOnCreate"), Keeps::Resource);
        assert_eq!(cluster("!Ref Policy", "Retain"), Keeps::Nothing);
        assert_eq!(kept("{Type: AWS::RDS::DBCluster, DeletionPolicy: !Ref Policy}"), Keeps::Nothing);
    }

    #[test]
    fn a_snapshot_is_only_left_by_what_can_leave_one() {
        assert_eq!(kept("{Type: AWS::EC2::Volume, DeletionPolicy: Snapshot}"), Keeps::Snapshot);
        assert_eq!(kept("{Type: AWS::SQS::Queue, DeletionPolicy: Snapshot}"), Keeps::Nothing);
    }

    #[test]
    fn an_instance_without_a_cluster_leaves_a_snapshot() {
        let instance = |cluster: &str| {
            kept(&format!("{{Type: AWS::RDS::DBInstance, Properties: {{DBClusterIdentifier: {cluster}}}}}"))
        };
        assert_eq!(instance("!Ref Cluster"), Keeps::Nothing);
        assert_eq!(instance("!Ref AWS::NoValue"), Keeps::Snapshot);
    }
}
