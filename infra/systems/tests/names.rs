//! The rooms of `infra` beside `systems`, and what all end-to-end tests share, know no system: no source file names one, nor a stack, a
//! function, a queue or a table of one.
//!
//! What may not be said comes from the list of systems, their stacks and their crates. A name of several words, such as
//! `OrderQueue`, is found in any spelling and within longer names. So is one of a single word, unless AWS has that word too: then
//! it is English as well (`network`, `delivery`, `catalog`, and `messages` as more than one of them), and found only where a name must stand,
//! such as in quotes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cfn::ResourceEntry;
use constructs::SynthesizedStack;
use system::StageName;
use systems::{ConfiguredStage, SYSTEMS};

/// Resources whose logical ids and names are a system's own. Others are called after what they are, such as `Cluster`.
const NAMED: [(&str, &str); 3] = [
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::SQS::Queue", "QueueName"),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn no_room_but_the_systems_names_a_system() {
    let names = Names::of_systems();
    let is_room = |path: &PathBuf| path.is_dir() && !path.ends_with("systems");
    let mut found = Vec::new();
    let shared = ["harness", "machine", "ministack", "postgres"].map(|room| root().join("tests").join(room));
    for room in entries(&root().join("infra")).into_iter().filter(is_room).chain(shared) {
        let folders = [room.join("src"), room.join("tests")];
        for file in folders.iter().flat_map(|folder| sources(folder)).chain([room.join("Cargo.toml")]) {
            let path = file.strip_prefix(root()).expect("below the root").display().to_string();
            let text = fs::read_to_string(&file).expect("readable");
            for (line, text) in std::iter::once(path.as_str()).chain(text.lines()).enumerate() {
                found.extend(names.found_in(text).map(|name| format!("{path}:{line}: {name}")));
            }
        }
    }
    assert!(found.is_empty(), "these files are for any system:\n{}", found.join("\n"));
}

#[test]
fn a_name_of_any_system_is_found_where_it_stands_for_the_system() {
    let names = Names::of_systems();
    let is_found = |text: &str| names.found_in(text).next().is_some();
    for system in SYSTEMS.iter().map(|system| system.name()) {
        for text in [
            format!("(\"{system}\", 1)"),
            format!("  infra logs {system} --follow"),
            format!("system-{system}.workspace = true"),
            format!("the files of sql/{system}"),
            format!("the system {system}"),
        ] {
            assert!(is_found(&text), "{text}");
        }
    }
    for stack in stacks() {
        for text in [
            format!("{}/Cluster", stack.name),
            format!("of {} too", stack.stack_name),
            format!("templates/{}.yaml", stack.name),
            format!("infra deploy --stage dev {}", stack.name),
        ] {
            assert!(is_found(&text), "{text}");
        }
        let named = stack.template.resources().iter().filter(|entry| property_of(entry).is_some());
        for id in named.map(|entry| entry.id.as_str()).filter(|id| words(id).len() > 1) {
            assert!(is_found(&format!("a{id}Url")) && is_found(&words(id).join("_")), "{id}");
        }
    }
}

#[test]
fn a_word_of_english_or_aws_is_no_name() {
    let names = Names::of_systems();
    for text in [
        "no AWS, no network",
        "a catalog of rules, and the delivery of logs",
        "messages_of(5), ApproximateNumberOfMessages, {\"Messages\": []}",
        "(\"logs:CreateLogDelivery\", \"AWS::EC2::NetworkAcl\")",
        "ServiceCatalog, network_interface, delivery-stream",
        "Network is unreachable",
        "OrderQueue of the stack ShopApi, `shop`",
    ] {
        assert_eq!(names.found_in(text).collect::<Vec<_>>(), Vec::<String>::new(), "{text}");
    }
}

/// What may not be said.
struct Names {
    /// Words in a row, within one identifier.
    of_words: BTreeSet<Vec<String>>,
    /// Single words that are no names elsewhere, as they are spelt.
    of_english: BTreeSet<String>,
}

impl Names {
    fn of_systems() -> Self {
        let dictionary = words_of_aws();
        let mut names = Self { of_words: BTreeSet::new(), of_english: BTreeSet::new() };
        let stacks = stacks();
        let systems = SYSTEMS.iter().map(|system| system.name().to_owned());
        for name in systems.chain(stacks.iter().map(|stack| stack.name.to_owned())) {
            match words(&name).as_slice() {
                [word] if is_english(word, &dictionary) => _ = names.of_english.insert(name),
                words => _ = names.of_words.insert(words.to_vec()),
            }
        }
        let of_several = names_of_resources(&stacks).into_iter().chain(names_of_crates());
        names.of_words.extend(of_several.map(|name| words(&name)).filter(|words| words.len() > 1));
        names
    }

    /// The names that stand in a line.
    fn found_in<'a>(&'a self, line: &'a str) -> impl Iterator<Item = String> + use<'a> {
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        let identifiers = line.split(move |letter| !is_inner(letter)).filter(|text| !text.is_empty());
        let of_words = identifiers.filter(|text| {
            let words = words(text);
            self.of_words.iter().any(|name| words.windows(name.len()).any(|part| part == name))
        });
        let of_english = self.of_english.iter().filter(|name| is_named(line, name));
        of_words.map(str::to_owned).chain(of_english.cloned())
    }
}

/// Whether AWS has a word too, or one of what the word is many of.
fn is_english(word: &str, dictionary: &BTreeSet<String>) -> bool {
    dictionary.contains(word) || word.strip_suffix('s').is_some_and(|one| dictionary.contains(one))
}

/// Whether a word that is English too stands in a line where a name must stand.
fn is_named(line: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        if before.ends_with(is_word) || after.starts_with(is_word) {
            return false;
        }
        // A member of JSON is AWS's word.
        let is_quoted = ['"', '\'', '`'].iter().any(|quote| before.ends_with(*quote) && after.starts_with(*quote))
            && !after.starts_with("\":");
        let of_a_stage = StageName::ALL.iter().any(|stage| after.starts_with(&format!("-{stage}")));
        let is_file = after.starts_with(".yaml") || after.starts_with(".toml");
        let has_a_resource = after.strip_prefix('/').is_some_and(|id| id.starts_with(|c: char| c.is_ascii_uppercase()));
        let is_folder = ["systems/", "functions/", "sql/", "tests/"].iter().any(|folder| before.ends_with(folder));
        let is_told = ["stack ", "system "].iter().any(|kind| before.ends_with(kind));
        // What a command does stands two blanks behind it.
        let is_argument = before.rsplit_once("infra ").is_some_and(|(_, command)| {
            command.ends_with(' ') && !command.contains("  ") && !command.contains(['`', '"', '\''])
        });
        is_quoted || of_a_stage || is_file || has_a_resource || is_folder || is_told || is_argument
    })
}

/// The stacks of every stage.
fn stacks() -> Vec<SynthesizedStack> {
    let of = |stage: StageName| {
        let files = systems::read(root(), stage.as_str()).expect("readable");
        ConfiguredStage::parse(stage.as_str(), &files).expect("valid").synth().expect("nothing is refused")
    };
    StageName::ALL.into_iter().flat_map(of).collect()
}

fn property_of(entry: &ResourceEntry) -> Option<&'static str> {
    let named = NAMED.iter().find(|(resource_type, _)| *resource_type == entry.parts.resource_type);
    named.map(|(_, property)| *property)
}

/// Logical ids, and names without the stage.
fn names_of_resources(stacks: &[SynthesizedStack]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for stack in stacks {
        let stage = stack.stack_name.trim_start_matches(stack.name);
        for entry in stack.template.resources() {
            let Some(property) = property_of(entry) else { continue };
            let name = entry.parts.properties.get(property).and_then(|name| name.as_str());
            names.extend(name.map(|name| name.trim_end_matches(".fifo").trim_end_matches(stage).to_owned()));
            names.insert(entry.id.as_str().to_owned());
        }
    }
    names
}

/// The packages below the folders of a system.
fn names_of_crates() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for system in SYSTEMS.iter().map(|system| system.name()) {
        let of_infra = root().join("infra/systems").join(system);
        for folder in entries(&root().join("functions").join(system)).into_iter().chain([of_infra]) {
            let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
            let manifest: toml::Table = manifest.parse().expect("a manifest");
            names.extend(manifest["package"]["name"].as_str().map(str::to_owned));
        }
    }
    names
}

/// The words of AWS: those in the files that are generated from its specification, which therefore name no system.
fn words_of_aws() -> BTreeSet<String> {
    let generated = ["infra/facts/src/generated", "infra/cfn/src/generated"].map(|folder| root().join(folder));
    let texts = generated.iter().flat_map(|folder| entries(folder)).filter_map(|file| fs::read_to_string(file).ok());
    texts.flat_map(|text| words(&text)).collect()
}

/// `FipeDLQUrl`, `fipe_dlq_url` and `fipe-dlq-url` as `fipe`, `dlq`, `url`.
fn words(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let (before, after) = (at.checked_sub(1).map(|at| letters[at]), letters.get(at + 1));
        let starts = letter.is_uppercase()
            && (before.is_some_and(|before| !before.is_uppercase()) || after.is_some_and(|after| after.is_lowercase()));
        if starts || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The Rust files below a folder that are written by hand.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in entries(folder) {
        if path.is_dir() && !path.ends_with("generated") {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// What is in a folder, in order; nothing where there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let by_name: BTreeMap<_, _> =
        entries.map(|entry| entry.expect("readable")).map(|entry| (entry.file_name(), entry.path())).collect();
    by_name.into_values().collect()
}
