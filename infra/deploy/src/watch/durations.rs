//! How long resources usually take: as long as last time in this stack, else as their type does. An estimate only.

use std::collections::BTreeMap;

use crate::StackEvent;

/// What takes minutes in our stacks, for a stack without a history: type, verb, minutes. Only what is documented:
/// - a DB instance: 10 to 20 minutes for an Aurora cluster with its instance (AWS's agent toolkit, "Creating Amazon Aurora DB
///   Cluster with Instances");
/// - a function in a VPC: CloudFormation waits for its network interfaces ("AWS::Lambda::Function VpcConfig"), which Lambda
///   deletes within 20 minutes ("Giving Lambda functions access to resources in an Amazon VPC").
const DOCUMENTED: [(&str, &str, u64); 2] =
    [("AWS::RDS::DBInstance", "CREATE", 10), ("AWS::Lambda::Function", "DELETE", 20)];

/// Seconds that a resource of this type takes according to its documentation; `None` for what takes seconds, or is unknown.
fn documented(resource_type: &str, verb: &str) -> Option<u64> {
    let known = DOCUMENTED.iter().find(|known| (known.0, known.1) == (resource_type, verb));
    known.map(|(_, _, minutes)| minutes * 60)
}

/// What a stack's own history says, in seconds: for a resource by verb, and for a type by verb. The latest counts.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    of_resource: BTreeMap<(String, String), u64>,
    of_type: BTreeMap<(String, String), u64>,
}

impl Durations {
    /// Learns from events, newest first, as AWS pages them.
    pub(crate) fn learn(&mut self, events: &[StackEvent]) {
        let mut begun: BTreeMap<&str, (&str, i64)> = BTreeMap::new();
        for event in events.iter().rev() {
            let id = event.logical_id.as_str();
            match event.status.split_once('_') {
                // AWS reports a start twice: when it is requested, and when there is a physical id.
                Some((verb, "IN_PROGRESS")) if begun.get(id).is_none_or(|(begun, _)| *begun != verb) => {
                    begun.insert(id, (verb, event.timestamp_ms));
                }
                Some((_, "IN_PROGRESS" | "COMPLETE_CLEANUP_IN_PROGRESS")) => {}
                Some((verb, "COMPLETE")) => {
                    let Some((begun, start)) = begun.remove(id) else { continue };
                    if begun == verb {
                        let seconds = u64::try_from((event.timestamp_ms - start + 999) / 1000).unwrap_or_default();
                        self.of_resource.insert((id.to_owned(), verb.to_owned()), seconds);
                        self.of_type.insert((event.resource_type.clone(), verb.to_owned()), seconds);
                    }
                }
                // A failure says nothing about the usual duration.
                _ => {
                    begun.remove(id);
                }
            }
        }
    }

    /// Seconds that what `event` starts will probably take; `None` when it starts nothing or the time is unknown.
    pub(crate) fn of(&self, event: &StackEvent) -> Option<u64> {
        let (verb, "IN_PROGRESS") = event.status.split_once('_')? else { return None };
        let own = self.of_resource.get(&(event.logical_id.clone(), verb.to_owned()));
        let learned = own.or_else(|| self.of_type.get(&(event.resource_type.clone(), verb.to_owned())));
        learned.copied().or_else(|| documented(&event.resource_type, verb))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(logical_id: &str, status: &str, timestamp_ms: i64) -> StackEvent {
        StackEvent {
            event_id: timestamp_ms.to_string(),
            timestamp_ms,
            logical_id: logical_id.to_owned(),
            physical_id: String::new(),
            resource_type: "AWS::RDS::DBInstance".to_owned(),
            status: status.to_owned(),
            reason: String::new(),
            token: None,
        }
    }

    fn learned(oldest_first: &[(&str, &str, i64)]) -> Durations {
        let mut durations = Durations::default();
        let events: Vec<StackEvent> = oldest_first.iter().rev().map(|(id, status, at)| of(id, status, *at)).collect();
        durations.learn(&events);
        durations
    }

    #[test]
    fn the_stacks_own_history_is_believed_before_the_documentation() {
        assert_eq!(Durations::default().of(&of("One", "CREATE_IN_PROGRESS", 0)), Some(600));
        let durations = learned(&[
            ("One", "CREATE_IN_PROGRESS", 1_000),
            ("One", "CREATE_IN_PROGRESS", 5_000),
            ("One", "CREATE_COMPLETE", 421_500),
        ]);
        assert_eq!(durations.of(&of("One", "CREATE_IN_PROGRESS", 0)), Some(421));
        assert_eq!(durations.of(&of("One", "UPDATE_IN_PROGRESS", 0)), None);
        assert_eq!(durations.of(&of("One", "CREATE_COMPLETE", 0)), None, "it begins nothing");
    }

    #[test]
    fn after_an_update_the_next_one_is_expected_to_take_as_long_and_a_sibling_too() {
        let durations = learned(&[
            ("One", "CREATE_IN_PROGRESS", 0),
            ("One", "CREATE_COMPLETE", 100_000),
            ("One", "UPDATE_IN_PROGRESS", 1_000_000),
            ("One", "UPDATE_COMPLETE", 1_020_000),
            ("Two", "UPDATE_IN_PROGRESS", 1_020_000),
            ("Two", "UPDATE_COMPLETE", 1_025_000),
        ]);
        assert_eq!(durations.of(&of("One", "UPDATE_IN_PROGRESS", 0)), Some(20), "its own history comes first");
        assert_eq!(durations.of(&of("Two", "UPDATE_IN_PROGRESS", 0)), Some(5));
        assert_eq!(durations.of(&of("New", "UPDATE_IN_PROGRESS", 0)), Some(5), "then that of its kind, the latest");
        assert_eq!(durations.of(&of("Two", "CREATE_IN_PROGRESS", 0)), Some(100));
    }

    #[test]
    fn a_failed_attempt_is_no_part_of_the_next_ones_duration() {
        let durations = learned(&[
            ("One", "UPDATE_IN_PROGRESS", 0),
            ("One", "UPDATE_FAILED", 10_000),
            ("One", "UPDATE_IN_PROGRESS", 1_000_000),
            ("One", "UPDATE_COMPLETE", 1_007_000),
            ("Data", "UPDATE_IN_PROGRESS", 1_000_000),
            ("Data", "UPDATE_ROLLBACK_IN_PROGRESS", 1_001_000),
            ("Data", "UPDATE_ROLLBACK_COMPLETE", 1_002_000),
            ("Data", "UPDATE_IN_PROGRESS", 9_000_000),
            ("Data", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", 9_001_000),
            ("Data", "UPDATE_COMPLETE", 9_003_000),
        ]);
        assert_eq!(durations.of(&of("One", "UPDATE_IN_PROGRESS", 0)), Some(7));
        assert_eq!(durations.of(&of("Data", "UPDATE_IN_PROGRESS", 0)), Some(3));
    }
}
