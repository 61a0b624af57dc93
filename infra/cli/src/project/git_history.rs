//! Files of another revision, read with git itself. Never guesses: an unknown revision is an error that says what
//! to do, and nothing is fetched or changed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Git cannot answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("cannot start git: {0}; install it, or compare files with --before and --after")]
    NotInstalled(std::io::Error),
    #[error("{} is not in a git repository: compare files with --before and --after instead", .0.display())]
    NoRepository(PathBuf),
    #[error("git knows no revision {revision}{hint}")]
    UnknownRevision { revision: String, hint: &'static str },
    #[error("{revision} and HEAD have no commit in common{hint}")]
    NoMergeBase { revision: String, hint: &'static str },
    #[error("git {command} failed: {reason}")]
    Failed { command: String, reason: String },
}

impl GitError {
    /// The necessary history was not fetched.
    pub(crate) fn is_shallow(&self) -> bool {
        match self {
            Self::UnknownRevision { hint, .. } | Self::NoMergeBase { hint, .. } => *hint == SHALLOW,
            _ => false,
        }
    }
}

const SHALLOW: &str =
    ": this clone is shallow; run `git fetch --unshallow`, or let the checkout fetch all history (fetch-depth: 0)";
const FETCH: &str = ": fetch it first (`git fetch origin`), or name another with --base";

/// A commit and its name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) commit: String,
    /// Such as `origin/main (1a2b3c4)`.
    pub(crate) name: String,
}

/// A file of a revision: its path below the requested folder, and its bytes.
pub(crate) type File = (String, Vec<u8>);

/// Git, run in a folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Git<'a> {
    folder: &'a Path,
}

impl<'a> Git<'a> {
    pub(crate) fn at(folder: &'a Path) -> Self {
        Self { folder }
    }

    /// The last commit that HEAD and `revision` have in common.
    pub(crate) fn merge_base(&self, revision: &str) -> Result<Base, GitError> {
        let output = self.output(&["merge-base", "--end-of-options", revision, "HEAD"])?;
        if output.status.success() {
            let commit = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            let short = commit.get(..7).unwrap_or(&commit);
            return Ok(Base { name: format!("{revision} ({short})"), commit });
        }
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        if reason.contains("not a git repository") {
            return Err(GitError::NoRepository(self.folder.to_owned()));
        }
        let is_shallow = self.text(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer == "true");
        let revision = revision.to_owned();
        // For a missing merge base there is no message, only an exit code.
        match output.status.code() {
            Some(1) => Err(GitError::NoMergeBase { revision, hint: if is_shallow { SHALLOW } else { "" } }),
            _ if reason.contains("Not a valid object name")
                || reason.contains("not a valid commit")
                || reason.contains("unknown revision") =>
            {
                Err(GitError::UnknownRevision { revision, hint: if is_shallow { SHALLOW } else { FETCH } })
            }
            _ => Err(GitError::Failed { command: "merge-base".to_owned(), reason: reason.trim().to_owned() }),
        }
    }

    /// What a branch is compared with by default: the first of origin/HEAD, origin/main and main from which HEAD has diverged.
    /// `None`: HEAD is contained in all that exist.
    pub(crate) fn upstream(&self) -> Result<Option<Base>, GitError> {
        // Starting git takes longer than its work: run all in parallel.
        let (output, bases) = std::thread::scope(|scope| {
            let asked = ["origin/HEAD", "origin/main", "main"].map(|name| scope.spawn(move || self.merge_base(name)));
            let output = self.output(&["rev-parse", "HEAD"]);
            (output, asked.map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
        });
        let output = output?;
        if !output.status.success() {
            // Its error says what is wrong: no repository, or no commit.
            return self.merge_base("HEAD").map(|_| None);
        }
        let head = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        for base in bases {
            match base {
                Ok(base) if base.commit != head => return Ok(Some(base)),
                Ok(_) | Err(GitError::UnknownRevision { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The files below `folder` with one of these `endings`, ordered by path. Two processes, however many files.
    pub(crate) fn files(&self, commit: &str, folder: &str, endings: &[&str]) -> Result<Vec<File>, GitError> {
        let listing = self.output(&["ls-tree", "-r", "-z", commit, "--", folder])?;
        let listing = String::from_utf8_lossy(&succeeded("ls-tree", listing)?.stdout).into_owned();
        // `<mode> blob <id>\t<path>`
        let entries: Vec<(String, String)> = listing
            .split('\0')
            .filter_map(|entry| {
                let (about, path) = entry.split_once('\t')?;
                let id = about.split(' ').nth(2).filter(|_| about.contains(" blob "))?;
                endings.iter().any(|ending| path.ends_with(ending)).then(|| (id.to_owned(), path.to_owned()))
            })
            .collect();
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let ids: String = entries.iter().map(|(id, _)| format!("{id}\n")).collect();
        let contents = self.fed(&["cat-file", "--batch"], ids)?.stdout;
        let mut rest = contents.as_slice();
        let mut files = Vec::with_capacity(entries.len());
        for (id, path) in entries {
            // `<id> blob <size>\n<contents>\n`
            let broken =
                || GitError::Failed { command: "cat-file".to_owned(), reason: format!("{path} ({id}) is not there") };
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(broken)?;
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let size: usize = head.rsplit(' ').next().and_then(|size| size.parse().ok()).ok_or_else(broken)?;
            let contents = rest.get(end + 1..end + 1 + size).ok_or_else(broken)?.to_vec();
            rest = rest.get(end + 2 + size..).unwrap_or_default();
            files.push((path, contents));
        }
        Ok(files)
    }

    fn text(&self, arguments: &[&str]) -> Result<String, GitError> {
        let output = succeeded(arguments[0], self.output(arguments)?)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // Messages are parsed, so they must not be translated.
        command.args(arguments).current_dir(self.folder).env("LC_ALL", "C");
        command
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, GitError> {
        self.command(arguments).stdin(Stdio::null()).output().map_err(GitError::NotInstalled)
    }

    fn fed(&self, arguments: &[&str], input: String) -> Result<Output, GitError> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(GitError::NotInstalled)?;
        let stdin = child.stdin.take();
        // In parallel, because git writes its output while it reads input, and neither side may block the other.
        let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().map_err(GitError::NotInstalled)?;
        _ = writer.join();
        succeeded(arguments[0], output)
    }
}

fn succeeded(command: &str, output: Output) -> Result<Output, GitError> {
    match output.status.success() {
        true => Ok(output),
        false => Err(GitError::Failed {
            command: command.to_owned(),
            reason: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use test_machine::git;

    use super::*;

    /// A repository whose branch `main` has one commit with the given files.
    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "-b", "main"]);
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "first"]);
        folder
    }

    #[test]
    fn files_of_a_commit_are_read_whatever_is_in_them() {
        let odd = "line\n\nblob 12\n\u{1}ä without an end";
        let folder =
            repository(&[("env/b.yaml", odd), ("env/a b.json", ""), ("env/c.txt", "no"), ("other/d.yaml", "no")]);
        std::fs::remove_file(folder.path().join("env/b.yaml")).unwrap();
        let files = Git::at(folder.path()).files("HEAD", "env", &[".yaml", ".json"]).unwrap();
        assert_eq!(
            files,
            [("env/a b.json".to_owned(), Vec::new()), ("env/b.yaml".to_owned(), odd.as_bytes().to_vec())]
        );
        assert_eq!(Git::at(folder.path()).files("HEAD", "nothing", &[".yaml"]).unwrap(), []);
    }

    #[test]
    fn a_branch_is_compared_with_where_it_left_main() {
        let folder = repository(&[("a", "1")]);
        let first = git(folder.path(), &["rev-parse", "HEAD"]);
        let ask = Git::at(folder.path());
        assert_eq!(ask.upstream().unwrap(), None, "main itself has not parted from main");
        git(folder.path(), &["checkout", "-q", "-b", "topic"]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "second"]);
        assert_eq!(
            ask.upstream().unwrap().unwrap(),
            Base { name: format!("main ({})", &first[..7]), commit: first.clone() }
        );
        assert_eq!(ask.merge_base("HEAD~").unwrap().commit, first);
    }

    #[test]
    fn what_a_shallow_clone_lacks_is_no_beginning_of_history() {
        let folder = repository(&[("a", "1")]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "second"]);
        let clone = tempfile::tempdir().unwrap();
        let source = format!("file://{}", folder.path().display());
        git(clone.path(), &["clone", "-q", "--depth", "1", &source, "."]);
        assert!(Git::at(clone.path()).merge_base("HEAD~").unwrap_err().is_shallow());
        git(folder.path(), &["checkout", "-q", "HEAD~"]);
        assert!(
            !Git::at(folder.path()).merge_base("HEAD~").unwrap_err().is_shallow(),
            "a first commit has none before it"
        );
    }

    #[test]
    fn what_git_does_not_know_is_named_with_what_to_do() {
        let folder = repository(&[]);
        let error = Git::at(folder.path()).merge_base("origin/gone").unwrap_err().to_string();
        assert!(error.contains("origin/gone") && error.contains("git fetch"), "{error}");
        git(folder.path(), &["checkout", "-q", "--orphan", "other"]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "alone"]);
        let error = Git::at(folder.path()).merge_base("main").unwrap_err();
        assert!(matches!(error, GitError::NoMergeBase { .. }), "{error}");
        let outside = tempfile::tempdir().unwrap();
        let error = Git::at(outside.path()).upstream().unwrap_err().to_string();
        assert!(error.contains("--before"), "{error}");
    }

    #[test]
    fn a_shallow_clone_says_how_to_get_the_rest() {
        let folder = repository(&[]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "second"]);
        let clone = tempfile::tempdir().unwrap();
        let source = format!("file://{}", folder.path().display());
        git(clone.path(), &["clone", "-q", "--depth", "1", &source, "."]);
        let error = Git::at(clone.path()).merge_base("HEAD~").unwrap_err().to_string();
        assert!(error.contains("shallow") && error.contains("fetch-depth: 0"), "{error}");
    }

    #[test]
    fn a_revision_is_never_taken_for_an_option() {
        let folder = repository(&[]);
        let error = Git::at(folder.path()).merge_base("--all").unwrap_err();
        assert!(matches!(error, GitError::UnknownRevision { .. }), "{error}");
    }
}
