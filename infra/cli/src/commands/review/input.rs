//! Templates of two sides, read with git or from files, and paired. Never skips one silently: what cannot be read is an
//! error or a note.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use review::{Pair, Template};

use crate::exit::{Context, Failure};
use crate::project::git_history::{Base, Git, GitError};
use crate::project::repository::Repository;

/// Templates that cannot be parsed, each with file:line:column.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub(crate) struct Unreadable(Vec<String>);

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::failed(error)
    }
}

/// File endings of possible templates.
const ENDINGS: &[&str] = &[".yaml", ".yml", ".json", ".template"];
pub(crate) const STDIN: &str = "-";

/// One side: texts, by the key that pairs them with the other side's.
type Side = BTreeMap<Key, File>;

/// Stage and stack.
type Key = (Option<String>, String);

#[derive(Debug)]
struct File {
    path: String,
    bytes: Vec<u8>,
}

/// Both sides with their names, read and paired.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) stages: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// The committed templates of the working tree against those of the merge base.
pub(crate) fn from_git(repository: &Repository, base: Option<&str>, stages: &[String]) -> Result<Input, Failure> {
    let mut after = Side::new();
    for path in below(&repository.root().join("environments"))? {
        let full = repository.root().join("environments").join(&path);
        place(
            &mut after,
            format!("environments/{path}"),
            fs::read(&full).with_context(|| format!("cannot read {}", full.display()))?,
        );
    }
    // Git runs while the working tree is read.
    let (asked, parsed) = std::thread::scope(|scope| {
        let parsed = scope.spawn(|| read_all(&after));
        let asked = base_of(repository, base, &after);
        (asked, parsed.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let (base, before) = asked?;
    let mut input = paired(before, after, parsed, Unread::IsNoted)?;
    for stage in stages {
        if !input.stages.contains(stage) {
            let known = input.stages.join(", ");
            return Err(Failure::usage(format!("no stage {stage} has templates on either side; there are: {known}")));
        }
    }
    if !stages.is_empty() {
        input.stages.retain(|stage| stages.contains(stage));
        input.pairs.retain(|pair| pair.stage.as_ref().is_some_and(|stage| stages.contains(stage)));
    }
    Ok(Input { before: base.name, after: "working tree".to_owned(), ..input })
}

/// The revision that the working tree is compared with, and its templates.
fn base_of(repository: &Repository, base: Option<&str>, after: &Side) -> Result<(Base, Side), Failure> {
    let git = Git::at(repository.root());
    let usage = |error: GitError| Failure::usage(error.to_string());
    let files = |base: &Base| git.files(&base.commit, "environments", ENDINGS).map(stages_of).map_err(usage);
    let named = match base {
        Some(revision) => Some(git.merge_base(revision).map_err(usage)?),
        None => git.upstream().map_err(usage)?,
    };
    if let Some(base) = named {
        let before = files(&base)?;
        return Ok((base, before));
    }
    let head = git.merge_base("HEAD").map_err(usage)?;
    let before = files(&head)?;
    match is_same(&before, after).then(|| git.merge_base("HEAD~")) {
        Some(Ok(previous)) => {
            let before = files(&previous)?;
            Ok((previous, before))
        }
        Some(Err(error)) if error.is_shallow() => Err(usage(error)),
        // The first commit has none before it.
        _ => Ok((head, before)),
    }
}

fn is_same(one: &Side, two: &Side) -> bool {
    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.0 == two.0 && one.1.bytes == two.1.bytes)
}

fn stages_of(files: Vec<(String, Vec<u8>)>) -> Side {
    let mut side = Side::new();
    files.into_iter().for_each(|(path, bytes)| place(&mut side, path, bytes));
    side
}

/// `environments/<stage>/templates/<stack>.yaml`, and older layouts: any depth below the stage, any of the endings.
fn place(side: &mut Side, path: String, bytes: Vec<u8>) {
    let parts: Vec<&str> = path.split('/').collect();
    let [_, stage, middle @ .., file] = parts.as_slice() else { return };
    let key = (Some((*stage).to_owned()), stem(file).to_owned());
    let is_committed = middle == ["templates"];
    // If a stage has a file of the same name elsewhere too, the one in `templates` counts.
    if is_committed || (!side.contains_key(&key) && looks_like_a_template(&bytes)) {
        side.insert(key, File { path, bytes });
    }
}

fn stem(file: &str) -> &str {
    ENDINGS.iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file)
}

fn looks_like_a_template(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("Resources") || text.contains("AWSTemplateFormatVersion")
}

/// Two templates of any name, or two folders; either file may be [`STDIN`].
pub(crate) fn from_files(before: &Path, after: &Path) -> Result<Input, Failure> {
    if before == Path::new(STDIN) && after == Path::new(STDIN) {
        return Err(Failure::usage("only one of --before and --after can be stdin"));
    }
    let name = |path: &Path| if path == Path::new(STDIN) { "stdin".to_owned() } else { path.display().to_string() };
    let (is_folder_before, is_folder_after) = (before.is_dir(), after.is_dir());
    let (mut old, mut new) = match (is_folder_before, is_folder_after) {
        (true, true) => (folder(before)?, folder(after)?),
        (false, false) => (file(before, after)?, file(after, after)?),
        (true, false) | (false, true) => {
            return Err(Failure::usage(format!(
                "{} and {} must be two files or two folders",
                name(before),
                name(after)
            )));
        }
    };
    let mut notes = Vec::new();
    if is_folder_before {
        for side in [&mut old, &mut new] {
            side.retain(|_, file| {
                let is_template = looks_like_a_template(&file.bytes);
                if !is_template {
                    notes.push(format!("{} is no template and was left out", file.path));
                }
                is_template
            });
        }
        if old.is_empty() && new.is_empty() {
            return Err(Failure::usage(format!(
                "there are no templates below {} and {}; they end in {}",
                name(before),
                name(after),
                ENDINGS.join(", ")
            )));
        }
    }
    let parsed = read_all(&new);
    let mut input = paired(old, new, parsed, Unread::IsFatal)?;
    input.notes.splice(0..0, notes);
    Ok(Input { before: name(before), after: name(after), ..input })
}

fn file(path: &Path, named: &Path) -> Result<Side, Failure> {
    let mut bytes = Vec::new();
    if path == Path::new(STDIN) {
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read stdin")?;
    } else {
        bytes = fs::read(path).map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    }
    let shown = if path == Path::new(STDIN) { "stdin".to_owned() } else { path.display().to_string() };
    let stack = named.file_name().map_or_else(|| "template".to_owned(), |file| file.to_string_lossy().into_owned());
    let stack = if named == Path::new(STDIN) { "template".to_owned() } else { stem(&stack).to_owned() };
    Ok(Side::from([((None, stack), File { path: shown, bytes })]))
}

/// By the path below the folder without its ending, so that a template may change from JSON to YAML; with the ending if two share it.
/// Folders laid out as `<stage>/templates/` have stages.
fn folder(root: &Path) -> Result<Side, Failure> {
    let paths = below(root)?;
    let mut side = Side::new();
    for path in &paths {
        let full = root.join(path);
        let bytes = fs::read(&full).with_context(|| format!("cannot read {}", full.display()))?;
        let is_shared = paths.iter().filter(|other| stem(other) == stem(path)).count() > 1;
        let name = if is_shared { path.as_str() } else { stem(path) };
        let parts: Vec<&str> = name.split('/').collect();
        let key = match parts.as_slice() {
            [.., stage, "templates", stack] => (Some((*stage).to_owned()), (*stack).to_owned()),
            _ => (None, name.to_owned()),
        };
        side.insert(key, File { path: full.display().to_string(), bytes });
    }
    Ok(side)
}

/// Files that may be templates, at any depth below a folder, by their path with slashes. Hidden folders are skipped.
fn below(root: &Path) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, path)) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let inner = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            // A link to a folder could form a cycle.
            if entry.file_type()?.is_dir() {
                if !name.starts_with('.') {
                    folders.push((entry.path(), inner));
                }
            } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                found.push(inner);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// How to treat a template of the before side that cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    /// It is history: note it, and treat the stack as new.
    IsNoted,
    IsFatal,
}

/// Each file as a template, or the reason why it is not one.
type Parsed = BTreeMap<Key, Result<Template, String>>;

/// Parsing is most of the work: one thread for each half.
fn read_all(side: &Side) -> Parsed {
    let files: Vec<(&Key, &File)> = side.iter().collect();
    let (one, two) = files.split_at(files.len() / 2);
    let all =
        |files: &[(&Key, &File)]| -> Parsed { files.iter().map(|(key, file)| ((*key).clone(), read(file))).collect() };
    std::thread::scope(|scope| {
        let one = scope.spawn(|| all(one));
        let mut found = all(two);
        found.extend(one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        found
    })
}

/// `new`: the result of [`read_all`] for the after side.
fn paired(before: Side, after: Side, mut new: Parsed, unread: Unread) -> Result<Input, Unreadable> {
    let mut input = Input::default();
    let mut unreadable = Vec::new();
    let mut keys: Vec<&Key> = before.keys().chain(after.keys()).collect::<BTreeSet<_>>().into_iter().collect();
    keys.sort_by_key(|(stage, stack)| (stage.as_deref().map(rank), stage.clone(), stack.clone()));
    let is_same = |key: &Key| before.get(key).zip(after.get(key)).is_some_and(|(old, new)| old.bytes == new.bytes);
    // What is the same on both sides is parsed once.
    let changed = before.iter().filter(|(key, _)| !is_same(key));
    let changed = changed.map(|(key, file)| (key.clone(), File { path: file.path.clone(), bytes: file.bytes.clone() }));
    let mut old = read_all(&changed.collect());
    for key in keys {
        let (stage, stack) = key;
        let new = new.remove(key).and_then(|read| read.map_err(|error| unreadable.push(error)).ok());
        let old = match (old.remove(key), unread) {
            (Some(Ok(template)), _) => Some(template),
            (Some(Err(error)), Unread::IsNoted) => {
                input.notes.push(format!("before, {error}; the stack is shown as new"));
                None
            }
            (Some(Err(error)), Unread::IsFatal) => {
                unreadable.push(error);
                None
            }
            (None, _) => new.clone().filter(|_| is_same(key)),
        };
        if let Some(stage) = stage.as_ref().filter(|stage| !input.stages.contains(stage)) {
            input.stages.push(stage.clone());
        }
        input.pairs.push(Pair { stage: stage.clone(), stack: stack.clone(), before: old, after: new });
    }
    if unreadable.is_empty() { Ok(input) } else { Err(Unreadable(unreadable)) }
}

/// The order in which a change reaches the stages; stages with other names follow.
fn rank(stage: &str) -> usize {
    ["local", "dev", "stg", "prd"].iter().position(|known| *known == stage).unwrap_or(usize::MAX)
}

fn read(file: &File) -> Result<Template, String> {
    let text = std::str::from_utf8(&file.bytes).map_err(|error| {
        let good = &file.bytes[..error.valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = good.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        format!("{}:{line}:{column}: not UTF-8 text", file.path)
    })?;
    review::parse(&file.path, text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use test_machine::git;

    use super::*;

    fn compared(before: Side, after: Side, unread: Unread) -> Result<Input, Unreadable> {
        let parsed = read_all(&after);
        paired(before, after, parsed, unread)
    }

    const ONE: &[u8] = b"Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n";

    fn names(side: &Side) -> Vec<(Option<&str>, &str)> {
        side.keys().map(|(stage, stack)| (stage.as_deref(), stack.as_str())).collect()
    }

    #[test]
    fn older_layouts_have_the_same_stages_and_stacks() {
        let mut side = Side::new();
        for path in [
            "environments/dev/templates/ShopApi.yaml",
            "environments/stg/ShopApi.json",
            "environments/prd/out/x/ShopApi.template",
        ] {
            place(&mut side, path.to_owned(), ONE.to_vec());
        }
        place(&mut side, "environments/dev/other/ShopApi.json".to_owned(), ONE.to_vec());
        place(&mut side, "environments/prd/settings.json".to_owned(), b"{}".to_vec());
        let expected = [(Some("dev"), "ShopApi"), (Some("prd"), "ShopApi"), (Some("stg"), "ShopApi")];
        assert_eq!(names(&side), expected);
        assert!(side.values().any(|file| file.path == "environments/dev/templates/ShopApi.yaml"));
    }

    #[test]
    fn folders_are_paired_by_their_paths_whatever_the_format() {
        let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (root, path) in [
            (&before, "a/stack.json"),
            (&after, "a/stack.yaml"),
            (&before, "gone.yml"),
            (&after, "prd/templates/Api.yaml"),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = if path.extension().is_some_and(|ending| ending == "json") {
                &br#"{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}"#[..]
            } else {
                ONE
            };
            fs::write(path, text).unwrap();
        }
        fs::write(after.path().join("compose.yml"), "services: {}").unwrap();
        let input = from_files(before.path(), after.path()).unwrap();
        let pairs: Vec<_> = input
            .pairs
            .iter()
            .map(|pair| (pair.stage.as_deref(), pair.stack.as_str(), pair.before.is_some(), pair.after.is_some()))
            .collect();
        assert_eq!(
            pairs,
            [(None, "a/stack", true, true), (None, "gone", true, false), (Some("prd"), "Api", false, true)]
        );
        assert_eq!(input.stages, ["prd"]);
        assert!(input.notes[0].contains("compose.yml"), "{:?}", input.notes);
    }

    #[test]
    fn a_template_that_cannot_be_read_is_named_with_line_and_column_and_of_the_base_only_noted() {
        let side = |bytes: &[u8]| {
            Side::from([((None, "s".to_owned()), File { path: "s.yaml".to_owned(), bytes: bytes.to_vec() })])
        };
        let error = compared(side(ONE), side(b"Resources:\n  Queue: [\n"), Unread::IsFatal).unwrap_err().to_string();
        assert!(error.starts_with("s.yaml:"), "{error}");
        let error = compared(side(ONE), side(b"Resources:\n  \xff"), Unread::IsFatal).unwrap_err().to_string();
        assert!(error.starts_with("s.yaml:2:3:"), "{error}");
        let input = compared(side(b"Resources: ["), side(ONE), Unread::IsNoted).unwrap();
        assert!(input.pairs[0].before.is_none() && input.notes[0].contains("s.yaml:"), "{:?}", input.notes);
    }

    #[test]
    fn a_branch_is_read_with_what_is_not_committed_against_where_it_left_main() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let template = |stage: &str, text: &[u8]| {
            fs::create_dir_all(root.join(format!("environments/{stage}/templates"))).unwrap();
            fs::write(root.join(format!("environments/{stage}/templates/Api.yaml")), text).unwrap();
        };
        let read = |base: Option<&str>, stages: &[String]| from_git(&Repository::at(root), base, stages).unwrap();
        let told = |input: &Input| -> Vec<String> {
            let count =
                |template: &Option<Template>| template.as_ref().map_or(0, |template| template.resources().len());
            let pairs = input.pairs.iter();
            pairs
                .map(|pair| format!("{} {} {}", pair.stage.clone().unwrap(), count(&pair.before), count(&pair.after)))
                .collect()
        };
        let two = [ONE, b"  Topic:\n    Type: AWS::SNS::Topic\n"].concat();
        git(root, &["init", "-q", "-b", "main"]);
        template("dev", ONE);
        template("prd", ONE);
        git(root, &["add", "."]);
        git(root, &["commit", "-q", "-m", "first"]);

        // On main: uncommitted changes, and if everything is committed, the last commit.
        template("prd", &two);
        assert_eq!(told(&read(None, &[])), ["dev 1 1", "prd 1 2"]);
        git(root, &["commit", "-q", "-a", "-m", "second"]);
        assert_eq!(told(&read(None, &[])), ["dev 1 1", "prd 1 2"]);

        // On a branch: everything that it did, including a new stage and a deleted one.
        git(root, &["checkout", "-q", "-b", "topic"]);
        fs::remove_dir_all(root.join("environments/dev")).unwrap();
        git(root, &["commit", "-q", "-a", "-m", "third"]);
        template("stg", ONE);
        let input = read(None, &[]);
        assert_eq!(told(&input), ["dev 1 0", "stg 0 1", "prd 2 2"]);
        assert!(input.before.starts_with("main ("), "{}", input.before);
        assert_eq!(told(&read(Some("main~"), &["prd".to_owned()])), ["prd 1 2"]);
        let error = from_git(&Repository::at(root), None, &["qa".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("qa") && error.contains("dev, stg, prd"), "{error}");
    }
}
