//! What CloudFormation does with the data of a resource that it deletes.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html>

/// Types whose deletion can leave a snapshot, sorted.
const SNAPSHOTS: &[&str] = &[
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

/// Whether `DeletionPolicy: Snapshot` is valid for a type.
pub fn takes_snapshots(resource_type: &str) -> bool {
    SNAPSHOTS.binary_search(&resource_type).is_ok()
}

/// Whether a resource without a `DeletionPolicy` leaves a snapshot. All others are deleted with their data.
/// `in_cluster`: it sets `DBClusterIdentifier`, so that its data is the cluster's.
pub fn leaves_snapshot_by_default(resource_type: &str, in_cluster: bool) -> bool {
    match resource_type {
        "AWS::RDS::DBCluster" => true,
        "AWS::RDS::DBInstance" => !in_cluster,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_leave_a_snapshot_unless_their_data_is_a_clusters() {
        assert!(SNAPSHOTS.is_sorted());
        assert!(leaves_snapshot_by_default("AWS::RDS::DBCluster", false));
        assert!(leaves_snapshot_by_default("AWS::RDS::DBInstance", false));
        assert!(!leaves_snapshot_by_default("AWS::RDS::DBInstance", true));
        assert!(!leaves_snapshot_by_default("AWS::EC2::Volume", false) && takes_snapshots("AWS::EC2::Volume"));
        assert!(!takes_snapshots("AWS::S3::Bucket"));
    }
}
