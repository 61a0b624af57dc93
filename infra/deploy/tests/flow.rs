//! The flow against CloudFormation and S3 in memory.

#![expect(clippy::unwrap_used, reason = "a test panics where its preparation fails")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use deploy::{
    Archive, BucketState, Compression, Deployed, Deployer, Destroyed, Error, Event, Options, Outcome, Pace, Parameter,
    Plan, Source, Stack, destroy,
};
use support::{MemoryCloudFormation, MemoryStore};

const QUEUE: &str = r#"{"Resources": {"Queue": "AWS::SQS::Queue", "Topic": "AWS::SNS::Topic"}, "Outputs": {"QueueUrl": "https://queue"}}"#;
const LARGER: &str =
    r#"{"Resources": {"Queue": "AWS::SQS::Queue", "Topic": "AWS::SNS::Topic", "Alarm": "AWS::CloudWatch::Alarm"}}"#;

fn options(run_id: &str) -> Options {
    let pace = Pace { first: Duration::ZERO, most: Duration::from_micros(10), retries: 3 };
    Options { run_id: run_id.to_owned(), pace, replace_failed: false }
}

fn stack(name: &str, template: &str, parameters: Vec<(&str, Source)>) -> Stack {
    Stack {
        name: name.to_owned(),
        stack_name: format!("{name}-dev"),
        template: template.to_owned(),
        parameters: (parameters.into_iter())
            .map(|(name, source)| Parameter { name: name.to_owned(), source })
            .collect(),
        tags: vec![("Stage".to_owned(), "dev".to_owned())],
    }
}

fn plan(stacks: Vec<Stack>) -> Plan {
    Plan::new(stacks, &[], BTreeMap::new()).unwrap()
}

fn data() -> Plan {
    plan(vec![stack("Data", QUEUE, vec![])])
}

struct Run {
    result: Result<Vec<Deployed>, Error>,
    events: Vec<Event>,
}

async fn deploy_with(
    cloudformation: &MemoryCloudFormation,
    store: &MemoryStore,
    plan: &Plan,
    archives: &[Archive],
    options: Options,
) -> Run {
    let mut events = Vec::new();
    let deployer = Deployer { cloudformation, store, options };
    let result = deployer.deploy(plan, archives, &mut |event| events.push(event)).await;
    Run { result, events }
}

async fn deploy(cloudformation: &MemoryCloudFormation, plan: &Plan, run_id: &str) -> Run {
    deploy_with(cloudformation, &MemoryStore::absent(), plan, &[], options(run_id)).await
}

/// `logical id status` of the resource events, in order.
fn told(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::Resource { event, .. } => Some(format!("{} {}", event.logical_id, event.status)),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

#[tokio::test]
async fn an_absent_stack_is_created_with_its_tags_and_every_event_is_told_once_in_order() {
    let cloud = MemoryCloudFormation::default();
    let run = deploy(&cloud, &data(), "a").await;
    let deployed = run.result.unwrap();
    assert_eq!(deployed[0].outcome, Outcome::Created);
    assert_eq!(deployed[0].outputs, [("QueueUrl".to_owned(), "https://queue".to_owned())]);
    assert_eq!(cloud.tags("Data-dev"), [("Stage".to_owned(), "dev".to_owned())]);
    assert_eq!(
        told(&run.events),
        [
            "Data-dev CREATE_IN_PROGRESS",
            "Queue CREATE_IN_PROGRESS",
            "Topic CREATE_IN_PROGRESS",
            "Queue CREATE_COMPLETE",
            "Topic CREATE_COMPLETE",
            "Data-dev CREATE_COMPLETE",
        ]
    );
}

#[tokio::test]
async fn a_second_deployment_of_the_same_is_up_to_date_and_leaves_no_change_set() {
    let cloud = MemoryCloudFormation::default();
    deploy(&cloud, &data(), "a").await.result.unwrap();
    let made = cloud.change_sets();
    let run = deploy(&cloud, &data(), "b").await;
    let deployed = run.result.unwrap();
    assert_eq!(deployed[0].outcome, Outcome::UpToDate);
    assert_eq!(deployed[0].outputs.len(), 1);
    assert_eq!(cloud.change_sets(), made);
    assert_eq!(told(&run.events), [""; 0]);
}

#[tokio::test]
async fn a_changed_template_updates_and_the_clean_up_is_waited_for() {
    let cloud = MemoryCloudFormation::default();
    deploy(&cloud, &data(), "a").await.result.unwrap();
    let run = deploy(&cloud, &plan(vec![stack("Data", LARGER, vec![])]), "b").await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
    let told = told(&run.events);
    assert_eq!(told.first().unwrap(), "Data-dev UPDATE_IN_PROGRESS");
    assert_eq!(told.last().unwrap(), "Data-dev UPDATE_COMPLETE");
    assert_eq!(cloud.status("Data-dev").unwrap(), "UPDATE_COMPLETE");
}

#[tokio::test]
async fn a_failed_creation_names_the_first_real_failure_and_hides_the_cancelled() {
    let cloud = MemoryCloudFormation::default();
    cloud.fail("Topic", "topic name is taken");
    let run = deploy(&cloud, &data(), "a").await;
    let error = run.result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Data-dev is ROLLBACK_COMPLETE, because Topic (AWS::SNS::Topic) CREATE_FAILED: topic name is taken"
    );
    assert!(!error.is_retryable());
    assert!(!told(&run.events).contains(&"Queue CREATE_FAILED".to_owned()));
}

#[tokio::test]
async fn a_failed_update_is_rolled_back_and_the_next_one_starts_from_there() {
    let cloud = MemoryCloudFormation::default();
    deploy(&cloud, &data(), "a").await.result.unwrap();
    cloud.fail("Alarm", "no such metric");
    let larger = plan(vec![stack("Data", LARGER, vec![])]);
    let error = deploy(&cloud, &larger, "b").await.result.unwrap_err();
    assert!(error.to_string().starts_with("Data-dev is UPDATE_ROLLBACK_COMPLETE, because Alarm"), "{error}");
    cloud.heal();
    assert_eq!(deploy(&cloud, &larger, "c").await.result.unwrap()[0].outcome, Outcome::Updated);
}

#[tokio::test]
async fn a_stack_whose_creation_failed_is_left_alone_until_it_may_be_replaced() {
    let cloud = MemoryCloudFormation::default();
    cloud.fail("Topic", "taken");
    deploy(&cloud, &data(), "a").await.result.unwrap_err();
    cloud.heal();
    let error = deploy(&cloud, &data(), "b").await.result.unwrap_err();
    assert!(
        error.to_string().contains("Data-dev is ROLLBACK_COMPLETE") && error.to_string().contains("--replace-failed")
    );
    assert_eq!(cloud.status("Data-dev").unwrap(), "ROLLBACK_COMPLETE");

    let replace = Options { replace_failed: true, ..options("c") };
    let run = deploy_with(&cloud, &MemoryStore::absent(), &data(), &[], replace).await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Created);
    assert!(told(&run.events).contains(&"Data-dev DELETE_COMPLETE".to_owned()));
}

#[tokio::test]
async fn an_operation_of_somebody_else_is_watched_to_its_end_first() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "UPDATE_IN_PROGRESS");
    cloud.will_become("Data-dev", &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]);
    let run = deploy(&cloud, &data(), "a").await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
    let attached = Event::Attached { stack: "Data-dev".to_owned(), status: "UPDATE_IN_PROGRESS".to_owned() };
    assert!(run.events.contains(&attached));
    let told = told(&run.events);
    assert_eq!(
        told[..3],
        ["Data-dev UPDATE_IN_PROGRESS", "Data-dev UPDATE_ROLLBACK_IN_PROGRESS", "Data-dev UPDATE_ROLLBACK_COMPLETE"]
    );
}

#[tokio::test]
async fn a_deployer_that_was_overtaken_watches_the_other_one_and_goes_on() {
    let cloud = MemoryCloudFormation::default();
    cloud.overtake("Data-dev");
    let run = deploy(&cloud, &data(), "a").await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Updated);
    let attached = Event::Attached { stack: "Data-dev".to_owned(), status: "CREATE_IN_PROGRESS".to_owned() };
    assert!(run.events.contains(&attached));
}

#[tokio::test]
async fn a_failure_that_was_watched_for_somebody_else_is_told() {
    let cloud = MemoryCloudFormation::default();
    cloud.fail("Topic", "topic name is taken");
    let short = Options { pace: Pace { retries: 0, ..options("a").pace }, ..options("a") };
    // The first deployer goes away while the stack is made.
    cloud.go_away_after_events(3);
    deploy_with(&cloud, &MemoryStore::absent(), &data(), &[], short).await.result.unwrap_err();
    let error = deploy(&cloud, &data(), "b").await.result.unwrap_err().to_string();
    assert!(
        error.starts_with(
            "Data-dev is ROLLBACK_COMPLETE, because Topic (AWS::SNS::Topic) CREATE_FAILED: topic name is taken"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn the_shell_of_an_earlier_change_set_is_filled() {
    let cloud = MemoryCloudFormation::default();
    cloud.put("Data-dev", "REVIEW_IN_PROGRESS");
    assert_eq!(deploy(&cloud, &data(), "a").await.result.unwrap()[0].outcome, Outcome::Created);
}

#[tokio::test]
async fn states_that_no_change_set_can_start_from_are_told_with_the_way_out() {
    for (status, fix) in [
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_FAILED", "rollback-stack"),
        ("DELETE_FAILED", "destroy"),
    ] {
        let cloud = MemoryCloudFormation::default();
        cloud.put("Data-dev", status);
        let error = deploy(&cloud, &data(), "a").await.result.unwrap_err().to_string();
        assert!(error.contains(status) && error.contains(fix), "{error}");
        assert_eq!(cloud.mutations(), [""; 0]);
    }
}

#[tokio::test]
async fn a_refused_change_set_tells_why_and_leaves_nothing_behind() {
    let cloud = MemoryCloudFormation::default();
    cloud.refuse_change_set("Transform is not allowed");
    let error = deploy(&cloud, &data(), "a").await.result.unwrap_err();
    assert_eq!(error.to_string(), "the change set of Data-dev failed: Transform is not allowed");
    assert_eq!(cloud.change_sets(), 0);
    assert_eq!(cloud.status("Data-dev"), None);
}

#[tokio::test]
async fn throttled_calls_are_made_again_and_told() {
    let cloud = MemoryCloudFormation::default();
    cloud.throttle("DescribeStackEvents", 2);
    cloud.throttle("CreateChangeSet", 2);
    let run = deploy(&cloud, &data(), "a").await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Created);
    let told = run.events.iter().filter(|event| matches!(event, Event::Retrying { .. })).count();
    assert_eq!(told, 4);
}

#[tokio::test]
async fn throttling_without_end_is_an_error_that_may_be_retried() {
    let cloud = MemoryCloudFormation::default();
    cloud.throttle("CreateChangeSet", 100);
    let error = deploy(&cloud, &data(), "a").await.result.unwrap_err();
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_lost_answer_does_nothing_twice() {
    let cloud = MemoryCloudFormation::default();
    cloud.lose_answer("CreateChangeSet");
    cloud.lose_answer("ExecuteChangeSet");
    let run = deploy(&cloud, &data(), "a").await;
    assert_eq!(run.result.unwrap()[0].outcome, Outcome::Created);
    assert_eq!(told(&run.events).iter().filter(|line| *line == "Data-dev CREATE_IN_PROGRESS").count(), 1);
    assert_eq!(cloud.change_sets(), 1);
}

fn linked() -> Vec<Stack> {
    let output = Source::Output { stack: "Data".to_owned(), output: "QueueUrl".to_owned() };
    let key = Source::AssetKey { asset: "loader".to_owned() };
    let given = Source::Given { optional: true, hint: String::new() };
    let parameters = vec![("Url", output), ("Bucket", Source::AssetBucket), ("Key", key), ("AllowedIp", given)];
    vec![stack("Api", LARGER, parameters), stack("Data", QUEUE, vec![])]
}

#[tokio::test]
async fn outputs_and_assets_fill_the_parameters_of_the_stacks_after_them() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let archive = Archive::of_function("loader", b"code".to_vec(), Compression::Stored);
    let unused = Archive::of_function("unused", b"code".to_vec(), Compression::Stored);
    let archives = [archive.clone(), unused];
    let run = deploy_with(&cloud, &store, &plan(linked()), &archives, options("a")).await;
    let names: Vec<String> = run.result.unwrap().into_iter().map(|deployed| deployed.stack_name).collect();
    assert_eq!(names, ["Data-dev", "Api-dev"]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let bucket = "infra-assets-123456789012-sa-east-1";
    let expected = [pair("Url", "https://queue"), pair("Bucket", bucket), pair("Key", &archive.key())];
    assert_eq!(cloud.parameters("Api-dev"), expected);
    assert_eq!(*store.uploads.borrow(), [archive.key()]);

    deploy_with(&cloud, &store, &plan(linked()), &archives, options("b")).await.result.unwrap();
    assert_eq!(store.uploads.borrow().len(), 1, "the same content is not uploaded again");
}

#[tokio::test]
async fn an_output_of_a_stack_that_is_not_selected_is_read_from_what_is_deployed() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let only_api = Plan::new(linked(), &["Api".to_owned()], BTreeMap::new()).unwrap();
    let archives = [Archive::of_function("loader", b"code".to_vec(), Compression::Stored)];
    let error = deploy_with(&cloud, &store, &only_api, &archives, options("a")).await.result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Api-dev needs output QueueUrl of Data-dev, which is not deployed; deploy Data-dev first"
    );
    assert_eq!(store.state.get(), BucketState::Created, "nothing was made, not even the bucket");

    deploy(&cloud, &data(), "b").await.result.unwrap();
    deploy_with(&cloud, &store, &only_api, &archives, options("c")).await.result.unwrap();
    assert_eq!(cloud.parameters("Api-dev")[0].1, "https://queue");
}

#[tokio::test]
async fn an_asset_that_was_not_built_stops_the_deployment_before_anything_is_made() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let error = deploy_with(&cloud, &store, &plan(linked()), &[], options("a")).await.result.unwrap_err();
    assert_eq!(error.to_string(), r#"Api-dev needs asset "loader", which was not built"#);
    assert_eq!(cloud.mutations(), [""; 0]);
}

#[tokio::test]
async fn a_bucket_of_another_account_is_refused() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    store.state.set(BucketState::Foreign);
    let archives = [Archive::of_function("loader", b"code".to_vec(), Compression::Stored)];
    let error = deploy_with(&cloud, &store, &plan(linked()), &archives, options("a")).await.result.unwrap_err();
    assert!(error.to_string().contains("does not belong to account 123456789012"), "{error}");
    assert_eq!(cloud.mutations(), [""; 0]);
}

#[tokio::test]
async fn a_template_over_the_limit_of_a_request_goes_by_way_of_the_bucket() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let large = format!("{}{}", " ".repeat(51_200), QUEUE);
    let plan = plan(vec![stack("Data", &large, vec![])]);
    // The cloud in memory does not read addresses; it has checked that it got one.
    deploy_with(&cloud, &store, &plan, &[], options("a")).await.result.unwrap_err();
    let uploads = store.uploads.borrow();
    assert!(uploads[0].starts_with("templates/Data-dev/") && uploads[0].ends_with(".yaml"));
    assert_eq!(store.objects.borrow()[&uploads[0]], large.as_bytes());
}

#[tokio::test]
async fn a_template_that_cloudformation_does_not_take_is_refused_before_anything_is_made() {
    let cloud = MemoryCloudFormation::default();
    let plan = plan(vec![stack("Data", &" ".repeat(1_000_001), vec![])]);
    let error = deploy(&cloud, &plan, "a").await.result.unwrap_err();
    assert!(error.to_string().contains("has 1000001 bytes"), "{error}");
}

#[tokio::test]
async fn stacks_are_destroyed_against_their_order_and_absent_ones_are_fine() {
    let cloud = MemoryCloudFormation::default();
    let stacks = || vec![stack("Data", QUEUE, vec![]), stack("Extra", QUEUE, vec![]), stack("Api", LARGER, vec![])];
    deploy(&cloud, &plan(stacks().into_iter().filter(|stack| stack.name != "Extra").collect()), "a")
        .await
        .result
        .unwrap();
    let mut events = Vec::new();
    let destroyed = destroy(&cloud, &plan(stacks()), &options("b"), &mut |event| events.push(event)).await.unwrap();
    let [api, extra, data] = ["Api-dev", "Extra-dev", "Data-dev"].map(str::to_owned);
    assert_eq!(destroyed, [Destroyed::Deleted(api), Destroyed::Absent(extra), Destroyed::Deleted(data)]);
    assert_eq!(told(&events).last().unwrap(), "Data-dev DELETE_COMPLETE");
    assert_eq!(cloud.status("Data-dev"), None);
}

#[tokio::test]
async fn a_deletion_that_fails_stops_there_and_names_the_resource() {
    let cloud = MemoryCloudFormation::default();
    let both = plan(vec![stack("Data", QUEUE, vec![]), stack("Api", LARGER, vec![])]);
    deploy(&cloud, &both, "a").await.result.unwrap();
    cloud.fail("Alarm", "still in use");
    let error = destroy(&cloud, &both, &options("b"), &mut |_| {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Api-dev is DELETE_FAILED, because Alarm (AWS::CloudWatch::Alarm) DELETE_FAILED: still in use"
    );
    assert_eq!(cloud.status("Data-dev").unwrap(), "CREATE_COMPLETE");
}
