//! What people and logs see of a run, frame by frame.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn event(second: i64, logical_id: &str, kind: &str, status: &str, reason: &str) -> StackEvent {
    StackEvent {
        event_id: format!("{logical_id}-{status}"),
        timestamp_ms: at(second).as_millisecond(),
        logical_id: logical_id.to_owned(),
        physical_id: String::new(),
        resource_type: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        token: None,
    }
}

fn resource(path: &[&str], event: StackEvent, usual_seconds: Option<u64>) -> Event {
    let path = path.iter().map(|id| (*id).to_owned()).collect();
    Event::Resource { stack: "Data-dev".to_owned(), path, event, usual_seconds }
}

fn started_at(reader: Reader, changes: usize) -> Progress {
    let mut progress = Progress::new(reader, Paint::PLAIN, false, at(0));
    let (stack, stack_id) = ("Data-dev".to_owned(), "arn".to_owned());
    progress.apply(&Event::Started { stack, stack_id, operation: Operation::Create, changes }, at(0));
    progress
}

#[test]
fn a_resource_in_flight_has_its_clock_and_what_is_usual() {
    let mut progress = started_at(Reader::Person, 3);
    let begins = event(0, "Cluster", "AWS::RDS::DBCluster", "CREATE_IN_PROGRESS", "");
    assert_eq!(progress.apply(&resource(&[], begins, Some(540)), at(0)), [""; 0]);
    let role = |status| resource(&[], event(5, "Role", "AWS::IAM::Role", status, ""), None);
    progress.apply(&role("CREATE_IN_PROGRESS"), at(5));
    progress.apply(&role("CREATE_COMPLETE"), at(9));
    let frame = progress.frame(at(20));
    assert_eq!(frame[0], "⠋ Data-dev  ━━━━━━──────────────────     1/4     20s  creating");
    assert_eq!(frame[1], "  ⠋ Cluster  RDS::DBCluster  20s, usually ~9m");
    assert_eq!(frame.len(), 2, "{frame:#?}");
}

#[test]
fn silence_is_told_with_the_name_of_what_takes_so_long() {
    let mut progress = started_at(Reader::Person, 1);
    progress.apply(&resource(&[], event(0, "Cluster", "AWS::RDS::DBCluster", "CREATE_IN_PROGRESS", ""), None), at(1));
    assert_eq!(progress.frame(at(30)).len(), 2);
    let frame = progress.frame(at(192));
    assert_eq!(frame[2], "    no news for 3m11s, CloudFormation is still working on Cluster");
}

#[test]
fn the_spinner_turns_every_tenth_of_a_second() {
    let progress = started_at(Reader::Person, 1);
    let later = at(1).checked_add(jiff::SignedDuration::from_millis(100)).unwrap();
    assert_ne!(progress.frame(at(1))[0].chars().next(), progress.frame(later)[0].chars().next());
}

#[test]
fn a_failure_stays_and_the_roll_back_is_seen() {
    let mut progress = started_at(Reader::Person, 3);
    let failed = event(4, "Queue", "AWS::SQS::Queue", "CREATE_FAILED", "Invalid value");
    let told = progress.apply(&resource(&[], failed, None), at(4));
    assert_eq!(told, ["Data-dev  CREATE_FAILED  Queue  Invalid value"]);
    let own =
        event(5, "Data-dev", "AWS::CloudFormation::Stack", "ROLLBACK_IN_PROGRESS", "The following failed: [Queue]");
    progress.apply(&resource(&[], own, None), at(5));
    let frame = progress.frame(at(20));
    assert!(frame[0].ends_with("rolling back"), "{frame:#?}");
    assert_eq!(frame[1], "  ✗ Queue  CREATE_FAILED  Invalid value");
}

#[test]
fn what_was_only_cancelled_is_no_failure() {
    let mut progress = started_at(Reader::Person, 3);
    let cancelled = event(4, "Role", "AWS::IAM::Role", "CREATE_FAILED", "Resource creation cancelled");
    assert_eq!(progress.apply(&resource(&[], cancelled, None), at(4)), [""; 0]);
    assert_eq!(progress.frame(at(5)).len(), 1);
}

#[test]
fn what_is_rolled_back_does_not_count_as_done() {
    let mut progress = started_at(Reader::Person, 3);
    let own = event(1, "Data-dev", "AWS::CloudFormation::Stack", "ROLLBACK_IN_PROGRESS", "");
    progress.apply(&resource(&[], own, None), at(1));
    progress.apply(&resource(&[], event(2, "Role", "AWS::IAM::Role", "DELETE_COMPLETE", ""), None), at(2));
    assert!(progress.frame(at(3))[0].contains(" 0/4 "), "{:?}", progress.frame(at(3)));
}

#[test]
fn a_nested_stacks_resources_stand_below_it() {
    let mut progress = started_at(Reader::Person, 2);
    let nested = event(0, "Subnets", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "");
    progress.apply(&resource(&[], nested, None), at(0));
    let inside = event(0, "Vpc", "AWS::EC2::VPC", "CREATE_IN_PROGRESS", "");
    progress.apply(&resource(&["Subnets"], inside, None), at(1));
    let mut own = event(0, "Data-dev-Subnets-1", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "");
    own.physical_id = "arn:aws:cloudformation:us-east-1:1:stack/Data-dev-Subnets-1/guid".to_owned();
    progress.apply(&resource(&["Subnets"], own, None), at(1));
    let frame = progress.frame(at(1));
    assert_eq!(frame[1], "  ⠋ Subnets  CloudFormation::Stack  1.0s");
    assert_eq!(frame[2], "    ⠋ Vpc  EC2::VPC  0.0s");
    assert_eq!(frame.len(), 3, "{frame:#?}");
}

#[test]
fn a_log_has_a_time_a_line_and_a_sign_of_life_in_silence() {
    let mut progress = started_at(Reader::Log, 1);
    let begins = event(0, "Cluster", "AWS::RDS::DBCluster", "CREATE_IN_PROGRESS", "");
    let told = progress.apply(&resource(&[], begins, Some(540)), at(1));
    assert_eq!(told, ["22:13:21Z  Data-dev  CREATE_IN_PROGRESS Cluster                          AWS::RDS::DBCluster"]);
    assert_eq!(progress.heartbeat(at(20)), None);
    let beat = progress.heartbeat(at(40)).unwrap();
    assert_eq!(beat, "22:14:00Z  Data-dev 0/2 creating, CloudFormation is still working on Cluster (39s, usually ~9m)");
    assert_eq!(progress.heartbeat(at(41)), None);
}

#[test]
fn what_took_long_before_we_looked_is_told_from_its_own_beginning() {
    let mut progress = Progress::new(Reader::Person, Paint::PLAIN, false, at(0));
    let attached = Event::Attached { stack: "Data-dev".to_owned(), status: "CREATE_IN_PROGRESS".to_owned() };
    progress.apply(&attached, at(0));
    let own = event(-120, "Data-dev", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "");
    progress.apply(&resource(&[], own, None), at(0));
    assert!(progress.frame(at(0))[0].ends_with("2m00s  creating"), "{:?}", progress.frame(at(0)));
    let begun = event(-100, "Cluster", "AWS::RDS::DBCluster", "CREATE_IN_PROGRESS", "");
    progress.apply(&resource(&[], begun, None), at(0));
    assert!(progress.frame(at(0))[1].ends_with("1m40s"), "{:?}", progress.frame(at(0)));
    assert_eq!(progress.in_progress(), ["Data-dev"]);
}

#[test]
fn another_deployer_is_named_with_the_time_until_which_it_goes_first() {
    for reader in [Reader::Person, Reader::Log] {
        let mut progress = Progress::new(reader, Paint::PLAIN, false, at(0));
        let change_sets = vec!["infra-other-1".to_owned()];
        let told = progress.apply(&Event::Yielding { stack: "Data-dev".to_owned(), change_sets, seconds: 30 }, at(0));
        assert!(told[0].ends_with("letting that one go first, until 22:13:50Z at most"), "{told:?}");
        assert_eq!(progress.in_progress(), ["Data-dev"]);
    }
}
