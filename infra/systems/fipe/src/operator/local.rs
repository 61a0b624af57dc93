//! What the chain needs of the local cloud: its database, and the FIPE server in the place of FIPE.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, FromArgMatches};
use fipe_contract::database;
use local_cloud::{DataFiles, Database, Program};
use system::{Failed, LocalService};

use crate::NAME;

pub(crate) const DATABASES: [Database; 1] = [Database { name: database::NAME, owner: database::OWNER }];

pub(crate) const SERVICES: [LocalService; 1] = [LocalService {
    name: NAME,
    title: "the FIPE server",
    port: 8099,
    port_flag: "--fipe-port",
    port_variable: "FIPE_PORT",
}];

/// What the FIPE server serves, and how badly.
#[derive(Debug, Args)]
pub(crate) struct Served {
    /// Real months to serve, files named YYYY-MM-refNNN.csv.gz with commas between; a small shipped set when not given.
    #[arg(long, env = "FIPE_DATASET", value_delimiter = ',', value_name = "FILE")]
    fipe_dataset: Vec<PathBuf>,
    /// Failure rates of the FIPE server, for example 429=0.05,503=0.02.
    #[arg(long, env = "FIPE_FAULTS", default_value = "", hide_default_value = true, value_name = "RATES")]
    fipe_faults: String,
}

/// The FIPE server with the months that are given, or those that it serves already.
pub(crate) fn program(
    service: &LocalService,
    port: u16,
    arguments: &ArgMatches,
    built: &Path,
) -> Result<Program, Failed> {
    let Served { fipe_dataset, fipe_faults } = Served::from_arg_matches(arguments).map_err(Failed::usage)?;
    let faults = Some(fipe_faults).filter(|faults| !faults.is_empty());
    Ok(Program {
        name: service.name,
        title: service.title,
        program: built.join("fipe-server"),
        build: "cargo build -p fipe-server",
        port,
        port_flag: service.port_flag,
        port_variable: service.port_variable,
        arguments: faults.into_iter().map(|faults| format!("--faults={faults}")).collect(),
        health: "/_fipe/health",
        data: Some(DataFiles {
            argument: "--dataset=",
            files: fipe_dataset.into_iter().filter(|path| !path.as_os_str().is_empty()).collect(),
            keep: true,
            hint: "give files named YYYY-MM-refNNN.csv.gz, with commas between",
        }),
    })
}
