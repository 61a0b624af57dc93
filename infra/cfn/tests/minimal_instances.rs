//! A minimal instance of every generated type, in the eyes of cfn-lint.

mod tools;

use cfn::{Json, RawResource, Template};
use facts::{Kind, Property, Rule, Schema, resource_types};

/// cfn-lint's rules about the form: resource types, required properties, types of values, and the template itself.
const FORM: [&str; 5] = ["E3001", "E3003", "E3006", "E3012", "E0000"];

/// Types of which one property or another is required, which no single property can say.
const ONE_OR_ANOTHER: [&str; 14] = [
    "AWSCloudFormationHookDefaultVersion",
    "AWSCloudFormationHookTypeConfig",
    "AWSCloudFormationModuleDefaultVersion",
    "AWSCloudFormationPublicTypeVersion",
    "AWSCloudFormationResourceDefaultVersion",
    "AWSCloudFormationStack",
    "AWSCloudFormationStackSet",
    "AWSCloudFormationTypeActivation",
    "AWSEC2LocalGatewayRoute",
    "AWSEC2VPCBlockPublicAccessExclusion",
    "AWSEC2Volume",
    "AWSIAMPolicy",
    "AWSLogsTransformer",
    "AWSRDSGlobalCluster",
];

fn required(properties: &'static [Property], depth: usize) -> Json {
    let needed = properties.iter().filter(|property| property.required);
    Json::object(needed.map(|property| (property.name, value(&property.schema, depth))))
}

/// Something of the right form. Patterns are not followed: the rules about values are not what is tried here.
fn value(schema: &'static Schema, depth: usize) -> Json {
    match schema.kind {
        Kind::String => match schema.rules.iter().find_map(values) {
            Some(values) => values[0].into(),
            None => "x".into(),
        },
        Kind::Timestamp => "2026-01-01T00:00:00Z".into(),
        Kind::Integer | Kind::Number => {
            let least =
                schema.rules.iter().find_map(|rule| if let Rule::Minimum(least) = rule { Some(*least) } else { None });
            Json::Integer(least.unwrap_or(1.0).ceil() as i64)
        }
        Kind::Boolean => true.into(),
        Kind::Json => Json::object([("Version", "2012-10-17")]),
        Kind::Tag => Json::object([("Key", "k"), ("Value", "v")]),
        Kind::List(item) if depth < 6 => Json::list([value(item, depth + 1)]),
        Kind::Map(item) if depth < 6 => Json::object([("key", value(item, depth + 1))]),
        Kind::List(_) => Json::List(Vec::new()),
        Kind::Map(_) => Json::Object(Vec::new()),
        Kind::Object(definition) => required(definition.properties, depth + 1),
    }
}

fn values(rule: &Rule) -> Option<&'static [&'static str]> {
    match rule {
        Rule::Values(values) | Rule::ValuesInAnyCase(values) => Some(values),
        _ => None,
    }
}

#[test]
fn cfn_lint_knows_every_type_and_every_required_property() {
    let mut template = Template::new("Minimal");
    for known in resource_types() {
        let Json::Object(entries) = required(known.properties, 0) else { unreachable!() };
        let mut resource = RawResource::new(known.name);
        for (name, value) in entries {
            resource = resource.property(name.into_owned(), value);
        }
        template.add(known.name.replace("::", ""), resource);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("minimal.yaml");
    std::fs::write(&path, template.to_yaml()).unwrap();
    let output = test_machine::command(tools::tool("cfn-lint"))
        .args(["--regions", "us-east-1", "--format", "json", "--template"])
        .arg(&path)
        .output()
        .unwrap();
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let about_form: Vec<String> = found
        .iter()
        .filter(|each| {
            let unknown_property = each["Message"].as_str().unwrap().contains("Additional properties");
            let form = FORM.contains(&each["Rule"]["Id"].as_str().unwrap());
            let either = ONE_OR_ANOTHER.contains(&each["Location"]["Path"][1].as_str().unwrap());
            unknown_property || form && !either
        })
        .map(|each| format!("{}: {} {}", each["Rule"]["Id"], each["Location"]["Path"], each["Message"]))
        .collect();
    assert_eq!(about_form, [""; 0], "{} lines", about_form.len());
    assert!(!found.is_empty(), "values that follow no pattern are noticed, so that the run is a real one");
}
