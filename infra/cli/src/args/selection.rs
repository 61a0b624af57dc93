//! `--stage` with the account it lives in, for commands that look at a stage; `local` when it is not given.

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
