//! Every dependency that a crate declares is named in its sources, and every one of the workspace is declared by a crate.
//! A crate that is needed for its features alone stands in `EXCEPTIONS`, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Crate, dependency and why no source names it. One that is named after all is refused, so that this list stays short.
const EXCEPTIONS: [(&str, &str, &str); 0] = [];

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn manifest(folder: &Path) -> Table {
    let file = folder.join("Cargo.toml");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn members(workspace: &Table) -> Vec<PathBuf> {
    let members = workspace["members"].as_array().expect("a list");
    members.iter().map(|member| root().join(member.as_str().expect("a path"))).collect()
}

/// The code below a folder, without its comments and without members that lie inside.
fn sources(folder: &Path, members: &[PathBuf]) -> String {
    let mut code = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("readable").path()) {
        if entry.is_dir() && !members.contains(&entry) {
            code.push_str(&sources(&entry, members));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&entry).expect("readable");
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                code.push_str(line);
                code.push('\n');
            }
        }
    }
    code
}

/// As the start of a path (`serde_json::json`), or as all of one (`use serde_json;`).
fn is_named(dependency: &str, code: &str) -> bool {
    let name = dependency.replace('-', "_");
    code.match_indices(&name).any(|(start, _)| {
        let (before, after) = (&code[..start], &code[start + name.len()..]);
        let is_start = !before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        let is_inner = before.ends_with("::") && !before.trim_end_matches("::").ends_with([' ', '(', '<', '&', '\n']);
        let is_import = before.ends_with("use ") && after.starts_with([';', ' ', ',']);
        is_start && !is_inner && (after.starts_with("::") || is_import)
    })
}

/// Dependencies by section, also those of one platform alone.
fn declared(manifest: &Table) -> BTreeMap<&'static str, BTreeSet<String>> {
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables: Vec<&Table> = platforms.filter_map(Value::as_table).chain([manifest]).collect();
    let of = |section: &'static str| {
        tables.iter().filter_map(move |table| table.get(section)?.as_table()).flat_map(Table::keys).cloned()
    };
    SECTIONS.into_iter().map(|section| (section, of(section).collect())).collect()
}

#[test]
fn every_declared_dependency_is_used() {
    let workspace = manifest(root())["workspace"].as_table().expect("a table").clone();
    let members = members(&workspace);
    let (mut unused, mut declarations) = (Vec::new(), BTreeSet::new());
    for member in &members {
        let manifest = manifest(member);
        let name = manifest["package"]["name"].as_str().expect("a name");
        let product = sources(&member.join("src"), &members);
        let everything = sources(member, &members);
        for (section, dependencies) in declared(&manifest) {
            // A build script may use its own alone; the rest of the crate may be tests and benches.
            let code = if section == "dependencies" { &product } else { &everything };
            for dependency in dependencies {
                let excepted = EXCEPTIONS.iter().any(|(of, what, _)| (*of, *what) == (name, dependency.as_str()));
                if is_named(&dependency, code) == excepted {
                    unused.push(format!("{name}: {dependency} of [{section}]"));
                }
                declarations.insert(dependency);
            }
        }
    }
    assert!(declarations.len() > 50, "{declarations:?}");
    assert!(unused.is_empty(), "declared, but not used by the sources it is for: {unused:#?}");
    let offered = workspace["dependencies"].as_table().expect("a table").keys();
    let idle: Vec<_> = offered.filter(|name| !declarations.contains(*name)).collect();
    assert!(idle.is_empty(), "in [workspace.dependencies], but of no crate: {idle:?}");
}

#[test]
fn a_dependency_is_told_from_what_is_named_alike() {
    for code in
        ["use serde_json::json;", "serde_json::to_string(&1)", "use serde_json;", "fn a() -> ::serde_json::Value"]
    {
        assert!(is_named("serde-json", code), "{code}");
    }
    for code in
        ["use my_serde_json::json;", "let serde_json = 1;", "use crate::serde_json::json;", "serde_json_more::a()"]
    {
        assert!(!is_named("serde-json", code), "{code}");
    }
}
