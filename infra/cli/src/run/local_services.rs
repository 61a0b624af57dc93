//! The services of the local cloud, from the list of systems: their names, the arguments for their ports, and the
//! programs that `infra local up` starts.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use local_cloud::{Database, Ports, Program, ServiceName};
use system::{LocalService, Operator};
use systems::operators;

use crate::exit::Failure;
use crate::project::repository::Repository;

/// The ports of the services, each with its default.
#[derive(Debug, Clone)]
pub(crate) struct ServicePorts {
    pub(crate) own: Ports,
    pub(crate) of_systems: Vec<(&'static LocalService, u16)>,
}

/// The ports, and the arguments of the systems' services.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) ports: ServicePorts,
    arguments: ArgMatches,
}

/// All services, in the order of `infra local status`.
pub(crate) fn names() -> Vec<&'static str> {
    ["ministack", "postgres"].into_iter().chain(of_systems().map(|(_, service)| service.name)).collect()
}

/// One per database cluster of the systems.
pub(crate) fn databases() -> Vec<Database> {
    operators().flat_map(|operator| operator.databases().iter().copied()).collect()
}

impl ServicePorts {
    /// Every service with its port.
    pub(crate) fn all(&self) -> Vec<(ServiceName, u16)> {
        let own = [(ServiceName::MiniStack, self.own.ministack), (ServiceName::Postgres, self.own.postgres)];
        let of_systems = self.of_systems.iter().map(|(service, port)| (ServiceName::from(service.name), *port));
        own.into_iter().chain(of_systems).collect()
    }
}

impl Services {
    /// The systems' services as programs of this machine's build.
    pub(crate) fn programs(&self, repository: &Repository) -> Result<Vec<Program>, Failure> {
        let built = repository.target().join("debug");
        let programs = of_systems()
            .zip(&self.ports.of_systems)
            .map(|((operator, service), (_, port))| Ok(operator.program(service, *port, &self.arguments, &built)?));
        programs.collect()
    }
}

fn of_systems() -> impl Iterator<Item = (&'static dyn Operator, &'static LocalService)> {
    operators().flat_map(|operator| operator.services().iter().map(move |service| (operator, service)))
}

/// An argument for any port but 0, which would be a different one at each start.
fn port(flag: &'static str, variable: &'static str, default: u16, help: &str) -> Arg {
    Arg::new(flag)
        .long(flag.trim_start_matches('-'))
        .env(variable)
        .value_name("PORT")
        .value_parser(clap::value_parser!(u16).range(1..))
        .help(format!("{help} [default: {default}]"))
}

const MINISTACK_PORT: &str = "--ministack-port";
const POSTGRES_PORT: &str = "--postgres-port";

impl FromArgMatches for ServicePorts {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let port = |flag: &str, default: u16| matches.get_one(flag).copied().unwrap_or(default);
        let (defaults, of_systems) = (Ports::default(), of_systems());
        Ok(Self {
            own: Ports {
                ministack: port(MINISTACK_PORT, defaults.ministack),
                postgres: port(POSTGRES_PORT, defaults.postgres),
            },
            of_systems: of_systems.map(|(_, service)| (service, port(service.port_flag, service.port))).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ServicePorts {
    fn augment_args(command: Command) -> Command {
        let defaults = Ports::default();
        let own = [
            port(MINISTACK_PORT, "MINISTACK_PORT", defaults.ministack, "Port of MiniStack, the AWS endpoint"),
            port(POSTGRES_PORT, "POSTGRES_PORT", defaults.postgres, "Port of PostgreSQL"),
        ];
        let of_systems = of_systems().map(|(_, service)| {
            port(service.port_flag, service.port_variable, service.port, &format!("Port of {}", service.title))
        });
        command.args(own).args(of_systems)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Services {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self { ports: ServicePorts::from_arg_matches(matches)?, arguments: matches.clone() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Services {
    fn augment_args(command: Command) -> Command {
        operators().fold(ServicePorts::augment_args(command), |command, operator| operator.service_arguments(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
