//! What credentials, other people and nested stacks do while a stack is deployed.

#![expect(clippy::unwrap_used, reason = "a test panics where its preparation fails")]

mod support;

use deploy::{Basis, Consent, Deployer, Destroyed, Error, Outcome, Protection, Stack, destroy};
use support::plans::{BUCKET, LARGER, QUEUE, deploy, deploy_with, one, options, plan, stack};
use support::{Answers, Fault, MemoryBuckets, MemoryCloudFormation, MemoryStore};

const NESTED: &str = r#"{"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"Template":
    {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Topic": {"Type": "AWS::SNS::Topic"}}}}}}}"#;

/// A cloud with the stack in it, or without.
async fn prepared(template: Option<&str>) -> MemoryCloudFormation {
    let cloud = MemoryCloudFormation::default();
    if let Some(template) = template {
        deploy(&cloud, &one(template), "before").await.result.unwrap();
    }
    cloud
}

/// How many calls a deployment of `LARGER` makes.
async fn calls(found: Option<&str>) -> usize {
    let cloud = prepared(found).await;
    let before = cloud.calls();
    deploy(&cloud, &one(LARGER), "a").await.result.unwrap();
    cloud.calls() - before
}

#[tokio::test]
async fn credentials_that_expire_at_any_call_end_the_run_with_what_to_do_and_the_next_one_does_the_rest() {
    for found in [None, Some(QUEUE)] {
        let mut expired = 0;
        for call in 0..calls(found).await {
            let cloud = prepared(found).await;
            cloud.fault_at(call, Fault::Expired);
            let run = deploy(&cloud, &one(LARGER), "a").await;
            if run.result.is_err() {
                expired += 1;
                let error = run.first_error();
                assert!(matches!(error, Error::CredentialsExpired(_)), "call {call}: {error:?}");
                assert!(error.to_string().contains("`infra watch`") && !error.is_retryable(), "{error}");
            }
            deploy(&cloud, &one(LARGER), "b").await.result.unwrap();
            let executed = cloud.effects().iter().filter(|effect| effect.starts_with("Execute")).count();
            assert_eq!(executed, 1 + usize::from(found.is_some()), "call {call}");
            assert_eq!(cloud.change_sets(), [""; 0], "call {call}");
        }
        assert!(expired > 5, "only {expired} calls were told of");
    }
}

#[tokio::test]
async fn a_call_that_is_not_allowed_and_not_needed_is_done_without() {
    let cloud = prepared(Some(QUEUE)).await;
    for operation in ["GetTemplate", "GetStackPolicy", "SetStackPolicy", "ListChangeSets"] {
        cloud.faults(operation, [Some(Fault::Denied); 20]);
    }
    let answers = Answers::default();
    let run = deploy_with(&cloud, &MemoryStore::absent(), &one(LARGER), &[], &answers, options("a")).await;
    assert_eq!(run.codes().iter().filter(|code| **code == "call.denied").count(), 2, "{:?}", run.codes());
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
    assert_eq!(answers.asked.borrow()[0].live_template, None);
    assert_eq!(answers.asked.borrow()[0].changes.len(), 1);
}

#[tokio::test]
async fn a_call_that_is_not_allowed_and_is_needed_stops_before_anything_is_changed() {
    let cloud = prepared(Some(QUEUE)).await;
    cloud.faults("GetStackPolicy", [Some(Fault::Denied)]);
    let protection = Protection { termination: false, stack_policy: Some(r#"{"Statement": []}"#.to_owned()) };
    let protected = plan(vec![Stack { protection, ..stack("Data", LARGER, vec![]) }]);
    let run = deploy(&cloud, &protected, "a").await;
    assert!(matches!(run.first_error(), Error::Call(error) if error.operation == "GetStackPolicy"));
    assert_eq!((cloud.effects().len(), cloud.change_sets().len()), (1, 0));
}

#[tokio::test]
async fn a_stack_that_somebody_deletes_at_any_moment_is_said_to_be_gone_and_made_again_by_the_next_run() {
    for found in [None, Some(QUEUE)] {
        let mut gone = 0;
        for call in 0..calls(found).await {
            let cloud = prepared(found).await;
            cloud.fault_at(call, Fault::Deleted("Data-dev"));
            let run = deploy(&cloud, &one(LARGER), "a").await;
            if run.result.is_err() {
                let error = run.first_error();
                let is_gone = matches!(error, Error::Gone { .. });
                gone += usize::from(is_gone);
                assert!(is_gone || matches!(error, Error::Call(_)), "call {call}: {error:?}");
            }
            deploy(&cloud, &one(LARGER), "b").await.result.unwrap_or_else(|error| panic!("call {call}: {error:?}"));
            assert!(cloud.status("Data-dev").unwrap().ends_with("E_COMPLETE"), "call {call}");
            assert_eq!(cloud.change_sets(), [""; 0], "call {call}");
        }
        assert!(gone > 3, "only {gone} times it was gone");
    }
}

#[tokio::test]
async fn a_preview_beside_a_deployment_of_a_new_stack_disturbs_it_at_no_moment() {
    let plan = one(QUEUE);
    for begun in 0..30 {
        for preview_first in [true, false] {
            let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
            let previewer = Deployer::new(&cloud, &store, options("p"));
            let late = async || {
                while cloud.calls() < begun {
                    tokio::task::yield_now().await;
                    if cloud.status("Data-dev").is_some_and(|status| status == "CREATE_COMPLETE") {
                        break;
                    }
                }
            };
            let preview = async {
                if !preview_first {
                    late().await;
                }
                previewer.preview(&plan, &[], &mut |_| {}).await
            };
            let deployed = async {
                if preview_first {
                    tokio::select! { () = late() => {}, () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {} }
                }
                deploy(&cloud, &plan, "d").await
            };
            let (previewed, run) = tokio::join!(preview, deployed);
            let case = format!("preview first {preview_first}, after {begun} calls");
            run.result.unwrap_or_else(|error| panic!("{case}: {error:?}"));
            previewed.unwrap_or_else(|error| panic!("{case}: {error:?}"));
            assert_eq!(cloud.status("Data-dev").as_deref(), Some("CREATE_COMPLETE"), "{case}");
            assert_eq!(cloud.effects().iter().filter(|effect| effect.starts_with("Execute")).count(), 1, "{case}");
            assert_eq!(cloud.change_sets(), [""; 0], "{case}");
        }
    }
}

#[tokio::test]
async fn no_two_change_sets_of_one_run_share_a_name_or_a_token() {
    let (cloud, store, plan) = (prepared(Some(QUEUE)).await, MemoryStore::absent(), one(LARGER));
    let deployer = Deployer::new(&cloud, &store, options("a"));
    for _ in 0..2 {
        assert!(matches!(deployer.preview(&plan, &[], &mut |_| {}).await.unwrap()[0].basis, Basis::ChangeSet { .. }));
    }
    deployer.deploy(&plan, &[], &Answers::default(), &mut |_| {}).await.unwrap();
    let made = cloud.made();
    assert_eq!(made.len(), 4);
    for (index, (name, token)) in made.iter().enumerate() {
        assert!(!made[..index].iter().any(|(other, others)| other == name || others == token), "{made:?}");
        assert!(token.len() <= 128 && name.len() <= 128);
    }
}

#[tokio::test]
async fn the_changes_of_a_nested_stack_are_shown_below_it_and_nothing_of_it_stays() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let deployer = Deployer::new(&cloud, &store, options("a"));
    let preview = deployer.preview(&one(NESTED), &[], &mut |_| {}).await.unwrap().remove(0);
    let children = &preview.changes[0].children;
    assert_eq!(children.iter().map(|change| change.logical_id.as_str()).collect::<Vec<_>>(), ["Queue", "Topic"]);
    assert_eq!((cloud.status("Data-dev"), cloud.status("Data-dev-Inner")), (None, None));
    assert_eq!(cloud.change_sets(), [""; 0]);
}

#[tokio::test]
async fn a_nested_change_set_that_is_refused_tells_its_own_reason() {
    let cloud = MemoryCloudFormation::default();
    cloud.refuse_change_sets("Template format error: Unresolved resource dependencies [Nowhere]");
    let run = deploy(&cloud, &one(NESTED), "a").await;
    let error = run.first_error().to_string();
    assert!(error.contains("Unresolved resource dependencies [Nowhere] (nested change set arn:"), "{error}");
    assert_eq!((cloud.status("Data-dev"), cloud.status("Data-dev-Inner")), (None, None));
}

#[tokio::test]
async fn a_deletion_that_failed_is_tried_again_and_what_is_retained_is_told() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "DELETE_FAILED");
    cloud.fill("Data-dev", BUCKET);
    cloud.fail("Bucket", "The bucket you tried to delete is not empty");
    let error = deploy(&cloud, &one(BUCKET), "a").await;
    let error = error.first_error().to_string();
    assert!(error.contains("Bucket (AWS::S3::Bucket) DELETE_FAILED: The bucket you tried"), "{error}");
    assert!(error.contains("repair or retain"), "{error}");
    let buckets = MemoryBuckets::default();
    let consent = Consent::default();
    let failed = destroy(&cloud, &buckets, &one(BUCKET), consent, &options("b"), &mut |_| {}).await.unwrap_err();
    let Error::Stacks(stacks) = failed else { panic!("{failed}") };
    let Error::StackFailed { rolled_back, .. } = &stacks.error else { panic!("{:?}", stacks.error) };
    let left: Vec<&str> = rolled_back.left.iter().map(|left| left.status.as_str()).collect();
    assert_eq!(left, ["DELETE_FAILED", "DELETE_SKIPPED"]);
    cloud.heal();
    let gone = destroy(&cloud, &buckets, &one(BUCKET), consent, &options("c"), &mut |_| {}).await.unwrap();
    assert!(matches!(&gone[0], Destroyed::Deleted { leftovers, .. } if leftovers.len() == 1), "{gone:?}");
}
