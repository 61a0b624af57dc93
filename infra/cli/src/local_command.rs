//! `infra local`: the local cloud up, its state, its logs, down. Refuses to know how it works.

use std::time::Duration;

use local_cloud::{Config, FipeData, FipeMonths, Ports, Status};

use crate::arguments::{Local, Up};
use crate::repository::Repository;
use crate::table::Table;
use crate::terminal::Terminal;
use crate::tools::Tools;

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Local) -> anyhow::Result<()> {
    let root = repository.root();
    match arguments {
        Local::Up(arguments) => up(repository, terminal, arguments).await,
        Local::Status { json: true } => {
            terminal.data(&serde_json::to_string_pretty(&local_cloud::status(root)?)?);
            Ok(())
        }
        Local::Status { json: false } => {
            table(&local_cloud::status(root)?).iter().for_each(|line| terminal.data(line));
            Ok(())
        }
        Local::Down => {
            local_cloud::down(root, &mut |event| terminal.note(&event.to_string())).await?;
            terminal.note("the local cloud is down, nothing is left running");
            Ok(())
        }
        Local::Logs { service, follow, lines } => {
            let services = service.map_or(local_cloud::ServiceName::ALL.to_vec(), |service| vec![service]);
            let mut logs = local_cloud::logs(root, &services, *lines)?;
            loop {
                for (service, line) in logs.lines()? {
                    match services.len() {
                        1 => terminal.data(&line),
                        _ => terminal.data(&format!("{service:<9} {line}")),
                    }
                }
                if !follow {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn up(repository: &Repository, terminal: &Terminal, arguments: &Up) -> anyhow::Result<()> {
    let root = repository.root();
    Tools::Local.install(repository, terminal).await?;
    let months = match arguments.fipe_dataset.iter().filter(|path| !path.as_os_str().is_empty()).cloned().collect() {
        files if Vec::is_empty(&files) => FipeMonths::Shipped,
        files => FipeMonths::Files(files),
    };
    let config = Config {
        root: root.to_owned(),
        ports: Ports {
            ministack: arguments.ministack_port,
            postgres: arguments.postgres_port,
            fipe: arguments.fipe_port,
        },
        fipe: FipeData { months, faults: arguments.fipe_faults.clone(), ..FipeData::default() },
        fipe_server: repository.target().join("debug/fipe-server"),
    };
    let status = local_cloud::up(&config, &mut |event| terminal.note(&event.to_string())).await?;
    table(&status).iter().for_each(|line| terminal.data(line));
    Ok(())
}

fn table(status: &Status) -> Vec<String> {
    if status.services.is_empty() {
        return vec!["the local cloud is down; `infra local up` starts it".to_owned()];
    }
    let mut table = Table::new(&["service", "state", "version", "pid", "address"], &[3]);
    for service in &status.services {
        let address = match service.name {
            local_cloud::ServiceName::MiniStack => &status.endpoint,
            local_cloud::ServiceName::Postgres => &status.database_url,
            local_cloud::ServiceName::Fipe => &status.fipe_url,
        };
        let state = if service.alive { "running" } else { "dead" };
        let version = service.version.clone();
        table.row(vec![service.name.to_string(), state.to_owned(), version, service.pid.to_string(), address.clone()]);
    }
    table.lines()
}
