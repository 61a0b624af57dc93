//! `infra invoke fipe` and `infra status fipe`: start crawls, and look at them. Refuses a database connection: the
//! ingestor, which sits beside the database, is asked.

use std::path::{Path, PathBuf};

use aws_access::{Connection, call_error};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use clap::Args;
use operate::aws::AwsCloud;
use operate::inventory;
use serde_json::{Value, json};
use stacks::StageName;

use crate::arguments::{Account, stage_names};
use crate::crawl::Crawl;
use crate::exit::{BadInput, FunctionFailed};
use crate::queues::{Queue, Queues};
use crate::repository::Repository;
use crate::terminal::Terminal;
use crate::{aws, watch};

/// Which months, and whether to watch.
#[derive(Debug, Args)]
pub(crate) struct InvokeFipe {
    #[arg(long, value_parser = stage_names(), default_value = "local")]
    pub(crate) stage: StageName,
    #[command(flatten)]
    pub(crate) account: Account,
    /// A reference month; may be given several times, one crawl after the other. The newest when not given.
    #[arg(long = "month", value_name = "YYYY-MM")]
    pub(crate) months: Vec<String>,
    /// Crawl the months of these files, oldest first, unless months are given; on the stage local alone.
    #[arg(long, env = "FIPE_DATASET", value_delimiter = ',', value_name = "FILE")]
    pub(crate) fipe_dataset: Vec<PathBuf>,
    /// Show the progress until the crawl is complete, and end with a table.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Print JSON documents instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which crawl, and how it is shown.
#[derive(Debug, Args)]
pub(crate) struct StatusFipe {
    #[arg(long, value_parser = stage_names(), default_value = "local")]
    pub(crate) stage: StageName,
    #[command(flatten)]
    pub(crate) account: Account,
    /// A crawl by its id; the latest when not given.
    #[arg(long, value_name = "ID")]
    pub(crate) crawl: Option<uuid::Uuid>,
    /// Show the progress until the crawl is complete.
    #[arg(long)]
    pub(crate) watch: bool,
    /// One JSON document instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The chain of a stage, as far as it is looked at from here.
pub(crate) struct Chain {
    lambda: Client,
    queues: Queues,
    pub(crate) stage: StageName,
}

impl Chain {
    async fn find(repository: &Repository, stage: StageName, account: &Account) -> anyhow::Result<Self> {
        let Connection { config, .. } = aws::connect(repository, stage, account).await?;
        let stack_name = format!("FipeApi-{stage}");
        let cloud = AwsCloud::new(&config);
        let inventory = inventory(&cloud, std::slice::from_ref(&stack_name)).await?;
        if inventory.is_empty() {
            return Err(
                BadInput(format!("{stack_name} is not deployed; run `infra deploy --stage {stage}` first")).into()
            );
        }
        let queues = Queues::new(cloud, &inventory).await?;
        Ok(Self { lambda: Client::new(&config), queues, stage })
    }

    /// Calls a function and waits for its answer.
    async fn call(&self, function: &str, event: &Value) -> anyhow::Result<Value> {
        let name = format!("{function}-{}", self.stage);
        let call = self.lambda.invoke().function_name(&name).payload(Blob::new(event.to_string()));
        let answer = call.send().await.map_err(|error| call_error("Invoke", error))?;
        let payload = answer.payload().map(|blob| blob.as_ref().to_vec()).unwrap_or_default();
        if answer.function_error().is_some() {
            return Err(FunctionFailed::of(name, &payload).into());
        }
        serde_json::from_slice(&payload).map_err(|error| {
            anyhow::anyhow!("{name} answered no JSON ({error}): {}", String::from_utf8_lossy(&payload))
        })
    }

    /// A crawl by its id, or the latest; `None` when there is none.
    pub(crate) async fn crawl(&self, crawl_id: Option<&str>) -> anyhow::Result<Option<Crawl>> {
        let answer = self.call("FipeSomaIngestor", &json!({"status": {"crawl_id": crawl_id}})).await?;
        Ok(serde_json::from_value(answer)?)
    }

    pub(crate) async fn queues(&self) -> anyhow::Result<Vec<Queue>> {
        Ok(self.queues.depths().await?)
    }

    /// Starts a crawl and answers with its id.
    async fn start(&self, month: Option<Month>) -> anyhow::Result<String> {
        let event = match month {
            Some(month) => json!({"mes": month.month, "ano": month.year}),
            None => json!({}),
        };
        let answer = self.call("FipeManufacturerLoader", &event).await?;
        let id = answer["crawl_id"].as_str();
        Ok(id
            .ok_or_else(|| anyhow::anyhow!("FipeManufacturerLoader answered without a crawl_id: {answer}"))?
            .to_owned())
    }
}

pub(crate) async fn invoke(repository: &Repository, terminal: &Terminal, arguments: &InvokeFipe) -> anyhow::Result<()> {
    let months = months(arguments)?;
    let chain = Chain::find(repository, arguments.stage, &arguments.account).await?;
    let several = months.len() > 1;
    for month in months {
        let crawl_id = chain.start(month).await?;
        if arguments.json {
            terminal.data(&json!({"crawl_id": crawl_id}).to_string());
        } else {
            let of = month.map_or_else(|| "the newest month".to_owned(), |month| month.to_string());
            terminal.data(&format!("crawl {crawl_id} of {of} started"));
        }
        // Crawls share the budget of calls, so several follow each other.
        if arguments.watch || several {
            let crawl = watch::until_complete(&chain, terminal, Some(&crawl_id)).await?;
            watch::report(terminal, &chain, &crawl, arguments.json).await?;
        }
    }
    if arguments.watch && !arguments.json && arguments.stage == StageName::Local {
        let status = aws::local_cloud(repository)?;
        terminal.note("");
        terminal.note("go on with");
        terminal.note(&format!("  psql {} -c 'SELECT * FROM fipe_prices LIMIT 5'", status.database_url));
        terminal.note("  target/debug/infra status fipe");
        terminal.note("  make local-down");
    }
    Ok(())
}

pub(crate) async fn status(repository: &Repository, terminal: &Terminal, arguments: &StatusFipe) -> anyhow::Result<()> {
    let chain = Chain::find(repository, arguments.stage, &arguments.account).await?;
    let crawl_id = arguments.crawl.map(|id| id.to_string());
    let crawl_id = crawl_id.as_deref();
    let crawl = match arguments.watch {
        true => Some(watch::until_complete(&chain, terminal, crawl_id).await?),
        false => chain.crawl(crawl_id).await?,
    };
    match crawl {
        Some(crawl) => watch::report(terminal, &chain, &crawl, arguments.json).await,
        None if crawl_id.is_some() => {
            Err(BadInput(format!("there is no crawl {}", crawl_id.unwrap_or_default())).into())
        }
        None if arguments.json => {
            terminal.data(&json!({"crawl": null, "queues": chain.queues().await?}).to_string());
            Ok(())
        }
        None => {
            terminal.data(&format!("no crawl yet; `infra invoke fipe --stage {}` starts one", chain.stage));
            Ok(())
        }
    }
}

/// A reference month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// Reads `YYYY-MM`.
    fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_month = year.len() == 4 && month.len() == 2 && digits(year) && digits(month);
        let (year, month) = (year.parse().ok()?, month.parse().ok()?);
        // FIPE's first month is January 2001.
        (is_month && year >= 2001 && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The month of a file named `YYYY-MM-refNNN..`.
    fn of_file(path: &Path) -> Option<Self> {
        Self::parse(path.file_name()?.to_str()?.get(..7)?)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:02}", self.year, self.month)
    }
}

/// The months to crawl; one `None` means the newest.
fn months(arguments: &InvokeFipe) -> Result<Vec<Option<Month>>, BadInput> {
    if !arguments.months.is_empty() {
        let read = |text: &String| {
            let month = Month::parse(text);
            month
                .map(Some)
                .ok_or_else(|| BadInput(format!("month {text:?} is not YYYY-MM, from 2001-01 on, for example 2026-08")))
        };
        return arguments.months.iter().map(read).collect();
    }
    let files: Vec<&PathBuf> = arguments.fipe_dataset.iter().filter(|path| !path.as_os_str().is_empty()).collect();
    if files.is_empty() || arguments.stage != StageName::Local {
        return Ok(vec![None]);
    }
    let of_file = |path: &&PathBuf| {
        Month::of_file(path).ok_or_else(|| {
            BadInput(format!("{} does not begin with its month; name it YYYY-MM-refNNN.csv.gz", path.display()))
        })
    };
    let mut months = files.iter().map(of_file).collect::<Result<Vec<_>, _>>()?;
    months.sort();
    months.dedup();
    Ok(months.into_iter().map(Some).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_only_in_its_one_form() {
        assert_eq!(Month::parse("2026-08"), Some(Month { year: 2026, month: 8 }));
        for text in ["2026-8", "2026-13", "2026-00", "26-08", "2000-12", "08-2026", "2026-08-01", "+026-08", ""] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_tells_its_month() {
        let month = Month::of_file(Path::new("../data/2026-07-ref335.csv.gz"));
        assert_eq!(month.unwrap().to_string(), "2026-07");
        assert_eq!(Month::of_file(Path::new("prices.csv.gz")), None);
    }
}
