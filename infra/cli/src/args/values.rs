//! `--vpc-id`, `--allowed-ip`, `--alarm-email` and `--parameter`: values for the parameters of the templates, as typed.

use clap::Args;

/// Values for the templates' parameters.
#[derive(Debug, Args)]
pub(crate) struct Values {
    /// The VPC of the database and the functions that use it; on the stage local the default VPC.
    #[arg(long, env = "VPC_ID", value_name = "vpc-..")]
    pub(crate) vpc_id: Option<String>,
    /// The one IPv4 address outside the VPC that may reach the database.
    #[arg(long, env = "ALLOWED_IP", value_name = "ADDRESS")]
    pub(crate) allowed_ip: Option<String>,
    /// The mail address that hears of each alarm, on stages that ask for one.
    #[arg(long, env = "ALARM_EMAIL", value_name = "ADDRESS")]
    pub(crate) alarm_email: Option<String>,
    /// A template parameter, instead of the value that would be looked up; may be given several times.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
}
