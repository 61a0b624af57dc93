//! `infra local`: the local cloud up, its state, its logs, down. Refuses to know how it works.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use local_cloud::{Config, Ports, ServiceName, Status};

use crate::project::local_services;
use crate::project::repository::Repository;
use crate::project::tools::Tools;
use crate::ui::table::Table;
use crate::ui::terminal::Terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum Local {
    /// Install the pinned tools if need be, and start what does not run.
    Up(Up),
    /// Tell what runs and where.
    Status {
        /// One JSON document instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// End everything and forget all data.
    Down,
    /// The end of the services' logs.
    Logs {
        /// Only this service.
        #[arg(value_parser = service_names())]
        service: Option<ServiceName>,
        /// Go on as lines come, until interrupted.
        #[arg(long, short)]
        follow: bool,
        /// How many lines to begin with.
        #[arg(long, default_value_t = 50)]
        lines: usize,
    },
}

/// What the local cloud serves, and where.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Port of MiniStack, the AWS endpoint.
    #[arg(long, env = "MINISTACK_PORT", value_parser = port(), default_value_t = local_cloud::Ports::default().ministack)]
    pub(crate) ministack_port: u16,
    /// Port of PostgreSQL.
    #[arg(long, env = "POSTGRES_PORT", value_parser = port(), default_value_t = local_cloud::Ports::default().postgres)]
    pub(crate) postgres_port: u16,
    /// Port of the FIPE server.
    #[arg(long, env = "FIPE_PORT", value_parser = port(), default_value_t = local_services::FIPE_PORT)]
    pub(crate) fipe_port: u16,
    /// Real months to serve, files named YYYY-MM-refNNN.csv.gz with commas between; a small shipped set when not given.
    #[arg(long, env = "FIPE_DATASET", value_delimiter = ',', value_name = "FILE")]
    pub(crate) fipe_dataset: Vec<PathBuf>,
    /// How often the FIPE server fails, for example 429=0.05,503=0.02.
    #[arg(long, env = "FIPE_FAULTS", default_value = "", hide_default_value = true, value_name = "RATES")]
    pub(crate) fipe_faults: String,
}

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
            let services = match service {
                Some(service) => vec![service.clone()],
                None => local_services::SERVICES.map(ServiceName::from).to_vec(),
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

async fn up(repository: &Repository, terminal: &Terminal, arguments: &Up) -> anyhow::Result<()> {
    let root = repository.root();
    Tools::Local.install(repository, terminal).await?;
    let data_sets = arguments.fipe_dataset.iter().filter(|path| !path.as_os_str().is_empty()).cloned().collect();
    let config = Config {
        root: root.to_owned(),
        ports: Ports { ministack: arguments.ministack_port, postgres: arguments.postgres_port },
        programs: vec![local_services::fipe(repository, arguments.fipe_port, data_sets, &arguments.fipe_faults)],
        databases: local_services::databases(),
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
            // One server, and what its users connect to are its databases.
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

/// Any port but 0, which would be another one at each start.
fn port() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..)
}

fn service_names() -> impl TypedValueParser<Value = ServiceName> {
    PossibleValuesParser::new(local_services::SERVICES).map(ServiceName::from)
}
