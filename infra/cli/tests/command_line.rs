//! What the command says and ends with before it calls anybody: wrong arguments, missing values, stale and uncommitted
//! templates. Runs the real binary, in a copy of the repository's shape.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Output;

use test_machine::{command, git};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A stack of the stage local.
fn a_stack() -> String {
    let templates = std::fs::read_dir(repository().join("environments/local/templates")).unwrap();
    let names = templates.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    names.min().unwrap()
}

/// The environments in a folder of their own, committed.
fn committed_copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
    for stage in ["local", "dev"] {
        let (from, to) =
            (repository().join("environments").join(stage), folder.path().join("environments").join(stage));
        std::fs::create_dir_all(to.join("templates")).unwrap();
        for folder in ["", "templates"] {
            for file in std::fs::read_dir(from.join(folder)).unwrap().map(Result::unwrap) {
                if file.file_type().unwrap().is_file() {
                    std::fs::copy(file.path(), to.join(folder).join(file.file_name())).unwrap();
                }
            }
        }
    }
    // Synthesized afresh, so that this test does not depend on what is committed at the moment.
    assert!(infra(folder.path(), &["synth", "--stage", "local", "--stage", "dev"]).status.success());
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "first"]] {
        git(folder.path(), arguments);
    }
    folder
}

fn infra(folder: &Path, arguments: &[&str]) -> Output {
    // No variable, no file, no metadata service: there are no credentials.
    let mut command = command(env!("CARGO_BIN_EXE_infra"));
    command.env("HOME", folder).args(arguments).current_dir(folder).output().unwrap()
}

#[track_caller]
fn ends(folder: &Path, arguments: &[&str], code: i32, words: &[&str]) {
    let output = infra(folder, arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    assert!(output.stdout.is_empty(), "an error is no result: {}", String::from_utf8_lossy(&output.stdout));
    for word in words {
        assert!(told.contains(word), "{arguments:?}: no {word:?} in {told}");
    }
}

#[test]
fn a_wrong_argument_is_named_and_told_from_an_answer_by_its_code() {
    let folder = committed_copy();
    ends(folder.path(), &["deploy", "--stage", "nope"], 64, &["nope", "local, dev, stg, prd"]);
    let (known, misspelt) = (a_stack(), format!("{}_", a_stack()));
    let meant = format!("did you mean {known}?");
    ends(folder.path(), &["diff", "--stage", "local", &misspelt], 64, &[&misspelt, &meant]);
    ends(folder.path(), &["watch", "--stage", "local", "Nothing"], 64, &["\"Nothing\""]);
    ends(
        folder.path(),
        &["deploy", "--stage", "dev", "--accept-data-loss", "Cluster"],
        64,
        &["Cluster", "STACK/RESOURCE"],
    );
    ends(
        folder.path(),
        &["destroy", "--stage", "dev", "--yes-destroy", "stg"],
        64,
        &["stg", "dev", "nothing was deleted"],
    );
    ends(folder.path(), &["deploy", "--stage", "dev"], 64, &["VpcId", "--vpc-id"]);
}

#[test]
fn the_stage_local_needs_its_cloud() {
    let folder = committed_copy();
    for command in ["deploy", "diff", "watch", "destroy"] {
        ends(folder.path(), &[command, "--stage", "local"], 64, &["infra local up"]);
    }
}

#[test]
fn no_credentials_is_an_error_about_credentials() {
    let folder = committed_copy();
    let diff = ["diff", "--stage", "dev", "--no-code", "--vpc-id", "vpc-0123456789abcdef0", "--region", "us-east-1"];
    ends(folder.path(), &diff, 64, &["GetCallerIdentity", "credentials"]);
}

#[test]
fn a_template_that_is_not_committed_is_not_deployed() {
    let folder = committed_copy();
    let file = folder.path().join("environments/dev/templates/note.txt");
    std::fs::write(&file, "not reviewed").unwrap();
    ends(
        folder.path(),
        &["deploy", "--stage", "dev"],
        65,
        &["environments/dev/templates/note.txt (not in git)", "--allow-dirty"],
    );
    // Allowed, so that the next thing is missing; and the stage local is for work in progress.
    ends(folder.path(), &["deploy", "--stage", "dev", "--allow-dirty"], 64, &["VpcId"]);
    std::fs::write(folder.path().join("environments/local/templates/note.txt"), "").unwrap();
    ends(folder.path(), &["deploy", "--stage", "local"], 64, &["infra local up"]);
}

#[test]
fn a_stale_template_is_neither_deployed_nor_compared() {
    let folder = committed_copy();
    let template = format!("environments/local/templates/{}.yaml", a_stack());
    let path = folder.path().join(&template);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}# edited\n")).unwrap();
    for command in ["deploy", "diff"] {
        ends(folder.path(), &[command, "--stage", "local"], 65, &[&template, "make synth"]);
    }
    std::fs::remove_dir_all(folder.path().join("environments/local/templates")).unwrap();
    ends(folder.path(), &["diff", "--stage", "local"], 64, &["no templates", "infra synth --stage local"]);
}

#[test]
fn help_teaches_by_examples_and_lists_the_codes() {
    let folder = committed_copy();
    for (command, words) in [
        ("deploy", ["--accept-data-loss STACK/RESOURCE", "  77   not approved"]),
        ("diff", ["Exit codes, the highest that holds", "  5    data is lost"]),
        ("watch", ["infra watch --stage dev ", "  130  detached, and CloudFormation"]),
        ("destroy", ["--empty-buckets", "--yes-destroy dev"]),
    ] {
        let output = infra(folder.path(), &[command, "--help"]);
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "help that was asked for is no error");
        words.iter().for_each(|word| assert!(help.contains(word), "{command}: no {word:?} in {help}"));
    }
}

#[test]
fn a_run_that_did_not_begin_is_told_to_whoever_reads_events() {
    let folder = committed_copy();
    for command in ["deploy", "watch", "destroy"] {
        let output = infra(folder.path(), &[command, "--stage", "local", "--events", "json"]);
        assert_eq!(output.status.code(), Some(64), "{command}");
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((told["code"].as_str(), told["exit"].as_u64()), (Some("run.failed"), Some(64)), "{told}");
        assert!(told["message"].as_str().unwrap().contains("infra local up") && told["at"].is_string(), "{told}");
    }
}
