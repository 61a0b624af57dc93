//! How long resources usually take: as long as last time in this stack, else as its kind does. Refuses to promise.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::StackEvent;

/// Kinds that take so long that a deployment looks stuck: type, then minutes to make, to change and to delete. Orders of
/// magnitude from experience, not promises of AWS; a stack's own history takes their place. One is documented: a function in
/// a VPC keeps its network interfaces up to 20 minutes after it is deleted ("Giving Lambda functions access to resources in
/// an Amazon VPC").
const SLOW: [(&str, [u64; 3]); 14] = [
    ("AWS::CertificateManager::Certificate", [5, 1, 1]),
    ("AWS::CloudFront::Distribution", [5, 5, 10]),
    ("AWS::DocDB::DBInstance", [8, 5, 8]),
    ("AWS::EC2::NatGateway", [2, 1, 1]),
    ("AWS::EC2::VPCEndpoint", [2, 1, 2]),
    ("AWS::EKS::Cluster", [10, 10, 5]),
    ("AWS::ElastiCache::ReplicationGroup", [10, 10, 8]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", [3, 1, 1]),
    ("AWS::Lambda::Function", [1, 1, 20]),
    ("AWS::MSK::Cluster", [25, 20, 10]),
    ("AWS::OpenSearchService::Domain", [20, 20, 10]),
    ("AWS::RDS::DBCluster", [2, 2, 3]),
    ("AWS::RDS::DBInstance", [10, 8, 8]),
    ("AWS::Redshift::Cluster", [8, 10, 5]),
];

/// How long a resource of this type usually takes to be made, changed or deleted, to the minute; `verb` is `CREATE`,
/// `UPDATE` or `DELETE`. `None` for what takes seconds.
pub fn usual_duration(resource_type: &str, verb: &str) -> Option<Duration> {
    let place = SLOW.binary_search_by_key(&resource_type, |(known, _)| known).ok()?;
    let [create, update, delete] = SLOW[place].1;
    let minutes = match verb {
        "CREATE" => create,
        "UPDATE" => update,
        "DELETE" => delete,
        _ => return None,
    };
    Some(Duration::from_secs(minutes * 60))
}

/// What a stack's own history says.
#[derive(Debug, Default)]
pub(crate) struct Durations(BTreeMap<(String, String), u64>);

impl Durations {
    /// Learns from events, newest first, as AWS pages them.
    pub(crate) fn learn(&mut self, events: &[StackEvent]) {
        let mut begun: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for event in events.iter().rev() {
            match event.status.split_once('_') {
                Some((verb, "IN_PROGRESS")) => {
                    begun.entry((&event.logical_id, verb)).or_insert(event.timestamp_ms);
                }
                Some((verb, "COMPLETE")) => {
                    let Some(start) = begun.remove(&(event.logical_id.as_str(), verb)) else { continue };
                    let seconds = u64::try_from((event.timestamp_ms - start + 999) / 1000).unwrap_or_default();
                    self.0.insert((event.resource_type.clone(), verb.to_owned()), seconds);
                }
                _ => {}
            }
        }
    }

    /// Seconds that what `event` begins will probably take; `None` when it begins nothing or nobody knows.
    pub(crate) fn of(&self, event: &StackEvent) -> Option<u64> {
        let (verb, "IN_PROGRESS") = event.status.split_once('_')? else { return None };
        let learned = self.0.get(&(event.resource_type.clone(), verb.to_owned())).copied();
        learned.or_else(|| usual_duration(&event.resource_type, verb).map(|usual| usual.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(status: &str, timestamp_ms: i64) -> StackEvent {
        StackEvent {
            event_id: timestamp_ms.to_string(),
            timestamp_ms,
            logical_id: "Instance".to_owned(),
            physical_id: String::new(),
            resource_type: "AWS::RDS::DBInstance".to_owned(),
            status: status.to_owned(),
            reason: String::new(),
            token: None,
        }
    }

    #[test]
    fn the_table_is_sorted_as_its_search_needs() {
        assert!(SLOW.is_sorted_by_key(|(name, _)| name));
        assert_eq!(usual_duration("AWS::RDS::DBInstance", "CREATE"), Some(Duration::from_secs(600)));
        assert_eq!(usual_duration("AWS::SQS::Queue", "CREATE"), None);
    }

    #[test]
    fn the_stacks_own_history_is_believed_before_the_table() {
        let mut durations = Durations::default();
        assert_eq!(durations.of(&event("CREATE_IN_PROGRESS", 0)), Some(600));
        durations.learn(&[
            event("CREATE_COMPLETE", 421_500),
            event("CREATE_IN_PROGRESS", 5_000),
            event("CREATE_IN_PROGRESS", 1_000),
        ]);
        assert_eq!(durations.of(&event("CREATE_IN_PROGRESS", 0)), Some(421));
        assert_eq!(durations.of(&event("UPDATE_IN_PROGRESS", 0)), Some(480));
        assert_eq!(durations.of(&event("CREATE_COMPLETE", 0)), None);
    }
}
