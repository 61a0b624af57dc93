//! What needs approval.

use deploy::{Basis, ChangeSetKind};

use super::*;

const BEFORE: &str = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: 60\n";
const OPEN: &str = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: 60\n  Policy:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n      Queues: [!Ref Queue]\n      PolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - Effect: Allow\n            Principal: '*'\n            Action: 'sqs:*'\n            Resource: '*'\n";

pub(super) fn preview(before: Option<&str>, after: &str) -> Preview {
    Preview {
        stack: "Data".to_owned(),
        stack_name: "Data-dev".to_owned(),
        kind: if before.is_some() { ChangeSetKind::Update } else { ChangeSetKind::Create },
        basis: Basis::TemplateOnly { reason: "a test".to_owned() },
        changes: Vec::new(),
        live_template: before.map(str::to_owned),
        template: after.to_owned(),
        live_parameters: Vec::new(),
        parameters: Vec::new(),
        unknown_parameters: Vec::new(),
        live_tags: Vec::new(),
        tags: Vec::new(),
        protection: None,
        data_loss: Vec::new(),
        foreign_change_sets: Vec::new(),
    }
}

fn reasons_of(approve: Approve, after: &str) -> Vec<String> {
    let previews = [preview(Some(BEFORE), after)];
    reasons(approve, &Verdict::of("dev", &previews, (2026, 1, 1)).unwrap())
}

#[test]
fn a_harmless_change_is_asked_for_only_when_every_change_is() {
    let after = BEFORE.replace("60", "120");
    assert_eq!(reasons_of(Approve::Dangerous, &after), [""; 0]);
    assert_eq!(reasons_of(Approve::Always, &after), ["1 to modify"]);
}

#[test]
fn what_is_taken_into_the_stack_is_told_as_an_import() {
    let import = deploy::ResourceChange {
        action: deploy::ChangeAction::Import,
        logical_id: "Queue".to_owned(),
        physical_id: Some("kept".to_owned()),
        resource_type: "AWS::SQS::Queue".to_owned(),
        ..deploy::ResourceChange::default()
    };
    let previews = [Preview { changes: vec![import], ..preview(None, BEFORE) }];
    let verdict = Verdict::of("dev", &previews, (2026, 1, 1)).unwrap();
    assert_eq!(reasons(Approve::Always, &verdict), ["1 to import"]);
    let lines = tables::lines(&verdict, crate::ui::paint::Paint::PLAIN);
    assert!(lines.iter().any(|line| line.contains("import") && line.contains("Queue")), "{lines:?}");
}

#[test]
fn a_dangerous_change_is_asked_for_by_name_unless_nothing_is() {
    let told = reasons_of(Approve::Dangerous, OPEN);
    assert!(told.iter().any(|reason| reason.starts_with("Data/Policy: ")), "{told:?}");
    assert_eq!(reasons_of(Approve::Never, OPEN), [""; 0]);
}
