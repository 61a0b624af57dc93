//! Four linters have nothing to say about any committed template that is not excepted beside its resource, and every exception is needed:
//! without them they report exactly what is excepted. Tools stand in `.tools` or beside `INFRA_TOOLS_VENV`; `infra install lint` puts them there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, path};

use cfn::{Json, ResourceEntry};
use constructs::SynthesizedStack;
use serde_json::Value;
use system::StageName;
use systems::ConfiguredStage;

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

/// Template, logical id and rule, such as `prd-FipeApi PriceQueue CKV_AWS_27`.
type Findings = BTreeSet<String>;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program below `.tools`.
fn tool(name: &str) -> Command {
    let venv = path::absolute(test_machine::tools_venv()).expect("a path");
    let tools = venv.parent().expect("a virtual environment stands in a folder");
    let tool = tools.join(name.replace("venv", &venv.file_name().expect("it has a name").to_string_lossy()));
    assert!(tool.exists(), "{} is missing: `target/debug/infra install lint`, or set INFRA_TOOLS_VENV", tool.display());
    test_machine::command(tool)
}

/// Where a linter runs. It gets paths relative to this folder, never one that says where the clone lies: checkov, for one, takes a path
/// of 40 letters, digits and slashes for a secret key.
struct Workplace(PathBuf);

impl Workplace {
    /// A folder of its own for each linter, without what an earlier run left.
    fn of(linter: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(linter);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old folder goes");
        }
        fs::create_dir_all(&folder).expect("a folder for templates");
        Self(folder.canonicalize().expect("it is there"))
    }

    /// A file below this folder, by its relative path.
    fn add(&self, folder: &str, name: &str, text: &str) -> PathBuf {
        fs::create_dir_all(self.0.join(folder)).expect("a folder for templates");
        let file = Path::new(folder).join(format!("{name}.yaml"));
        fs::write(self.0.join(&file), text).expect("a template");
        file
    }

    /// A copy of every committed template, such as `committed/prd-FipeApi.yaml`.
    fn committed(&self) -> Vec<PathBuf> {
        let mut copies = Vec::new();
        for stage in StageName::ALL {
            let templates = repository().join(format!("environments/{stage}/templates"));
            for file in fs::read_dir(templates).expect("templates").map(|file| file.expect("readable").path()) {
                let name = format!("{stage}-{}", file.file_stem().expect("a file").to_string_lossy());
                copies.push(self.add("committed", &name, &fs::read_to_string(&file).expect("readable")));
            }
        }
        assert_eq!(copies.len(), stacks().len(), "{copies:?}");
        copies
    }

    fn run(&self, command: &mut Command) -> Output {
        command.current_dir(&self.0).output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Of what a linter says of a file: its relative path.
    fn relative(&self, path: &str) -> PathBuf {
        let path = Path::new(path);
        path.strip_prefix(&self.0).unwrap_or(path).to_path_buf()
    }
}

fn stacks() -> Vec<(StageName, SynthesizedStack)> {
    let of = |name: StageName| {
        let files = systems::read(&repository(), name.as_str()).expect("readable");
        let stage = ConfiguredStage::parse(name.as_str(), &files).expect("valid");
        stage.synth().expect("nothing is refused").into_iter().map(move |stack| (name, stack))
    };
    StageName::ALL.into_iter().flat_map(of).collect()
}

/// The templates that except something for a linter, as files without those exceptions, such as `bare/prd-FipeApi.yaml`, and what they
/// except.
fn without_exceptions(
    workplace: &Workplace,
    linter: &'static str,
    rules: fn(&ResourceEntry) -> Vec<String>,
) -> (Vec<PathBuf>, Findings) {
    let (mut files, mut excepted) = (Vec::new(), Findings::new());
    for (stage, mut stack) in stacks() {
        assert!(
            stack.template.get_metadata(linter).is_none(),
            "{linter}: an exception for all of {}",
            stack.stack_name
        );
        let name = format!("{stage}-{}", stack.name);
        let before = excepted.len();
        let ids: Vec<_> = stack.template.resources().iter().map(|entry| entry.id.clone()).collect();
        for id in ids {
            let entry = stack.template.resource_mut(&id).expect("it is there");
            excepted.extend(rules(entry).iter().map(|rule| format!("{name} {id} {rule}")));
            entry.parts.metadata.set(linter, Json::Absent);
        }
        if excepted.len() > before {
            files.push(workplace.add("bare", &name, &stack.template.to_yaml()));
        }
    }
    (files, excepted)
}

fn texts<'a>(list: Option<&'a Json>, key: Option<&str>) -> Vec<String> {
    let items = list.and_then(Json::as_list).unwrap_or_default().iter();
    let text = |item: &'a Json| key.map_or(Some(item), |key| item.get(key)).and_then(Json::as_str);
    items.map(|item| text(item).expect("a rule").to_owned()).collect()
}

/// `prd-FipeApi` of a template's path.
fn template_name(path: &Path) -> String {
    path.file_stem().expect("a file").to_string_lossy().into_owned()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn json(output: &Output) -> Value {
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{complained}"))
}

#[test]
fn cfn_lint_finds_nothing_but_what_is_excepted() {
    let rules = |entry: &ResourceEntry| {
        let config = entry.parts.metadata.get("cfn-lint").and_then(|lint| lint.get("config")?.get("ignore_checks"));
        texts(config, None)
    };
    let workplace = Workplace::of("cfn-lint");
    let (bare, excepted) = without_exceptions(&workplace, "cfn-lint", rules);
    let output = workplace.run(
        tool("venv/bin/cfn-lint")
            .args(["--include-checks", "W", "I", "--format", "json", "--"])
            .args(workplace.committed())
            .args(&bare),
    );
    let mut found = Findings::new();
    for finding in json(&output).as_array().expect("a list") {
        let file = workplace.relative(text(finding, "Filename"));
        assert!(bare.contains(&file), "{finding:#}");
        let path = &finding["Location"]["Path"];
        let rule = text(&finding["Rule"], "Id");
        found.insert(format!("{} {} {rule}", template_name(&file), path[1].as_str().expect("a resource")));
    }
    assert_eq!(found, excepted);
}

#[test]
fn cloudformation_validate_finds_no_error_and_no_warning() {
    let workplace = Workplace::of("cloudformation-validate");
    let output = workplace.run(tool("venv/bin/python").args(["-c", VALIDATE]).args(workplace.committed()));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn checkov_finds_nothing_but_what_is_excepted() {
    let rules =
        |entry: &ResourceEntry| texts(entry.parts.metadata.get("checkov").and_then(|own| own.get("skip")), Some("id"));
    let workplace = Workplace::of("checkov");
    let (bare, excepted) = without_exceptions(&workplace, "checkov", rules);
    assert!(!excepted.is_empty(), "the rest of this test has nothing to look at");
    // It asks nobody: neither for its platform's opinion, nor for a newer version of itself. Settings of the folder do not count.
    let output = workplace.run(
        tool("checkov/bin/checkov")
            .args(["--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "--output", "json"])
            .args(workplace.committed().iter().chain(&bare).flat_map(|file| [Path::new("--file"), file]))
            .env("CKV_SKIP_PACKAGE_UPDATE_CHECK", "true")
            .env_remove("BC_API_KEY"),
    );
    let report = json(&output);
    assert_eq!(report["summary"]["parsing_errors"], 0, "{:#}", report["summary"]);
    assert!(report["summary"]["passed"].as_u64() > Some(300), "it looked at little: {:#}", report["summary"]);
    let mut found = Findings::new();
    for finding in report["results"]["failed_checks"].as_array().expect("a list") {
        let file = workplace.relative(text(finding, "file_abs_path"));
        let (rule, resource) = (text(finding, "check_id"), text(finding, "resource"));
        let id = resource.rsplit('.').next().expect("it has an end");
        let is_bare = bare.contains(&file);
        assert!(is_bare, "{} {id}: {rule}: {}", file.display(), text(finding, "check_name"));
        found.insert(format!("{} {id} {rule}", template_name(&file)));
    }
    assert_eq!(found, excepted);
}

fn policies() -> PathBuf {
    repository().join("infra/systems/policies")
}

#[test]
fn guard_finds_nothing_but_what_is_excepted() {
    let rules = |entry: &ResourceEntry| {
        texts(entry.parts.metadata.get("guard").and_then(|guard| guard.get("SuppressedRules")), None)
    };
    let workplace = Workplace::of("guard");
    let (bare, excepted) = without_exceptions(&workplace, "guard", rules);
    assert!(!excepted.is_empty(), "the rest of this test has nothing to look at");
    let committed = workplace.committed();
    let output = workplace.run(
        tool("bin/cfn-guard")
            .args(["validate", "--structured", "--output-format", "json", "--show-summary", "none", "--rules"])
            .arg(policies())
            .args(committed.iter().chain(&bare).flat_map(|file| [Path::new("--data"), file])),
    );
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = json(&output);
    let reports = report.as_array().expect("a list");
    assert_eq!(reports.len(), committed.len() + bare.len());
    let mut found = Findings::new();
    for report in reports {
        let file = workplace.relative(text(report, "name"));
        for refused in report["not_compliant"].as_array().expect("a list") {
            assert!(bare.contains(&file), "{}: {refused:#}", file.display());
            let rule = text(&refused["Rule"], "name");
            let everything = refused.to_string();
            let ids = everything.split("\"/Resources/").skip(1).filter_map(|rest| rest.split(['/', '"', '[']).next());
            found.extend(ids.map(|id| format!("{} {id} {rule}", template_name(&file))));
        }
    }
    assert_eq!(found, excepted);
}

#[test]
fn every_policy_has_an_example_that_it_passes_and_one_that_it_refuses() {
    let workplace = Workplace::of("guard-tests");
    let output = workplace.run(tool("bin/cfn-guard").args(["test", "--dir"]).arg(policies()));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !said.contains("Error"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let mut count = 0;
    for file in fs::read_dir(policies()).expect("policies").map(|file| file.expect("readable").path()) {
        let Some(stem) = file.file_name().and_then(|name| name.to_str()?.strip_suffix(".guard")) else { continue };
        let read = |path: PathBuf| fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let examples = read(policies().join(format!("tests/{stem}_tests.yaml")));
        for rule in read(file.clone()).lines().filter_map(|line| line.strip_prefix("rule ")?.split(' ').next()) {
            count += 1;
            for verdict in ["PASS", "FAIL", "SKIP"] {
                assert!(examples.contains(&format!("      {rule}: {verdict}\n")), "no {verdict} of {rule}");
                assert!(said.contains(&format!("{rule}: Expected = {verdict}")), "{rule} was not tested: {said}");
            }
        }
    }
    assert!(count >= 15, "{count} rules");
}
