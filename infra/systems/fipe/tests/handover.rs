//! The three deployments by which a stage that has its network in FipeData moves it to Network, each reviewed. `handover/*.yaml` is what
//! was deployed before, and the snapshots are what `infra review` says to each step.

use std::fs;
use std::path::Path;

use review::render::{Report, Style, terminal};
use review::{Action, Options, Pair, Replacement, Review, Template};
use system::StageName;
use systems::{ConfiguredStage, Files};

const NETWORK_OFF: (&str, &str, &str) =
    ("network.toml", r#"endpoints = ["secretsmanager", "sqs", "sns", "s3"]"#, "endpoints = []");
const HANDOVER: &str = "\n[handover]\nendpoints = [\"secretsmanager\", \"sqs\", \"sns\", \"s3\"]\n";

/// The templates of a stage by the names of their stacks.
type Templates = Vec<(String, Template)>;

fn settings() -> Files {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    systems::read(root, StageName::Dev.as_str()).expect("the committed settings are readable")
}

fn without_endpoints(mut files: Files) -> Files {
    let (file, written, other) = NETWORK_OFF;
    let text = files.get_mut(file).expect("the network has settings");
    assert!(text.contains(written), "{written}");
    *text = text.replace(written, other);
    files
}

fn with_handover(mut files: Files) -> Files {
    files.get_mut("fipe.toml").expect("the chain has settings").push_str(HANDOVER);
    files
}

fn synthesized(files: &Files) -> Templates {
    let stage = ConfiguredStage::parse("dev", files).expect("valid settings");
    let stacks = stage.synth().expect("nothing is refused").into_iter();
    let ours = stacks.filter(|stack| ["Network", "FipeData", "FipeApi"].contains(&stack.name));
    ours.map(|stack| (stack.name.to_owned(), read(stack.name, &stack.template.to_yaml()))).collect()
}

fn deployed_before() -> Templates {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handover");
    let text = |name: &str| fs::read_to_string(folder.join(format!("{name}.yaml"))).expect("a template");
    ["FipeData", "FipeApi"].map(|name| (name.to_owned(), read(name, &text(name)))).into()
}

fn read(name: &str, text: &str) -> Template {
    review::parse(name, text).expect("a template")
}

fn reviewed(before: &Templates, after: &Templates) -> Review {
    let of = |side: &Templates, stack: &str| side.iter().find(|(name, _)| name == stack).map(|(_, text)| text.clone());
    let pair = |(stack, template): &(String, Template)| Pair {
        stage: Some("dev".to_owned()),
        stack: stack.clone(),
        before: of(before, stack),
        after: Some(template.clone()),
    };
    review::review(&after.iter().map(pair).collect::<Vec<_>>(), &Options { today: (2026, 12, 1), ..Options::default() })
}

fn said(step: &str, review: &Review) -> String {
    let stages = ["dev".to_owned()];
    let (title, before) = (format!("Handover, {step}"), "deployed");
    let report = Report { title: &title, before, after: step, review, stages: &stages, notes: &[], graphs: &[] };
    terminal(&report, Style { width: 120, colour: false })
}

/// Logical ids with this action, in order.
fn with(review: &Review, action: Action) -> Vec<&str> {
    let mut ids: Vec<_> = (review.changes.iter())
        .filter(|change| change.action == action)
        .map(|change| change.logical_id.as_str())
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn three_deployments_move_the_network_and_touch_no_data() {
    let first = synthesized(&with_handover(without_endpoints(settings())));
    let second = synthesized(&without_endpoints(settings()));
    let third = synthesized(&settings());

    let endpoints = ["EndpointSecurityGroup", "S3Endpoint", "SecretsManagerEndpoint", "SnsEndpoint", "SqsEndpoint"];
    let moves = reviewed(&deployed_before(), &first);
    // Alarms of the database came since and go with it.
    let added: Vec<_> = with(&moves, Action::Add).into_iter().filter(|id| !id.ends_with("Alarm")).collect();
    let expected = ["ClusterLogGroup", "FunctionSecurityGroup"];
    assert_eq!(added, expected, "Network has the new group alone, and FipeData the log group that RDS had made");
    assert_eq!(with(&moves, Action::Remove), [""; 0], "FipeApi's functions are in the old group until after FipeData");
    let deletes = reviewed(&first, &second);
    let mut expected = endpoints.to_vec();
    expected.insert(1, "FunctionSecurityGroup");
    assert_eq!(with(&deletes, Action::Remove), expected);
    assert_eq!(with(&deletes, Action::Add), [""; 0]);
    let makes = reviewed(&second, &third);
    assert_eq!(with(&makes, Action::Add), endpoints);
    assert_eq!(with(&makes, Action::Remove), [""; 0]);

    for (step, review) in [("step 1", moves), ("step 2", deletes), ("step 3", makes)] {
        for change in &review.changes {
            let id = &change.logical_id;
            // Migrations of today; db-init answers with the id that the resource has.
            let is_schema = id == "Schema" && change.replacement == Replacement::Maybe;
            assert!(change.replacement == Replacement::No || is_schema, "{step}: {id} is replaced");
        }
        insta::assert_snapshot!(step.replace(' ', "_"), said(step, &review));
    }
}
