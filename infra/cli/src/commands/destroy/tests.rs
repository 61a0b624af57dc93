//! What a deletion says before it is approved.

use deploy::{Bucket, StackDeletion};

use super::*;

fn survey(objects: usize) -> DeletionPreview {
    let resource = |logical_id: &str, resource_type: &str, stateful: bool, keeps: Keeps| ResourceDeletion {
        logical_id: logical_id.to_owned(),
        physical_id: format!("{}-1", logical_id.to_lowercase()),
        resource_type: resource_type.to_owned(),
        stateful,
        keeps,
    };
    let bucket = Bucket { logical_id: "Reports".to_owned(), bucket: "reports-1".to_owned(), objects, more: true };
    let stack = StackDeletion {
        stack: "Data".to_owned(),
        stack_name: "Data-dev".to_owned(),
        status: Some("CREATE_COMPLETE".to_owned()),
        termination_protection: true,
        resources: vec![
            resource("Table", "AWS::DynamoDB::Table", true, Keeps::Nothing),
            resource("Cluster", "AWS::RDS::DBCluster", true, Keeps::Snapshot),
            resource("Key", "AWS::KMS::Key", true, Keeps::Resource),
            resource("Role", "AWS::IAM::Role", false, Keeps::Nothing),
        ],
        buckets: if objects > 0 { vec![bucket] } else { Vec::new() },
    };
    let absent = StackDeletion {
        stack: "Api".to_owned(),
        stack_name: "Api-dev".to_owned(),
        status: None,
        termination_protection: false,
        resources: Vec::new(),
        buckets: Vec::new(),
    };
    DeletionPreview { stacks: vec![absent, stack] }
}

#[test]
fn what_dies_and_what_stays_is_told_apart() {
    assert_eq!(
        listed(&survey(3), false, Paint::PLAIN),
        [
            "Api-dev  is not there",
            "Data-dev  CREATE_COMPLETE, protected from termination",
            "  dies with its data: Table (AWS::DynamoDB::Table) table-1",
            "  deleted, a snapshot is kept: Cluster (AWS::RDS::DBCluster) cluster-1",
            "  stays: Key (AWS::KMS::Key) key-1",
            "  dies: 1 resource without data of their own",
            "  bucket reports-1 is not empty: 3 object versions and more",
        ]
    );
}

#[test]
fn what_is_retained_comes_with_the_way_back() {
    let left = |status: &str| Leftover {
        logical_id: "InvoiceTable".to_owned(),
        resource_type: "AWS::DynamoDB::Table".to_owned(),
        physical_id: "InvoiceTable-stg".to_owned(),
        status: status.to_owned(),
        reason: String::new(),
    };
    let lines = left_behind(&[left("DELETE_SKIPPED")]);
    assert_eq!(lines[0], "  left behind: InvoiceTable (AWS::DynamoDB::Table) InvoiceTable-stg DELETE_SKIPPED");
    assert!(lines[1].contains("deploy with --import-existing takes it back"), "{lines:?}");
    assert_eq!(left_behind(&[left("DELETE_FAILED")]).len(), 1);
    assert_eq!(left_behind(&[]), [""; 0]);
}

#[test]
fn a_full_bucket_is_refused_before_anything_is_deleted() {
    let refused = buckets_are_settled(&survey(1), false).unwrap_err().to_string();
    assert!(refused.contains("reports-1") && refused.contains("--empty-buckets"), "{refused}");
    assert!(buckets_are_settled(&survey(1), true).is_ok());
    assert!(buckets_are_settled(&survey(0), false).is_ok());
}

#[test]
fn another_stages_name_is_no_consent() {
    assert!(is_stage("dev", StageName::Dev).is_ok());
    assert!(is_stage("stg", StageName::Dev).unwrap_err().to_string().contains(r#""stg" is not "dev""#));
}
