//! What people read about changes.

use deploy::{ChangeSetKind, DataLoss, PropertyDetail};

use super::*;

const BEFORE: &str = "\
Parameters:
  Size: {Type: String}
  Secret: {Type: String, NoEcho: true}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      QueueName: old
  Gone:
    Type: AWS::SNS::Topic
";
const AFTER: &str = "\
Parameters:
  Size: {Type: String}
  Secret: {Type: String, NoEcho: true}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 120
      QueueName: new
  Topic:
    Type: AWS::SNS::Topic
Outputs:
  Url: {Value: !Ref Queue}
";

fn preview(before: Option<&str>, after: &str) -> Preview {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Preview {
        stack: "Data".to_owned(),
        stack_name: "Data-dev".to_owned(),
        kind: ChangeSetKind::Update,
        basis: Basis::TemplateOnly { reason: "a test".to_owned() },
        changes: Vec::new(),
        live_template: before.map(str::to_owned),
        template: after.to_owned(),
        live_parameters: pairs(&[("Size", "1"), ("Secret", "****")]),
        parameters: pairs(&[("Size", "2"), ("Secret", "hunter2"), ("New", "x")]),
        unknown_parameters: vec!["New".to_owned()],
        live_tags: pairs(&[("Stage", "dev")]),
        tags: pairs(&[("Stage", "dev"), ("Owner", "data")]),
        protection: None,
        data_loss: Vec::new(),
        foreign_change_sets: Vec::new(),
    }
}

fn told(preview: &Preview) -> (Vec<String>, u8) {
    let previews = [preview.clone()];
    let verdict = Verdict::of("dev", &previews, (2026, 1, 1)).unwrap();
    (lines(&verdict, Paint::PLAIN), verdict.code())
}

#[test]
fn every_kind_of_change_has_its_word_and_its_values() {
    let (lines, _) = told(&preview(Some(BEFORE), AFTER));
    let has = |text: &str| assert!(lines.iter().any(|line| line == text), "no {text:?} in {lines:#?}");
    has("Data-dev  changes");
    has("  add         Topic  AWS::SNS::Topic");
    has("  remove      Gone  AWS::SNS::Topic");
    has("      VisibilityTimeout  60 → 120");
    has("      QueueName  old → new");
    has("  parameters");
    has("    Size  1 → 2");
    has("    New  + (not known yet)");
    has("  outputs");
    has("    Owner  + data");
    assert!(lines.iter().any(|line| line.starts_with("  replace     Queue  AWS::SQS::Queue")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("because") && line.contains("QueueName")), "{lines:#?}");
}

#[test]
fn what_is_secret_is_never_shown() {
    let (lines, _) = told(&preview(Some(BEFORE), AFTER));
    assert!(!lines.join("\n").contains("hunter2"), "{lines:#?}");
    let (lines, _) = told(&preview(None, AFTER));
    assert!(!lines.join("\n").contains("hunter2"), "{lines:#?}");
    let detail = PropertyDetail {
        path: Some("MasterUserPassword".to_owned()),
        after: Some("hunter2".to_owned()),
        ..PropertyDetail::default()
    };
    assert_eq!(verdict::shown("AWS::RDS::DBCluster", &detail).1.as_deref(), Some(review::MASK));
}

#[test]
fn lost_data_is_told_with_the_flag_that_accepts_it_and_the_highest_code() {
    let mut preview = preview(Some(BEFORE), AFTER);
    preview.data_loss.push(DataLoss {
        name: "Data/Queue".to_owned(),
        resource_type: "AWS::SQS::Queue".to_owned(),
        physical_id: None,
        action: ChangeAction::Modify,
        replacement: deploy::Replacement::Yes,
        accepted: false,
    });
    let (lines, code) = told(&preview);
    assert_eq!(code, 5);
    let loss = "  DATA LOSS  Data/Queue (AWS::SQS::Queue) is replaced, and nothing is kept of it; accept it with --accept-data-loss Data/Queue";
    assert!(lines.iter().any(|line| line == loss), "{lines:#?}");
}

#[test]
fn the_answer_is_the_worst_of_what_changes() {
    let code = |before: &str, after: &str| told(&preview(Some(before), after)).1;
    let queue = |properties: &str| {
        format!("Resources:\n  Role:\n    Type: AWS::SNS::Topic\n    Properties: {{{properties}}}\n")
    };
    assert_eq!(code(&queue("DisplayName: a"), &queue("DisplayName: b")), 2);
    assert_eq!(code(&queue("FifoTopic: false"), &queue("FifoTopic: true")), 3);
    let mut same = preview(Some(BEFORE), BEFORE);
    same.basis = Basis::NoChanges;
    let (lines, code) = told(&same);
    assert_eq!((lines.as_slice(), code), (&["Data-dev  no changes".to_owned()][..], 0));
}

#[test]
fn long_values_stand_below_each_other() {
    let mut lines = Vec::new();
    let (before, after) = ("a".repeat(60), "b".repeat(700));
    value("Text", Some(&before), Some(&after), "", 2, Paint::PLAIN, &mut lines);
    assert_eq!(lines[1], format!("    - {before}"));
    assert_eq!(lines[2], format!("    + {} .. (700 characters)", "b".repeat(600)));
}

#[test]
fn metadata_is_folded_to_a_word() {
    let template = |metadata: &str, delay: u8| {
        let queue = |name: &str, properties: &str| {
            format!("  {name}:\n    Type: AWS::SQS::Queue\n{properties}    Metadata: {{Lint: {{Rule: {metadata}}}}}\n")
        };
        let with_delay = queue("Both", &format!("    Properties: {{DelaySeconds: {delay}}}\n"));
        format!("Resources:\n{}{with_delay}", queue("Alone", ""))
    };
    let (lines, code) =
        told(&Preview { parameters: Vec::new(), ..preview(Some(&template("old", 1)), &template("new", 2)) });
    let text = lines.join("\n");
    assert!(text.contains("modify      Alone  AWS::SQS::Queue\n      metadata only\n"), "{text}");
    assert!(text.contains("modify      Both  AWS::SQS::Queue\n      metadata\n      DelaySeconds  1 → 2"), "{text}");
    assert!(!text.contains("Rule"), "{text}");
    assert_eq!(code, 2);
}

#[test]
fn any_danger_that_is_no_loss_is_a_four() {
    let queue = |properties: &str| {
        format!("Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: {{QueueName: q{properties}}}\n")
    };
    let (lines, code) =
        told(&preview(Some(&queue(", SqsManagedSseEnabled: true")), &queue(", SqsManagedSseEnabled: false")));
    let text = lines.join("\n");
    assert!(text.contains("danger: encryption:"), "{text}");
    assert_eq!(code, 4);
}

#[test]
fn a_live_template_that_may_not_be_read_makes_no_new_stack() {
    let told_of = |kind| {
        let preview = Preview { kind, ..preview(None, AFTER) };
        told(&preview).0
    };
    let lines = told_of(ChangeSetKind::Update);
    assert_eq!(lines[0], "Data-dev  changes");
    assert!(!lines.iter().any(|line| line.trim() == "outputs"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.trim() == "tags"), "{lines:#?}");
    assert_eq!(told_of(ChangeSetKind::Create)[0], "Data-dev  new stack");
}
