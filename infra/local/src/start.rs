//! Starts services in parallel and waits until each responds. Leaves no child behind when one of them fails.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::databases::{self, Database};
use crate::error::{At, Error};
use crate::event::Event;
use crate::layout::Layout;
use crate::postgres::Cluster;
use crate::process::{Process, spawn};
use crate::program::{Prepared, Program};
use crate::service_name::ServiceName;
use crate::state::{Started, State, tail};
use crate::{ministack, postgres};

/// Starting takes seconds; a program that reads or generates millions of records takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service that is to be started.
pub(crate) enum Launch {
    MiniStack { port: u16, functions_endpoint: Option<String> },
    Postgres { cluster: Cluster, port: u16, version: String, databases: Vec<Database> },
    Program { program: Program, arguments: Vec<String> },
}

impl Launch {
    pub(crate) async fn postgres(cluster: Cluster, port: u16, databases: &[Database]) -> Result<Self, Error> {
        let version = cluster.version().await?;
        Ok(Self::Postgres { cluster, port, version, databases: databases.to_owned() })
    }

    pub(crate) fn program(prepared: Prepared<'_>) -> Self {
        Self::Program { program: prepared.program.clone(), arguments: prepared.arguments }
    }

    fn service(&self) -> ServiceName {
        match self {
            Self::MiniStack { .. } => ServiceName::MiniStack,
            Self::Postgres { .. } => ServiceName::Postgres,
            Self::Program { program, .. } => program.service_name(),
        }
    }

    fn port(&self) -> u16 {
        match self {
            Self::MiniStack { port, .. } | Self::Postgres { port, .. } => *port,
            Self::Program { program, .. } => program.port,
        }
    }

    async fn command(&self, layout: &Layout) -> Result<Command, Error> {
        match self {
            Self::MiniStack { port, functions_endpoint } => {
                Ok(ministack::command(layout, *port, functions_endpoint.as_deref()))
            }
            Self::Postgres { cluster, port, databases, .. } => {
                cluster.release_lock().await?;
                cluster.initialise(&databases::authentication(databases), &databases::sql(databases)).await?;
                Ok(cluster.server(*port))
            }
            Self::Program { program, arguments } => Ok(program.command(arguments)),
        }
    }

    /// The service's version, once it responds.
    async fn version(&self, layout: &Layout) -> Option<String> {
        match self {
            Self::MiniStack { port, .. } if ministack::is_ready(*port).await => ministack::version(layout),
            Self::Postgres { port, version, .. } if postgres::is_ready(*port).await => Some(version.clone()),
            Self::Program { program, .. } => program.version().await,
            Self::MiniStack { .. } | Self::Postgres { .. } => None,
        }
    }

    fn into_arguments(self) -> Vec<String> {
        match self {
            Self::MiniStack { .. } | Self::Postgres { .. } => Vec::new(),
            Self::Program { arguments, .. } => arguments,
        }
    }
}

/// Starts all and adds them to the state, which is written once all are ready.
pub(crate) async fn start(
    layout: &Layout,
    launches: Vec<Launch>,
    state: &mut State,
    progress: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    for dir in [layout.logs_dir(), layout.temp_dir()] {
        std::fs::create_dir_all(&dir).at("create", dir)?;
    }
    // Dropped on every exit path: its tasks end, and with them the children that are not ready.
    let mut starting = JoinSet::new();
    for launch in launches {
        progress(Event::Starting { service: launch.service() });
        let layout = layout.clone();
        starting.spawn(async move {
            let begin = Instant::now();
            let command = launch.command(&layout).await?;
            let (child, version) = ready(&layout, &launch, command).await?;
            let (name, port, process) = (launch.service(), launch.port(), child.process);
            let arguments = launch.into_arguments();
            Ok((Started { name, process, port, version, arguments }, child, begin.elapsed()))
        });
    }
    let mut children = Vec::new();
    while let Some(result) = starting.join_next().await {
        let (service, child, after) = match result {
            Ok(Ok(started)) => started,
            Ok(Err(error)) => {
                starting.shutdown().await;
                return Err(error);
            }
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let (name, version) = (service.name.clone(), service.version.clone());
        progress(Event::Ready { service: name, version, port: service.port, after });
        children.push(child);
        state.set(service);
    }
    state.write(layout)?;
    children.into_iter().for_each(Guarded::release);
    Ok(())
}

async fn ready(layout: &Layout, launch: &Launch, mut command: Command) -> Result<(Guarded, String), Error> {
    let service = launch.service();
    let log = layout.log(&service);
    let program = command.as_std().get_program().to_owned();
    let child = spawn(&mut command, &layout.state_dir(), &log).map_err(|source| Error::Spawn {
        service: service.clone(),
        program: program.into(),
        source,
    })?;
    let mut child = Guarded::new(child);
    let begin = Instant::now();
    loop {
        if let Some(exit) = child.exit() {
            return Err(Error::Died { service, exit: exit.to_string(), tail: tail(&log), log });
        }
        if let Some(version) = launch.version(layout).await {
            return Ok((child, version));
        }
        if begin.elapsed() > PATIENCE {
            return Err(Error::NotReady { service, waited: PATIENCE, tail: tail(&log), log });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A child that is stopped with its group when this is dropped before it was released.
struct Guarded {
    child: Option<Child>,
    process: Process,
}

impl Guarded {
    fn new(child: Child) -> Self {
        let pid = child.id().map_or(0, u32::cast_signed);
        let process = Process::of(pid).unwrap_or_else(|| Process::ended(pid));
        Self { child: Some(child), process }
    }

    fn exit(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().ok()?
    }

    fn release(mut self) {
        self.child = None;
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Not yet waited for, so the id is still this child's.
        if self.child.as_ref().is_some_and(|child| child.id().is_some()) {
            let _ = killpg(Pid::from_raw(self.process.pid), Signal::SIGKILL);
        }
    }
}
