//! Every resource knows the line of `infra/systems` that declares it, also one that a construct makes inside.

use std::fs;
use std::path::Path;

use constructs::SynthesizedStack;
use system::StageName;
use systems::ConfiguredStage;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn stacks_of(name: StageName) -> Vec<SynthesizedStack> {
    let files = systems::read(root(), name.as_str()).expect("readable");
    ConfiguredStage::parse(name.as_str(), &files).expect("valid").synth().expect("nothing is refused")
}

/// The statement that starts at a line, its end marked by a line that ends with `;` or `}`.
fn statement(file: &str, line: u32) -> String {
    let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut statement = String::new();
    for line in source.lines().skip(line as usize - 1) {
        statement.push_str(line);
        if line.ends_with(';') || line.trim() == "}" {
            break;
        }
    }
    statement
}

/// `ManufacturerQueueDeadLetters` as `manufacturer`, `queue`, `dead`, `letters`.
fn words(id: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in id.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_ascii_uppercase() => word.push(letter),
            _ => words.push(letter.to_ascii_lowercase().to_string()),
        }
    }
    words
}

#[test]
fn every_resource_of_every_stage_knows_the_statement_in_our_stacks_that_declares_it() {
    for stack in StageName::ALL.into_iter().flat_map(stacks_of) {
        for entry in stack.template.resources() {
            let (file, line) = stack.declared_at(entry.id.as_str()).expect("it is in the stack");
            assert!(file.starts_with("infra/systems/"), "{} is declared at {file}:{line}", entry.id);
            let statement = statement(file, line).to_ascii_lowercase();
            let names_it = words(entry.id.as_str()).iter().any(|word| word.len() > 2 && statement.contains(word));
            // Routes and their integrations come from a list.
            let mentioned = names_it || statement.contains("route.id") || statement.contains(" route, ");
            assert!(mentioned, "{file}:{line} does not speak of {}: {statement}", entry.id);
        }
    }
}

#[test]
fn what_a_construct_makes_inside_is_declared_where_the_construct_is_used() {
    let stacks = stacks_of(StageName::Prd);
    let declaration = |id: &str| {
        let found = stacks.iter().find_map(|stack| stack.declared_at(id));
        let (file, line) = found.unwrap_or_else(|| panic!("{id} is in no stack"));
        let source = fs::read_to_string(root().join(file)).expect("readable");
        source.lines().nth(line as usize - 1).expect("a line").trim().to_owned()
    };
    for (id, expected) in [
        ("ManufacturerQueueDeadLetters", "let manufacturer_queue = queue("),
        ("PriceQueue", "let price_queue = queue("),
        ("FipeModelLoaderLogGroup", "let model_loader = stage.function("),
        ("FipeModelLoaderRole", "let model_loader = stage.function("),
        ("FipeModelLoaderSource", "consume(&mut stack, settings, &model_loader"),
        ("FipeManufacturerLoaderAsyncInvoke", "manufacturer_loader.configure_async_invoke("),
        ("ClusterWriter", "let cluster = DatabaseCluster::new("),
        ("OwnerSecretAttachment", "let cluster = DatabaseCluster::new("),
        ("FipeDbInitRole", "let db_init = stage.function("),
        ("SqsEndpoint", "add_endpoints(&mut stack"),
        ("Schema", "stack.add(\"Schema\""),
    ] {
        let line = declaration(id);
        assert!(line.contains(expected), "{id}: {line}");
    }
}

#[test]
fn a_location_is_no_part_of_a_template() {
    for stack in StageName::ALL.into_iter().flat_map(stacks_of) {
        assert!(!stack.template.to_yaml().contains(".rs"), "{}", stack.stack_name);
    }
    let stacks = stacks_of(StageName::Dev);
    assert_eq!(stacks[0].declared_at("NotThere"), None);
}
