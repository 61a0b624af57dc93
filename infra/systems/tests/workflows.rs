//! What the workflows on GitHub may not do: run what somebody else can change, or put what somebody else writes into a shell.

use std::fs;
use std::path::{Path, PathBuf};

fn workflows() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.github/workflows");
    let files = fs::read_dir(folder).expect("workflows").map(|file| file.expect("readable").path());
    let files: Vec<_> = files.map(|file| (file.clone(), fs::read_to_string(file).expect("readable"))).collect();
    assert!(files.len() >= 4, "{files:?}");
    files
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}

/// The texts of all `run:` keys.
fn scripts(workflow: &str) -> Vec<String> {
    let lines: Vec<&str> = workflow.lines().collect();
    let mut scripts = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(value) = line.trim_start_matches([' ', '-']).strip_prefix("run:") else { continue };
        let value = value.trim();
        if !value.starts_with(['|', '>']) {
            scripts.push(value.to_owned());
            continue;
        }
        let inside =
            |line: &&&str| line.trim().is_empty() || line.len() - line.trim_start().len() > indentation(lines[index]);
        let block: Vec<&str> = lines[index + 1..].iter().take_while(inside).copied().collect();
        scripts.push(block.join("\n"));
    }
    scripts
}

/// `owner/name@<40 hex digits> # v1.2.3`.
fn is_pinned(action: &str) -> bool {
    let Some((reference, version)) = action.split_once(" # v") else { return false };
    let Some((name, commit)) = reference.split_once('@') else { return false };
    let of_numbers =
        |text: &str| text.split('.').all(|part| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit()));
    name.contains('/')
        && commit.len() == 40
        && commit.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
        && version.split('.').count() == 3
        && of_numbers(version)
}

#[test]
fn every_action_of_others_is_pinned_to_a_commit_and_says_its_version() {
    let mut count = 0;
    for (file, text) in workflows() {
        for line in text.lines() {
            let Some(action) = line.trim_start_matches([' ', '-']).strip_prefix("uses:") else { continue };
            let action = action.trim();
            if !action.starts_with("./") {
                count += 1;
                assert!(is_pinned(action), "{}: {action}", file.display());
            }
        }
    }
    assert!(count >= 5, "{count} actions were found");
    let commit = "8e8c483db84b4bee98b60c0593521ed34d9990e8";
    assert!(is_pinned(&format!("actions/checkout@{commit} # v6.0.1")));
    for wrong in [
        format!("a/b@{commit}"),
        "a/b@v6 # v6.0.1".to_owned(),
        format!("a/b@{commit} # v6"),
        format!("a/b@{}g # v6.0.1", &commit[1..]),
    ] {
        assert!(!is_pinned(&wrong), "{wrong}");
    }
}

#[test]
fn every_workflow_says_what_its_token_may_do() {
    for (file, text) in workflows() {
        let permissions: Vec<_> = text.lines().filter(|line| line.starts_with("permissions:")).collect();
        assert_eq!(permissions.len(), 1, "{}: no permissions at the top level", file.display());
        assert!(!text.contains("write-all") && !text.contains("read-all"), "{}", file.display());
    }
}

#[test]
fn a_fork_never_runs_with_our_rights() {
    for (file, text) in workflows() {
        for event in ["pull_request_target", "workflow_run", "issue_comment"] {
            assert!(!text.contains(event), "{}: {event}", file.display());
        }
        let checkouts = text.matches("uses: actions/checkout@").count();
        assert_eq!(text.matches("persist-credentials: false").count(), checkouts, "{}", file.display());
    }
}

#[test]
fn nothing_is_pasted_into_a_shell() {
    let mut count = 0;
    for (file, text) in workflows() {
        for script in scripts(&text) {
            count += 1;
            assert!(!script.contains("${{"), "{}: give it by env: {script}", file.display());
        }
        assert!(!text.contains("secrets."), "{}: roles are assumed, there are no secrets", file.display());
    }
    assert!(count >= 5, "{count} scripts were found");
    let found = scripts(
        "    - run: echo 1\n    - run: |\n        echo ${{ 2 }}\n\n        echo 3\n      env:\n        A: ${{ 4 }}\n",
    );
    assert_eq!(found, ["echo 1", "        echo ${{ 2 }}\n\n        echo 3"]);
}

#[test]
fn every_target_that_a_workflow_makes_is_in_the_makefile() {
    let makefile = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Makefile")).expect("readable");
    let mut count = 0;
    for (file, text) in workflows() {
        for script in scripts(&text) {
            for targets in script.lines().filter_map(|line| line.trim().strip_prefix("make ")) {
                let targets = targets.split(" #").next().unwrap_or_default().replace('"', "");
                for target in targets.split_whitespace() {
                    count += 1;
                    let stages = ["dev", "stg", "prd"].map(|stage| target.replace("$STAGE", stage));
                    let is_there = |target: &str| {
                        makefile.lines().any(|line| {
                            line.split_once(':').is_some_and(|(names, _)| names.split(' ').any(|name| name == target))
                        })
                    };
                    assert!(stages.iter().all(|target| is_there(target)), "{}: make {target}", file.display());
                }
            }
        }
    }
    assert!(count >= 3, "{count} targets were found");
}
