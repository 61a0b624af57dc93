//! The cloud in memory does what its table says: every row a test, so that what the other tests prove holds at AWS.

#![expect(clippy::unwrap_used, reason = "a test panics where its preparation fails")]

mod support;

use aws_access::{CallError, CallErrorKind};
use deploy::{ChangeAction, ChangeSetKind, ChangeSetRequest, ChangeSetStatus, CloudFormation, TemplateLocation};
use support::plans::{BUCKET, LARGER, QUEUE};
use support::{Fault, MemoryCloudFormation, MemoryStore};

const NAME: &str = "Data-dev";

fn request(kind: ChangeSetKind, name: &str, body: &str) -> ChangeSetRequest {
    ChangeSetRequest {
        stack_name: NAME.to_owned(),
        name: name.to_owned(),
        token: format!("token-{name}"),
        kind,
        template: TemplateLocation::Body(body.to_owned()),
        parameters: Vec::new(),
        tags: Vec::new(),
        nested: false,
        role_arn: None,
        import_existing: false,
    }
}

/// A stack that has come to rest with this template; its id.
async fn created(cloud: &MemoryCloudFormation, body: &str) -> String {
    let (change_set, stack_id) =
        cloud.create_change_set(&request(ChangeSetKind::Create, "create", body)).await.unwrap();
    cloud.execute_change_set(&change_set, "token-of-creation").await.unwrap();
    rest(cloud, &stack_id).await;
    stack_id
}

/// Lets everything happen that is to come; all statuses of the stack itself, oldest first.
async fn rest(cloud: &MemoryCloudFormation, stack_id: &str) -> Vec<String> {
    for _ in 0..40 {
        cloud.describe_stack_events(stack_id, None).await.unwrap();
    }
    own(cloud, stack_id).await
}

async fn own(cloud: &MemoryCloudFormation, stack_id: &str) -> Vec<String> {
    let (mut statuses, mut next) = (Vec::new(), None);
    loop {
        // A page that is asked for by its token lets nothing more happen.
        let page = cloud.describe_stack_events(stack_id, Some(next.as_deref().unwrap_or("0"))).await.unwrap();
        let events = page.events.into_iter().filter(|event| event.is_of_stack(stack_id));
        statuses.extend(events.map(|event| event.status));
        next = page.next;
        if next.is_none() {
            statuses.reverse();
            return statuses;
        }
    }
}

/// Status and code of a refusal.
fn code<T>(answer: Result<T, CallError>) -> String {
    answer.err().map_or_else(|| "done".to_owned(), |error| error.code.unwrap_or_default())
}

async fn status_of(cloud: &MemoryCloudFormation, change_set: &str) -> ChangeSetStatus {
    cloud.describe_change_set(None, change_set, true, None).await.unwrap().status
}

#[tokio::test]
async fn a_change_set_of_a_new_stack_makes_the_stack_wait_in_review_and_is_ready_at_the_second_look() {
    let cloud = MemoryCloudFormation::default();
    let first = cloud.create_change_set(&request(ChangeSetKind::Create, "one", QUEUE)).await.unwrap();
    assert_eq!(cloud.status(NAME).unwrap(), "REVIEW_IN_PROGRESS");
    assert_eq!(status_of(&cloud, &first.0).await, ChangeSetStatus::Pending);
    assert_eq!(status_of(&cloud, &first.0).await, ChangeSetStatus::Ready);
    let second = cloud.create_change_set(&request(ChangeSetKind::Create, "two", QUEUE)).await.unwrap();
    assert_eq!((first.1 == second.1, cloud.change_sets()), (true, vec!["one".to_owned(), "two".to_owned()]));
}

#[tokio::test]
async fn a_change_set_is_refused_by_name_by_kind_and_by_the_state_of_its_stack() {
    let cloud = MemoryCloudFormation::default();
    assert_eq!(code(cloud.create_change_set(&request(ChangeSetKind::Update, "a", QUEUE)).await), "ValidationError");
    created(&cloud, QUEUE).await;
    assert_eq!(code(cloud.create_change_set(&request(ChangeSetKind::Create, "a", QUEUE)).await), "ValidationError");
    cloud.create_change_set(&request(ChangeSetKind::Update, "a", LARGER)).await.unwrap();
    let other = ChangeSetRequest { token: "another".to_owned(), ..request(ChangeSetKind::Update, "a", LARGER) };
    assert_eq!(code(cloud.create_change_set(&other).await), "AlreadyExistsException");
    for status in ["ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"] {
        let cloud = MemoryCloudFormation::default();
        cloud.put(NAME, status);
        let refused = cloud.create_change_set(&request(ChangeSetKind::Update, "a", QUEUE)).await;
        assert_eq!(code(refused), "ValidationError", "{status}");
    }
}

#[tokio::test]
async fn a_change_set_without_changes_ends_in_failed_with_the_sentence_that_says_so() {
    let cloud = MemoryCloudFormation::default();
    created(&cloud, QUEUE).await;
    let (id, _) = cloud.create_change_set(&request(ChangeSetKind::Update, "same", QUEUE)).await.unwrap();
    status_of(&cloud, &id).await;
    assert_eq!(status_of(&cloud, &id).await, ChangeSetStatus::Empty);
}

#[tokio::test]
async fn changes_come_in_pages_with_their_values_when_asked_and_a_warning_when_some_are_left_out() {
    let cloud = MemoryCloudFormation::default();
    created(&cloud, QUEUE).await;
    let new = LARGER.replace(r#""Name": "a""#, r#""Name": "b", "Delay": 1"#).replace("Topic", "Theme");
    let (id, _) = cloud.create_change_set(&request(ChangeSetKind::Update, "a", &new)).await.unwrap();
    status_of(&cloud, &id).await;
    let first = cloud.describe_change_set(None, &id, true, None).await.unwrap();
    let second = cloud.describe_change_set(None, &id, true, first.next.as_deref()).await.unwrap();
    assert_eq!((first.changes.len(), second.changes.len(), second.next.is_none()), (2, 2, true));
    let changes = [first.changes, second.changes].concat();
    let of = |id: &str| changes.iter().find(|change| change.logical_id == id).unwrap();
    assert_eq!((of("Theme").action, of("Topic").action), (ChangeAction::Add, ChangeAction::Remove));
    assert_eq!(of("Queue").details[0].after.as_deref(), Some("1"));
    let blank = cloud.describe_change_set(None, &id, false, None).await.unwrap().changes;
    assert!(blank.iter().flat_map(|change| &change.details).all(|detail| detail.after.is_none()));
    cloud.drop_values();
    let dropped = cloud.describe_change_set(None, &id, true, None).await.unwrap();
    assert_eq!((dropped.changes.len(), dropped.reason.is_empty()), (1, false));
}

#[tokio::test]
async fn a_template_over_51_200_bytes_is_refused_in_the_request_and_read_from_the_bucket() {
    let (cloud, store) = (MemoryCloudFormation::default(), MemoryStore::absent());
    let large = format!("{QUEUE}{}", " ".repeat(51_201 - QUEUE.len()));
    assert_eq!(code(cloud.create_change_set(&request(ChangeSetKind::Create, "a", &large)).await), "ValidationError");
    let template = TemplateLocation::Url("https://bucket/templates/x.yaml".to_owned());
    let by_url = ChangeSetRequest { template, ..request(ChangeSetKind::Create, "a", "") };
    assert_eq!(code(cloud.create_change_set(&by_url).await), "ValidationError", "it is not there");
    store.objects.borrow_mut().insert("templates/x.yaml".to_owned(), large.into_bytes());
    cloud.reads(&store);
    assert_eq!(code(cloud.create_change_set(&by_url).await), "done");
}

#[tokio::test]
async fn an_execution_goes_to_its_end_event_by_event_and_takes_all_other_change_sets_along() {
    let cloud = MemoryCloudFormation::default();
    let one = cloud.create_change_set(&request(ChangeSetKind::Create, "one", QUEUE)).await.unwrap();
    let two = cloud.create_change_set(&request(ChangeSetKind::Create, "two", QUEUE)).await.unwrap();
    cloud.execute_change_set(&one.0, "t").await.unwrap();
    assert_eq!(cloud.status(NAME).unwrap(), "CREATE_IN_PROGRESS");
    assert_eq!(code(cloud.execute_change_set(&two.0, "u").await), "ChangeSetNotFound");
    assert_eq!(code(cloud.execute_change_set(&one.0, "u").await), "InvalidChangeSetStatus");
    assert_eq!(rest(&cloud, &one.1).await, ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);

    let (id, _) = cloud.create_change_set(&request(ChangeSetKind::Update, "up", LARGER)).await.unwrap();
    cloud.execute_change_set(&id, "v").await.unwrap();
    let update = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"];
    assert_eq!(rest(&cloud, &one.1).await[3..], update);
}

#[tokio::test]
async fn a_failed_creation_and_a_failed_update_are_rolled_back() {
    let cloud = MemoryCloudFormation::default();
    cloud.fail("Topic", "taken");
    let id = created(&cloud, QUEUE).await;
    assert_eq!(own(&cloud, &id).await[1..], ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]);
    let cloud = MemoryCloudFormation::default();
    let id = created(&cloud, QUEUE).await;
    cloud.fail("Alarm", "taken");
    let (change_set, _) = cloud.create_change_set(&request(ChangeSetKind::Update, "up", LARGER)).await.unwrap();
    cloud.execute_change_set(&change_set, "v").await.unwrap();
    let rolled_back = ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"];
    assert_eq!(rest(&cloud, &id).await[3..], rolled_back);
    assert_eq!(cloud.get_template(NAME).await.unwrap(), QUEUE);
}

#[tokio::test]
async fn a_stack_policy_that_denies_it_fails_the_update() {
    let cloud = MemoryCloudFormation::default();
    let id = created(&cloud, BUCKET).await;
    let deny = r#"{"Statement": [{"Effect": "Deny", "Resource": "*"}]}"#;
    cloud.set_stack_policy(NAME, deny).await.unwrap();
    assert_eq!(cloud.get_stack_policy(NAME).await.unwrap().as_deref(), Some(deny));
    let replaced = BUCKET.replace(r#""Name": "a""#, r#""Name": "b""#);
    let (change_set, _) = cloud.create_change_set(&request(ChangeSetKind::Update, "up", &replaced)).await.unwrap();
    cloud.execute_change_set(&change_set, "v").await.unwrap();
    assert_eq!(rest(&cloud, &id).await.last().unwrap(), "UPDATE_ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn a_deletion_needs_an_unprotected_stack_and_leaves_what_is_retained() {
    let cloud = MemoryCloudFormation::default();
    let id = created(&cloud, BUCKET).await;
    cloud.update_termination_protection(NAME, true).await.unwrap();
    assert_eq!(code(cloud.delete_stack(&id, None, "t").await), "ValidationError");
    cloud.update_termination_protection(NAME, false).await.unwrap();
    cloud.delete_stack(&id, None, "t").await.unwrap();
    assert_eq!(rest(&cloud, &id).await[3..], ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
    let page = cloud.describe_stack_events(&id, Some("1")).await.unwrap();
    assert_eq!((page.events[0].logical_id.as_str(), page.events[0].status.as_str()), ("Kept", "DELETE_SKIPPED"));
}

#[tokio::test]
async fn a_deleted_stack_is_described_by_its_arn_alone_and_its_name_is_free() {
    let cloud = MemoryCloudFormation::default();
    let id = created(&cloud, QUEUE).await;
    cloud.delete_stack(&id, None, "t").await.unwrap();
    rest(&cloud, &id).await;
    assert_eq!(cloud.describe_stack(NAME).await.unwrap(), None);
    assert_eq!(cloud.describe_stack(&id).await.unwrap().unwrap().status, "DELETE_COMPLETE");
    assert_ne!(created(&cloud, QUEUE).await, id);
}

#[tokio::test]
async fn a_deletion_that_fails_leaves_the_stack_and_one_in_review_goes_at_once() {
    let cloud = MemoryCloudFormation::default();
    let id = created(&cloud, QUEUE).await;
    cloud.fail("Topic", "in use");
    cloud.delete_stack(&id, None, "t").await.unwrap();
    assert_eq!(rest(&cloud, &id).await.last().unwrap(), "DELETE_FAILED");
    let cloud = MemoryCloudFormation::default();
    let (_, id) = cloud.create_change_set(&request(ChangeSetKind::Create, "one", QUEUE)).await.unwrap();
    cloud.delete_stack(&id, None, "t").await.unwrap();
    assert_eq!((cloud.status(NAME), cloud.change_sets().len()), (None, 0));
}

#[tokio::test]
async fn rolling_back_continuing_and_cancelling_are_refused_in_any_other_state() {
    for status in ["CREATE_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "UPDATE_IN_PROGRESS", "CREATE_COMPLETE"]
    {
        let fresh = || {
            let cloud = MemoryCloudFormation::default();
            cloud.put(NAME, status);
            cloud
        };
        let end = async |cloud: &MemoryCloudFormation, answer| match code(answer).as_str() {
            "done" => {
                let id = cloud.describe_stack(NAME).await.unwrap().unwrap().stack_id;
                rest(cloud, &id).await.pop().unwrap()
            }
            refused => refused.to_owned(),
        };
        let (one, two, three) = (fresh(), fresh(), fresh());
        let rolled_back = end(&one, one.rollback_stack(NAME, None, "t").await).await;
        let continued = end(&two, two.continue_update_rollback(NAME, &[], None, "t").await).await;
        let cancelled = end(&three, three.cancel_update_stack(NAME, "t").await).await;
        let refused = "ValidationError";
        let expected = match status {
            "CREATE_FAILED" => ["ROLLBACK_COMPLETE", refused, refused],
            "UPDATE_FAILED" => ["UPDATE_ROLLBACK_COMPLETE", refused, refused],
            "UPDATE_ROLLBACK_FAILED" => [refused, "UPDATE_ROLLBACK_COMPLETE", refused],
            "UPDATE_IN_PROGRESS" => [refused, refused, "UPDATE_ROLLBACK_COMPLETE"],
            _ => [refused; 3],
        };
        assert_eq!([rolled_back.as_str(), &continued, &cancelled], expected, "{status}");
    }
}

#[tokio::test]
async fn a_rollback_is_continued_past_the_resources_that_are_skipped_only() {
    let cloud = MemoryCloudFormation::default();
    cloud.put(NAME, "UPDATE_ROLLBACK_FAILED");
    cloud.fill(NAME, QUEUE);
    cloud.fail("Queue", "gone");
    let id = cloud.describe_stack(NAME).await.unwrap().unwrap().stack_id;
    cloud.continue_update_rollback(NAME, &[], None, "t").await.unwrap();
    assert_eq!(rest(&cloud, &id).await.last().unwrap(), "UPDATE_ROLLBACK_FAILED");
    cloud.continue_update_rollback(NAME, &["Queue".to_owned()], None, "u").await.unwrap();
    assert_eq!(rest(&cloud, &id).await.last().unwrap(), "UPDATE_ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn a_repeated_token_does_nothing_and_a_forgetful_cloud_refuses_the_repetition() {
    for forgetful in [false, true] {
        let cloud = MemoryCloudFormation::default().forgetful(forgetful);
        let create = request(ChangeSetKind::Create, "one", QUEUE);
        let first = cloud.create_change_set(&create).await.unwrap();
        match cloud.create_change_set(&create).await {
            Ok(second) => assert_eq!((first.clone(), forgetful), (second, false)),
            refused => assert_eq!((code(refused).as_str(), forgetful), ("AlreadyExistsException", true)),
        }
        cloud.execute_change_set(&first.0, "t").await.unwrap();
        let again = code(cloud.execute_change_set(&first.0, "t").await);
        assert_eq!(again, if forgetful { "InvalidChangeSetStatus" } else { "done" });
        assert_eq!(cloud.effects(), ["ExecuteChangeSet Data-dev"]);
    }
}

#[tokio::test]
async fn events_come_three_to_a_page_newest_first_and_each_first_page_lets_one_more_happen() {
    let cloud = MemoryCloudFormation::default();
    let (id, stack_id) = cloud.create_change_set(&request(ChangeSetKind::Create, "one", QUEUE)).await.unwrap();
    cloud.execute_change_set(&id, "t").await.unwrap();
    let first = cloud.describe_stack_events(&stack_id, None).await.unwrap();
    assert_eq!(first.events.len(), 3);
    assert!(first.events.is_sorted_by(|newer, older| newer.timestamp_ms > older.timestamp_ms));
    let second = cloud.describe_stack_events(&stack_id, None).await.unwrap();
    assert_eq!(second.events[1], first.events[0]);
    let older = cloud.describe_stack_events(&stack_id, second.next.as_deref()).await.unwrap();
    assert_eq!((older.events.len(), older.next), (1, None));
}

#[tokio::test]
async fn a_new_nested_stack_has_a_change_set_of_its_own_and_both_go_with_the_root_alone() {
    let nested = r#"{"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"Template":
        {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}}}}}"#;
    let cloud = MemoryCloudFormation::default();
    let create = ChangeSetRequest { nested: true, ..request(ChangeSetKind::Create, "one", nested) };
    let (id, stack_id) = cloud.create_change_set(&create).await.unwrap();
    status_of(&cloud, &id).await;
    let page = cloud.describe_change_set(None, &id, true, None).await.unwrap();
    let inner = page.changes[0].nested.clone().unwrap();
    status_of(&cloud, &inner).await;
    let page = cloud.describe_change_set(None, &inner, true, None).await.unwrap();
    assert_eq!(page.changes[0].logical_id, "Queue");
    assert_eq!(cloud.status("Data-dev-Inner").unwrap(), "REVIEW_IN_PROGRESS");
    // Deleting the root stack in place of its change set leaves the nested one in review.
    cloud.delete_stack(&stack_id, None, "t").await.unwrap();
    assert_eq!(cloud.status("Data-dev-Inner").unwrap(), "REVIEW_IN_PROGRESS");
    let cloud = MemoryCloudFormation::default();
    cloud.create_change_set(&create).await.unwrap();
    cloud.delete_change_set(NAME, "one").await.unwrap();
    assert_eq!((cloud.status("Data-dev-Inner"), cloud.change_sets().len()), (None, 0));
}

#[tokio::test]
async fn every_fault_does_what_it_says() {
    let cases = [
        (Fault::Throttled, CallErrorKind::Throttled, false),
        (Fault::Reset, CallErrorKind::Transient, false),
        (Fault::TimeOut, CallErrorKind::Transient, false),
        (Fault::AnswerLost, CallErrorKind::Transient, true),
        (Fault::WrongState, CallErrorKind::Invalid, false),
        (Fault::RoleNotPassed, CallErrorKind::Denied, false),
        (Fault::RoleNotAssumed, CallErrorKind::Invalid, false),
        (Fault::Denied, CallErrorKind::Denied, false),
        (Fault::Expired, CallErrorKind::Denied, false),
    ];
    for (fault, kind, is_done) in cases {
        let cloud = MemoryCloudFormation::default();
        cloud.faults("CreateChangeSet", [Some(fault)]);
        let answer = cloud.create_change_set(&request(ChangeSetKind::Create, "one", QUEUE)).await;
        assert_eq!(answer.unwrap_err().kind, kind, "{fault:?}");
        assert_eq!(cloud.status(NAME).is_some(), is_done, "{fault:?}");
    }
    for (fault, status) in
        [(Fault::Overtaken(NAME), "CREATE_IN_PROGRESS"), (Fault::Deleted(NAME), "DELETE_IN_PROGRESS")]
    {
        let cloud = MemoryCloudFormation::default();
        if fault == Fault::Deleted(NAME) {
            cloud.put(NAME, "CREATE_COMPLETE");
        }
        cloud.faults("DescribeStacks", [Some(fault)]);
        cloud.describe_stack(NAME).await.unwrap();
        let id = cloud.describe_stack(NAME).await.unwrap().unwrap().stack_id;
        cloud.describe_stack_events(&id, None).await.unwrap();
        assert!(own(&cloud, &id).await.contains(&status.to_owned()), "{fault:?}");
    }
}
