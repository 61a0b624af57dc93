//! A small made-up specification, from its packages to facts and Rust.

#![expect(clippy::unwrap_used, reason = "what a test sets up fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write as _};

use cfn_codegen::facts::Service;
use cfn_codegen::generate::generate;
use cfn_codegen::import::{Import, import, unchecked_patterns};
use serde_json::json;

/// An npm package with a data base of one service that is asked for and one that is not.
fn service_spec() -> Vec<u8> {
    let data_base = json!({"idCtr": 0, "schema": {
        "resource": {"type": "entities", "entities": [
            {
                "$id": "1", "cloudFormationType": "AWS::Zoo::Animal", "name": "Animal", "documentation": "A sentence of AWS's.",
                "isStateful": true,
                "tagInformation": {"tagPropertyName": "Tags", "variant": "standard"},
                "attributes": {
                    "Arn": {"type": {"type": "string"}, "documentation": "A sentence."},
                    "Home.Address": {"type": {"type": "string"}},
                    "Home": {"type": {"type": "ref", "reference": {"$ref": "10"}}},
                    "Ages": {"type": {"type": "array", "element": {"type": "integer"}}}
                },
                "properties": {
                    "AnimalName": {"type": {"type": "string"}, "required": true, "causesReplacement": "yes", "documentation": "A sentence."},
                    "Legs": {"type": {"type": "integer"}},
                    "Weight": {"type": {"type": "number"}, "causesReplacement": "maybe"},
                    "Tame": {"type": {"type": "boolean"}},
                    "Type": {"type": {"type": "string", "allowedValues": ["bird", "fish"]}},
                    "Home": {"type": {"type": "ref", "reference": {"$ref": "10"}}, "required": true},
                    "Policy": {"type": {"type": "union", "types": [{"type": "json"}, {"type": "string"}]}, "scrutinizable": "InlineResourcePolicy"},
                    "KeeperARNs": {"type": {"type": "array", "element": {"type": "string"}}},
                    "Names": {"type": {"type": "map", "element": {"type": "string"}}},
                    "Born": {"type": {"type": "date-time"}},
                    "Password": {"type": {"type": "string"}},
                    "Tags": {"type": {"type": "array", "element": {"type": "tag"}}}
                }
            },
            {
                "$id": "2", "cloudFormationType": "AWS::Zoo::Empty", "name": "Empty", "scrutinizable": "IngressRuleResource", "attributes": {}, "properties": {}
            },
            {
                "$id": "3", "cloudFormationType": "AWS::Other::Thing", "name": "Thing", "isStateful": true, "scrutinizable": "SsoPermissionSet", "attributes": {}, "properties": {}
            }
        ]},
        "typeDefinition": {"type": "entities", "entities": [
            {"$id": "10", "name": "Home", "properties": {
                "Address": {"type": {"type": "string"}, "required": true},
                "Type": {"type": {"type": "string", "allowedValues": ["cage", "pond"]}},
                "Inner": {"type": {"type": "ref", "reference": {"$ref": "10"}}}
            }}
        ]}
    }});
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(data_base.to_string().as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(packed.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "package/db.json.gz", packed.as_slice()).unwrap();
    archive.into_inner().unwrap().finish().unwrap()
}

/// A wheel with the schema of one type.
fn cfn_lint() -> Vec<u8> {
    let index = json!({"AWS::Zoo::Animal": "abc"});
    let schema = json!({
        "typeName": "AWS::Zoo::Animal",
        "description": "A sentence.",
        "writeOnlyProperties": ["/properties/Password", "/properties/Home/Address"],
        "createOnlyProperties": ["/properties/Home/Type"],
        "handlers": {
            "create": {"permissions": ["zoo:CreateAnimal", "zoo:GetAnimal"]},
            "read": {"permissions": ["zoo:GetAnimal"]}
        },
        "properties": {
            "AnimalName": {"type": "string", "pattern": "^[a-z-]+$", "minLength": 1, "maxLength": 20},
            "Legs": {"type": "integer", "minimum": 0, "maximum": 1000},
            "Weight": {"type": "number", "minimum": 0.5},
            "Type": {"type": "string", "enum": ["bird", "snake"]},
            "KeeperARNs": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "pattern": "^(?!x)arn:"}},
            "Names": {"type": "object", "patternProperties": {".*": {"type": "string", "maxLength": 9}}},
            "Home": {"$ref": "#/definitions/Home"}
        },
        "definitions": {"Home": {"type": "object", "properties": {
            "Address": {"type": "string", "maxLength": 99}, "Inner": {"$ref": "#/definitions/Home"}
        }}}
    });
    let mut wheel = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in [("providers/us-east-1", index), ("resources/abc", schema)] {
        wheel.start_file(format!("cfnlint/data/schemas/{name}.json"), options).unwrap();
        wheel.write_all(content.to_string().as_bytes()).unwrap();
    }
    wheel.finish().unwrap().into_inner()
}

fn imported() -> Import {
    import(&service_spec(), cfn_lint(), &BTreeSet::from(["Zoo".to_owned()])).unwrap()
}

#[test]
fn facts_hold_what_both_sources_say_and_none_of_their_sentences() {
    let text = imported().services["Zoo"].to_text().unwrap();
    assert!(!text.contains("sentence"));
    insta::assert_snapshot!(text);
}

#[test]
fn facts_read_back_as_they_were_written() {
    let services = imported().services;
    let text = services["Zoo"].to_text().unwrap();
    assert_eq!(serde_json::from_str::<Service>(&text).unwrap(), services["Zoo"]);
}

#[test]
fn stateful_types_of_all_services_are_kept() {
    assert_eq!(imported().stateful, BTreeSet::from(["AWS::Zoo::Animal".to_owned(), "AWS::Other::Thing".to_owned()]));
}

#[test]
fn types_of_other_services_are_a_line_each() {
    assert_eq!(imported().outlines, "AWS::Other::Thing\n");
}

#[test]
fn patterns_that_cannot_be_checked_are_listed() {
    assert_eq!(unchecked_patterns(&imported().services), ["AWS::Zoo::Animal KeeperARNs: ^(?!x)arn:"]);
}

#[test]
fn a_service_becomes_a_module_and_its_tables() {
    let Import { services, stateful, .. } = imported();
    let outlines = "AWS::Other::Place Name! Name.Key? Secret!~\nAWS::Other::Thing\n";
    let files: BTreeMap<String, String> = generate(&services, &stateful, outlines).unwrap();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let (cfn, facts) = ("cfn/src/generated", "facts/src/generated");
    let builders = ["aws_zoo.rs", "mod.rs", "required.rs"].map(|name| format!("{cfn}/{name}"));
    let tables = ["aws_zoo.rs", "mod.rs", "outlines.rs"].map(|name| format!("{facts}/{name}"));
    assert_eq!(names, [builders, tables].concat());
    insta::assert_snapshot!("module", files[&format!("{cfn}/aws_zoo.rs")]);
    insta::assert_snapshot!("required", files[&format!("{cfn}/required.rs")]);
    insta::assert_snapshot!("tables", files[&format!("{facts}/aws_zoo.rs")]);
    insta::assert_snapshot!("outlines", files[&format!("{facts}/outlines.rs")]);
    insta::assert_snapshot!("index", files[&format!("{facts}/mod.rs")]);
}
