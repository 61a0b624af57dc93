//! The command `fipe-server`: arguments, exit code, and nothing else.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use fipe_server::{Dataset, Faults, FipeServer, Generated, Month, Options, SHIPPED};

/// Serves FIPE's API on 127.0.0.1 from real or generated months.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Writes one month as CSV, in the form of the data set files.
    Export {
        #[command(flatten)]
        data: Data,
        /// The month, as 2026-08; the newest unless told.
        #[arg(long)]
        month: Option<Month>,
    },
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    data: Data,
    /// 0 lets the system choose.
    #[arg(long, env = "FIPE_PORT", default_value_t = 8099)]
    port: u16,
    /// Rates of 429, 403, 503, html, empty, slow, reset, truncated, rollover; also slow-ms=N and seed=N.
    #[arg(long, env = "FIPE_FAULTS", default_value = "", value_name = "429=0.05,..", hide_default_value = true)]
    faults: Faults,
    /// Seconds that a 429 among the faults asks to wait.
    #[arg(long, value_name = "SECONDS")]
    retry_after: Option<u64>,
    /// Answers 429 beyond so many calls in any 60 seconds.
    #[arg(long, env = "FIPE_RATE_LIMIT", value_name = "CALLS_PER_MINUTE")]
    rate_limit: Option<u32>,
    /// Reads the files and settings, tells what is wrong with them, and serves nothing.
    #[arg(long)]
    check: bool,
}

#[derive(Args)]
struct Data {
    /// A month's file, YYYY-MM-refNNN.csv.gz; may be given more than once.
    #[arg(long, env = "FIPE_DATASET", value_delimiter = ',', value_name = "FILE")]
    dataset: Vec<PathBuf>,
    /// Without files, months are generated from this.
    #[arg(long, default_value_t = SHIPPED.seed)]
    seed: u64,
    /// Prices of the newest generated month.
    #[arg(long, default_value_t = SHIPPED.prices)]
    prices: u32,
    /// How many months are generated, back from 2026-08.
    #[arg(long, default_value_t = SHIPPED.months)]
    months: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the export may stop in the middle (`| head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(Command::Export { data, month }) = arguments.command {
        return export(&data.load()?, month);
    }
    let Serve { data, port, mut faults, retry_after, rate_limit, check } = arguments.serve;
    if let Some(seconds) = retry_after {
        faults.retry_after = std::time::Duration::from_secs(seconds);
    }
    let options = Options { port, months: data.load()?, faults, rate_limit };
    if check {
        return Ok(());
    }
    let server = FipeServer::start(options).await.with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
    writeln!(io::stdout(), "listening on {}", server.url())?;
    server.wait().await;
    Ok(())
}

impl Data {
    fn load(&self) -> anyhow::Result<Vec<Dataset>> {
        if self.dataset.is_empty() {
            let (seed, prices, months) = (self.seed, self.prices, self.months);
            return Ok(fipe_server::generate(Generated { seed, prices, months }));
        }
        Ok(self.dataset.iter().map(|path| fipe_server::read(path)).collect::<Result<_, _>>()?)
    }
}

fn export(months: &[Dataset], month: Option<Month>) -> anyhow::Result<()> {
    let listed = || months.iter().map(|m| m.reference.month.to_string()).collect::<Vec<_>>().join(", ");
    let dataset = match month {
        Some(month) => months.iter().find(|dataset| dataset.reference.month == month),
        None => months.iter().max_by_key(|dataset| dataset.reference.month),
    };
    let dataset = dataset.with_context(|| format!("that month is not among {}", listed()))?;
    Ok(fipe_server::write(dataset, io::stdout().lock())?)
}
