//! Every state that a stack can be found in, and everything that can go wrong while it is watched.

#![expect(clippy::unwrap_used, reason = "a test panics where its preparation fails")]

mod support;

use std::time::Duration;

use aws_access::Pace;
use deploy::{Cancelled, Creation, Deployer, Error, Event, Options, Outcome, Refusal};
use support::plans::{LARGER, QUEUE, deploy, deploy_with, one, options, told};
use support::{Answers, Fault, MemoryCloudFormation, MemoryStore};

#[tokio::test]
async fn a_failed_creation_or_deletion_is_deleted_when_somebody_says_so_and_created_again() {
    for status in ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"] {
        let cloud = MemoryCloudFormation::default();
        cloud.put("Data-dev", status);
        let answers = Answers { keep_failed: true, ..Answers::default() };
        let run = deploy_with(&cloud, &MemoryStore::absent(), &one(QUEUE), &[], &answers, options("a")).await;
        assert!(matches!(run.first_error(), Error::Refused { .. }), "{status}: {:?}", run.first_error());
        assert_eq!(cloud.effects(), [""; 0], "{status}: nothing is done unasked");
        assert_eq!(answers.asked_to_delete.borrow()[0].status, status);

        let answers = Answers::default();
        let run = deploy_with(&cloud, &MemoryStore::absent(), &one(QUEUE), &[], &answers, options("b")).await;
        assert_eq!(run.result.unwrap()[0].outcome, Outcome::Created, "{status}");
        assert_eq!(answers.asked_to_delete.borrow().len(), 1, "{status}: asked once");
    }
}

#[tokio::test]
async fn a_half_done_update_is_rolled_back_first() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "UPDATE_FAILED");
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    assert!(run.codes().contains(&"stack.recovering"));
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
    assert_eq!(cloud.effects(), ["RollbackStack Data-dev", "ExecuteChangeSet Data-dev"]);
}

#[tokio::test]
async fn a_rollback_that_failed_is_continued_and_skips_only_what_was_named() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "UPDATE_ROLLBACK_FAILED");
    cloud.fill("Data-dev", QUEUE);
    cloud.fail("Queue", "it was deleted by hand");
    let run = deploy(&cloud, &one(LARGER), "a").await;
    let error = run.first_error().to_string();
    assert!(error.contains("UPDATE_ROLLBACK_FAILED") && error.contains("--skip-rollback"), "{error}");
    assert!(error.contains("Queue (AWS::SQS::Queue) UPDATE_FAILED: it was deleted by hand"), "{error}");
    let skip_rollback = ["Data/Queue".to_owned()].into();
    let skipping = Options { skip_rollback, ..options("b") };
    let answers = Answers::default();
    let run = deploy_with(&cloud, &MemoryStore::absent(), &one(LARGER), &[], &answers, skipping).await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
}

#[tokio::test]
async fn an_import_that_could_not_be_rolled_back_needs_a_hand() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "IMPORT_ROLLBACK_FAILED");
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    assert!(run.first_error().to_string().contains("IMPORT_ROLLBACK_FAILED"), "{}", run.first_error());
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "IMPORT_IN_PROGRESS");
    cloud.will_become("Data-dev", &["IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"]);
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    assert!(run.codes().contains(&"stack.attached"));
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
    for status in ["IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"] {
        let cloud = MemoryCloudFormation::default();
        cloud.put("Data-dev", status);
        assert_eq!(deploy(&cloud, &one(QUEUE), "a").await.result.unwrap()[0].outcome, Outcome::Updated, "{status}");
    }
}

#[tokio::test]
async fn an_operation_of_somebody_else_is_watched_to_its_end_first() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "UPDATE_IN_PROGRESS");
    cloud.will_become("Data-dev", &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]);
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    let attached = Event::Attached { stack: "Data-dev".to_owned(), status: "UPDATE_IN_PROGRESS".to_owned() };
    assert!(run.events.contains(&attached));
    assert_eq!(
        run.told()[..3],
        ["Data-dev UPDATE_IN_PROGRESS", "Data-dev UPDATE_ROLLBACK_IN_PROGRESS", "Data-dev UPDATE_ROLLBACK_COMPLETE"]
    );
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
}

#[tokio::test]
async fn what_a_killed_deployer_left_of_a_new_stack_is_told_and_waited_for_no_longer_than_said() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "REVIEW_IN_PROGRESS");
    cloud.put_change_set("Data-dev", "infra-killed-1", cloud.now());
    let plan = one(QUEUE);
    let pace = Pace { first: Duration::ZERO, most: Duration::from_millis(100), retries: 3 };
    let options = Options { pace, ..options("a") };
    let run = deploy_with(&cloud, &MemoryStore::absent(), &plan, &[], &Answers::default(), options).await;
    let yielding =
        Event::Yielding { stack: "Data-dev".to_owned(), change_sets: vec!["infra-killed-1".to_owned()], seconds: 1 };
    assert_eq!(run.events.iter().filter(|event| **event == yielding).count(), 1, "{:?}", run.codes());
    assert!(!run.codes().contains(&"stack.attached"), "{:?}", run.codes());
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Created);
}

#[tokio::test]
async fn a_deployer_that_was_overtaken_watches_the_other_one_and_goes_on() {
    let cloud = MemoryCloudFormation::default();
    cloud.faults("DescribeStacks", [Some(Fault::Overtaken("Data-dev"))]);
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    assert!(run.codes().contains(&"stack.attached"));
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
}

#[tokio::test]
async fn two_deployers_at_once_do_the_work_once() {
    for forgetful in [false, true] {
        let cloud = MemoryCloudFormation::default().forgetful(forgetful);
        let plan = one(QUEUE);
        let (one, other) = tokio::join!(deploy(&cloud, &plan, "a"), deploy(&cloud, &plan, "b"));
        let mut outcomes = [one, other].map(|run| run.result.unwrap()[0].outcome);
        outcomes.sort_by_key(|outcome| *outcome != Outcome::Created);
        assert_eq!(outcomes, [Outcome::Created, Outcome::UpToDate]);
        assert_eq!(cloud.effects(), ["ExecuteChangeSet Data-dev"]);
        assert_eq!(cloud.change_sets(), [""; 0]);
    }
}

/// The second one begins after each call of the first.
#[tokio::test]
async fn two_deployers_at_once_update_once_in_every_order() {
    let before = || async {
        let cloud = MemoryCloudFormation::default();
        deploy(&cloud, &one(QUEUE), "before").await;
        let (calls, effects) = (cloud.calls(), cloud.effects().len());
        (cloud, calls, effects)
    };
    let (cloud, calls, _) = before().await;
    deploy(&cloud, &one(LARGER), "a").await;
    for begins_after in 0..=cloud.calls() - calls {
        let (cloud, calls, effects) = before().await;
        let plan = one(LARGER);
        let second = async {
            until(&cloud, calls + begins_after).await;
            deploy(&cloud, &plan, "b").await
        };
        let (one, other) = tokio::join!(deploy(&cloud, &plan, "a"), second);
        let mut outcomes = [one, other].map(|run| run.result.unwrap()[0].outcome);
        outcomes.sort_by_key(|outcome| *outcome != Outcome::Updated);
        assert_eq!(outcomes, [Outcome::Updated, Outcome::UpToDate], "the second begins after {begins_after} calls");
        assert_eq!(
            cloud.effects()[effects..],
            ["ExecuteChangeSet Data-dev"],
            "the second begins after {begins_after} calls"
        );
    }
}

#[tokio::test]
async fn a_deployer_that_was_killed_is_resumed_by_the_same_command() {
    let calls = {
        let cloud = MemoryCloudFormation::default();
        deploy(&cloud, &one(QUEUE), "a").await;
        cloud.calls()
    };
    for killed_after in 0..calls {
        let cloud = MemoryCloudFormation::default();
        let plan = one(QUEUE);
        let (store, mut on) = (MemoryStore::absent(), |_| {});
        let deployer = Deployer::new(&cloud, &store, options("a"));
        let answers = Answers::default();
        tokio::select! {
            biased;
            () = until(&cloud, killed_after) => {}
            _ = deployer.deploy(&plan, &[], &answers, &mut on) => {}
        }
        let run = deploy(&cloud, &plan, "b").await;
        let outcome = run.result.unwrap()[0].outcome;
        let begun = cloud.effects().iter().filter(|effect| *effect == "ExecuteChangeSet Data-dev").count();
        assert_eq!(begun, 1, "killed after {killed_after} calls, then {outcome:?}");
        assert_eq!(cloud.status("Data-dev").unwrap(), "CREATE_COMPLETE");
        assert_eq!(cloud.change_sets(), [""; 0], "killed after {killed_after} calls");
    }
}

/// Comes back once so many calls were made.
async fn until(cloud: &MemoryCloudFormation, calls: usize) {
    while cloud.calls() < calls {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn events_that_come_late_and_twice_are_told_once_and_the_cause_is_still_found() {
    let cloud = MemoryCloudFormation::default();
    cloud.stutter();
    cloud.fail("Topic", "topic name is taken");
    cloud.tell_late("Topic", 30);
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    let mut told = run.told();
    let count = told.len();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), count, "{told:?}");

    let cloud = MemoryCloudFormation::default();
    cloud.fail("Topic", "topic name is taken");
    let calls = {
        let same = MemoryCloudFormation::default();
        same.fail("Topic", "topic name is taken");
        deploy(&same, &one(QUEUE), "a").await;
        same.calls()
    };
    cloud.tell_late("Topic", calls);
    let error = deploy(&cloud, &one(QUEUE), "a").await;
    let error = error.first_error().to_string();
    assert_eq!(
        error,
        "Data-dev is ROLLBACK_COMPLETE, because Topic (AWS::SNS::Topic) CREATE_FAILED: topic name is taken"
    );
}

#[tokio::test]
async fn a_failed_creation_names_the_first_real_failure_its_property_and_what_was_undone() {
    let cloud = MemoryCloudFormation::default();
    cloud.fail("Topic", "Properties validation failed for resource Topic with message: [#/TopicName: too long]");
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    assert!(!run.told().contains(&"Queue CREATE_FAILED".to_owned()), "what was cancelled is noise");
    let Error::StackFailed { cause: Some(cause), rolled_back, .. } = run.first_error() else { panic!() };
    assert_eq!((cause.logical_id.as_str(), cause.property.as_deref()), ("Topic", Some("TopicName")));
    assert_eq!(rolled_back.undone, ["Queue"]);
    assert!(run.codes().contains(&"stack.failed"));
}

#[tokio::test]
async fn the_cause_of_a_nested_stack_is_what_failed_within_it() {
    let nested = r#"{"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"Template":
        {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Topic": {"Type": "AWS::SNS::Topic"}}}}}}}"#;
    let cloud = MemoryCloudFormation::default();
    cloud.fail("Topic", "topic name is taken");
    let run = deploy(&cloud, &one(nested), "a").await;
    let Error::StackFailed { cause: Some(cause), .. } = run.first_error() else { panic!("{:?}", run.first_error()) };
    assert_eq!(cause.to_string(), "Inner/Topic (AWS::SNS::Topic) CREATE_FAILED: topic name is taken");
    let inner = |event: &Event| matches!(event, Event::Resource { path, .. } if path == &["Inner"]);
    assert!(run.events.iter().any(inner), "events of nested stacks are told with their path");
}

#[tokio::test]
async fn a_lost_connection_does_not_end_the_watch() {
    let cloud = MemoryCloudFormation::default();
    // Longer than any call is tried again.
    cloud.faults("DescribeStackEvents", [None, None].into_iter().chain([Some(Fault::Reset); 20]));
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    let codes = run.codes();
    assert_eq!(codes.iter().filter(|code| **code == "connection.lost").count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == "connection.restored").count(), 1);
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Created);
}

#[tokio::test]
async fn an_update_is_cancelled_and_a_creation_is_deleted_only_when_told() {
    let (store, plan) = (MemoryStore::absent(), one(QUEUE));
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "UPDATE_IN_PROGRESS");
    cloud.will_become("Data-dev", &["UPDATE_COMPLETE"]);
    let deployer = Deployer::new(&cloud, &store, options("a"));
    let cancelled = deployer.cancel(&plan, Creation::GoesOn, &mut |_| {}).await.unwrap();
    let Cancelled::Stopped(ended) = &cancelled[0] else { panic!("{cancelled:?}") };
    assert_eq!(ended.status, "UPDATE_ROLLBACK_COMPLETE");

    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "CREATE_IN_PROGRESS");
    cloud.will_become("Data-dev", &["CREATE_COMPLETE"]);
    let deployer = Deployer::new(&cloud, &store, options("a"));
    let cancelled = deployer.cancel(&plan, Creation::GoesOn, &mut |_| {}).await.unwrap();
    assert!(matches!(&cancelled[0], Cancelled::GoesOn { .. }), "{cancelled:?}");
    assert_eq!(cloud.effects(), [""; 0]);
    let cancelled = deployer.cancel(&plan, Creation::Delete, &mut |_| {}).await.unwrap();
    assert!(matches!(&cancelled[0], Cancelled::Stopped(ended) if ended.status == "DELETE_COMPLETE"), "{cancelled:?}");
}

#[tokio::test]
async fn a_watch_reattaches_to_what_runs_and_leaves_out_what_rests() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "CREATE_IN_PROGRESS");
    cloud.will_tell("Data-dev", "Queue", "CREATE_FAILED", "it is taken");
    cloud.will_become("Data-dev", &["ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]);
    let (store, mut events) = (MemoryStore::absent(), Vec::new());
    let deployer = Deployer::new(&cloud, &store, options("a"));
    let watched = deployer.watch(&one(QUEUE), &mut |event| events.push(event)).await.unwrap();
    assert_eq!(watched[0].status, "ROLLBACK_COMPLETE");
    assert_eq!(watched[0].cause.as_ref().unwrap().reason, "it is taken");
    assert_eq!(told(&events).len(), 4);
    assert_eq!(deployer.watch(&one(QUEUE), &mut |_| {}).await.unwrap(), []);
}

#[tokio::test]
async fn throttling_without_end_is_an_error_that_may_be_retried_and_leaves_nothing() {
    let cloud = MemoryCloudFormation::default();
    cloud.faults("CreateChangeSet", [Some(Fault::Throttled); 4]);
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    assert!(run.result.as_ref().unwrap_err().is_retryable());
    assert_eq!(cloud.change_sets(), [""; 0]);
    let refusal = Refusal { reason: "no".to_owned(), refused: Vec::new() };
    assert!(!Error::Refused { stack: "Data-dev".to_owned(), refusal }.is_retryable());
}

#[tokio::test]
async fn every_operation_gets_the_execution_role() {
    let role = "arn:aws:iam::123456789012:role/Execution";
    for (status, operation) in [
        ("ROLLBACK_COMPLETE", "DeleteStack"),
        ("UPDATE_FAILED", "RollbackStack"),
        ("UPDATE_ROLLBACK_FAILED", "ContinueUpdateRollback"),
    ] {
        let cloud = MemoryCloudFormation::default();
        cloud.put("Data-dev", status);
        let options = Options { execution_role: Some(role.to_owned()), ..options("a") };
        let run = deploy_with(&cloud, &MemoryStore::absent(), &one(QUEUE), &[], &Answers::default(), options).await;
        assert!(run.result.is_ok(), "{status}: {:?}", run.result);
        let expected = [operation, "CreateChangeSet"].map(|operation| (operation, Some(role.to_owned())));
        assert_eq!(cloud.roles(), expected, "{status}");
    }
    let cloud = MemoryCloudFormation::default();
    assert!(deploy(&cloud, &one(QUEUE), "a").await.result.is_ok());
    assert_eq!(cloud.roles(), [("CreateChangeSet", None)]);
}

#[tokio::test]
async fn a_role_that_cannot_be_used_is_told_with_what_to_do() {
    for (fault, expected) in [(Fault::RoleNotPassed, "lack iam:PassRole"), (Fault::RoleNotAssumed, "cannot assume")] {
        let cloud = MemoryCloudFormation::default();
        cloud.faults("CreateChangeSet", [Some(fault)]);
        let run = deploy(&cloud, &one(QUEUE), "a").await;
        let error = run.first_error();
        assert!(error.to_string().contains(expected) && error.to_string().contains("--execution-role"), "{error}");
        assert!(!error.is_retryable());
        let source = std::error::Error::source(error).unwrap().to_string();
        assert!(source.contains("arn:aws:iam::1:role/x"), "{source}");
    }
}
