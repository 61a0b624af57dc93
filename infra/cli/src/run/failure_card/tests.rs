//! What a failure card says.

use deploy::Leftover;

use super::*;
use crate::run::next_commands::{NextCommands, way_out};
use crate::ui::paint::Paint;

fn commands() -> NextCommands {
    NextCommands {
        deploy: "infra deploy --stage dev --vpc-id vpc-1".to_owned(),
        destroy: "infra destroy --stage dev".to_owned(),
        watch: "infra watch --stage dev".to_owned(),
    }
}

fn failure(status: &str) -> FailureCard {
    let (state, advice, next) = way_out(status, None, &commands());
    FailureCard {
        stack: "ShopApi-dev".to_owned(),
        status: status.to_owned(),
        cause: Some(Cause {
            path: Vec::new(),
            logical_id: "OrderQueue".to_owned(),
            physical_id: String::new(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            status: "CREATE_FAILED".to_owned(),
            reason: "Invalid value for the parameter VisibilityTimeout.".to_owned(),
            property: Some("VisibilityTimeout".to_owned()),
            timestamp_ms: 0,
        }),
        declared_at: Some("infra/systems/shop/src/shop_api.rs:123".to_owned()),
        log: None,
        rolled_back: RolledBack {
            undone: ["A", "B", "C", "D", "E", "F"].map(str::to_owned).to_vec(),
            left: Vec::new(),
        },
        skipped: vec!["ShopWeb-dev".to_owned()],
        state,
        advice,
        next,
    }
}

#[test]
fn the_card_tells_cause_place_aftermath_and_the_next_command() {
    let card = failure("ROLLBACK_COMPLETE").text_box().lines(Paint::PLAIN);
    let expected = [
        "┌─ ShopApi-dev failed ─────────────────────────────────────────────────────────┐",
        "│ cause     OrderQueue (AWS::SQS::Queue) CREATE_FAILED                         │",
        "│           Invalid value for the parameter VisibilityTimeout.                 │",
        "│ property  VisibilityTimeout                                                  │",
        "│ declared  infra/systems/shop/src/shop_api.rs:123                             │",
        "│ undone    6 rolled back: A, B, C, D and 2 more                               │",
        "│ skipped   ShopWeb-dev, not begun                                             │",
        "│ state     ROLLBACK_COMPLETE: it was never created; the empty stack that is   │",
        "│           left can only be deleted                                           │",
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
    let card = failure.text_box().lines(Paint::PLAIN).join("\n");
    assert!(card.contains("│ left      Bucket (AWS::S3::Bucket) reports-dev DELETE_FAILED The bucket is"), "{card}");
    assert!(card.contains("│           infra deploy --stage dev --vpc-id vpc-1  "), "{card}");
}

#[test]
fn a_functions_own_lines_are_shown_and_their_absence_is_said() {
    let mut failure = failure("ROLLBACK_COMPLETE");
    let group = "/aws/lambda/ShopDbInit-dev".to_owned();
    let lines = vec!["ERROR migration 0003: table exists".to_owned()];
    failure.log = Some(FunctionLog { group: group.clone(), is_gone: false, lines });
    let card = failure.text_box().lines(Paint::PLAIN).join("\n");
    assert!(card.contains("│ log       the end of /aws/lambda/ShopDbInit-dev "), "{card}");
    assert!(card.contains("│           ERROR migration 0003: table exists "), "{card}");
    failure.log = Some(FunctionLog { group: group.clone(), is_gone: false, lines: Vec::new() });
    assert!(failure.text_box().lines(Paint::PLAIN).join("\n").contains("ShopDbInit-dev has no lines about it"));
    failure.log = Some(FunctionLog { group, is_gone: true, lines: Vec::new() });
    assert!(failure.text_box().lines(Paint::PLAIN).join("\n").contains("was rolled back before it could"));
}

#[test]
fn the_failure_as_data_has_the_same_facts() {
    let data = serde_json::to_value(failure("ROLLBACK_COMPLETE")).unwrap();
    assert_eq!(data["cause"]["logical_id"], "OrderQueue");
    assert_eq!(data["declared_at"], "infra/systems/shop/src/shop_api.rs:123");
    assert_eq!(data["next"], "infra deploy --stage dev --vpc-id vpc-1 --replace-failed");
}
