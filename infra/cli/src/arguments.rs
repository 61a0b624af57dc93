//! What can be said to `infra`, and who does it. Refuses work of its own.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, builder::PossibleValuesParser, builder::TypedValueParser};
use local_cloud::ServiceName;
use stacks::StageName;

use crate::exit::Exit;
use crate::repository::Repository;
use crate::terminal::Terminal;
use crate::tools::Tools;
use crate::{build, deploy_command, destroy_command, fipe_command, local_command, synth_command, tools};

const EXAMPLES: &str = "\
Examples:
  infra synth                                   write the templates of every stage
  infra synth --check                           fail when a committed template is stale
  infra local up && infra deploy --stage local  the whole chain on this machine
  infra invoke fipe --month 2026-08 --watch     crawl a month and watch it
  infra deploy --stage dev --profile work --vpc-id vpc-0123456789abcdef0 --allowed-ip 203.0.113.7
  infra status fipe --stage dev
  infra destroy --stage dev

Exit codes:
  0  done, or there was nothing to do
  1  it was started and failed
  2  wrong or missing arguments, values or settings; nothing was touched
  3  a committed template is stale
  4  AWS or the network was busy or away; the same command may succeed later
  5  a crawl came to rest and is not complete
  130  interrupted

Results go to stdout, everything else to stderr.";

/// Synthesizes, deploys and watches the stacks of this repository.
#[derive(Debug, Parser)]
#[command(name = "infra", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the templates below `environments`, or check them.
    Synth {
        /// Only this stage; may be given several times.
        #[arg(long, value_parser = stage_names())]
        stage: Vec<StageName>,
        /// Write nothing; fail with code 3 and name the files that are stale.
        #[arg(long)]
        check: bool,
    },
    /// Build the archives of the functions, as deploy does.
    Build(Build),
    /// Build, upload and deploy the stacks of a stage.
    ///
    /// The stage `local` goes to the running local cloud and takes every value from it. Any other stage goes to AWS with
    /// the credentials that AWS's own tools would use; subnets and route tables are looked up from the VPC.
    Deploy(Deploy),
    /// Delete the stacks of a stage, last made first.
    ///
    /// The database is kept as a final snapshot. Buckets are not emptied.
    Destroy(Destroy),
    /// Install pinned tools into .tools; what is there is left alone.
    ///
    /// Other commands install what they need by themselves; the tests need `local` and `lint`.
    Install {
        #[arg(required = true, value_name = "TOOLS")]
        tools: Vec<Tools>,
    },
    /// The local cloud: MiniStack, PostgreSQL and the FIPE server on this machine.
    #[command(subcommand)]
    Local(Local),
    /// Start a chain.
    #[command(subcommand)]
    Invoke(Invoke),
    /// How far a chain is.
    #[command(subcommand)]
    Status(Status),
}

/// What is built.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The stage whose architecture the archives are for.
    #[arg(long, value_parser = stage_names(), default_value = "dev")]
    pub(crate) stage: StageName,
    /// Another architecture than the stage's.
    #[arg(long, value_parser = ["arm64", "x86_64"])]
    pub(crate) architecture: Option<String>,
}

/// Which account and region.
#[derive(Debug, Args)]
pub(crate) struct Account {
    /// Named profile of the AWS configuration; not used on the stage local.
    #[arg(long, env = "AWS_PROFILE")]
    pub(crate) profile: Option<String>,
    /// Region; the profile's when it is not given.
    #[arg(long, env = "AWS_REGION")]
    pub(crate) region: Option<String>,
}

/// What is deployed, and with which values.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[arg(long, value_parser = stage_names())]
    pub(crate) stage: StageName,
    /// Only these stacks, for example FipeApi; all when none is named.
    #[arg(value_name = "STACK")]
    pub(crate) stacks: Vec<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    /// The VPC of the database and the functions that use it; on the stage local the default VPC.
    #[arg(long, env = "VPC_ID", value_name = "vpc-..")]
    pub(crate) vpc_id: Option<String>,
    /// The one IPv4 address outside the VPC that may reach the database.
    #[arg(long, env = "ALLOWED_IP", value_name = "ADDRESS")]
    pub(crate) allowed_ip: Option<String>,
    /// A template parameter by its name, instead of what would be given or looked up; may be given several times.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Deploy the archives that were built last.
    #[arg(long)]
    pub(crate) skip_build: bool,
    /// Delete a stack whose creation failed, and create it again; always so on the stage local.
    #[arg(long)]
    pub(crate) replace_failed: bool,
}

/// What is deleted.
#[derive(Debug, Args)]
pub(crate) struct Destroy {
    #[arg(long, value_parser = stage_names())]
    pub(crate) stage: StageName,
    /// Only these stacks; all when none is named.
    #[arg(value_name = "STACK")]
    pub(crate) stacks: Vec<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    /// The stage's name again, instead of the question that a terminal gets.
    #[arg(long, value_name = "STAGE")]
    pub(crate) yes_destroy: Option<String>,
}

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
    #[arg(long, env = "FIPE_PORT", value_parser = port(), default_value_t = local_cloud::Ports::default().fipe)]
    pub(crate) fipe_port: u16,
    /// Real months to serve, files named YYYY-MM-refNNN.csv.gz with commas between; a small shipped set when not given.
    #[arg(long, env = "FIPE_DATASET", value_delimiter = ',', value_name = "FILE")]
    pub(crate) fipe_dataset: Vec<PathBuf>,
    /// How often the FIPE server fails, for example 429=0.05,503=0.02.
    #[arg(long, env = "FIPE_FAULTS", default_value = "", hide_default_value = true, value_name = "RATES")]
    pub(crate) fipe_faults: String,
}

#[derive(Debug, Subcommand)]
enum Invoke {
    /// Start a crawl of FIPE's prices.
    Fipe(InvokeFipe),
}

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

#[derive(Debug, Subcommand)]
enum Status {
    /// Brands, models and prices expected and loaded, calls, retries, queues and dead letters.
    Fipe(StatusFipe),
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

fn stage_names() -> impl TypedValueParser<Value = StageName> {
    PossibleValuesParser::new(StageName::ALL.map(StageName::as_str)).map(|name| {
        let stage = StageName::ALL.into_iter().find(|stage| stage.as_str() == name);
        stage.unwrap_or(StageName::Local)
    })
}

/// Any port but 0, which would be another one at each start.
fn port() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..)
}

fn service_names() -> impl TypedValueParser<Value = ServiceName> {
    PossibleValuesParser::new(ServiceName::ALL.map(ServiceName::as_str)).map(|name| {
        let service = ServiceName::ALL.into_iter().find(|service| service.as_str() == name);
        service.unwrap_or(ServiceName::MiniStack)
    })
}

/// Does what the command line says, prints the error if there is one, and tells how it went.
pub(crate) fn run() -> Exit {
    let arguments = Arguments::parse();
    let terminal = Terminal::new();
    match dispatch(arguments.command, &terminal) {
        Ok(()) => Exit::Success,
        Err(error) => {
            terminal.error(&error);
            Exit::of(&error)
        }
    }
}

fn dispatch(command: Command, terminal: &Terminal) -> anyhow::Result<()> {
    let repository = Repository::find()?;
    let (repository, terminal) = (&repository, terminal);
    match command {
        // No runtime: this is to be done before one is started.
        Command::Synth { stage, check } => synth_command::run(repository, terminal, &stage, check),
        Command::Build(arguments) => interruptible(build::run(repository, terminal, &arguments), ""),
        Command::Deploy(arguments) => interruptible(deploy_command::run(repository, terminal, &arguments), GOES_ON),
        Command::Destroy(arguments) => interruptible(destroy_command::run(repository, terminal, &arguments), GOES_ON),
        Command::Install { tools } => interruptible(tools::install(repository, terminal, &tools), ""),
        Command::Local(arguments) => interruptible(local_command::run(repository, terminal, &arguments), ""),
        Command::Invoke(Invoke::Fipe(arguments)) => {
            interruptible(fipe_command::invoke(repository, terminal, &arguments), CRAWLS_ON)
        }
        Command::Status(Status::Fipe(arguments)) => {
            interruptible(fipe_command::status(repository, terminal, &arguments), CRAWLS_ON)
        }
    }
}

const GOES_ON: &str = "; what CloudFormation has begun goes on, and the same command watches it to its end";
const CRAWLS_ON: &str = "; a crawl that was started goes on, and `infra status fipe --watch` watches it";

/// Runs to the end or to the first interrupt, which drops the work and with it what it had started on this machine.
fn interruptible(work: impl Future<Output = anyhow::Result<()>>, after: &'static str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            result = work => result,
            _ = tokio::signal::ctrl_c() => Err(crate::exit::Interrupted(after).into()),
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Arguments::command().debug_assert();
    }
}
