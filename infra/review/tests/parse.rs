//! Templates as others write and generate them (`tests/foreign`) parse, equal themselves and show an edit as just that edit; what is no
//! template is refused where it is wrong. What counts is what CloudFormation accepts, and what a person who looks for the mistake needs.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the failure")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use review::{Action, Options, Pair, Review, Template, parse, review};

const FOREIGN_TEMPLATES: usize = 17;

/// File, what is replaced (once), by what, and the resource that changes.
const EDITS: &[(&str, &str, &str, &str)] = &[
    ("anchors.yaml", "FifoQueue: true", "FifoQueue: false", "Fifo"),
    ("anchors.yaml", "DeletionPolicy: Retain", "DeletionPolicy: Delete", "High"),
    ("aurora-serverless.yaml", "MaxCapacity: 4", "MaxCapacity: 16", "Cluster"),
    ("big.json", "\"VisibilityTimeout\":101,", "\"VisibilityTimeout\":360,", "Handler041Queue"),
    ("cdk-queue-consumer.json", "\"maxReceiveCount\": 3", "\"maxReceiveCount\": 1", "JobsA3B2C1D0"),
    (
        "cdk-queue-consumer.json",
        "0f4d1c2b3a49586776859403a1b2c3d4e5f60718293a4b5c6d7e8f9001122334.zip",
        "1.zip",
        "Worker9C8B7A60",
    ),
    ("cdk-queue-consumer.json", "\"sqs:GetQueueUrl\",", "\"sqs:*\",", "WorkerServiceRoleDefaultPolicy1F2E3D4C"),
    (
        "cdk-static-site.yaml",
        "ViewerProtocolPolicy: redirect-to-https",
        "ViewerProtocolPolicy: allow-all",
        "Distribution830FAC52",
    ),
    ("cdk-static-site.yaml", "RestrictPublicBuckets: true", "RestrictPublicBuckets: false", "SiteBucket397A1860"),
    ("custom-resources.yaml", "echo \"${HOME}\"", "echo \"${USER}\"", "Script"),
    ("custom-resources.yaml", "2.50", "2.51", "Lookup"),
    ("ecs-fargate.yaml", "DesiredCount: 2", "DesiredCount: 0", "Service"),
    ("ecs-fargate.yaml", "- HasCustomRole\n", "- !Not [!Condition HasCustomRole]\n", "TaskDefinition"),
    (
        "include-only-type.yaml",
        "  Topic:\n    Type: AWS::SNS::Topic",
        "  Topic:\n    Type: AWS::SNS::Topic\n    DeletionPolicy: Retain",
        "Topic",
    ),
    ("inline-everything.yaml", "{Key: a, Value: b}", "{Key: a, Value: c}", "Q"),
    ("macros-and-include.yaml", "s3://templates/openapi.yaml", "s3://templates/openapi-2.yaml", "Api"),
    ("macros-and-include.yaml", "Text: jobs", "Text: work", "Replicas"),
    ("mappings-and-conditions.yaml", "MaxSize: !If [IsPrd, 9, 1]", "MaxSize: !If [IsPrd, 12, 1]", "Group"),
    ("mappings-and-conditions.yaml", "listen 80;", "listen 8080;", "Launch"),
    ("nested-stacks.yaml", "Cidr: 10.20.0.0/16", "Cidr: 10.30.0.0/16", "Subnets"),
    ("nested-stacks.yaml", "{Name: jobs}", "{Name: work}", "Module"),
    ("old-json.json", "\"CidrIp\" : \"192.0.2.0/24\"", "\"CidrIp\" : \"0.0.0.0/0\"", "WebServerSecurityGroup"),
    ("sam-api.yaml", "CodeUri: orders/", "CodeUri: orders-2/", "OrdersFunction"),
    ("sam-state-machine.yaml", "Canary10Percent5Minutes", "AllAtOnce", "Load"),
    ("vpc-classic.yaml", "EnableDnsHostnames: yes", "EnableDnsHostnames: no", "VPC"),
];

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(file)).unwrap()
}

fn template(file: &str, text: &str) -> Template {
    parse(file, text).unwrap_or_else(|error| panic!("{error}"))
}

fn compared(file: &str, before: &str, after: &str) -> Review {
    let (before, after) = (Some(template(file, before)), Some(template(file, after)));
    review(&[Pair { stage: None, stack: file.to_owned(), before, after }], &Options::default())
}

#[test]
fn foreign_templates_equal_themselves() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let text = read(&file);
        let same = compared(&file, &text, &text);
        assert!(same.is_empty(), "{file}: {:?} {:?}", same.changes, same.sections);
        seen += 1;
        let edited = EDITS.iter().any(|edit| edit.0 == file) || file == "for-each.yaml";
        assert!(edited, "{file}: no edit of it is tried");
    }
    assert!(seen >= FOREIGN_TEMPLATES, "{seen} templates");
}

#[test]
fn an_edit_of_a_foreign_template_is_that_edit_and_no_other() {
    let mut wrong = String::new();
    for (file, old, new, logical_id) in EDITS {
        let before = read(file);
        assert_eq!(before.matches(old).count(), 1, "{file}: {old}");
        let found = compared(file, &before, &before.replace(old, new));
        let ids: Vec<&str> = found
            .changes
            .iter()
            .filter(|change| {
                change.replaced_by.iter().all(|cause| cause.logical_id.is_none()) || change.action != Action::Modify
            })
            .map(|change| change.logical_id.as_str())
            .collect();
        if !ids.contains(logical_id) || ids.len() != 1 || !found.sections.is_empty() {
            writeln!(wrong, "{file}: {old} -> {new}: {ids:?}, sections {:?}", found.sections).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn an_edit_inside_a_loop_is_seen() {
    let before = read("for-each.yaml");
    for (old, new) in [("FifoTopic: true", "FifoTopic: false"), ("SnsTopic${TopicName}:\n", "Topic${TopicName}:\n")] {
        assert_eq!(before.matches(old).count(), 1, "{old}");
        assert!(!compared("for-each.yaml", &before, &before.replace(old, new)).is_empty(), "{old}");
    }
}

#[test]
fn a_new_and_a_removed_stack_are_all_their_resources() {
    let one = || Some(template("old-json.json", &read("old-json.json")));
    for (before, after, action) in [(None, one(), Action::Add), (one(), None, Action::Remove)] {
        let pair = Pair { stage: None, stack: "Stack".to_owned(), before, after };
        let found = review(&[pair], &Options::default());
        let ids: Vec<&str> = found.changes.iter().map(|change| change.logical_id.as_str()).collect();
        assert_eq!(ids.len(), 2, "{ids:?}");
        assert!(found.changes.iter().all(|change| change.action == action));
    }
}

/// Name, text, line, column (0: any on that line), and a word of the message.
const REFUSED: &[(&str, &str, u32, u32, &str)] = &[
    ("tab as indentation", "Resources:\n  Q:\n\tType: AWS::SQS::Queue\n", 3, 0, ""),
    (
        "duplicate logical id",
        "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n  Q:\n    Type: AWS::SNS::Topic\n",
        4,
        3,
        "Q",
    ),
    (
        "duplicate property",
        "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds: 1\n      DelaySeconds: 2\n",
        6,
        7,
        "DelaySeconds",
    ),
    (
        "duplicate section",
        "Resources:\n  Q: {Type: AWS::SQS::Queue}\nResources:\n  T: {Type: AWS::SNS::Topic}\n",
        3,
        1,
        "Resources",
    ),
    (
        "duplicate key in JSON",
        "{\"Resources\": {\n  \"Q\": {\"Type\": \"AWS::SQS::Queue\"},\n  \"Q\": {\"Type\": \"AWS::SNS::Topic\"}\n}}\n",
        3,
        3,
        "Q",
    ),
    ("unclosed brace", "Resources:\n  Q: {Type: AWS::SQS::Queue\n", 0, 0, ""),
    ("unclosed bracket", "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    DependsOn: [A, B\n", 0, 0, ""),
    ("unclosed double quote", "Resources:\n  Q:\n    Type: \"AWS::SQS::Queue\n", 0, 0, ""),
    ("unclosed single quote", "Resources:\n  Q:\n    Type: 'AWS::SQS::Queue\n    Properties: {}\n", 0, 0, ""),
    (
        "unknown tag",
        "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Subb jobs\n",
        5,
        18,
        "Subb",
    ),
    (
        "tag in lower case",
        "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !ref Name}\n",
        4,
        29,
        "ref",
    ),
    ("resources as a list", "Resources:\n  - Type: AWS::SQS::Queue\n", 2, 3, "Resources"),
    ("resources as text", "Resources: all of them\n", 1, 12, "Resources"),
    (
        "resource without type",
        "Resources:\n  Good:\n    Type: AWS::SNS::Topic\n  Queue:\n    Properties:\n      DelaySeconds: 1\n",
        4,
        0,
        "Type",
    ),
    ("resource as text", "Resources:\n  Queue: AWS::SQS::Queue\n", 2, 0, "Queue"),
    ("resource that is empty", "Resources:\n  Queue:\n", 2, 0, "Queue"),
    ("type as a list", "Resources:\n  Queue:\n    Type: [AWS::SQS::Queue]\n", 3, 0, "Type"),
    (
        "properties as a list",
        "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      - DelaySeconds: 1\n",
        5,
        0,
        "Properties",
    ),
    (
        "unknown section",
        "Resources:\n  Queue: {Type: AWS::SQS::Queue}\nResource:\n  Topic: {Type: AWS::SNS::Topic}\n",
        3,
        1,
        "Resource",
    ),
    ("cut-off JSON", "{\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS", 1, 0, ""),
    ("cut-off JSON after a colon", "{\"Resources\": {\n\"Q\":", 2, 0, ""),
    ("trailing comma in JSON", "{\"Resources\": {\n  \"Q\": {\"Type\": \"AWS::SQS::Queue\"},\n}}\n", 0, 0, ""),
    (
        "missing comma in JSON",
        "{\"Resources\": {\n  \"Q\": {\"Type\": \"AWS::SQS::Queue\"}\n  \"T\": {\"Type\": \"AWS::SNS::Topic\"}\n}}\n",
        3,
        0,
        "",
    ),
    ("text after JSON", "{\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}\n{}\n", 2, 0, ""),
    ("empty file", "", 1, 1, ""),
    ("blank lines", "\n  \n\n", 0, 0, ""),
    ("only comments", "# nothing\n# here\n", 0, 0, ""),
    ("a list", "- Resources\n- Outputs\n", 1, 1, ""),
    ("a text", "Resources\n", 1, 1, ""),
    ("a number in JSON", "42\n", 1, 1, ""),
    ("list as a key", "Resources:\n  [a, b]: {Type: AWS::SQS::Queue}\n", 2, 0, ""),
    ("wrong indentation", "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n   Properties: {}\n", 4, 0, ""),
    ("colon in a plain text", "Description: Orders: all of them\nResources: {Q: {Type: AWS::SQS::Queue}}\n", 1, 0, ""),
    ("unknown alias", "Resources:\n  Queue: *nowhere\n", 2, 10, "nowhere"),
    ("anchor inside itself", "Resources: &all\n  Queue:\n    Type: AWS::SQS::Queue\n    Metadata: *all\n", 4, 0, ""),
    (
        "second document",
        "Resources:\n  Q: {Type: AWS::SQS::Queue}\n---\nResources:\n  T: {Type: AWS::SNS::Topic}\n",
        0,
        0,
        "",
    ),
    (
        "get-att without an attribute",
        "Resources:\n  Q: {Type: AWS::SQS::Queue}\nOutputs:\n  Arn:\n    Value: !GetAtt Q\n",
        5,
        12,
        "GetAtt",
    ),
    ("control character", "Resources:\n  Q:\n    Type: \"AWS::SQS::Queue\u{1}\"\n", 3, 0, ""),
    ("at sign", "Resources:\n  Q:\n    Type: @Queue\n", 3, 11, ""),
];

#[test]
fn what_is_no_template_is_refused_where_it_is_wrong() {
    let mut wrong = String::new();
    for &(name, text, line, column, word) in REFUSED {
        let lines = u32::try_from(text.lines().count()).unwrap().max(1);
        match parse(name, text) {
            Ok(_) => writeln!(wrong, "{name}: accepted").unwrap(),
            Err(error) => {
                let placed = if line == 0 { error.line <= lines + 1 } else { error.line == line };
                let columned = column == 0 || error.column == column;
                if error.line == 0 || error.column == 0 || !placed || !columned || error.message.is_empty() {
                    writeln!(wrong, "{name}: not at {line}:{column} but {error}").unwrap();
                } else if !error.message.contains(word) {
                    writeln!(wrong, "{name}: does not say {word:?}: {error}").unwrap();
                } else if !error.to_string().starts_with(&format!("{name}:{}:{}: ", error.line, error.column)) {
                    writeln!(wrong, "{name}: is not named: {error}").unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// CloudFormation takes these, or a reviewer must be able to read them all the same.
const ACCEPTED: &[(&str, &str)] = &[
    ("byte order mark", "\u{feff}Resources:\n  Q: {Type: AWS::SQS::Queue}\n"),
    ("byte order mark before JSON", "\u{feff}{\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}"),
    ("carriage returns", "Resources:\r\n  Q:\r\n    Type: AWS::SQS::Queue\r\n"),
    ("no line feed at the end", "Resources: {Q: {Type: AWS::SQS::Queue}}"),
    ("document markers", "---\nResources: {Q: {Type: AWS::SQS::Queue}}\n...\n"),
    ("YAML version", "%YAML 1.1\n---\nResources: {Q: {Type: AWS::SQS::Queue}}\n"),
    (
        "number as a key",
        "Mappings:\n  ByAccount:\n    111122223333: {Size: 1}\nResources: {Q: {Type: AWS::SQS::Queue}}\n",
    ),
    ("empty properties", "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n"),
    ("empty sections", "Parameters: {}\nOutputs: {}\nResources: {Q: {Type: AWS::SQS::Queue}}\n"),
    (
        "right-to-left text",
        "Description: \"\u{202e}sredrO\u{202c} \u{5e9}\u{5dc}\u{5d5}\u{5dd}\"\nResources: {Q: {Type: AWS::SQS::Queue}}\n",
    ),
    ("tabs in JSON", "{\n\t\"Resources\": {\n\t\t\"Q\": {\"Type\": \"AWS::SQS::Queue\"}\n\t}\n}\n"),
    ("tabs before a comment", "Resources:\n  Q: {Type: AWS::SQS::Queue}\t# a queue\n"),
    (
        "escapes in JSON",
        "{\"Description\": \"\\u00e9\\n\\\"\\ud83d\\ude00\\/\", \"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}",
    ),
    ("full form in YAML", "Resources:\n  Q: {Type: AWS::SQS::Queue}\nOutputs:\n  A: {Value: {'Fn::GetAtt': Q.Arn}}\n"),
];

#[test]
fn what_cloudformation_takes_is_taken() {
    let plain = "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n";
    let mut wrong = String::new();
    for (name, text) in ACCEPTED {
        match parse(name, text) {
            Ok(_) if compared(name, plain, text).changes.is_empty() => {}
            Ok(_) => writeln!(wrong, "{name}: another resource was read").unwrap(),
            Err(error) => writeln!(wrong, "{error}").unwrap(),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_column_counts_characters_not_bytes() {
    let error = parse("accents", "Resources:\n  Q: {Description: é😀é, Type: !Nope x}\n").unwrap_err();
    assert_eq!((error.line, error.column), (2, 31), "{error}");
}

/// Nine aliases of nine aliases, nine times: the text is small and what it stands for is not.
#[test]
fn an_alias_bomb_is_refused_at_once() {
    let mut text = "Metadata:\n  a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..=12 {
        let before = format!("*a{}", level - 1);
        writeln!(text, "  a{level}: &a{level} [{}]", [before.as_str(); 9].join(", ")).unwrap();
    }
    text.push_str("Resources: {Q: {Type: AWS::SQS::Queue}}\n");
    let start = Instant::now();
    let error = parse("bomb", &text).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!((2..=14).contains(&error.line), "{error}");
}

#[test]
fn a_merge_bomb_is_refused_or_small() {
    let mut text = "Metadata:\n  m0: &m0 {a: 1}\n".to_owned();
    for level in 1..=30 {
        let before = level - 1;
        writeln!(text, "  m{level}: &m{level} {{x{level}: *m{before}, y{level}: *m{before}, <<: *m{before}}}").unwrap();
    }
    text.push_str("Resources: {Q: {Type: AWS::SQS::Queue}}\n");
    let start = Instant::now();
    assert!(parse("merges", &text).is_err());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn depth_is_refused_and_does_not_overflow_the_stack() {
    for depth in [1_000, 200_000] {
        let flow = format!("Resources: {{Q: {{Type: A::B::C, Metadata: {}{}}}}}", "[".repeat(depth), "]".repeat(depth));
        let json = format!("{{\"Metadata\": {}{}}}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let cut = "[".repeat(depth);
        let block: String = (0..depth.min(3_000)).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        let sequence = format!("Metadata:\n  {}x\n", "- ".repeat(depth));
        for text in [flow, json, cut, block, sequence] {
            assert!(parse("deep", &text).is_err(), "{depth}: {}", &text[..40]);
        }
    }
}

/// Every prefix of every foreign template, and every template with one byte changed, is read or refused in its place.
#[test]
fn damaged_templates_never_panic() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
    };
    let palette: Vec<char> = "{}[]:,-?!&*#|>@`'\"%\\\t\n \u{feff}\u{202e}\0é0~<".chars().collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let characters: Vec<char> = read(&file).chars().take(4_000).collect();
        for _ in 0..60 {
            let mut damaged = characters.clone();
            let at = random(damaged.len());
            match random(4) {
                0 => damaged.truncate(at),
                1 => drop(damaged.remove(at)),
                2 => damaged.insert(at, palette[random(palette.len())]),
                _ => damaged[at] = palette[random(palette.len())],
            }
            let text: String = damaged.into_iter().collect();
            let lines = u32::try_from(text.split('\n').count()).unwrap();
            match parse(&file, &text) {
                Ok(template) => {
                    let pair = Pair {
                        stage: None,
                        stack: file.clone(),
                        before: Some(template.clone()),
                        after: Some(template),
                    };
                    assert!(review(&[pair], &Options::default()).is_empty(), "{file}\n{text}");
                }
                Err(error) => {
                    assert!(error.line >= 1 && error.line <= lines && error.column >= 1, "{error} of {lines}\n{text}");
                }
            }
        }
    }
}
