//! What the rules find, and what they leave alone: their own examples, and the ways to write one thing.

use crate::{Category, Options, Pair, RULES, Review, SECTION_RULES, Severity, Template, parse, review};

fn template(text: &str) -> Template {
    parse("template.yaml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn reviewed(before: Option<&str>, after: Option<&str>, without: &[&str]) -> Review {
    let pair =
        Pair { stage: None, stack: "Stack".to_owned(), before: before.map(template), after: after.map(template) };
    review(&[pair], &Options { without, ..Options::default() })
}

fn resources(text: &str) -> String {
    format!("Resources: {text}")
}

/// Findings of the four families, as `danger rule: reason`.
fn told(before: &str, after: &str) -> Vec<String> {
    let review = reviewed(Some(before), Some(after), &[]);
    let findings = review.changes.iter().flat_map(|change| &change.findings);
    let findings = findings.filter(|finding| finding.category != Category::DataLoss);
    let word = |severity| if severity == Severity::Danger { "danger" } else { "notice" };
    findings.map(|finding| format!("{} {}: {}", word(finding.severity), finding.rule, finding.reason)).collect()
}

#[test]
fn every_rule_finds_its_example_and_only_it_does_so_under_its_name() {
    for rule in RULES {
        let (before, after) = (rule.example.before.map(resources), rule.example.after.map(resources));
        let has = |without: &[&str]| {
            let review = reviewed(before.as_deref(), after.as_deref(), without);
            review.changes.iter().flat_map(|change| &change.findings).any(|finding| finding.rule == rule.id)
        };
        assert!(has(&[]), "{} does not find its example", rule.id);
        assert!(!has(&[rule.id]), "{} is found although it is switched off", rule.id);
        for same in [&before, &after].into_iter().flatten() {
            let review = reviewed(Some(same), Some(same), &[]);
            assert!(review.changes.is_empty(), "{}: {:?}", rule.id, review.changes);
        }
    }
}

#[test]
fn every_rule_about_sections_finds_its_example_and_only_it_does_so_under_its_name() {
    for rule in SECTION_RULES {
        let taker = "{Parameters: {Endpoint: {Type: String}}, Resources: {T: {Type: 'AWS::SNS::Topic'}}}";
        let pair = |stack: &str, before: &str, after: &str| Pair {
            stage: Some("dev".to_owned()),
            stack: stack.to_owned(),
            before: Some(template(before)),
            after: Some(template(after)),
        };
        let has = |before: &str, after: &str, without: &[&str]| {
            let pairs = [pair("Data", before, after), pair("Api", taker, taker)];
            let review = review(&pairs, &Options { without, ..Options::default() });
            review.sections.iter().flat_map(|change| &change.findings).any(|finding| finding.rule == rule.id)
        };
        let (before, after) = rule.example;
        assert!(has(before, after, &[]), "{} does not find its example", rule.id);
        assert!(!has(before, after, &[rule.id]), "{} is found although it is switched off", rule.id);
        assert!(!has(before, before, &[]) && !has(after, after, &[]), "{} is found where nothing changes", rule.id);
        assert!(!rule.says.is_empty() && !rule.says.ends_with('.'), "{}", rule.says);
    }
}

#[test]
fn what_another_stack_takes_must_not_go_and_what_nobody_takes_may() {
    let told = |before: &str, after: &str, others: &[(&str, &str)]| -> Vec<String> {
        let mut pairs = vec![Pair {
            stage: Some("dev".to_owned()),
            stack: "Data".to_owned(),
            before: Some(template(&format!("Resources: {{T: {{Type: 'AWS::SNS::Topic'}}}}\n{before}"))),
            after: Some(template(&format!("Resources: {{T: {{Type: 'AWS::SNS::Topic'}}}}\n{after}"))),
        }];
        pairs.extend(others.iter().map(|(stage, text)| Pair {
            stage: Some((*stage).to_owned()),
            stack: "Api".to_owned(),
            before: Some(template(text)),
            after: Some(template(text)),
        }));
        let review = review(&pairs, &Options::default());
        review.findings().map(|(place, finding)| format!("{place}: {}", finding.reason)).collect()
    };
    let output = "Outputs: {DBEndpoint: {Value: {'Fn::GetAtt': [T, TopicName]}, Export: {Name: data-endpoint}}}";
    let renamed = "Outputs: {DBEndpoint: {Value: {'Fn::GetAtt': [T, TopicName]}, Export: {Name: other}}}";
    let takes = "{Parameters: {DBEndpoint: {Type: String}}, Resources: {Q: {Type: 'AWS::SQS::Queue'}}}";
    let imports =
        "{Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: {'Fn::ImportValue': data-endpoint}}}}}";
    let parameter = ["Data/Outputs.DBEndpoint: the output DBEndpoint is gone, and Api's parameter DBEndpoint takes it"];
    let export =
        ["Data/Outputs.DBEndpoint: the export data-endpoint is gone, and Api imports it: the deployment fails"];
    assert_eq!(told(output, "", &[("dev", takes)]), parameter);
    assert_eq!(told(output, "", &[("dev", imports)]), export);
    assert_eq!(told(output, renamed, &[("dev", imports)]), export);
    assert_eq!(told(output, renamed, &[("dev", takes)]), [""; 0], "the output is still there");
    assert_eq!(told(output, "", &[("stg", takes), ("prd", imports)]), [""; 0], "another stage's");
    let gives = "{Outputs: {DBEndpoint: {Value: x}}, Resources: {Q: {Type: 'AWS::SQS::Queue'}}}";
    assert_eq!(told(output, "", &[("dev", takes), ("dev", gives)]), [""; 0], "another stack has it");
    assert_eq!(told(output, "", &[("dev", takes), ("stg", gives)]), parameter, "another stage's stack has it");
}

#[test]
fn every_rule_says_what_it_finds_under_a_name_of_its_own() {
    let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), RULES.len());
    for rule in RULES {
        let category = serde_json::to_value(rule.category).unwrap();
        assert_eq!(Some(rule.id.split_once('/').unwrap().0), category.as_str(), "{}", rule.id);
        assert!(!rule.says.is_empty() && !rule.says.ends_with('.'), "{}", rule.says);
    }
}

const TRUST: &str =
    "{Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}";
const QUEUE: &str = "Queue: {Type: AWS::SQS::Queue}\n";

fn role(policies: &str) -> String {
    format!(
        "Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {TRUST}\n      Policies: {policies}\n  {QUEUE}"
    )
}

const INLINE: &str = "[{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: ['sqs:SendMessage', 'sqs:ReceiveMessage'], Resource: !GetAtt Queue.Arn}]}}]";

#[test]
fn a_policy_that_moves_to_a_resource_of_its_own_changes_nothing() {
    for (carrier, extra) in [
        ("AWS::IAM::Policy", "PolicyName: p, Roles: [!Ref Role]"),
        ("AWS::IAM::ManagedPolicy", "Roles: [!Ref Role]"),
        ("AWS::IAM::RolePolicy", "PolicyName: p, RoleName: !Ref Role"),
    ] {
        let statements = "[{Sid: Send, Effect: Allow, Action: 'SQS:SendMessage', Resource: [!Sub '${Queue.Arn}']}, {Effect: Allow, Action: ['sqs:ReceiveMessage'], Resource: !GetAtt Queue.Arn}]";
        let moved = format!(
            "{}  Moved: {{Type: {carrier}, Properties: {{{extra}, PolicyDocument: {{Statement: {statements}}}}}}}\n",
            role("[]")
        );
        assert_eq!(told(&role(INLINE), &moved), Vec::<String>::new(), "{carrier}");
        assert_eq!(told(&moved, &role(INLINE)), Vec::<String>::new(), "{carrier} back");
    }
}

#[test]
fn a_managed_policy_of_the_stack_that_a_role_attaches_counts_for_the_role() {
    let policy = "  Purge: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:PurgeQueue', Resource: !GetAtt Queue.Arn}]}}}\n";
    let before = format!("{}{policy}", role(INLINE));
    let after = before.replace("      Policies:", "      ManagedPolicyArns: [!Ref Purge]\n      Policies:");
    assert_eq!(told(&before, &after), ["danger permissions/broadened: Role may now sqs:PurgeQueue on ${Queue.Arn}"]);
}

#[test]
fn a_new_action_is_told_with_its_resource_and_stands_in_the_table() {
    let after = role(&INLINE.replace("'sqs:SendMessage'", "'sqs:SendMessage', 'sqs:DeleteMessage'"));
    assert_eq!(
        told(&role(INLINE), &after),
        ["danger permissions/broadened: Role may now sqs:DeleteMessage on ${Queue.Arn}"]
    );
    let review = reviewed(Some(&role(INLINE)), Some(&after), &[]);
    let [line] = review.permissions.as_slice() else { panic!("{:?}", review.permissions) };
    assert_eq!((line.principal.as_str(), line.effect, line.broadens), ("Role", "Allow", true));
    assert_eq!(
        (line.actions.as_slice(), line.resources.as_slice()),
        (&["sqs:DeleteMessage".to_owned()][..], &["${Queue.Arn}".to_owned()][..])
    );
    let back = reviewed(Some(&after), Some(&role(INLINE)), &[]);
    assert!(
        back.permissions.iter().all(|line| !line.broadens && line.action == crate::Action::Remove),
        "{:?}",
        back.permissions
    );
    assert!(!back.is_dangerous());
}

#[test]
fn a_statement_in_one_branch_may_broaden_and_says_where() {
    let conditional = INLINE.replace("Resource: !GetAtt Queue.Arn", "Resource: !If [Prd, !GetAtt Queue.Arn, '*']");
    let conditions = "Conditions: {Prd: !Equals [!Ref AWS::Region, eu-west-1]}\n";
    let told = told(&format!("{conditions}{}", role(INLINE)), &format!("{conditions}{}", role(&conditional)));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("every resource"), "{told:?}");
}

#[test]
fn a_statement_under_a_condition_that_then_always_holds_broadens() {
    let conditions = "Conditions: {Prd: !Equals [!Ref AWS::Region, eu-west-1]}\n";
    let some = INLINE.replace(
        "Action: ['sqs:SendMessage', 'sqs:ReceiveMessage']",
        "Action: ['sqs:SendMessage', !If [Prd, 'sqs:ReceiveMessage', !Ref AWS::NoValue]]",
    );
    let before = format!("{conditions}{}", role(&some));
    let told_now = told(&before, &format!("{conditions}{}", role(INLINE)));
    assert_eq!(told_now.len(), 1, "{told_now:?}");
    let both = INLINE.replace("'sqs:ReceiveMessage'", "!If [Prd, 'sqs:ReceiveMessage', 'sqs:ReceiveMessage']");
    assert_eq!(
        told(&format!("{conditions}{}", role(&both)), &format!("{conditions}{}", role(INLINE))),
        Vec::<String>::new()
    );
}

#[test]
fn a_policy_as_text_is_read_as_a_policy() {
    let policy = |principal: &str| {
        format!(
            r#"Resources: {{Logs: {{Type: "AWS::Logs::ResourcePolicy", Properties: {{PolicyName: p, PolicyDocument: '{{"Statement": [{{"Effect": "Allow", "Principal": {principal}, "Action": "logs:PutLogEvents", "Resource": "*"}}]}}'}}}}}}"#
        )
    };
    let own = r#"{"AWS": "arn:aws:iam::${AWS::AccountId}:role/writer"}"#;
    let told = told(&policy(own), &policy("\"*\""));
    assert!(
        told.iter().any(|each| each == "danger permissions/public-principal: anyone may now logs:PutLogEvents on Logs"),
        "{told:?}"
    );
}

#[test]
fn hostile_and_strange_policies_are_no_reason_to_stop() {
    for policy in [
        "[]",
        "[{PolicyName: p}]",
        "[{PolicyName: p, PolicyDocument: {Statement: []}}]",
        "[{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow}]}}]",
        "[{PolicyName: p, PolicyDocument: {Statement: [{Effect: !If [A, Allow, Deny], Action: !Split [',', 'a,b'], Resource: !Sub ['${', {}]}]}}]",
        "[{PolicyName: p, PolicyDocument: {Statement: {Effect: Allow, Action: '****************a', Resource: '*?*?*?*?*', Condition: {Odd: [1, 2]}}}}]",
        "[{PolicyName: p, PolicyDocument: !Ref Document}]",
    ] {
        reviewed(Some(&role(INLINE)), Some(&role(policy)), &[]);
        reviewed(Some(&role(policy)), Some(&role(INLINE)), &[]);
        reviewed(None, Some(&role(policy)), &[]);
        reviewed(Some(&role(policy)), None, &[]);
    }
}

#[test]
fn hostile_patterns_take_no_time() {
    let start = std::time::Instant::now();
    let star = "*a".repeat(200);
    let policy = format!(
        "[{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, NotAction: ['{star}'], Resource: '{star}b'}}]}}}}]"
    );
    reviewed(Some(&role(&policy)), Some(&role(&policy.replace("NotAction", "Action"))), &[]);
    reviewed(Some(&role(&policy.replace("NotAction", "Action"))), Some(&role(&policy)), &[]);
    let many = |kind: &str| (0..3000).map(|number| format!("'{kind}:x{number}'")).collect::<Vec<_>>().join(", ");
    let policy = format!(
        "[{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: [{}], Resource: [{}]}}]}}}}]",
        many("sqs"),
        many("arn")
    );
    reviewed(Some(&role(INLINE)), Some(&role(&policy)), &[]);
    assert!(start.elapsed() < std::time::Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn what_is_the_same_for_a_new_name_is_found_for_it_again() {
    let before = role(INLINE);
    let review =
        reviewed(Some(&before), Some(&before.replace("Role:", "Worker:").replace("!Ref Role", "!Ref Worker")), &[]);
    let findings: Vec<_> = review.changes.iter().flat_map(|change| &change.findings).collect();
    assert!(findings.iter().all(|finding| finding.severity == Severity::Notice), "{findings:?}");
}

#[test]
fn a_group_rule_that_moves_to_a_resource_of_its_own_opens_nothing() {
    let rule = "IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/9";
    let inline = format!(
        "Resources: {{Web: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: web, SecurityGroupIngress: [{{{rule}}}]}}}}}}"
    );
    let moved = format!(
        "Resources: {{Web: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: web}}}}, Https: {{Type: AWS::EC2::SecurityGroupIngress, Properties: {{GroupId: !GetAtt Web.GroupId, {rule}}}}}}}"
    );
    assert_eq!(told(&inline, &moved), Vec::<String>::new());
    let wider = moved.replace("10.0.0.0/9", "10.0.0.0/8");
    assert_eq!(told(&inline, &wider), ["danger exposure/ingress-widened: 10.0.0.0/8 may reach Web on tcp port 443"]);
    let review = reviewed(Some(&inline), Some(&wider), &[]);
    let [added] = review.ingress.as_slice() else { panic!("{:?}", review.ingress) };
    assert_eq!((added.group.as_str(), added.direction, added.ports.as_str()), ("Web", "ingress", "port 443"));
}

#[test]
fn a_source_that_is_no_longer_asked_for_is_named_as_it_was_written() {
    let policy = |condition: &str| {
        format!(
            "Resources: {{Jobs: {{Type: AWS::SQS::Queue}}, Send: {{Type: AWS::SQS::QueuePolicy, Properties: {{Queues: [!Ref Jobs], PolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Service: sns.amazonaws.com}}, Action: 'sqs:SendMessage', Resource: !GetAtt Jobs.Arn{condition}}}]}}}}}}}}"
        )
    };
    let asked = policy(", Condition: {ArnEquals: {'aws:SourceArn': 'arn:aws:sns:eu-west-1:1:t'}}");
    assert_eq!(
        told(&asked, &policy("")),
        [
            "danger permissions/condition-removed: condition aws:SourceArn no longer limits sns.amazonaws.com to sqs:SendMessage on ${Jobs.Arn}"
        ]
    );
    assert_eq!(told(&policy(""), &asked), Vec::<String>::new());
}

/// Which rules find danger in a change, data loss aside.
fn rules_of(before: &str, after: &str) -> Vec<&'static str> {
    let (before, after) = (resources(before), resources(after));
    let review = reviewed(Some(&before), Some(&after), &[]);
    let dangers = review.changes.iter().flat_map(|change| &change.findings).filter(|finding| finding.is_dangerous());
    let dangers = dangers.filter(|finding| finding.category != Category::DataLoss);
    let mut rules: Vec<&'static str> = dangers.map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules
}

#[test]
fn items_of_a_list_are_matched_by_their_names_and_others_compared_as_a_set() {
    let disks = |first: &str, second: &str| {
        format!(
            "{{L: {{Type: AWS::EC2::Instance, Properties: {{BlockDeviceMappings: [{{DeviceName: a, Ebs: {{Encrypted: {first}}}}}, {{DeviceName: b, Ebs: {{Encrypted: {second}}}}}]}}}}}}"
        )
    };
    let unnamed = |text: String| text.replace("DeviceName", "Comment");
    assert_eq!(rules_of(&disks("true", "false"), &disks("false", "true")), ["encryption/at-rest-off"]);
    assert_eq!(rules_of(&unnamed(disks("true", "false")), &unnamed(disks("false", "true"))), Vec::<&str>::new());
    let one = disks("true", "true").replacen("Encrypted: true", "VolumeSize: 8", 1);
    assert!(rules_of(&disks("true", "true"), &one).contains(&"encryption/at-rest-off"));
    assert!(rules_of(&unnamed(disks("true", "true")), &unnamed(one)).contains(&"encryption/at-rest-off"));
    assert!(rules_of(&disks("true", "true"), &disks("false", "true")).contains(&"encryption/at-rest-off"));
}

#[test]
fn a_weakening_in_one_branch_of_a_condition_is_found() {
    let queue =
        |value: &str| format!("{{Q: {{Type: AWS::SQS::Queue, Properties: {{SqsManagedSseEnabled: {value}}}}}}}");
    assert_eq!(rules_of(&queue("true"), &queue("!If [Prd, true, false]")), ["encryption/at-rest-off"]);
    assert_eq!(rules_of(&queue("!If [Prd, true, false]"), &queue("false")), ["encryption/at-rest-off"]);
    assert_eq!(rules_of(&queue("!If [Prd, true, false]"), &queue("true")), Vec::<&str>::new());
    let instance = |value: &str| {
        format!(
            "{{D: {{Type: AWS::RDS::DBInstance, DeletionPolicy: Retain, UpdateReplacePolicy: Retain, Properties: {{PubliclyAccessible: {value}}}}}}}"
        )
    };
    assert_eq!(rules_of(&instance("false"), &instance("!If [Prd, false, true]")), ["exposure/publicly-accessible"]);
}

#[test]
fn a_condition_that_only_narrows_and_an_operator_that_means_the_same_are_no_finding() {
    let policy = |condition: &str| {
        format!(
            "{{P: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {{Statement: [{{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*', Condition: {condition}}}]}}}}}}}}"
        )
    };
    let before = policy("{StringEquals: {'aws:PrincipalTag/team': [a, b]}}");
    assert_eq!(rules_of(&before, &policy("{StringLike: {'aws:PrincipalTag/team': a}}")), Vec::<&str>::new());
    assert_eq!(
        rules_of(&before, &policy("{StringLike: {'aws:PrincipalTag/team': 'a*'}}")),
        ["permissions/condition-removed"]
    );
    assert_eq!(
        rules_of(&before, &policy("{StringEqualsIfExists: {'aws:PrincipalTag/team': a}}")),
        ["permissions/condition-removed"]
    );
    assert_eq!(
        rules_of(&before, &policy("{'ForAnyValue:StringEquals': {'aws:PrincipalTag/team': a}}")),
        ["permissions/condition-removed"]
    );
}

#[test]
fn a_service_of_this_stack_that_a_new_permission_lets_in_is_worth_a_look() {
    let function = "F: {Type: AWS::Lambda::Function, Properties: {Handler: h}}";
    let with = |source: &str| {
        format!(
            "{{{function}, R: {{Type: AWS::Events::Rule, Properties: {{ScheduleExpression: rate(1 day)}}}}, P: {{Type: AWS::Lambda::Permission, Properties: {{FunctionName: !Ref F, Action: 'lambda:InvokeFunction', Principal: events.amazonaws.com{source}}}}}}}"
        )
    };
    let before = format!("{{{function}}}");
    assert_eq!(rules_of(&before, &with(", SourceArn: !GetAtt R.Arn")), Vec::<&str>::new());
    assert_eq!(rules_of(&before, &with("")), ["permissions/service-without-source"]);
}
