//! No circle of imports between the files of a crate, for every crate of the workspace: each file can be read after those that it names.
//! A file may name the ones above it (`super`, the crate's root), which name it in turn; tests do not count. So what a folder's `mod.rs`
//! owns beside its list of files must not be named by what these need. Reads what rustfmt writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Names from a crate's root to a module, or to an item of one.
type Names = Vec<String>;

#[derive(Default)]
struct Source {
    paths: BTreeSet<Names>,
    /// What is had from elsewhere under a name, re-exports among it.
    imports: BTreeMap<String, Names>,
}

#[test]
fn no_file_needs_one_that_needs_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let (mut wrong, mut folders) = (Vec::new(), vec![root.join("infra"), root.join("functions"), root.join("tests")]);
    while let Some(folder) = folders.pop() {
        let inside = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(inside.filter(|path| path.is_dir() && !path.is_symlink() && !path.ends_with("src")));
        if !folder.join("Cargo.toml").is_file() || !folder.join("src").is_dir() {
            continue;
        }
        let name = folder.strip_prefix(root).unwrap().to_str().unwrap();
        let circle = circle(&files(&folder.join("src")));
        if !circle.is_empty() {
            wrong.push(format!("{name} has one among {}", circle.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "files need each other:\n{}", wrong.join("\n"));
}

#[test]
fn a_circle_is_seen_through_a_re_export_and_a_parent_makes_none() {
    let of = |a: &str, b: &str| {
        let root = "mod a;\nmod b;\n\npub use a::{A, x::Y};\n";
        circle(&[("lib.rs", root), ("a.rs", a), ("b.rs", b)].map(|(path, text)| (module(path), text.to_owned())).into())
    };
    assert_eq!(of("use crate::b::{self, B};", "struct B(crate::A);"), ["a", "b"]);
    assert_eq!(of("use super::b;", "use crate::a::{\n    x::{Y}, Z as X,\n};"), ["a", "b"]);
    assert_eq!(of("// crate::b::B", "use super::A;"), [""; 0]);
    assert_eq!(of("use super::C;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n", "use super::A;"), [""; 0]);
}

/// Modules with their texts.
fn files(src: &Path) -> BTreeMap<Names, String> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![src.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry: std::io::Result<_>| entry.unwrap().path()) {
            let module = module(path.strip_prefix(src).unwrap().to_str().unwrap());
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !module.iter().any(|name| name.ends_with("tests"))
            {
                files.insert(module, fs::read_to_string(PathBuf::from(&path)).unwrap());
            }
        }
    }
    files
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`; the crate's root is empty.
fn module(path: &str) -> Names {
    let names = path.trim_end_matches(".rs").split('/').filter(|name| !["lib", "main", "mod"].contains(name));
    names.map(str::to_owned).collect()
}

fn source(text: &str, here: &[String], modules: &BTreeMap<Names, String>) -> Source {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.take_while(|line| *line != "mod tests {").collect::<Vec<_>>().join("\n");
    let mut source = Source::default();
    for statement in code.split(';').map(str::trim) {
        let Some((_, tree)) =
            statement.split_once("use ").filter(|(before, _)| before.is_empty() || before.ends_with([' ', '\n']))
        else {
            continue;
        };
        for path in expand(&tree.split_whitespace().collect::<Vec<_>>().join(" ")) {
            let (path, alias) =
                path.split_once(" as ").unwrap_or((&path, path.rsplit("::").next().unwrap_or_default()));
            let Some(names) = absolute(path, here, modules) else { continue };
            let alias = if alias == "self" { names.last().cloned().unwrap_or_default() } else { alias.to_owned() };
            source.paths.insert(names.clone());
            source.imports.insert(alias, names);
        }
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    source.paths.extend(code.split(|c| !is_name(c)).filter_map(|path| absolute(path, here, modules)));
    source
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`.
fn expand(tree: &str) -> Vec<String> {
    let Some((head, inner)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            c => parts.last_mut().unwrap().push(c),
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(expand).map(|part| format!("{head}{part}")).collect()
}

/// A path as it is written in a module, from the crate's root; `None` for what is of another crate.
fn absolute(path: &str, here: &[String], modules: &BTreeMap<Names, String>) -> Option<Names> {
    let mut names: Names = path.split("::").filter(|name| *name != "self").map(str::to_owned).collect();
    let mut above = here.to_vec();
    match names.first()?.as_str() {
        "crate" => above.clear(),
        "super" => {}
        _ if path.starts_with("self::")
            || path.contains("::") && modules.contains_key(&[here, &names[..1]].concat()) => {}
        _ => return None,
    }
    while names.first().is_some_and(|name| name == "super" || name == "crate") {
        if names.remove(0) == "super" {
            above.pop();
        }
    }
    Some([above, names].concat())
}

/// The file that has what a path names; re-exports are followed.
fn file(path: &[String], sources: &BTreeMap<Names, Source>, depth: usize) -> Names {
    let at = (0..=path.len()).rev().find(|at| sources.contains_key(&path[..*at])).unwrap_or(0);
    let (module, rest) = path.split_at(at);
    match rest.first().and_then(|name| sources.get(module)?.imports.get(name)).filter(|_| depth > 0) {
        Some(import) => file(&[import, &rest[1..]].concat(), sources, depth - 1),
        None => module.to_vec(),
    }
}

/// The files from which a way leads back to them.
fn circle(files: &BTreeMap<Names, String>) -> Vec<String> {
    let sources: BTreeMap<Names, Source> =
        files.iter().map(|(module, text)| (module.clone(), source(text, module, files))).collect();
    let needs = |module: &Names| {
        let needed = sources[module].paths.iter().map(|path| file(path, &sources, 8));
        needed.filter(|needed| !module.starts_with(needed)).collect::<BTreeSet<_>>()
    };
    let needs: BTreeMap<&Names, BTreeSet<Names>> = sources.keys().map(|module| (module, needs(module))).collect();
    let leads_back = |start: &&Names| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![*start]);
        while let Some(module) = next.pop() {
            next.extend(needs[module].iter().filter(|needed| seen.insert(*needed)));
        }
        seen.contains(*start)
    };
    sources.keys().filter(leads_back).map(|module| module.join("::")).collect()
}
