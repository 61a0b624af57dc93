//! Measures what users wait for before any work is done: synth of all stages as a process, size of each release archive, and the time
//! from a function's start to its first poll against a stand-in Runtime API. Prints a table; exits 1 when a limit is exceeded.
//!
//! `make bench` builds what it needs. Limits: 150 ms and 40 MB for synth, 4 MB an archive, 10 ms to the first poll.

#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use constructs::ParameterSource;
use serde_json::Value;
use systems::ConfiguredStage;
use test_harness::{repository, target};

const RUNS: usize = 15;

fn main() -> ExitCode {
    let (root, target) = (repository().expect("the repository"), target().expect("where cargo builds"));
    let mut within_limits = true;
    let mut report = |what: &str, value: f64, unit: &str, limit: f64| {
        let verdict = if value <= limit { "ok" } else { "OVER" };
        within_limits &= value <= limit;
        println!("{what:<52} {value:>8.1} {unit:<3} limit {limit:>5.0}  {verdict}");
    };

    let synth = synth_runs(&root, &target);
    report("synth of all stages, median wall clock", median(&synth.wall_ms), "ms", 150.0);
    report("synth of all stages, peak resident memory", synth.peak_mb, "MB", 40.0);

    let settings = settings(&root);
    let built = target.join("lambda");
    let folders =
        std::fs::read_dir(&built).unwrap_or_else(|error| panic!("{}: {error}; run `make release`", built.display()));
    let mut functions: Vec<_> = folders.map(|folder| folder.expect("readable").path()).collect();
    functions.sort();
    for (function, archive) in functions.iter().map(|folder| (folder, folder.join("bootstrap.zip"))) {
        let function = function.file_name().expect("a name").to_string_lossy();
        let bytes = std::fs::metadata(&archive)
            .unwrap_or_else(|error| panic!("{}: {error}; run `make release`", archive.display()));
        report(&format!("{function}: release archive"), bytes.len() as f64 / 1e6, "MB", 4.0);
        let settings = settings.get(&*function).unwrap_or_else(|| panic!("no stack of dev has the asset {function}"));
        let runs = first_poll_runs(&archive, settings);
        report(&format!("{function}: start to first poll, median"), median(&runs), "ms", 10.0);
    }
    if within_limits { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Synth {
    wall_ms: Vec<f64>,
    peak_mb: f64,
}

fn synth_runs(root: &Path, target: &Path) -> Synth {
    // The binary that `make` builds and people run.
    let infra = target.join("debug/infra");
    let mut wall_ms = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        let status = Command::new(&infra)
            .args(["synth", "--check"])
            .current_dir(root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap_or_else(|error| panic!("{}: {error}; run `make build`", infra.display()));
        wall_ms.push(started.elapsed().as_secs_f64() * 1e3);
        assert!(status.success(), "infra synth --check failed; run `make synth` and look at the difference");
    }
    // Every child so far was a synth, so the largest child is the largest synth. Linux counts kilobytes.
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).expect("getrusage");
    Synth { wall_ms, peak_mb: usage.max_rss() as f64 / 1e3 }
}

/// Starts the archive's `bootstrap` as Lambda does and waits until it asks for its first event.
fn first_poll_runs(archive: &Path, settings: &[(String, String)]) -> Vec<f64> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bootstrap = unzip_bootstrap(archive, folder.path());
    (0..RUNS).map(|_| first_poll(&bootstrap, settings).as_secs_f64() * 1e3).collect()
}

fn first_poll(bootstrap: &Path, settings: &[(String, String)]) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the port's address");
    let started = Instant::now();
    let mut function = Command::new(bootstrap)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("RUST_BACKTRACE", "0")
        .envs(settings.iter().cloned())
        // A function that cannot start says why on its standard output.
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the function starts");
    listener.set_nonblocking(true).expect("a listener that does not block");
    // The poll stays open until the function is stopped, as Lambda would keep it.
    let (taken, _poll) = loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nonblocking(false).expect("a stream that blocks");
                let mut request = [0_u8; 512];
                let length = stream.read(&mut request).expect("a request");
                let line = String::from_utf8_lossy(&request[..length]);
                assert!(line.contains("/invocation/next"), "the function asked for something else first: {line}");
                break (started.elapsed(), stream);
            }
            Err(_) => {
                if let Some(status) = function.try_wait().expect("the function's state") {
                    panic!("the function ended before its first poll: {status}");
                }
                assert!(started.elapsed() < Duration::from_secs(10), "no poll within 10 s");
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    };
    function.kill().expect("the function can be stopped");
    function.wait().expect("the function ends");
    taken
}

/// The variables of each function on the stage dev, by its asset. What only a deployed stack knows gets a value of its form.
fn settings(root: &Path) -> BTreeMap<String, Vec<(String, String)>> {
    let files = systems::read(root, "dev").expect("the settings of dev");
    let stacks = ConfiguredStage::parse("dev", &files).expect("valid settings").synth().expect("dev synthesizes");
    let mut settings = BTreeMap::new();
    for stack in stacks {
        let template: Value = serde_json::from_str(&stack.template.to_json()).expect("JSON");
        let asset_of = |key: &Value| {
            let (_, source) = stack.parameters.iter().find(|(id, _)| key["Ref"] == id.as_str())?;
            if let ParameterSource::AssetKey { asset } = source { Some(asset.clone()) } else { None }
        };
        for (_, resource) in template["Resources"].as_object().into_iter().flatten() {
            let properties = &resource["Properties"];
            let Some(asset) = asset_of(&properties["Code"]["S3Key"]) else { continue };
            let variables = properties["Environment"]["Variables"].as_object().into_iter().flatten();
            settings.insert(asset, variables.map(|(name, value)| (name.clone(), variable(name, value))).collect());
        }
    }
    settings
}

fn variable(name: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        _ if name.ends_with("_PORT") => "5432".to_owned(),
        _ if name.contains("URL") => "http://127.0.0.1:1/".to_owned(),
        _ => "arn:aws:service:us-east-1:000000000000:name".to_owned(),
    };
    match name {
        "RDS_CA_BUNDLE" => concat!(env!("CARGO_MANIFEST_DIR"), "/../../layers/rds-ca/rds-ca-bundle.pem").to_owned(),
        _ => text,
    }
}

fn unzip_bootstrap(archive: &Path, folder: &Path) -> PathBuf {
    let mut zip = zip::ZipArchive::new(File::open(archive).expect("the archive opens")).expect("a zip archive");
    let mut bytes = Vec::new();
    zip.by_name("bootstrap").expect("the archive holds bootstrap").read_to_end(&mut bytes).expect("bootstrap reads");
    let path = folder.join("bootstrap");
    File::create(&path).and_then(|mut file| file.write_all(&bytes)).expect("bootstrap is written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("bootstrap becomes executable");
    path
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
