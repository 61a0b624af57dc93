//! cfn-lint and cloudformation-validate have nothing to say about any committed template.
//! They stand in `INFRA_TOOLS_VENV` or `.tools/venv`, installed from `tests/requirements.txt`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const VALIDATE: &str = r#"
import sys
from cloudformation_validate import CompositeEngine
engine = CompositeEngine()
print(engine.engine_name(), file=sys.stderr)
for path in sys.argv[1:]:
    for found in engine.validate_template(path).diagnostics:
        if found.severity.name in ("FATAL", "ERROR", "WARN"):
            print(path, found.rule_id, found.severity.name, found.message)
"#;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn tool(name: &str) -> PathBuf {
    let venv = env::var_os("INFRA_TOOLS_VENV").map_or_else(|| repository().join(".tools/venv"), PathBuf::from);
    let tool = venv.join("bin").join(name);
    assert!(
        tool.exists(),
        "{} is missing: `python3 -m venv .tools/venv && .tools/venv/bin/pip install --require-hashes -r \
         tests/requirements.txt`, or set INFRA_TOOLS_VENV to a virtual environment that has it",
        tool.display()
    );
    tool
}

fn templates() -> Vec<PathBuf> {
    let stages = fs::read_dir(repository().join("environments")).expect("environments is there");
    let templates: Vec<_> = stages
        .flat_map(|stage| fs::read_dir(stage.expect("readable").path().join("templates")).expect("templates"))
        .map(|template| template.expect("readable").path())
        .collect();
    assert_eq!(templates.len(), 8, "{templates:?}");
    templates
}

#[track_caller]
fn says_nothing(mut command: Command) {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.trim().is_empty(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn cfn_lint_finds_nothing() {
    let mut command = Command::new(tool("cfn-lint"));
    command.args(["--include-checks", "W", "I", "--"]).args(templates());
    says_nothing(command);
}

#[test]
fn cloudformation_validate_finds_no_error_and_no_warning() {
    let mut command = Command::new(tool("python"));
    command.args(["-c", VALIDATE]).args(templates());
    says_nothing(command);
}
