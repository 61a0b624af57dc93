//! `infra local`: starts, shows and stops the local cloud, and shows its logs. The work is done by `local-cloud`.

use std::time::Duration;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use local_cloud::{Config, ServiceName, Status};
use system::Table;

use crate::commands::of_system;
use crate::exit::Failure;
use crate::project::repository::Repository;
use crate::project::tools::Tools;
use crate::run::local_services::{self, Services};
use crate::ui::terminal::Terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum Local {
    /// Install the pinned tools if necessary, and start what is not running.
    Up {
        #[command(flatten)]
        services: Services,
        /// Where functions call AWS, for a proxy in front of MiniStack [default: MiniStack itself].
        #[arg(long, env = "FUNCTIONS_ENDPOINT", value_name = "URL")]
        functions_endpoint: Option<String>,
    },
    /// Show what is running and where.
    Status {
        /// One JSON document instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Demonstrate each system: runs `infra invoke` for every system once.
    Demo,
    /// Stop everything and delete all data.
    Down,
    /// The end of the services' logs.
    Logs {
        /// Only this service.
        #[arg(value_parser = service_names())]
        service: Option<ServiceName>,
        /// Follow new lines until interrupted.
        #[arg(long, short)]
        follow: bool,
        /// How many lines to begin with.
        #[arg(long, default_value_t = 50)]
        lines: usize,
    },
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Local) -> Result<(), Failure> {
    let root = repository.root();
    match arguments {
        Local::Up { services, functions_endpoint } => {
            up(repository, terminal, services, functions_endpoint.clone()).await
        }
        Local::Status { json: true } => {
            terminal.data(&serde_json::to_string_pretty(&local_cloud::status(root)?)?);
            Ok(())
        }
        Local::Status { json: false } => {
            table(&local_cloud::status(root)?).iter().for_each(|line| terminal.data(line));
            Ok(())
        }
        Local::Demo => {
            for demo in of_system::demos() {
                demo.until_dropped(repository, terminal).await?;
            }
            Ok(())
        }
        Local::Down => {
            local_cloud::down(root, &mut |event| terminal.note(&event.to_string())).await?;
            terminal.note("the local cloud is down, nothing is left running");
            Ok(())
        }
        Local::Logs { service, follow, lines } => {
            let services = match service {
                Some(service) => vec![service.clone()],
                None => local_services::names().into_iter().map(ServiceName::from).collect(),
            };
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

async fn up(
    repository: &Repository,
    terminal: &Terminal,
    services: &Services,
    functions_endpoint: Option<String>,
) -> Result<(), Failure> {
    let root = repository.root();
    Tools::Local.install(repository, terminal).await?;
    let config = Config {
        root: root.to_owned(),
        ports: services.ports.own,
        programs: services.programs(repository)?,
        databases: local_services::databases(),
        functions_endpoint,
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
        let address = match &service.name {
            // One server; its users connect to its databases.
            ServiceName::Postgres if !status.databases.is_empty() => {
                status.databases.iter().map(|database| database.url.as_str()).collect::<Vec<_>>().join(", ")
            }
            _ => service.url.clone(),
        };
        let state = if service.alive { "running" } else { "dead" };
        let version = service.version.clone();
        table.row(vec![service.name.to_string(), state.to_owned(), version, service.pid.to_string(), address]);
    }
    table.lines()
}

fn service_names() -> impl TypedValueParser<Value = ServiceName> {
    PossibleValuesParser::new(local_services::names()).map(ServiceName::from)
}
