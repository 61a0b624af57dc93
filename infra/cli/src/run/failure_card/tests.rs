//! What a failure card says.

use deploy::Leftover;

use super::*;
use crate::ui::paint::Paint;

fn commands() -> Commands {
    Commands {
        deploy: "infra deploy --stage dev --vpc-id vpc-1".to_owned(),
        destroy: "infra destroy --stage dev".to_owned(),
        watch: "infra watch --stage dev".to_owned(),
    }
}

fn failure(status: &str) -> Failure {
    let (state, advice, next) = way_out(status, None, &commands());
    Failure {
        stack: "FipeApi-dev".to_owned(),
        status: status.to_owned(),
        cause: Some(Cause {
            path: Vec::new(),
            logical_id: "PriceQueue".to_owned(),
            physical_id: String::new(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            status: "CREATE_FAILED".to_owned(),
            reason: "Invalid value for the parameter VisibilityTimeout.".to_owned(),
            property: Some("VisibilityTimeout".to_owned()),
            timestamp_ms: 0,
        }),
        declared_at: Some("infra/systems/fipe/src/fipe_api.rs:123".to_owned()),
        log: None,
        rolled_back: RolledBack {
            undone: ["A", "B", "C", "D", "E", "F"].map(str::to_owned).to_vec(),
            left: Vec::new(),
        },
        skipped: vec!["FipeWeb-dev".to_owned()],
        state,
        advice,
        next,
    }
}

#[test]
fn the_card_tells_cause_place_aftermath_and_the_next_command() {
    let card = failure("ROLLBACK_COMPLETE").card().lines(Paint::PLAIN);
    let expected = [
        "┌─ FipeApi-dev failed ─────────────────────────────────────────────────────────┐",
        "│ cause     PriceQueue (AWS::SQS::Queue) CREATE_FAILED                         │",
        "│           Invalid value for the parameter VisibilityTimeout.                 │",
        "│ property  VisibilityTimeout                                                  │",
        "│ declared  infra/systems/fipe/src/fipe_api.rs:123                             │",
        "│ undone    6 rolled back: A, B, C, D and 2 more                               │",
        "│ skipped   FipeWeb-dev, not begun                                             │",
        "│ state     ROLLBACK_COMPLETE: it was never made; what is left holds nothing   │",
        "│           and can only be deleted                                            │",
        "│ next      repair the cause; this deletes the remains and creates the stack   │",
        "│           again:                                                             │",
        "│           infra deploy --stage dev --vpc-id vpc-1 --replace-failed           │",
        "└──────────────────────────────────────────────────────────────────────────────┘",
    ];
    assert_eq!(card, expected, "{card:#?}");
}

#[test]
fn what_a_roll_back_could_not_undo_is_named_with_its_reason() {
    let mut failure = failure("UPDATE_ROLLBACK_FAILED");
    failure.rolled_back.left.push(Leftover {
        logical_id: "Bucket".to_owned(),
        resource_type: "AWS::S3::Bucket".to_owned(),
        physical_id: "reports-dev".to_owned(),
        status: "DELETE_FAILED".to_owned(),
        reason: "The bucket is not empty".to_owned(),
    });
    let card = failure.card().lines(Paint::PLAIN).join("\n");
    assert!(card.contains("│ left      Bucket (AWS::S3::Bucket) reports-dev DELETE_FAILED The bucket is"), "{card}");
    assert!(card.contains("│           infra deploy --stage dev --vpc-id vpc-1  "), "{card}");
}

#[test]
fn a_functions_own_lines_are_shown_and_their_absence_is_said() {
    let mut failure = failure("ROLLBACK_COMPLETE");
    let group = "/aws/lambda/FipeDbInit-dev".to_owned();
    let lines = vec!["ERROR migration 0003: table exists".to_owned()];
    failure.log = Some(FunctionLog { group: group.clone(), is_gone: false, lines });
    let card = failure.card().lines(Paint::PLAIN).join("\n");
    assert!(card.contains("│ log       the end of /aws/lambda/FipeDbInit-dev "), "{card}");
    assert!(card.contains("│           ERROR migration 0003: table exists "), "{card}");
    failure.log = Some(FunctionLog { group: group.clone(), is_gone: false, lines: Vec::new() });
    assert!(failure.card().lines(Paint::PLAIN).join("\n").contains("FipeDbInit-dev holds nothing of it"));
    failure.log = Some(FunctionLog { group, is_gone: true, lines: Vec::new() });
    assert!(failure.card().lines(Paint::PLAIN).join("\n").contains("was rolled back before it could"));
}

#[test]
fn every_bad_status_has_a_way_out_of_its_own() {
    for (status, command) in [
        ("ROLLBACK_FAILED", "infra deploy --stage dev --vpc-id vpc-1 --replace-failed"),
        ("UPDATE_ROLLBACK_COMPLETE", "infra deploy --stage dev --vpc-id vpc-1"),
        ("UPDATE_FAILED", "infra deploy --stage dev --vpc-id vpc-1"),
        ("DELETE_FAILED", "infra destroy --stage dev"),
        ("UPDATE_IN_PROGRESS", "infra watch --stage dev"),
    ] {
        assert_eq!(way_out(status, None, &commands()).2, command, "{status}");
    }
}

#[test]
fn a_name_that_is_taken_leads_to_an_import_once() {
    let mut cause = failure("ROLLBACK_COMPLETE").cause.unwrap();
    let next = |cause: &Cause, status: &str, commands: &Commands| way_out(status, Some(cause), commands).2;
    assert_eq!(
        next(&cause, "ROLLBACK_COMPLETE", &commands()),
        "infra deploy --stage dev --vpc-id vpc-1 --replace-failed"
    );
    for reason in ["ProductTable-stg already exists in stack x", "(HandlerErrorCode: AlreadyExists)"] {
        cause.reason = reason.to_owned();
        assert_eq!(
            next(&cause, "ROLLBACK_COMPLETE", &commands()),
            "infra deploy --stage dev --vpc-id vpc-1 --replace-failed --import-existing"
        );
        assert_eq!(
            next(&cause, "UPDATE_ROLLBACK_COMPLETE", &commands()),
            "infra deploy --stage dev --vpc-id vpc-1 --import-existing"
        );
        assert_eq!(next(&cause, "DELETE_FAILED", &commands()), "infra destroy --stage dev");
    }
    let given = Commands { deploy: "infra deploy --import-existing --stage dev".to_owned(), ..commands() };
    assert_eq!(next(&cause, "UPDATE_ROLLBACK_COMPLETE", &given), given.deploy);

    let refused = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].";
    let import = import_instead(refused, &commands());
    assert_eq!(import.as_deref(), Some("infra deploy --stage dev --vpc-id vpc-1 --import-existing"));
    assert_eq!(import_instead(refused, &given), None);
    assert_eq!(import_instead("Parameter Size has no value", &commands()), None);
}

#[test]
fn the_failure_as_data_has_the_same_facts() {
    let data = serde_json::to_value(failure("ROLLBACK_COMPLETE")).unwrap();
    assert_eq!(data["cause"]["logical_id"], "PriceQueue");
    assert_eq!(data["declared_at"], "infra/systems/fipe/src/fipe_api.rs:123");
    assert_eq!(data["next"], "infra deploy --stage dev --vpc-id vpc-1 --replace-failed");
}
