//! What holds for the templates of every system, and that the committed ones are what comes out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cfn::{Json, ResourceEntry};
use constructs::{ParameterSource, SynthesizedStack};
use system::StageName;
use systems::{ConfiguredStage, SYSTEMS};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn folder(stage: StageName) -> PathBuf {
    root().join("environments").join(stage.as_str())
}

/// All of a stage.
fn all_of(name: StageName) -> Vec<SynthesizedStack> {
    let files = systems::read(root(), name.as_str()).expect("the committed settings are readable");
    let stage = ConfiguredStage::parse(name.as_str(), &files).expect("the committed settings are valid");
    stage.synth().expect("nothing is refused")
}

fn property<'a>(entry: &'a ResourceEntry, path: &str) -> Option<&'a Json> {
    entry.parts.properties.get(path)
}

#[test]
fn committed_templates_are_what_comes_out() {
    for name in StageName::ALL {
        for stack in all_of(name) {
            let path = folder(name).join("templates").join(format!("{}.yaml", stack.name));
            let committed = fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == stack.template.to_yaml(), "{} is stale: run `infra synth`", path.display());
        }
    }
}

#[test]
fn the_same_stage_gives_the_same_bytes_twice() {
    for name in StageName::ALL {
        let text = |stack: SynthesizedStack| stack.template.to_yaml();
        let once: Vec<_> = all_of(name).into_iter().map(text).collect();
        assert_eq!(once, all_of(name).into_iter().map(text).collect::<Vec<_>>());
    }
}

#[test]
fn a_template_carries_no_account_no_path_no_hash_and_no_time() {
    let of_digits = |word: &str, length| word.len() == length && word.bytes().all(|byte| byte.is_ascii_digit());
    let of_hex = |word: &str| word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    for stack in StageName::ALL.into_iter().flat_map(all_of) {
        let yaml = stack.template.to_yaml();
        for word in yaml.split(|letter: char| !letter.is_ascii_alphanumeric()) {
            assert!(!of_digits(word, 12) && !of_hex(word), "{word} in {}", stack.stack_name);
        }
        assert!(!yaml.contains(env!("CARGO_MANIFEST_DIR")) && !yaml.contains("target/"));
    }
}

#[test]
fn every_parameter_is_checked_before_anything_is_made() {
    for stack in StageName::ALL.into_iter().flat_map(all_of) {
        let template: serde_json::Value = serde_json::from_str(&stack.template.to_json()).expect("JSON");
        for (id, parameter) in template["Parameters"].as_object().into_iter().flatten() {
            let kind = parameter["Type"].as_str().expect("a type");
            let checks = ["AllowedPattern", "AllowedValues", "MinLength", "MinValue"];
            let checked = kind.contains("AWS::") || checks.iter().any(|check| parameter.get(check).is_some());
            assert!(checked, "{id} of {} takes anything", stack.stack_name);
        }
    }
}

#[test]
fn every_parameter_says_where_its_value_comes_from() {
    for stack in StageName::ALL.into_iter().flat_map(all_of) {
        let declared: Vec<_> = stack.template.parameter_ids().map(cfn::LogicalId::as_str).collect();
        let sourced: Vec<_> = stack.parameters.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(declared, sourced, "{}", stack.stack_name);
    }
}

#[test]
fn what_is_asked_for_has_a_default_exactly_where_it_says_so() {
    for stack in StageName::ALL.into_iter().flat_map(all_of) {
        let template: serde_json::Value = serde_json::from_str(&stack.template.to_json()).expect("JSON");
        for (id, source) in &stack.parameters {
            let expected = match source {
                ParameterSource::Asked(asked) => asked.has_default(),
                ParameterSource::Service { .. } => true,
                _ => false,
            };
            let default = template["Parameters"][id].get("Default");
            assert_eq!(default.is_some(), expected, "{id} of {}", stack.stack_name);
        }
    }
}

#[test]
fn every_taggable_resource_is_tagged_with_stage_and_application() {
    for stack in StageName::ALL.into_iter().flat_map(all_of) {
        for entry in stack.template.resources() {
            let Some(tags) = facts::resource_type(&entry.parts.resource_type).and_then(|known| known.tags) else {
                continue;
            };
            let tags = property(entry, tags.property).expect("it is tagged");
            let keys: Vec<_> = match tags.as_object() {
                Some(map) => map.iter().map(|(key, _)| key.as_ref()).collect(),
                None => tags.as_list().into_iter().flatten().filter_map(|tag| tag.get("Key")?.as_str()).collect(),
            };
            assert!(keys.starts_with(&["Stage", "Application"]), "{} of {}: {keys:?}", entry.id, stack.stack_name);
        }
    }
}

#[test]
fn no_two_systems_share_a_name_or_the_asset_that_carries_their_migrations() {
    let names: BTreeSet<_> = SYSTEMS.iter().map(|system| system.name()).collect();
    assert_eq!(names.len(), SYSTEMS.len(), "{names:?}");
    let assets: Vec<_> = SYSTEMS.iter().filter_map(|system| Some((system.name(), system.migrated_by()?))).collect();
    let distinct: BTreeSet<_> = assets.iter().map(|(_, asset)| asset).collect();
    assert_eq!(distinct.len(), assets.len(), "one archive would carry another system's migrations: {assets:?}");
    for (system, _) in assets {
        assert!(root().join("sql").join(system).is_dir(), "{system} has no migrations");
    }
}

#[test]
fn whatever_serves_the_docs_has_their_files_in_its_archive() {
    let documented: BTreeSet<_> = SYSTEMS.iter().filter_map(|system| system.documented_by()).collect();
    for name in StageName::ALL {
        let stacks = all_of(name);
        let mut routes = 0;
        for stack in &stacks {
            let template = stack.template.to_json();
            if template.contains("\"GET /docs\"") {
                let has_files = |source: &ParameterSource| matches!(source, ParameterSource::AssetKey { asset } if documented.contains(asset.as_str()));
                assert!(stack.parameters.iter().any(|(_, source)| has_files(source)), "{}", stack.stack_name);
                assert!(template.contains("\"GET /docs/{file}\""), "{}", stack.stack_name);
                routes += 1;
            }
        }
        assert_eq!(routes, documented.len());
    }
}

#[test]
fn links_name_an_output_of_a_stack_that_is_deployed_before() {
    for name in StageName::ALL {
        let stacks = all_of(name);
        let mut links = 0;
        for (at, taker) in stacks.iter().enumerate() {
            for (id, source) in &taker.parameters {
                let ParameterSource::Output { stack, output } = source else { continue };
                let giver = stacks[..at].iter().find(|giver| giver.name == *stack);
                let giver = giver.unwrap_or_else(|| panic!("{}: {stack} is not deployed before", taker.stack_name));
                let gives = giver.template.outputs().iter().any(|given| given.id().as_str() == output);
                assert!(gives, "{}: {id} takes {output}, which {stack} does not have", taker.stack_name);
                links += 1;
            }
        }
        assert!(links > 0);
    }
}

/// Properties that name what a resource is called in the account, which no two may share.
const NAMES: [&str; 8] =
    ["FunctionName", "QueueName", "TableName", "TopicName", "BucketName", "LayerName", "LogGroupName", "DashboardName"];

#[test]
fn no_two_resources_of_a_stage_have_the_same_name() {
    for stage in StageName::ALL {
        let mut named = BTreeSet::new();
        for stack in all_of(stage) {
            for entry in stack.template.resources() {
                for name in NAMES.iter().filter_map(|name| Some((name, property(entry, name)?.as_str()?))) {
                    assert!(
                        named.insert((name.0, name.1.to_owned())),
                        "{} {} is there twice",
                        stack.stack_name,
                        name.1
                    );
                }
            }
        }
        assert!(named.len() > 10, "{named:?}");
    }
}
