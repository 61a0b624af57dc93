//! The flow against CloudFormation and S3 in memory: what is asked, done, refused and left alone.

#![expect(clippy::unwrap_used, reason = "a test panics where its preparation fails")]

mod support;

use std::collections::BTreeMap;

use deploy::{
    Archive, Basis, BucketState, ChangeAction, Compression, Consent, Content, Deployer, Destroyed, Entry, Error, Event,
    Keeps, Options, Outcome, Plan, Protection, Replacement, ResourceChange, Source, Stack, destroy, preview_deletion,
};
use support::plans::{BUCKET, LARGER, QUEUE, deploy, deploy_with, one, options, plan, stack, url_of};
use support::{Answers, Fault, MemoryBuckets, MemoryCloudFormation, MemoryStore};

#[tokio::test]
async fn an_absent_stack_is_created_with_its_tags_and_every_event_is_told_once_in_order() {
    let cloud = MemoryCloudFormation::default();
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    assert_eq!(
        run.told(),
        [
            "Data-dev CREATE_IN_PROGRESS",
            "Queue CREATE_IN_PROGRESS",
            "Topic CREATE_IN_PROGRESS",
            "Queue CREATE_COMPLETE",
            "Topic CREATE_COMPLETE",
            "Data-dev CREATE_COMPLETE",
        ]
    );
    let deployed = run.result.unwrap();
    assert_eq!(deployed[0].outcome, Outcome::Created);
    assert_eq!(deployed[0].outputs, [("QueueUrl".to_owned(), "https://queue".to_owned())]);
    assert_eq!(cloud.tags("Data-dev"), [("Stage".to_owned(), "dev".to_owned())]);
}

#[tokio::test]
async fn a_second_deployment_of_the_same_asks_nobody_and_leaves_no_change_set() {
    let cloud = MemoryCloudFormation::default();
    deploy(&cloud, &one(QUEUE), "a").await.result.unwrap();
    let answers = Answers::default();
    let run = deploy_with(&cloud, &MemoryStore::absent(), &one(QUEUE), &[], &answers, options("b")).await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::UpToDate);
    assert_eq!(answers.asked.borrow().len(), 0);
    assert_eq!(cloud.change_sets(), [""; 0]);
    assert_eq!(cloud.effects().len(), 1);
}

#[tokio::test]
async fn what_is_approved_is_exactly_what_is_executed() {
    let cloud = MemoryCloudFormation::default();
    deploy(&cloud, &one(QUEUE), "a").await.result.unwrap();
    let replaced = QUEUE.replace(r#""Name": "a""#, r#""Name": "b""#);
    let answers = Answers::default();
    deploy_with(&cloud, &MemoryStore::absent(), &one(&replaced), &[], &answers, options("b")).await.result.unwrap();
    let asked = answers.asked.borrow();
    let change = &asked[0].changes[0];
    assert_eq!((change.logical_id.as_str(), change.replacement), ("Queue", Replacement::Yes));
    let detail = &change.details[0];
    assert_eq!(
        (detail.path.as_deref(), detail.before.as_deref(), detail.after.as_deref()),
        (Some("Name"), Some("\"a\""), Some("\"b\""))
    );
    assert_eq!((asked[0].live_template.as_deref(), asked[0].template.as_str()), (Some(QUEUE), replaced.as_str()));
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn what_exists_already_is_taken_into_the_stack_when_that_is_asked_for() {
    let cloud = MemoryCloudFormation::default();
    cloud.keep("a");
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    let Error::StackFailed { status, cause, .. } = run.first_error() else { panic!("{:?}", run.first_error()) };
    assert_eq!((status.as_str(), cause.as_ref().unwrap().reason.as_str()), ("ROLLBACK_COMPLETE", "a already exists"));

    let importing = |run_id: &str| Options { import_existing: true, ..options(run_id) };
    let (store, answers) = (MemoryStore::absent(), Answers::default());
    let cloud = MemoryCloudFormation::default();
    cloud.keep("a");
    let deployer = Deployer::new(&cloud, &store, importing("b"));
    let previews = deployer.preview(&one(QUEUE), &[], &mut |_| {}).await.unwrap();
    let told = |changes: &[ResourceChange]| -> Vec<(String, ChangeAction, Option<String>)> {
        let one = |change: &ResourceChange| (change.logical_id.clone(), change.action, change.physical_id.clone());
        changes.iter().map(one).collect()
    };
    let expected = [
        ("Queue".to_owned(), ChangeAction::Import, Some("a".to_owned())),
        ("Topic".to_owned(), ChangeAction::Add, None),
    ];
    assert_eq!(told(&previews[0].changes), expected);
    let run = deploy_with(&cloud, &store, &one(QUEUE), &[], &answers, importing("c")).await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Created);
    assert_eq!(told(&answers.asked.borrow()[0].changes), expected);
}

#[tokio::test]
async fn a_no_leaves_nothing_behind_and_skips_what_needs_the_stack() {
    let cloud = MemoryCloudFormation::default();
    let stacks = vec![
        stack("Api", LARGER, vec![("Url", url_of("Data"))]),
        stack("Data", QUEUE, vec![]),
        stack("Page", LARGER, vec![]),
    ];
    let answers = Answers { refused: vec!["Data-dev"], ..Answers::default() };
    let run = deploy_with(&cloud, &MemoryStore::absent(), &plan(stacks), &[], &answers, options("a")).await;
    let Err(Error::Stacks(stacks)) = &run.result else { panic!() };
    assert_eq!(stacks.to_string(), "2 of 3 stacks were not done, Api-dev not begun");
    assert!(matches!(&stacks.error, Error::Refused { stack, .. } if stack == "Data-dev"));
    assert_eq!(stacks.done, ["Page-dev"]);
    assert_eq!(cloud.status("Data-dev"), None);
    assert_eq!(cloud.status("Page-dev").as_deref(), Some("CREATE_COMPLETE"));
    assert_eq!(cloud.change_sets(), [""; 0]);
    assert!(run.events.contains(&Event::Skipped { stack: "Api-dev".to_owned(), because: "Data-dev".to_owned() }));
}

#[tokio::test]
async fn data_is_lost_only_by_name_and_nobody_can_say_yes_instead() {
    for (template, action) in [
        (BUCKET.replace(r#""Name": "a""#, r#""Name": "b""#), ChangeAction::Modify),
        (BUCKET.replace(r#""Name": "a""#, r#""Name": "a", "Maybe": 1"#), ChangeAction::Modify),
        (
            r#"{"Resources": {"Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}}}"#.to_owned(),
            ChangeAction::Remove,
        ),
    ] {
        let cloud = MemoryCloudFormation::default();
        deploy(&cloud, &one(BUCKET), "a").await.result.unwrap();
        let answers = Answers::default();
        let run = deploy_with(&cloud, &MemoryStore::absent(), &one(&template), &[], &answers, options("b")).await;
        let Error::DataLoss { losses, .. } = run.first_error() else { panic!("{:?}", run.first_error()) };
        assert_eq!((losses.len(), losses[0].name.as_str(), losses[0].action), (1, "Data/Bucket", action));
        assert!(run.first_error().to_string().ends_with("--accept-data-loss Data/Bucket"), "{}", run.first_error());
        assert_eq!(answers.asked.borrow().len(), 0);
        assert_eq!((cloud.effects().len(), cloud.change_sets().len()), (1, 0));
        let accepting = Options { accept_data_loss: ["Data/Bucket".to_owned()].into(), ..options("c") };
        let run = deploy_with(&cloud, &MemoryStore::absent(), &one(&template), &[], &answers, accepting).await;
        assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
    }
}

#[tokio::test]
async fn what_is_kept_by_policy_or_let_go_is_no_loss() {
    let cloud = MemoryCloudFormation::default();
    let kept =
        BUCKET.replace(r#""AWS::S3::Bucket", "Prop"#, r#""AWS::S3::Bucket", "UpdateReplacePolicy": "Retain", "Prop"#);
    deploy(&cloud, &one(&kept), "a").await.result.unwrap();
    deploy(&cloud, &one(&kept.replace(r#""Name": "a""#, r#""Name": "b""#)), "b").await.result.unwrap();
    let without = kept.replace(r#", "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}"#, "");
    let without = without.replace(r#""Name": "a""#, r#""Name": "b""#);
    deploy(&cloud, &one(&without), "c").await.result.unwrap();
}

const POLICY: &str = r#"{"Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": ["Update:Replace", "Update:Delete"], "Resource": ["LogicalResourceId/Bucket", "LogicalResourceId/Kept"]},
    {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}"#;

fn protected(template: &str) -> Plan {
    let protection = Protection { termination: true, stack_policy: Some(POLICY.to_owned()) };
    plan(vec![Stack { protection, ..stack("Data", template, vec![]) }])
}

#[tokio::test]
async fn protection_is_set_once_and_again_when_somebody_took_it_away() {
    let cloud = MemoryCloudFormation::default();
    deploy(&cloud, &protected(BUCKET), "a").await.result.unwrap();
    let calls = || cloud.called("SetStackPolicy") + cloud.called("UpdateTerminationProtection");
    assert_eq!(calls(), 2);
    assert_eq!(deploy(&cloud, &protected(BUCKET), "b").await.result.unwrap()[0].outcome, Outcome::UpToDate);
    assert_eq!(calls(), 2, "what is equal needs no call");
    cloud.protect("Data-dev", Some(POLICY), false);
    let answers = Answers::default();
    let run = deploy_with(&cloud, &MemoryStore::absent(), &protected(BUCKET), &[], &answers, options("c")).await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
    assert_eq!(answers.asked.borrow()[0].protection.as_ref().unwrap().termination, Some(true));
    assert!(cloud.snapshot("Data-dev").unwrap().protected);
}

#[tokio::test]
async fn an_accepted_loss_opens_the_stack_policy_for_itself_and_it_is_shut_again_also_after_a_failure() {
    let replaced = BUCKET.replace(r#""Name": "a""#, r#""Name": "b""#);
    for fails in [false, true] {
        let cloud = MemoryCloudFormation::default();
        deploy(&cloud, &protected(BUCKET), "a").await.result.unwrap();
        if fails {
            cloud.fail("Bucket", "the name is taken");
        }
        let accepting = Options { accept_data_loss: ["Data/Bucket".to_owned()].into(), ..options("b") };
        let answers = Answers::default();
        let run = deploy_with(&cloud, &MemoryStore::absent(), &protected(&replaced), &[], &answers, accepting).await;
        assert_eq!(run.result.is_err(), fails, "{:?}", run.result);
        assert!(run.codes().contains(&"stack.policy_opened") && run.codes().contains(&"stack.policy_restored"));
        let policy: serde_json::Value = serde_json::from_str(POLICY).unwrap();
        assert_eq!(cloud.snapshot("Data-dev").unwrap().policy, Some(policy));
    }
}

#[tokio::test]
async fn a_preview_changes_nothing_and_takes_its_change_sets_and_empty_stacks_away() {
    let cloud = MemoryCloudFormation::default();
    deploy(&cloud, &one(QUEUE), "a").await.result.unwrap();
    let before = cloud.snapshot("Data-dev");
    let stacks = vec![stack("Data", LARGER, vec![]), stack("Page", QUEUE, vec![])];
    let store = MemoryStore::absent();
    let deployer = Deployer::new(&cloud, &store, options("b"));
    let previews = deployer.preview(&plan(stacks), &[], &mut |_| {}).await.unwrap();
    assert_eq!(previews[0].changes.len(), 1);
    assert_eq!(previews[1].changes.iter().map(|change| change.action).collect::<Vec<_>>(), [ChangeAction::Add; 2]);
    assert_eq!(cloud.snapshot("Data-dev"), before);
    assert_eq!((cloud.status("Page-dev"), cloud.change_sets().len()), (None, 0));
    assert_eq!(deployer.preview(&one(QUEUE), &[], &mut |_| {}).await.unwrap()[0].basis, Basis::NoChanges);
}

const HOURS: i64 = 2 * 60 * 60 * 1000;

#[tokio::test]
async fn a_preview_leaves_the_plans_of_others_alone_and_sweeps_up_after_a_killed_run() {
    let (store, plan) = (MemoryStore::absent(), one(QUEUE));
    for (name, created_ms, stays) in
        [("theirs", -HOURS, true), ("infra-other-1", 0, true), ("infra-killed-1", -HOURS, false)]
    {
        let cloud = MemoryCloudFormation::default();
        cloud.put("Data-dev", "REVIEW_IN_PROGRESS");
        // As many milliseconds from now, by AWS's clock, which is not that of this machine.
        cloud.put_change_set("Data-dev", name, cloud.now() + created_ms);
        let deployer = Deployer::new(&cloud, &store, options("a"));
        let preview = deployer.preview(&plan, &[], &mut |_| {}).await.unwrap();
        assert_eq!(preview[0].foreign_change_sets, [name]);
        assert_eq!(cloud.status("Data-dev").is_some(), stays, "{name}");
        assert_eq!(cloud.change_sets(), if stays { vec![name] } else { vec![] });
    }
}

#[tokio::test]
async fn what_is_not_known_yet_is_said_and_a_refused_placeholder_leaves_the_templates_to_compare() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let stacks = || plan(vec![stack("Data", QUEUE, vec![]), stack("Api", LARGER, vec![("Url", url_of("Data"))])]);
    let deployer = Deployer::new(&cloud, &store, options("a"));
    let previews = deployer.preview(&stacks(), &[], &mut |_| {}).await.unwrap();
    assert_eq!(previews[1].unknown_parameters, ["Url"]);
    assert_eq!(previews[1].parameters[0].1, "known-after-Data-dev");
    cloud.refuse_change_sets("Parameter Url does not look like a url");
    let only_api = Plan::new(
        vec![stack("Data", QUEUE, vec![]), stack("Api", LARGER, vec![("Url", url_of("Data"))])],
        &[],
        BTreeMap::new(),
    );
    let error = deployer.preview(&only_api.unwrap(), &[], &mut |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Stacks(stacks) if stacks.stack == "Data-dev" && stacks.done == ["Api-dev"]));
    assert_eq!(cloud.change_sets(), [""; 0]);
    assert_eq!((cloud.status("Data-dev"), cloud.status("Api-dev")), (None, None));
}

#[tokio::test]
async fn values_that_aws_leaves_out_do_not_take_changes_along() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    deploy(&cloud, &one(QUEUE), "a").await.result.unwrap();
    cloud.drop_values();
    let both = LARGER.replace(r#""Name": "a""#, r#""Name": "b""#);
    let deployer = Deployer::new(&cloud, &store, options("b"));
    let preview = deployer.preview(&one(&both), &[], &mut |_| {}).await.unwrap().remove(0);
    assert!(matches!(preview.basis, Basis::ChangeSet { values_incomplete: true, .. }));
    assert_eq!(preview.changes.len(), 2, "{:?}", preview.changes);
}

#[tokio::test]
async fn what_accepts_several_losses_can_be_given_as_it_is_told() {
    let cloud = MemoryCloudFormation::default();
    let two = r#"{"Resources": {"New": {"Type": "AWS::S3::Bucket"}, "Old": {"Type": "AWS::S3::Bucket"}}}"#;
    deploy(&cloud, &one(two), "a").await.result.unwrap();
    let error = deploy(&cloud, &one(QUEUE), "b").await.result.unwrap_err();
    let Error::Stacks(failed) = error else { panic!("{error:?}") };
    let told = failed.error.to_string();
    assert!(told.ends_with("; to accept it, give --accept-data-loss Data/New --accept-data-loss Data/Old"), "{told}");
}

#[tokio::test]
async fn a_bucket_is_not_lost_because_what_it_refers_to_is_changed_in_place() {
    let text = |name: &str, size: u8| {
        format!(
            r#"{{"Resources": {{"Key": {{"Type": "AWS::KMS::Key", "Properties": {{"Name": "{name}", "Size": {size}}}}},
                "Bucket": {{"Type": "AWS::S3::Bucket", "Properties": {{"Maybe": {{"Ref": "Key"}}}}}}}}}}"#
        )
    };
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    deploy(&cloud, &one(&text("a", 1)), "a").await.result.unwrap();
    let deployer = Deployer::new(&cloud, &store, options("b"));
    for (name, replacement, losses) in [("a", Replacement::No, 0), ("b", Replacement::Conditional, 1)] {
        let preview = deployer.preview(&one(&text(name, 2)), &[], &mut |_| {}).await.unwrap().remove(0);
        let bucket = preview.changes.iter().find(|change| change.logical_id == "Bucket").unwrap();
        assert_eq!((bucket.replacement, preview.data_loss.len()), (replacement, losses), "{name}");
    }
}

#[tokio::test]
async fn a_dropped_deployment_is_cleaned_up_after() {
    let (cloud, store, plan) = (MemoryCloudFormation::default(), MemoryStore::absent(), one(QUEUE));
    let deployer = Deployer::new(&cloud, &store, options("a"));
    let (answers, mut on) = (Answers::default(), |_| {});
    tokio::select! {
        biased;
        () = async { while cloud.called("DescribeChangeSet") == 0 { tokio::task::yield_now().await; } } => {}
        _ = deployer.deploy(&plan, &[], &answers, &mut on) => panic!("it was to be dropped"),
    }
    assert_eq!(cloud.change_sets().len(), 1);
    deployer.clean_up(&mut |_| {}).await.unwrap();
    assert_eq!((cloud.change_sets().len(), cloud.status("Data-dev")), (0, None));
    let calls = cloud.calls();
    deployer.clean_up(&mut |_| {}).await.unwrap();
    assert_eq!(cloud.calls(), calls, "nothing is left, so nothing is asked");
}

#[tokio::test]
async fn outputs_and_assets_fill_the_parameters_of_the_stacks_after_them() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let key = Source::AssetKey { asset: "loader".to_owned() };
    let given = Source::Given { optional: true, hint: String::new() };
    let parameters = vec![("Url", url_of("Data")), ("Bucket", Source::AssetBucket), ("Key", key), ("AllowedIp", given)];
    let linked = || vec![stack("Api", LARGER, parameters.clone()), stack("Data", QUEUE, vec![])];
    let archive = |name: &str| {
        let content = Content::Bytes(b"code".to_vec());
        let entry = Entry { path: "bootstrap".to_owned(), content, executable: true };
        Archive::new(name, vec![entry], Compression::Stored).unwrap()
    };
    let (archive, unused) = (archive("loader"), archive("unused"));
    let archives = [archive.clone(), unused];
    let answers = Answers::default();
    let missing = deploy_with(&cloud, &store, &plan(linked()), &[], &answers, options("0")).await;
    assert!(matches!(missing.result, Err(Error::NoAsset { .. })));
    assert_eq!(cloud.effects(), [""; 0]);
    let only_api = Plan::new(linked(), &["Api".to_owned()], BTreeMap::new()).unwrap();
    let error = deploy_with(&cloud, &store, &only_api, &archives, &answers, options("1")).await.result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Api-dev needs output QueueUrl of Data-dev, which is not deployed; deploy Data-dev first"
    );
    assert_eq!(store.state.get(), BucketState::Created, "nothing was made, not even the bucket");

    let run = deploy_with(&cloud, &store, &plan(linked()), &archives, &answers, options("a")).await;
    let names: Vec<String> = run.result.unwrap().into_iter().map(|deployed| deployed.stack_name).collect();
    assert_eq!(names, ["Data-dev", "Api-dev"]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let bucket = "infra-assets-123456789012-sa-east-1";
    assert_eq!(
        cloud.parameters("Api-dev"),
        [pair("Url", "https://queue"), pair("Bucket", bucket), pair("Key", &archive.key("dev"))]
    );
    assert_eq!(*store.uploads.borrow(), [archive.key("dev")]);
    deploy_with(&cloud, &store, &plan(linked()), &archives, &answers, options("b")).await.result.unwrap();
    assert_eq!(store.uploads.borrow().len(), 1, "the same content is not uploaded again");
}

#[tokio::test]
async fn a_template_over_the_limit_of_a_request_goes_by_way_of_the_bucket() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let large = format!("{}{}", " ".repeat(51_200), QUEUE);
    cloud.reads(&store);
    let run = deploy_with(&cloud, &store, &one(&large), &[], &Answers::default(), options("a")).await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Created);
    let run = deploy_with(&cloud, &store, &one(&large), &[], &Answers::default(), options("b")).await;
    assert_eq!((run.result.unwrap()[0].outcome, store.uploads.borrow().len()), (Outcome::UpToDate, 1));
    let uploads = store.uploads.borrow().clone();
    assert!(uploads[0].starts_with("dev/templates/Data-dev/") && uploads[0].ends_with(".yaml"));
    assert_eq!(store.objects.borrow()[&uploads[0]], large.as_bytes());
    let too_large = deploy(&cloud, &one(&" ".repeat(1_000_001)), "b").await.result.unwrap_err();
    assert!(too_large.to_string().contains("has 1000001 bytes"), "{too_large}");
}

#[tokio::test]
async fn a_refused_change_set_tells_why_and_leaves_nothing_behind() {
    let cloud = MemoryCloudFormation::default();
    cloud.refuse_change_sets("Transform is not allowed");
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    assert_eq!(run.first_error().to_string(), "the change set of Data-dev failed: Transform is not allowed");
    assert_eq!((cloud.change_sets().len(), cloud.status("Data-dev")), (0, None));
}

#[tokio::test]
async fn a_deletion_says_what_dies_empties_its_own_buckets_when_told_and_reports_what_stays() {
    let cloud = MemoryCloudFormation::default();
    let stacks = || {
        plan(vec![
            stack("Data", QUEUE, vec![]),
            stack("Store", BUCKET, vec![("Url", url_of("Data"))]),
            stack("Extra", QUEUE, vec![]),
        ])
    };
    let made = plan(stacks().stacks().iter().filter(|stack| stack.name != "Extra").cloned().collect());
    deploy(&cloud, &made, "a").await.result.unwrap();
    cloud.protect("Data-dev", None, true);
    let buckets = MemoryBuckets::default();
    buckets.objects.borrow_mut().extend([("bucket-1".to_owned(), 5), ("kept-1".to_owned(), 5)]);

    let found = preview_deletion(&cloud, &buckets, &stacks(), &options("b"), &mut |_| {}).await.unwrap();
    assert_eq!(found.protected(), ["Data-dev"]);
    let store = found.stacks.iter().find(|stack| stack.stack == "Store").unwrap();
    assert_eq!(
        store.resources.iter().map(|resource| resource.keeps).collect::<Vec<_>>(),
        [Keeps::Nothing, Keeps::Resource]
    );
    assert_eq!((store.buckets.len(), store.buckets[0].bucket.as_str(), store.buckets[0].more), (1, "bucket-1", true));

    let refused = destroy(&cloud, &buckets, &stacks(), Consent::default(), &options("c"), &mut |_| {}).await;
    assert!(matches!(refused, Err(Error::Protected { .. })));
    let consent = Consent { unprotect: true, empty_buckets: true };
    let mut events = Vec::new();
    let destroyed =
        destroy(&cloud, &buckets, &stacks(), consent, &options("d"), &mut |event| events.push(event)).await.unwrap();
    assert_eq!(*buckets.objects.borrow(), BTreeMap::from([("bucket-1".to_owned(), 0), ("kept-1".to_owned(), 5)]));
    let leftovers = |stack: &Destroyed| match stack {
        Destroyed::Deleted { leftovers, .. } => leftovers.iter().map(|left| left.logical_id.clone()).collect(),
        Destroyed::Absent { stack } => vec![format!("no {stack}")],
    };
    assert_eq!(destroyed.iter().flat_map(leftovers).collect::<Vec<_>>(), ["no Extra-dev", "Kept"]);
    let ended =
        |name: &str| events.iter().position(|event| matches!(event, Event::Finished { stack, .. } if stack == name));
    assert!(ended("Store-dev") < ended("Data-dev"), "what takes outputs goes first");
    assert_eq!((cloud.status("Data-dev"), cloud.status("Store-dev")), (None, None));
}

#[tokio::test]
async fn a_deletion_that_fails_spares_the_stacks_that_it_needs() {
    let cloud = MemoryCloudFormation::default();
    let both = plan(vec![stack("Data", QUEUE, vec![]), stack("Api", LARGER, vec![("Url", url_of("Data"))])]);
    deploy(&cloud, &both, "a").await.result.unwrap();
    cloud.fail("Alarm", "still in use");
    let buckets = MemoryBuckets::default();
    let error = destroy(&cloud, &buckets, &both, Consent::default(), &options("b"), &mut |_| {}).await.unwrap_err();
    let Error::Stacks(stacks) = error else { panic!("{error}") };
    assert_eq!(
        stacks.error.to_string(),
        "Api-dev is DELETE_FAILED, because Alarm (AWS::CloudWatch::Alarm) DELETE_FAILED: still in use"
    );
    assert_eq!(stacks.skipped[0].stack, "Data-dev");
    assert_eq!(cloud.status("Data-dev").unwrap(), "CREATE_COMPLETE");
}

#[tokio::test]
async fn an_events_json_bears_its_code() {
    let cloud = MemoryCloudFormation::default();
    cloud.faults("CreateChangeSet", [Some(Fault::Throttled)]);
    cloud.fail("Topic", "topic name is taken");
    let run = deploy(&cloud, &one(QUEUE), "a").await;
    for event in &run.events {
        assert_eq!(serde_json::to_value(event).unwrap()["code"], event.code());
    }
    let resource = run.events.iter().find(|event| event.code() == "resource.status").unwrap();
    let json = serde_json::to_value(resource).unwrap();
    assert_eq!((json["logical_id"].as_str(), json["status"].as_str()), (Some("Data-dev"), Some("CREATE_IN_PROGRESS")));
    assert!(run.codes().contains(&"call.retrying"));
}
