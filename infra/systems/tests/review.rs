//! What the review says of our own templates: nothing of themselves, and of an edit exactly what it does.

use constructs::SynthesizedStack;
use review::{Category, Options, Pair, Review, Severity, Template, parse, review};
use system::StageName;
use systems::ConfiguredStage;

fn stacks_of(name: StageName) -> Vec<SynthesizedStack> {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let files = systems::read(root, name.as_str()).expect("readable");
    ConfiguredStage::parse(name.as_str(), &files).expect("valid").synth().expect("nothing is refused")
}

/// Stages with the texts of their templates.
fn templates() -> Vec<(StageName, &'static str, String)> {
    let of = |stage| stacks_of(stage).into_iter().map(move |stack| (stage, stack.name, stack.template.to_yaml()));
    StageName::ALL.into_iter().flat_map(of).collect()
}

fn reviewed(before: Option<&str>, after: Option<&str>) -> Review {
    let template = |text: &str| -> Template { parse("template.yaml", text).expect("a template") };
    let pair =
        Pair { stage: None, stack: "Stack".to_owned(), before: before.map(template), after: after.map(template) };
    review(&[pair], &Options::default())
}

#[test]
fn our_own_templates_against_themselves_have_no_finding() {
    for (stage, stack, text) in templates() {
        let review = reviewed(Some(&text), Some(&text));
        let is_empty = review.changes.is_empty() && review.permissions.is_empty() && review.ingress.is_empty();
        assert!(is_empty, "{stack} of {stage}");
    }
}

#[test]
fn a_new_stack_of_ours_is_worth_a_look_and_not_dangerous() {
    for (stage, stack, text) in templates() {
        let review = reviewed(None, Some(&text));
        let is_meant = |rule: &str| match rule {
            // Only the databases of developers may have an address on the internet.
            "exposure/publicly-accessible" => matches!(stage, StageName::Dev | StageName::Local),
            // What deploys may do much: that is agreed to when it is made.
            rule => stack == "Delivery" && rule.starts_with("permissions/"),
        };
        let findings = review.changes.iter().flat_map(|change| &change.findings);
        let dangers: Vec<_> = findings.filter(|each| each.is_dangerous() && !is_meant(each.rule)).collect();
        assert!(dangers.is_empty(), "{stack} of {stage}: {dangers:#?}");
        assert!(!review.permissions.is_empty() || !text.contains("AWS::IAM::Role"), "{stack} of {stage}");
    }
}

/// What the review finds when one text of one of our templates is replaced, as `danger rule: reason`.
fn edit(stack: &str, from: &str, to: &str) -> Vec<String> {
    let dev = templates().into_iter().find(|(stage, name, _)| *stage == StageName::Dev && *name == stack);
    let (_, _, text) = dev.expect("a stack of dev");
    assert!(text.contains(from), "{stack} has no {from}");
    let review = reviewed(Some(&text), Some(&text.replacen(from, to, 1)));
    let findings = review.changes.iter().flat_map(|change| &change.findings);
    let findings = findings.filter(|finding| finding.category != Category::DataLoss);
    let word = |severity| if severity == Severity::Danger { "danger" } else { "notice" };
    findings.map(|finding| format!("{} {}: {}", word(finding.severity), finding.rule, finding.reason)).collect()
}

#[test]
fn an_edit_of_our_templates_gives_exactly_what_it_does() {
    let open = edit(
        "FipeData",
        "      SecurityGroupIngress:\n        - IpProtocol: tcp\n          FromPort: !Ref DatabasePort\n          ToPort: !Ref DatabasePort\n",
        "      SecurityGroupIngress:\n        - IpProtocol: tcp\n          FromPort: 22\n          ToPort: 22\n          CidrIp: 0.0.0.0/0\n        - IpProtocol: tcp\n          FromPort: !Ref DatabasePort\n          ToPort: !Ref DatabasePort\n",
    );
    assert_eq!(
        open,
        ["danger exposure/ingress-open: the internet (0.0.0.0/0) may reach DatabaseSecurityGroup on tcp port 22"]
    );
    let batch = edit("FipeApi", "      FunctionResponseTypes:\n        - ReportBatchItemFailures\n", "");
    assert_eq!(batch.len(), 1, "{batch:?}");
    assert!(batch[0].starts_with("danger reliability/whole-batch-fails"), "{batch:?}");
    let plain = edit("FipeApi", "SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false");
    assert_eq!(
        plain,
        ["danger encryption/at-rest-off: encryption at rest is weakened: SqsManagedSseEnabled was true, is now false"]
    );
    let longer = edit("FipeApi", "VisibilityTimeout: 1830", "VisibilityTimeout: 3660");
    assert!(longer.is_empty(), "{longer:?}");
}
