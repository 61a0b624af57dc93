//! `--profile` and `--region`: which account and region.

use clap::Args;

/// Which account and region.
#[derive(Debug, Args)]
pub(crate) struct Account {
    /// Named profile of the AWS configuration; not used on the stage local.
    #[arg(long, env = "AWS_PROFILE")]
    pub(crate) profile: Option<String>,
    /// Region; by default the profile's.
    #[arg(long, env = "AWS_REGION")]
    pub(crate) region: Option<String>,
}
