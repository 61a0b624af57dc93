//! Comparison, replacement through references, conditions, renames, acknowledgements, change sets and stage skew; in `schema`, the published JSON.

mod schema;

use std::collections::BTreeMap;

use review::{
    Action, Change, Explained, Observed, ObservedProperty, Options, Pair, RULES, Replacement, Review, Stages, Template,
    parse, review, with_parameters,
};

fn template(text: &str) -> Template {
    parse("test.yaml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn pair(before: &str, after: &str) -> Pair {
    Pair { stage: None, stack: "Stack".to_owned(), before: Some(template(before)), after: Some(template(after)) }
}

fn of(before: &str, after: &str) -> Review {
    review(&[pair(before, after)], &Options::default())
}

/// `Resources` alone.
fn resources(before: &str, after: &str) -> Review {
    of(&format!("Resources: {before}"), &format!("Resources: {after}"))
}

fn change<'a>(review: &'a Review, logical_id: &str) -> &'a Change {
    let ids: Vec<_> = review.changes.iter().map(|change| &change.logical_id).collect();
    review
        .changes
        .iter()
        .find(|change| change.logical_id == logical_id)
        .unwrap_or_else(|| panic!("{logical_id} is not among {ids:?}"))
}

fn rules_of(change: &Change) -> Vec<&str> {
    change.findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn two_ways_to_write_the_same_are_no_difference() {
    let queue = |properties: &str| {
        format!("{{Q: {{Type: 'AWS::SQS::Queue', Properties: {{{properties}}}}}, D: {{Type: 'AWS::SQS::Queue'}}}}")
    };
    let role = |document: &str| {
        format!("{{R: {{Type: 'AWS::IAM::Role', Properties: {{AssumeRolePolicyDocument: {document}}}}}}}")
    };
    let same = [
        (queue("VisibilityTimeout: 30"), queue("VisibilityTimeout: '30'")),
        (queue("FifoQueue: true"), queue("FifoQueue: 'true'")),
        (queue("QueueName: !Join ['-', [a, b]]"), queue("QueueName: a-b")),
        (queue("QueueName: !Sub '${AWS::StackName}'"), queue("QueueName: !Ref AWS::StackName")),
        (queue("QueueName: !Join ['', [a-, !Ref AWS::Region]]"), queue("QueueName: !Sub 'a-${AWS::Region}'")),
        (queue("QueueName: !Sub ['a-${X}', {X: !Ref AWS::Region}]"), queue("QueueName: !Sub 'a-${AWS::Region}'")),
        (
            queue("RedrivePolicy: {deadLetterTargetArn: {'Fn::GetAtt': [D, Arn]}}"),
            queue("RedrivePolicy: {deadLetterTargetArn: !GetAtt D.Arn}"),
        ),
        (
            queue("Tags: [{Key: a, Value: '1'}, {Key: b, Value: '2'}]"),
            queue("Tags: [{Key: b, Value: '2'}, {Key: a, Value: '1'}]"),
        ),
        (queue("DelaySeconds: !Ref AWS::NoValue"), queue("")),
        (
            role("{Statement: {Effect: Allow, Principal: {Service: a}, Action: 'sts:AssumeRole'}}"),
            role("{Statement: [{Action: ['sts:assumerole'], Effect: Allow, Principal: {Service: [a]}}]}"),
        ),
        (
            role("'{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"a:b\"]}]}'"),
            role("{Statement: {Effect: Allow, Action: 'a:b'}}"),
        ),
    ];
    for (before, after) in same {
        let review = resources(&before, &after);
        assert!(review.is_empty(), "{before}\n{after}\n{:?}", review.changes);
    }
}

#[test]
fn values_that_differ_are_a_difference_however_alike_they_look() {
    let queue = |value: &str| format!("{{Q: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: {value}}}}}}}");
    for (one, two) in [
        ("1.10", "'1.10'"),
        ("017", "'017'"),
        ("a", "A"),
        ("!Ref A", "!GetAtt A.QueueName"),
        ("!Sub '${!A}'", "!Ref A"),
    ] {
        assert_eq!(resources(&queue(one), &queue(two)).changes.len(), 1, "{one} {two}");
    }
    let definition = |value: &str| {
        format!("{{M: {{Type: 'AWS::Events::Rule', Properties: {{EventPattern: {{detail: {{n: [{value}]}}}}}}}}}}")
    };
    assert_eq!(resources(&definition("1"), &definition("'1'")).changes.len(), 1, "an event pattern tells 1 from \"1\"");
}

#[test]
fn a_change_is_named_at_its_nested_path() {
    let function = |url: &str| {
        format!(
            "{{F: {{Type: 'AWS::Lambda::Function', Properties: {{Environment: {{Variables: {{URL: {url}, 'a.b': x}}}}, Tags: [{{Key: k, Value: {url}}}]}}}}}}"
        )
    };
    let review = resources(&function("one"), &function("two"));
    let found: Vec<_> = change(&review, "F")
        .properties
        .iter()
        .map(|property| (property.path.as_str(), property.before.as_deref(), property.after.as_deref()))
        .collect();
    assert_eq!(
        found,
        [("Environment.Variables.URL", Some("one"), Some("two")), ("Tags[0].Value", Some("one"), Some("two"))]
    );
}

#[test]
fn a_write_only_value_is_masked_and_still_seen_to_change() {
    let database = |password: &str| {
        format!("{{D: {{Type: 'AWS::RDS::DBInstance', Properties: {{MasterUserPassword: {password}}}}}}}")
    };
    let review = resources(&database("first-secret"), &database("second-secret"));
    assert_eq!(change(&review, "D").properties[0].path, "MasterUserPassword");
    assert!(!review.to_json().to_string().contains("secret"), "{}", review.to_json());
}

#[test]
fn the_default_of_a_parameter_without_echo_is_never_shown() {
    let text = |secret: &str| {
        format!(
            "Parameters: {{P: {{Type: String, NoEcho: true, Default: {secret}}}}}\nResources: {{F: {{Type: 'AWS::Lambda::Function', Properties: {{Description: !Ref P}}}}}}"
        )
    };
    let review = of(&text("first-secret"), &text("second-secret"));
    assert_eq!(change(&review, "F").properties[0].because.as_deref(), Some("the default of parameter `P` changes"));
    let shown = format!("{}{:?}", review.to_json(), review);
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn another_type_is_another_resource() {
    let review = resources("{A: {Type: 'AWS::SNS::Topic'}}", "{A: {Type: 'AWS::SQS::Queue'}}");
    assert_eq!(change(&review, "A").replacement, Replacement::Yes);
}

#[test]
fn a_replaced_queue_changes_what_refers_to_it_and_what_refers_to_that() {
    let text = |fifo: &str| {
        format!(
            "{{Q: {{Type: 'AWS::SQS::Queue', Properties: {{FifoQueue: {fifo}}}}},
               M: {{Type: 'AWS::Lambda::EventSourceMapping', Properties: {{EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref F}}}},
               F: {{Type: 'AWS::Lambda::Function', DependsOn: Q, Properties: {{Environment: {{Variables: {{URL: !Sub '${{Q}}/x'}}}}}}}},
               Other: {{Type: 'AWS::Lambda::Function', DependsOn: Q}},
               P: {{Type: 'AWS::Lambda::Function', Properties: {{Description: !Ref M}}}}}}"
        )
    };
    let review = resources(&text("false"), &text("true"));
    let found = |id: &str| (change(&review, id).action, change(&review, id).replacement);
    assert_eq!(found("Q"), (Action::Modify, Replacement::Yes));
    assert_eq!(found("M"), (Action::Modify, Replacement::Maybe));
    assert_eq!(found("F"), (Action::Modify, Replacement::No));
    assert_eq!(found("P"), (Action::Modify, Replacement::No));
    assert_eq!(change(&review, "F").replaced_by[0].reason, "Environment.Variables.URL changes because `Q` is replaced");
    assert_eq!(change(&review, "P").replaced_by[0].logical_id.as_deref(), Some("M"));
    assert_eq!(review.changes.len(), 4, "DependsOn is no value");
}

#[test]
fn replacement_in_a_circle_ends() {
    let text = |name: &str| {
        format!(
            "{{A: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: {name}, Tags: [{{Key: b, Value: !Ref B}}]}}}},
               B: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: !Sub '${{A.QueueName}}-b'}}}}}}"
        )
    };
    let review = resources(&text("one"), &text("two"));
    assert_eq!(change(&review, "B").replacement, Replacement::Maybe);
    assert!(change(&review, "A").replaced_by.iter().any(|cause| cause.logical_id.as_deref() == Some("B")));
}

#[test]
fn a_type_that_nobody_knows_may_be_replaced_and_says_why() {
    let text = |value: &str| {
        format!("{{C: {{Type: 'Custom::Migration', Properties: {{Version: {value}, ServiceToken: x}}}}}}")
    };
    let review = resources(&text("1"), &text("2"));
    assert_eq!(change(&review, "C").replacement, Replacement::Maybe);
    assert_eq!(
        change(&review, "C").reason(),
        "no facts about Custom::Migration: a new Version may make a new resource"
    );
}

#[test]
fn a_condition_that_turns_false_removes_what_hangs_on_it() {
    let text = |default: &str| {
        format!(
            "Parameters: {{Keep: {{Type: String, Default: '{default}'}}}}\nConditions: {{Kept: !Equals [!Ref Keep, 'yes']}}\nResources:\n  T: {{Type: 'AWS::DynamoDB::Table', Condition: Kept}}\n  L: {{Type: 'AWS::Logs::LogGroup', Properties: {{RetentionInDays: !If [Kept, 90, 7]}}}}\n"
        )
    };
    let review = of(&text("yes"), &text("no"));
    assert_eq!(change(&review, "T").action, Action::Remove);
    assert!(change(&review, "T").is_dangerous());
    let days = &change(&review, "L").properties[0];
    assert_eq!((days.before.as_deref(), days.after.as_deref()), (Some("90"), Some("7")));
    assert_eq!(days.because.as_deref(), Some("condition `Kept` is now false"));
    assert_eq!(of(&text("no"), &text("yes")).changes.iter().filter(|change| change.action == Action::Add).count(), 1);
}

#[test]
fn a_mapping_that_changes_reaches_what_looks_into_it() {
    let text = |days: u8, key: &str| {
        format!(
            "Mappings: {{M: {{prd: {{Days: {days}}}}}}}\nResources: {{L: {{Type: 'AWS::Logs::LogGroup', Properties: {{RetentionInDays: !FindInMap [M, {key}, Days]}}}}}}"
        )
    };
    let review = of(&text(90, "prd"), &text(7, "prd"));
    assert_eq!(rules_of(change(&review, "L")), ["data-loss/retention-cut"]);
    assert_eq!(change(&of(&text(90, "!Ref Stage"), &text(7, "!Ref Stage")), "L").action, Action::Modify);
}

#[test]
fn with_parameters_leaves_out_what_its_conditions_leave_out() {
    let text = "Parameters: {Stage: {Type: String}, Ids: {Type: CommaDelimitedList}}\nConditions: {Prd: !Equals [!Ref Stage, prd], NotPrd: !Not [!Condition Prd]}\nResources:\n  A: {Type: 'AWS::SNS::Topic', Condition: Prd, Properties: {TopicName: !Sub 'a-${Stage}'}}\n  B: {Type: 'AWS::SNS::Topic', Condition: NotPrd}\n  C: {Type: 'AWS::EC2::VPCEndpoint', Properties: {SubnetIds: !Ref Ids, ServiceName: !If [Prd, one, two]}}\n";
    let values = BTreeMap::from([("Stage".to_owned(), "prd".to_owned()), ("Ids".to_owned(), "a, b".to_owned())]);
    let folded = with_parameters(&template(text), &values);
    let ids: Vec<_> = folded.resources().iter().map(|resource| resource.logical_id.as_str()).collect();
    assert_eq!(ids, ["A", "C"]);
    let value = |id: &str, path: &str| {
        folded.resource(id).and_then(|resource| resource.property(path)).map(review::Node::render)
    };
    assert_eq!(value("A", "TopicName").as_deref(), Some("a-prd"));
    assert_eq!(value("C", "SubnetIds").as_deref(), Some("[a, b]"));
    assert_eq!(value("C", "ServiceName").as_deref(), Some("one"));
}

#[test]
fn a_new_logical_id_with_the_old_content_is_a_rename() {
    let text = |table: &str, function: &str| {
        format!(
            "{{{table}: {{Type: 'AWS::DynamoDB::Table', Properties: {{TableName: prices, BillingMode: PAY_PER_REQUEST}}}},
               {function}: {{Type: 'AWS::Lambda::Function', Properties: {{Handler: x, Description: !Ref {table}}}}}}}"
        )
    };
    let review = resources(&text("Old", "OldReader"), &text("New", "NewReader"));
    assert_eq!(change(&review, "New").renamed_from.as_deref(), Some("Old"));
    assert_eq!(change(&review, "Old").renamed_to.as_deref(), Some("New"));
    assert_eq!(
        change(&review, "NewReader").renamed_from.as_deref(),
        Some("OldReader"),
        "what refers to it is the same too"
    );
    assert!(change(&review, "Old").reason().contains("stack refactor"), "{}", change(&review, "Old").reason());
    assert!(rules_of(change(&review, "New")).contains(&"reliability/renamed-under-its-name"));
}

#[test]
fn an_accepted_danger_is_shown_and_is_no_danger_until_it_expires() {
    let text = |until: &str, reason: &str| {
        format!(
            "Metadata: {{Acknowledged: [{{LogicalId: T, Rule: data-loss/removed, Reason: '{reason}', Until: '{until}'}}]}}\nResources: {{Other: {{Type: 'AWS::SNS::Topic'}}}}"
        )
    };
    let before = "Resources: {T: {Type: 'AWS::DynamoDB::Table'}, Other: {Type: 'AWS::SNS::Topic'}}";
    let judge = |until: &str, reason: &str| {
        let options = Options { today: (2026, 6, 1), ..Options::default() };
        review(&[pair(before, &text(until, reason))], &options)
    };
    let accepted = judge("2026-06-01", "moved to S3");
    assert!(!accepted.is_dangerous());
    assert_eq!(
        change(&accepted, "T").findings[0].accepted.as_ref().map(|accepted| accepted.reason.as_str()),
        Some("moved to S3")
    );
    for (until, reason, says) in [
        ("2026-05-31", "moved", "expired on 2026-05-31"),
        ("2027-01-01", " ", "no Reason"),
        ("soon", "moved", "needs Until"),
        ("", "moved", "needs Until"),
    ] {
        let refused = judge(until, reason);
        assert!(refused.is_dangerous(), "{until}");
        assert!(change(&refused, "T").reason().contains(says), "{}", change(&refused, "T").reason());
    }
}

#[test]
fn what_the_change_set_says_has_the_last_word() {
    let text = |name: &str| {
        format!(
            "Resources: {{B: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: {name}}}}}, T: {{Type: 'AWS::SNS::Topic'}}}}"
        )
    };
    let seen = Observed {
        resource_type: "AWS::S3::Bucket".to_owned(),
        action: Action::Modify,
        replacement: Replacement::No,
        properties: vec![ObservedProperty {
            path: "BucketName".to_owned(),
            attribute: false,
            before: Some("live".to_owned()),
            after: None,
            replacement: Replacement::No,
        }],
    };
    let topic = Observed {
        resource_type: "AWS::SNS::Topic".to_owned(),
        action: Action::Modify,
        replacement: Replacement::Maybe,
        properties: Vec::new(),
    };
    let observed =
        BTreeMap::from([("Stack".to_owned(), BTreeMap::from([("B".to_owned(), seen), ("T".to_owned(), topic)]))]);
    let found = review(&[pair(&text("one"), &text("two"))], &Options { observed, ..Options::default() });
    assert_eq!(change(&found, "B").replacement, Replacement::No);
    assert!(!found.is_dangerous());
    assert_eq!(change(&found, "B").properties[0].before.as_deref(), Some("live"));
    assert_eq!(change(&found, "B").properties[0].after.as_deref(), Some("two"));
    assert_eq!(change(&found, "T").replacement, Replacement::Maybe);
    assert!(of(&text("one"), &text("two")).is_dangerous(), "the templates alone say that it is replaced");
}

#[test]
fn what_prd_has_and_stg_has_not_is_skew_unless_the_settings_explain_it() {
    let stage = |name: &str, text: &str| Pair {
        stage: Some(name.to_owned()),
        stack: "Stack".to_owned(),
        before: None,
        after: Some(template(text)),
    };
    let stg = "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q-stg, VisibilityTimeout: 30, DelaySeconds: 1}}}";
    let prd = "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q-prd, VisibilityTimeout: 60, DelaySeconds: 2}}, A: {Type: 'AWS::CloudWatch::Alarm'}}";
    let explained =
        vec![Explained { stack: "Stack".to_owned(), logical_id: "Q".to_owned(), path: "VisibilityTimeout".to_owned() }];
    let stages = vec![Stages { behind: "stg".to_owned(), ahead: "prd".to_owned(), explained }];
    let found = review(&[stage("stg", stg), stage("prd", prd)], &Options { stages, ..Options::default() });
    let places: Vec<_> = found.skew.iter().map(|skew| (skew.logical_id.as_str(), skew.path.as_str())).collect();
    assert_eq!(places, [("Q", "DelaySeconds"), ("A", "")]);
    assert_eq!(review::differences("Stack", &template(stg), &template(prd)).len(), 4);
}

#[test]
fn skew_is_what_prd_has_more_and_the_stage_is_a_word() {
    let stage = |name: &str, text: &str| Pair {
        stage: Some(name.to_owned()),
        stack: "Stack".to_owned(),
        before: None,
        after: Some(template(text)),
    };
    let queue =
        |properties: &str| format!("Resources: {{Q: {{Type: 'AWS::SQS::Queue', Properties: {{{properties}}}}}}}");
    let stages = vec![Stages { behind: "stg".to_owned(), ahead: "prd".to_owned(), explained: Vec::new() }];
    let paths = |stg: &str, prd: &str| -> Vec<String> {
        let options = Options { stages: stages.clone(), ..Options::default() };
        let found = review(&[stage("stg", &queue(stg)), stage("prd", &queue(prd))], &options);
        found.skew.into_iter().map(|skew| skew.path).collect()
    };
    assert!(paths("QueueName: q, DelaySeconds: 1", "QueueName: q").is_empty(), "what stg has alone comes to prd");
    assert_eq!(paths("QueueName: q", "QueueName: q, DelaySeconds: 1"), ["DelaySeconds"]);
    assert!(paths("QueueName: stg-q", "QueueName: prd-q").is_empty());
    assert_eq!(paths("QueueName: q-stgs", "QueueName: q-prds"), ["QueueName"], "no word of its own");
}

#[test]
fn a_stack_that_goes_carries_its_own_acknowledgement() {
    let text = "Metadata: {Acknowledged: [{LogicalId: T, Rule: data-loss/removed, Reason: moved, Until: '2027-01-01'}]}\nResources: {T: {Type: 'AWS::DynamoDB::Table'}}";
    let mut gone = pair(text, text);
    gone.after = None;
    let found = review(&[gone], &Options { today: (2026, 6, 1), ..Options::default() });
    assert!(!found.is_dangerous());
    assert_eq!(change(&found, "T").findings[0].accepted.as_ref().map(|each| each.reason.as_str()), Some("moved"));
}

#[test]
fn sections_and_whole_stacks_are_compared_too() {
    let review = of(
        "Description: one\nResources: {A: {Type: 'AWS::SNS::Topic'}}\nOutputs: {Arn: {Value: !Ref A}}",
        "Description: two\nResources: {A: {Type: 'AWS::SNS::Topic'}}",
    );
    let found: Vec<_> = review
        .sections
        .iter()
        .map(|section| (section.section.as_str(), section.name.as_str(), section.action))
        .collect();
    assert_eq!(found, [("Description", "", Action::Modify), ("Outputs", "Arn", Action::Remove)]);

    let gone = Pair {
        after: None,
        ..pair("Resources: {T: {Type: 'AWS::DynamoDB::Table'}}", "Resources: {T: {Type: 'AWS::DynamoDB::Table'}}")
    };
    let review = review::review(&[gone], &Options::default());
    assert_eq!(rules_of(change(&review, "T")), ["data-loss/removed"]);
}

#[test]
fn the_most_dangerous_change_comes_first_and_the_order_is_always_the_same() {
    let before = "{A: {Type: 'AWS::SNS::Topic'}, Z: {Type: 'AWS::DynamoDB::Table'}, B: {Type: 'AWS::SQS::Queue'}}";
    let after = "{B: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: 1}}, C: {Type: 'AWS::SNS::Topic', Properties: {TopicName: c}}}";
    let ids = |review: &Review| review.changes.iter().map(|change| change.logical_id.clone()).collect::<Vec<_>>();
    let first = resources(before, after);
    assert_eq!(ids(&first), ["Z", "A", "B", "C"]);
    assert_eq!(first, resources(before, after));
}

#[test]
fn each_rule_finds_its_own_example_and_nothing_where_nothing_changes() {
    for rule in RULES {
        let side = |text: Option<&str>| text.map(|text| template(&example(text)));
        let pair = Pair {
            stage: None,
            stack: "Example".to_owned(),
            before: side(rule.example.before),
            after: side(rule.example.after),
        };
        let judge = |pair: &Pair, without: &[&str]| {
            let review = review(std::slice::from_ref(pair), &Options { without, ..Options::default() });
            review.changes.iter().any(|change| rules_of(change).contains(&rule.id))
        };
        assert!(judge(&pair, &[]), "{} does not find its example", rule.id);
        assert!(!judge(&pair, &[rule.id]), "{} is found while it is off", rule.id);
        let same = Pair { before: pair.after.clone(), ..pair.clone() };
        assert!(!judge(&same, &[]), "{} is found where nothing changes", rule.id);
        assert!(!rule.says.is_empty() && rule.id.contains('/'));
    }
}

fn example(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        format!("Resources: {text}")
    } else {
        format!("Resources:\n{}", text.lines().map(|line| format!("  {line}\n")).collect::<String>())
    }
}
