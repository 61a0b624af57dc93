//! What people do with the chain: `infra invoke fipe` starts crawls, `infra status fipe` looks at them.

mod chain;
mod crawl;
mod local;
mod month;
mod pause;
mod running;
mod watch;

use std::path::{Path, PathBuf};

use chain::Chain;
use clap::{ArgMatches, Args, Command};
use fipe_contract::database;
use local_cloud::{Database, Program};
use month::Month;
use serde_json::json;
use system::{Action, Failed, Interrupt, LocalService, Operator, Site, StageName, Verb, read_arguments};

use crate::{Fipe, NAME};

/// Which months, and whether to watch.
#[derive(Debug, Args)]
struct Invoke {
    /// A reference month; may be given several times, one crawl after the other. The newest when not given.
    #[arg(long = "month", value_name = "YYYY-MM")]
    months: Vec<String>,
    /// Crawl the months of these files, oldest first, unless months are given; on the stage local alone.
    #[arg(long, env = "FIPE_DATASET", value_delimiter = ',', value_name = "FILE")]
    fipe_dataset: Vec<PathBuf>,
    /// Start although a crawl of the month is in progress; they share the budget of calls, and the rows of the later one stay.
    #[arg(long)]
    again: bool,
    /// Show the progress until the crawl is complete, and end with a table.
    #[arg(long)]
    watch: bool,
    /// Print JSON documents instead of text.
    #[arg(long)]
    json: bool,
}

/// Which crawl, and how it is shown.
#[derive(Debug, Args)]
struct Status {
    /// The id of a crawl; the latest by default.
    #[arg(long, value_name = "ID")]
    crawl: Option<uuid::Uuid>,
    /// Show the progress until the crawl is complete.
    #[arg(long)]
    watch: bool,
    /// One JSON document instead of a table.
    #[arg(long)]
    json: bool,
}

/// What continues after an interrupt.
const CRAWLS_ON: Interrupt =
    Interrupt::Drops("a crawl that was started continues; `infra status fipe --watch` follows it");

const ACTIONS: [Action; 2] = [
    Action {
        verb: Verb::Invoke,
        command: || {
            Invoke::augment_args(Command::new(NAME))
                .about("Start a crawl of FIPE's prices; exit code 75 while one of the month is in progress")
        },
        run: |site, arguments| Box::pin(async { invoke(site, &read_arguments(arguments)?).await }),
        interrupt: CRAWLS_ON,
    },
    Action {
        verb: Verb::Status,
        command: || Status::augment_args(Command::new(NAME)).about("Show the progress of a crawl"),
        run: |site, arguments| Box::pin(async { status(site, &read_arguments(arguments)?).await }),
        interrupt: CRAWLS_ON,
    },
];

impl Operator for Fipe {
    fn actions(&self) -> &'static [Action] {
        &ACTIONS
    }

    fn demo(&self) -> &'static [&'static str] {
        &["--watch", "--again"]
    }

    fn databases(&self) -> &'static [Database] {
        &local::DATABASES
    }

    fn services(&self) -> &'static [LocalService] {
        &local::SERVICES
    }

    fn service_arguments(&self, command: Command) -> Command {
        local::Served::augment_args(command)
    }

    fn program(
        &self,
        service: &LocalService,
        port: u16,
        arguments: &ArgMatches,
        built: &Path,
    ) -> Result<Program, Failed> {
        local::program(service, port, arguments, built)
    }
}

async fn invoke(site: &Site<'_>, arguments: &Invoke) -> Result<(), Failed> {
    let months = months(site.stage, arguments)?;
    let (chain, console) = (Chain::find(site).await?, site.console);
    let several = months.len() > 1;
    for month in months {
        if !arguments.again {
            running::refuse_second(&chain, console, month).await?;
        }
        let crawl_id = chain.start(month).await?;
        if arguments.json {
            console.data(&json!({"crawl_id": crawl_id}).to_string());
        } else {
            let of = month.map_or_else(|| "the newest month".to_owned(), |month| month.to_string());
            console.data(&format!("crawl {crawl_id} of {of} started"));
        }
        // Crawls share the budget of calls, so several follow each other.
        if arguments.watch || several {
            let crawl = watch::until_complete(&chain, console, Some(&crawl_id)).await?;
            watch::report(console, &chain, &crawl, arguments.json).await?;
        }
    }
    if let Some(status) = site.local.filter(|_| arguments.watch && !arguments.json) {
        console.note("");
        console.note("go on with");
        let database_url = status.database_url(database::NAME).unwrap_or_default();
        console.note(&format!("  psql {database_url} -c 'SELECT * FROM fipe_prices LIMIT 5'"));
        console.note("  target/debug/infra status fipe");
        console.note("  make local-down");
    }
    Ok(())
}

async fn status(site: &Site<'_>, arguments: &Status) -> Result<(), Failed> {
    let (chain, console) = (Chain::find(site).await?, site.console);
    let crawl_id = arguments.crawl.map(|id| id.to_string());
    let crawl_id = crawl_id.as_deref();
    let crawl = match arguments.watch {
        true => Some(watch::until_complete(&chain, console, crawl_id).await?),
        false => chain.crawl(crawl_id).await?,
    };
    match crawl {
        Some(crawl) => watch::report(console, &chain, &crawl, arguments.json).await,
        None if crawl_id.is_some() => Err(Failed::usage(format!("there is no crawl {}", crawl_id.unwrap_or_default()))),
        None if arguments.json => {
            console.data(&json!({"crawl": null, "queues": chain.queues().await?}).to_string());
            Ok(())
        }
        None => {
            console.data(&format!("no crawl yet; `infra invoke fipe --stage {}` starts one", chain.stage));
            Ok(())
        }
    }
}

/// The months to crawl; one `None` means the newest.
fn months(stage: StageName, arguments: &Invoke) -> Result<Vec<Option<Month>>, Failed> {
    if !arguments.months.is_empty() {
        let read = |text: &String| {
            let month = Month::parse(text);
            month.map(Some).ok_or_else(|| {
                Failed::usage(format!("month {text:?} is not YYYY-MM, from 2001-01 on, for example 2026-08"))
            })
        };
        return arguments.months.iter().map(read).collect();
    }
    let files: Vec<&PathBuf> = arguments.fipe_dataset.iter().filter(|path| !path.as_os_str().is_empty()).collect();
    if files.is_empty() || stage != StageName::Local {
        return Ok(vec![None]);
    }
    let of_file = |path: &&PathBuf| {
        Month::of_file(path).ok_or_else(|| {
            Failed::usage(format!("{} does not begin with its month; name it YYYY-MM-refNNN.csv.gz", path.display()))
        })
    };
    let mut months = files.iter().map(of_file).collect::<Result<Vec<_>, _>>()?;
    months.sort();
    months.dedup();
    Ok(months.into_iter().map(Some).collect())
}
