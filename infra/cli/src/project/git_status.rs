//! Whether the templates are committed. If git cannot answer, nothing counts as committed.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::exit::{Context, Exit, Failure};

/// Git cannot tell.
#[derive(Debug, thiserror::Error)]
#[error("git cannot tell whether {folder} is committed: {reason}")]
struct Unknown {
    folder: String,
    reason: String,
}

/// Files of `folder` (below `root`) that differ from the last commit or are not in it, each with its state.
///
/// # Errors
/// When git is not installed, or `root` is not a repository.
fn uncommitted(root: &Path, folder: &str) -> Result<Vec<String>, Unknown> {
    let unknown = |reason: String| Unknown { folder: folder.to_owned(), reason };
    let mut command = Command::new("git");
    command.args(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", folder]);
    let output = command.current_dir(root).stdin(Stdio::null()).output();
    let output = output.map_err(|error| unknown(format!("cannot start git: {error}")))?;
    if !output.status.success() {
        return Err(unknown(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let files = text.split('\0').filter_map(|entry| entry.split_at_checked(3));
    Ok(files.map(|(state, path)| format!("{path} ({})", says(state))).collect())
}

/// Rejects a deployment of what was not reviewed: the templates of a stage must be committed as they are.
pub(crate) fn require_committed(root: &Path, folder: &str) -> Result<(), Failure> {
    let deploying = "what is deployed has to be committed; give --allow-dirty to deploy without git";
    let files = uncommitted(root, folder).map_err(|unknown| Failure::new(Exit::Stale, unknown)).context(deploying)?;
    if files.is_empty() {
        return Ok(());
    }
    let files = files.join(", ");
    Err(Failure::new(
        Exit::Stale,
        format!("not committed, and so not reviewed: {files}; commit, or give --allow-dirty"),
    ))
}

/// `XY ` of git's porcelain format.
fn says(state: &str) -> &'static str {
    match state.trim() {
        "??" => "not in git",
        state if state.contains('U') => "in conflict",
        state if state.contains('D') => "deleted",
        state if state.starts_with('A') => "new",
        _ => "changed",
    }
}

#[cfg(test)]
mod tests {
    use test_machine::git;

    use super::*;

    #[test]
    fn what_is_not_committed_is_named_and_other_folders_do_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("environments/dev")).unwrap();
        for path in ["environments/dev/a.yaml", "environments/dev/b.yaml", "other"] {
            std::fs::write(root.join(path), "1").unwrap();
        }
        git(root, &["init", "-q"]);
        git(root, &["add", "."]);
        git(root, &["commit", "-q", "-m", "first"]);
        assert_eq!(uncommitted(root, "environments/dev").unwrap(), [""; 0]);
        std::fs::write(root.join("environments/dev/a.yaml"), "22").unwrap();
        std::fs::remove_file(root.join("environments/dev/b.yaml")).unwrap();
        std::fs::write(root.join("environments/dev/a new one.yaml"), "1").unwrap();
        std::fs::write(root.join("other"), "22").unwrap();
        assert_eq!(
            uncommitted(root, "environments/dev").unwrap(),
            [
                "environments/dev/a.yaml (changed)",
                "environments/dev/b.yaml (deleted)",
                "environments/dev/a new one.yaml (not in git)",
            ]
        );
    }

    #[test]
    fn outside_of_a_repository_it_is_unknown_and_not_clean() {
        let folder = tempfile::tempdir().unwrap();
        let error = uncommitted(folder.path(), "environments/dev").unwrap_err().to_string();
        assert!(error.contains("environments/dev") && error.contains("not a git repository"), "{error}");
    }
}
