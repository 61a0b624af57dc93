//! What a template says about deleted resources, read from its YAML or JSON. Refuses everything else in it.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};

use crate::Keeps;

/// What is kept of each resource of a template, by logical id. Of what cannot be read, nothing is kept.
///
/// Source: "DeletionPolicy attribute": Delete is the default, but Snapshot for a DB cluster, and for a DB instance without
/// DBClusterIdentifier. RetainExceptOnCreate keeps what was created successfully.
pub(crate) fn policies(template: &str) -> BTreeMap<String, Keeps> {
    let mut policies = BTreeMap::new();
    for (logical_id, resource) in resources(template) {
        let snapshot_by_default = match resource.resource_type.as_str() {
            "AWS::RDS::DBCluster" => true,
            "AWS::RDS::DBInstance" => !resource.in_cluster,
            _ => false,
        };
        let keeps = match resource.policy.as_deref() {
            Some("Retain" | "RetainExceptOnCreate") => Keeps::Resource,
            Some("Snapshot") => Keeps::Snapshot,
            None if snapshot_by_default => Keeps::Snapshot,
            _ => Keeps::Nothing,
        };
        policies.insert(logical_id, keeps);
    }
    policies
}

#[derive(Default)]
struct Resource {
    resource_type: String,
    policy: Option<String>,
    in_cluster: bool,
}

/// Walks the events with the path of keys that leads to each.
fn resources(template: &str) -> BTreeMap<String, Resource> {
    let mut resources: BTreeMap<String, Resource> = BTreeMap::new();
    // Of each collection that is open: its key in the mapping around it, and in a mapping the key that waits for its value.
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(template) {
        let Ok((event, _)) = event else { break };
        match event {
            Event::MappingStart(..) => {
                let key = take_key(&mut open);
                open.push(Open { key, pending: None, is_mapping: true });
            }
            Event::SequenceStart(..) => {
                let key = take_key(&mut open);
                open.push(Open { key, pending: None, is_mapping: false });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
            }
            Event::Scalar(text, ..) => match open.last_mut() {
                Some(last) if last.is_mapping && last.pending.is_none() => {
                    last.pending = Some(text.to_string());
                    note_key(&open, &mut resources);
                }
                _ => {
                    let key = take_key(&mut open);
                    note_value(&open, key.as_deref(), &text, &mut resources);
                }
            },
            Event::Alias(..) => {
                take_key(&mut open);
            }
            _ => {}
        }
    }
    resources
}

struct Open {
    key: Option<String>,
    pending: Option<String>,
    is_mapping: bool,
}

fn take_key(open: &mut [Open]) -> Option<String> {
    open.last_mut().and_then(|last| last.pending.take())
}

fn path(open: &[Open]) -> Vec<&str> {
    open.iter().skip(1).filter_map(|each| each.key.as_deref()).collect()
}

/// A database instance is in a cluster when it names one, whatever the value is.
fn note_key(open: &[Open], resources: &mut BTreeMap<String, Resource>) {
    if let ["Resources", id, "Properties"] = path(open)[..]
        && open.last().is_some_and(|last| last.pending.as_deref() == Some("DBClusterIdentifier"))
    {
        resources.entry(id.to_owned()).or_default().in_cluster = true;
    }
}

fn note_value(open: &[Open], key: Option<&str>, text: &str, resources: &mut BTreeMap<String, Resource>) {
    let ["Resources", id] = path(open)[..] else { return };
    let resource = resources.entry(id.to_owned()).or_default();
    match key {
        Some("Type") => text.clone_into(&mut resource.resource_type),
        Some("DeletionPolicy") => resource.policy = Some(text.to_owned()),
        _ => {}
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
        let policies = policies(YAML);
        let of = |id: &str| policies[id];
        assert_eq!([of("Queue"), of("Instance"), of("Table")], [Keeps::Nothing; 3]);
        assert_eq!([of("Cluster"), of("Alone")], [Keeps::Snapshot; 2]);
        assert_eq!(of("Bucket"), Keeps::Resource);
        assert_eq!(policies.len(), 6);
    }

    #[test]
    fn json_is_read_as_well_and_nonsense_keeps_nothing() {
        let json = r#"{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}}}"#;
        assert_eq!(policies(json)["Bucket"], Keeps::Resource);
        assert!(policies("{{{").is_empty());
    }
}
