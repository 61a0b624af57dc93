//! What the systems need of the local cloud beside MiniStack and PostgreSQL: their programs and databases.

use std::path::PathBuf;

use local_cloud::{DataFiles, Database, Program};

use crate::project::repository::Repository;

/// The FIPE server, in place of FIPE's API.
pub(crate) const FIPE: &str = "fipe";
/// Where it listens unless another port is given.
pub(crate) const FIPE_PORT: u16 = 8099;
/// The database of the FIPE chain.
pub(crate) const FIPE_DATABASE: &str = "fipedata";

/// The FIPE server: with these data sets, or those that it serves already, and failing as often as `faults` says.
pub(crate) fn fipe(repository: &Repository, port: u16, data_sets: Vec<PathBuf>, faults: &str) -> Program {
    let faults = Some(faults).filter(|faults| !faults.is_empty());
    Program {
        name: FIPE,
        title: "the FIPE server",
        program: repository.target().join("debug/fipe-server"),
        build: "cargo build -p fipe-server",
        port,
        port_flag: "--fipe-port",
        port_variable: "FIPE_PORT",
        arguments: faults.into_iter().map(|faults| format!("--faults={faults}")).collect(),
        health: "/_fipe/health",
        data: Some(DataFiles {
            argument: "--dataset=",
            files: data_sets,
            keep: true,
            hint: "give files named YYYY-MM-refNNN.csv.gz, with commas between",
        }),
    }
}

pub(crate) fn databases() -> Vec<Database> {
    vec![Database { name: FIPE_DATABASE, owner: "fipe_owner" }]
}

/// All services, in the order of `infra local status`.
pub(crate) const SERVICES: [&str; 3] = ["ministack", "postgres", FIPE];
