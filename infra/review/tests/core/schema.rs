//! What the review writes as JSON follows the schema that it publishes.

use review::{Options, Pair, Stages, review};
use serde_json::Value;

use super::{of, pair, resources};

#[test]
fn the_json_follows_the_published_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/review.schema.json")).expect("a schema");
    let role = |action: &str| {
        format!(
            "{{R: {{Type: 'AWS::IAM::Role', Properties: {{AssumeRolePolicyDocument: {{}}, Policies: [{{PolicyName: p, PolicyDocument: {{Statement: {{Effect: Allow, Action: '{action}', Resource: '*'}}}}}}]}}}}, G: {{Type: 'AWS::EC2::SecurityGroup', Properties: {{SecurityGroupIngress: [{{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: {}}}]}}}}}}",
            if action == "*" { "0.0.0.0/0" } else { "10.0.0.0/8" }
        )
    };
    let queue = |fifo: bool| {
        format!(
            "{{Q: {{Type: 'AWS::SQS::Queue', Properties: {{FifoQueue: {fifo}}}}}, F: {{Type: 'AWS::Lambda::Function', Properties: {{Description: !Ref Q}}}}}}"
        )
    };
    let mut reviews = vec![
        resources(&role("s3:GetObject"), &role("*")),
        resources(&queue(false), &queue(true)),
        of("Description: a\nResources: {A: {Type: 'AWS::SNS::Topic'}}", "Resources: {B: {Type: 'AWS::SNS::Topic'}}"),
    ];
    let stage = |name: &str| Pair {
        stage: Some(name.to_owned()),
        ..pair("Resources: {A: {Type: x}}", &format!("Resources: {{A: {{Type: x}}, {name}: {{Type: x}}}}"))
    };
    let stages = vec![Stages { behind: "stg".to_owned(), ahead: "prd".to_owned(), explained: Vec::new() }];
    reviews.push(review(&[stage("stg"), stage("prd")], &Options { stages, ..Options::default() }));
    for key in ["changes", "sections", "skew", "permissions", "ingress"] {
        assert!(
            reviews.iter().any(|review| review.to_json()[key].as_array().is_some_and(|list| !list.is_empty())),
            "no {key} to check"
        );
    }
    for review in &reviews {
        check(&schema, &schema, &review.to_json(), "$");
    }
}

/// The part of JSON Schema that the published one uses; a word that is not known here fails.
fn check(root: &Value, schema: &Value, value: &Value, path: &str) {
    for (word, rule) in schema.as_object().expect("a schema") {
        match word.as_str() {
            "$ref" => {
                let name = rule.as_str().and_then(|text| text.strip_prefix("#/$defs/")).expect("a definition");
                check(root, &root["$defs"][name], value, path);
            }
            "type" => {
                let names: Vec<&str> = rule
                    .as_array()
                    .map_or_else(|| vec![rule], |all| all.iter().collect())
                    .into_iter()
                    .filter_map(Value::as_str)
                    .collect();
                let is = |name: &&str| match *name {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "null" => value.is_null(),
                    _ => panic!("type {name}"),
                };
                assert!(names.iter().any(is), "{path}: {value} is no {rule}");
            }
            "const" => assert_eq!(value, rule, "{path}"),
            "enum" => {
                assert!(rule.as_array().is_some_and(|all| all.contains(value)), "{path}: {value} is not among {rule}");
            }
            "required" => {
                for key in rule.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|_| value.is_object())
                {
                    assert!(value.get(key).is_some(), "{path}: no {key}");
                }
            }
            "items" => value
                .as_array()
                .into_iter()
                .flatten()
                .enumerate()
                .for_each(|(index, item)| check(root, rule, item, &format!("{path}[{index}]"))),
            "properties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    if let Some(rule) = rule.get(key) {
                        check(root, rule, value, &format!("{path}.{key}"));
                    }
                }
            }
            "additionalProperties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    if schema.get("properties").and_then(|properties| properties.get(key)).is_none() {
                        assert!(rule.is_object(), "{path}: {key} is not in the schema");
                        check(root, rule, value, &format!("{path}.{key}"));
                    }
                }
            }
            "$schema" | "title" | "description" | "$defs" => {}
            other => panic!("{path}: the word {other} is not checked"),
        }
    }
}
