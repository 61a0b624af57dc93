//! What the workflows on GitHub may not do. zizmor checks what holds for every repository (pinned actions, permissions, triggers, credentials,
//! injection); the rest here is this repository's own.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn workflows() -> Vec<(PathBuf, String)> {
    let folder = root().join(".github/workflows");
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

/// What zizmor finds in a workflow, as `audit at severity`; it needs no network.
fn findings(workflow: &str) -> BTreeSet<String> {
    let program = test_machine::tools_venv().join("bin/zizmor");
    let mut command = Command::new(&program);
    command.args(["--offline", "--no-progress", "--quiet", "--no-exit-codes", "--format=json", "--no-config", "-"]);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("{}: {error}: `make tools`", program.display()));
    child.stdin.take().expect("piped").write_all(workflow.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    let found: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let told = |found: &Value| {
        let severity = found["determinations"]["severity"].as_str().expect("a severity");
        format!("{} at {severity}", found["ident"].as_str().expect("the name of an audit"))
    };
    found.iter().map(told).collect()
}

#[test]
fn zizmor_finds_nothing_in_a_workflow() {
    // `./` is the same commit's file; the newer spelling `$/` is not known to every runner and editor.
    let accepted = BTreeSet::from(["self-repository at Low".to_owned()]);
    for (file, text) in workflows() {
        let found: Vec<_> = findings(&text).difference(&accepted).cloned().collect();
        assert!(found.is_empty(), "{}: {found:?}; for details: zizmor --offline .github/workflows", file.display());
    }
    let checkout = "actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8 # v6.0.1";
    let workflow = |event: &str, permissions: &str, step: &str| {
        let job = format!("runs-on: ubuntu-24.04\n    steps:\n      - {step}\n");
        findings(&format!("name: a\non: {event}\n{permissions}jobs:\n  a:\n    {job}"))
    };
    let none = "permissions: {}\n";
    let quiet = format!("uses: {checkout}\n        with:\n          persist-credentials: false");
    for (found, expected) in [
        (
            workflow("push", none, "uses: actions/checkout@v6\n        with:\n          persist-credentials: false"),
            "unpinned-uses",
        ),
        (workflow("push", none, &format!("uses: {checkout}")), "artipacked"),
        (workflow("push", "", &quiet), "excessive-permissions"),
        (workflow("pull_request_target", none, &quiet), "dangerous-triggers"),
        (workflow("issues", none, "run: echo ${{ github.event.issue.title }}"), "template-injection"),
    ] {
        assert!(found.iter().any(|found| found.starts_with(expected)), "{expected}: {found:?}");
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
    let makefile = fs::read_to_string(root().join("Makefile")).expect("readable");
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

/// What a job with a token may use: from GitHub and AWS, and without building anything.
const WITH_A_TOKEN: [&str; 3] =
    ["actions/checkout", "actions/download-artifact", "aws-actions/configure-aws-credentials"];
/// Programs that run code of others, or fetch it.
const BUILDING: &str = "bash bun cargo cargo-lambda cc clang cmake corepack curl deno docker eval gcc gh go make ninja node npm npx pip pip3 pipx pnpm \
     python python3 rustc rustup sh uv wget yarn";

/// The jobs of a workflow, each with its text.
fn jobs(workflow: &str) -> Vec<(&str, String)> {
    let mut jobs: Vec<(&str, String)> = Vec::new();
    for line in workflow.lines().skip_while(|line| *line != "jobs:").skip(1) {
        let name =
            line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '#'])).and_then(|it| it.strip_suffix(':'));
        match (name, jobs.last_mut()) {
            (Some(name), _) => jobs.push((name, String::new())),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    jobs
}

/// Why a workflow's token could get into hands that it is not for.
fn leaks(workflow: &str) -> Vec<String> {
    let code: Vec<&str> = workflow.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let workflow = code.join("\n");
    let mut leaks = Vec::new();
    if workflow.contains("write-all") {
        leaks.push("write-all gives every permission".to_owned());
    }
    let with_token: Vec<_> =
        jobs(&workflow).into_iter().filter(|(_, text)| text.contains("      id-token: write")).collect();
    if workflow.matches("id-token").count() != with_token.len() {
        leaks.push("id-token is not told as one line `id-token: write` of a job".to_owned());
    }
    if with_token.is_empty() {
        return leaks;
    }
    for (name, text) in jobs(&workflow) {
        if !text.contains("\n    permissions:\n") && !text.starts_with("    permissions:\n") {
            leaks.push(format!("{name} does not say its permissions"));
        }
    }
    for (name, text) in with_token {
        for used in text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: ")) {
            if used.starts_with("./.github/workflows/") {
                continue;
            }
            let (action, commit) = used.split_once('@').unwrap_or((used, ""));
            let commit = commit.split(' ').next().unwrap_or_default();
            let is_pinned = commit.len() == 40 && commit.chars().all(|digit| digit.is_ascii_hexdigit());
            if !WITH_A_TOKEN.contains(&action) || !is_pinned {
                leaks.push(format!("{name} uses {used}"));
            }
        }
        for script in scripts(&text) {
            let words = script.split(|it: char| !(it.is_ascii_alphanumeric() || "_-./".contains(it)));
            let programs: Vec<&str> = words.map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
            let building = programs.iter().filter(|program| BUILDING.split(' ').any(|it| it == **program));
            leaks.extend(building.map(|program| format!("{name} runs {program}")));
            if programs.contains(&"infra") && !script.contains("--archives") {
                leaks.push(format!("{name} runs infra without --archives, so it builds"));
            }
        }
    }
    leaks
}

#[test]
fn a_job_that_can_ask_for_a_token_builds_and_installs_nothing() {
    let mut count = 0;
    for (file, text) in workflows() {
        assert_eq!(leaks(&text), [""; 0], "{}", file.display());
        count += jobs(&text).iter().filter(|(_, text)| text.contains("id-token: write")).count();
    }
    assert_eq!(count, 4, "one of each stage, and the one that they call");

    let pinned = "actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8 # v6";
    let workflow = |permissions: &str, step: &str| {
        leaks(&format!("on: push\njobs:\n  a:\n    permissions:\n      {permissions}\n    steps:\n      - {step}\n"))
    };
    let with_token = |step: &str| workflow("id-token: write", step);
    assert_eq!(with_token(&format!("uses: {pinned}")), [""; 0]);
    assert_eq!(workflow("contents: read", "run: make build"), [""; 0]);
    assert_eq!(with_token("run: make build"), ["a runs make"]);
    assert_eq!(with_token("run: |\n          cd x && .tools/bin/pip install y"), ["a runs pip"]);
    assert_eq!(with_token("run: built/infra deploy"), ["a runs infra without --archives, so it builds"]);
    assert_eq!(with_token("run: built/infra deploy --archives built"), [""; 0]);
    assert_eq!(with_token("uses: actions/checkout@v6"), ["a uses actions/checkout@v6"]);
    let other = "other/action@8e8c483db84b4bee98b60c0593521ed34d9990e8";
    assert_eq!(with_token(&format!("uses: {other}")), [format!("a uses {other}")]);
    assert_eq!(workflow("contents: write-all", "run: echo").len(), 1);
    assert_eq!(
        leaks("on: push\npermissions:\n  id-token: write\njobs:\n  a:\n    steps:\n      - run: make\n").len(),
        1
    );
    let beside = "on: push\njobs:\n  a:\n    permissions:\n      id-token: write\n  b:\n    runs-on: x\n";
    assert_eq!(leaks(beside), ["b does not say its permissions"]);
}
