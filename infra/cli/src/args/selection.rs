//! `--stage` with its account, for commands that inspect a stage; `local` by default.

use clap::Args;
use system::StageName;

use crate::args::account::Account;
use crate::args::stage::stage_names;

/// Which stage, in which account.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    #[arg(long, value_parser = stage_names(), default_value = "local")]
    pub(crate) stage: StageName,
    #[command(flatten)]
    pub(crate) account: Account,
}
