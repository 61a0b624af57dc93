//! Up, down and status: what is there is kept, what is missing is started, what fails to start is taken down again.

use std::fmt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::error::{At, Error};
use crate::layout::Layout;
use crate::postgres::Home;
use crate::process::{Process, marked, spawn};
use crate::state::{ServiceName, Started, State, Status, tail};
use crate::{Config, Ports, fipe, ministack, port, postgres};

/// Progress of [`up`] and [`down`]; `Display` is a line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Starting {
        service: ServiceName,
    },
    Ready {
        service: ServiceName,
        version: String,
        port: u16,
        after: Duration,
    },
    AlreadyRunning {
        service: ServiceName,
    },
    /// Files take the place of made-up months, or the other way round: the database starts empty.
    Emptied,
    /// The FIPE server is asked for other data or faults than it runs with, or was built anew.
    Changed {
        service: ServiceName,
    },
    Stopped {
        service: ServiceName,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting { service } => write!(f, "{service}: starting"),
            Self::Ready { service, version, port, after } => {
                write!(f, "{service}: {version} ready on 127.0.0.1:{port} after {:.1} s", after.as_secs_f64())
            }
            Self::AlreadyRunning { service } => write!(f, "{service}: already running"),
            Self::Emptied => {
                f.write_str("real and made-up prices of a month must not mix: starting with an empty database")
            }
            Self::Changed { service } => write!(f, "{service}: changed, restarting"),
            Self::Stopped { service } => write!(f, "{service}: stopped"),
        }
    }
}

/// Starts what does not run yet and waits until it answers.
///
/// With all three services running as asked, nothing happens. From nothing, PostgreSQL is new and empty, as is
/// MiniStack; while either lives, PostgreSQL keeps its data over a restart. Other data for the FIPE server restarts
/// that alone, but where files take the place of made-up months or the other way round, everything starts anew.
/// When something fails, or the future is dropped, what this call started is ended again.
///
/// # Errors
/// A taken port, a child that dies or does not answer, missing tools: see [`Error`].
pub async fn up(config: &Config, progress: &mut dyn FnMut(Event)) -> Result<Status, Error> {
    own_ports(config.ports)?;
    let layout = Layout::new(&config.root);
    let _lock = layout.lock().await?;
    let mut state = State::read(&layout)?;
    for &service in &ServiceName::ALL {
        if let Some(alive) = state.alive(service) {
            let (running, asked) = (alive.port, service.port(config.ports));
            if running != asked {
                return Err(Error::OtherPort { service, running, asked });
            }
        }
    }
    ministack::require(&layout)?;
    let before = state.started(ServiceName::Fipe).map(|fipe| fipe.arguments.clone());
    let fipe_arguments = fipe_arguments(config, before.as_deref().unwrap_or_default())?;
    let is_changed = |running: &&Started| running.arguments != fipe_arguments || running.process.program_is_replaced();
    if state.alive(ServiceName::Fipe).is_none_or(|running| is_changed(&running)) {
        fipe::check(&config.fipe_server, &fipe_arguments).await?;
    }
    if before.is_some_and(|before| fipe::serves_files(&before) != fipe::serves_files(&fipe_arguments)) {
        progress(Event::Emptied);
        end_all(&state, progress).await?;
    }
    if ServiceName::ALL.iter().all(|&service| state.alive(service).is_none()) {
        clear(&layout, &mut state).await?;
        remove(&layout.logs_dir())?;
    }
    if let Some(running) = state.alive(ServiceName::Fipe).filter(is_changed) {
        progress(Event::Changed { service: ServiceName::Fipe });
        end(running).await?;
    }
    let missing: Vec<ServiceName> =
        ServiceName::ALL.into_iter().filter(|&service| state.alive(service).is_none()).collect();
    for service in ServiceName::ALL.into_iter().filter(|service| !missing.contains(service)) {
        progress(Event::AlreadyRunning { service });
    }
    for &service in &missing {
        let port = service.port(config.ports);
        if port::is_taken(port) {
            let (flag, variable) = service.port_setting();
            return Err(Error::PortTaken { port, service, holder: port::holder(port), flag, variable });
        }
    }
    if missing.contains(&ServiceName::Postgres) {
        let home = Home::find(&layout, state.postgres_home.as_deref()).await?;
        state.postgres_home = Some(home.dir().to_owned());
        state.write(&layout)?;
        start(config, &layout, &missing, Some(home), fipe_arguments, &mut state, progress).await?;
    } else {
        start(config, &layout, &missing, None, fipe_arguments, &mut state, progress).await?;
    }
    Ok(state.status(&layout, missing))
}

fn own_ports(ports: Ports) -> Result<(), Error> {
    for (index, &second) in ServiceName::ALL.iter().enumerate() {
        let port = second.port(ports);
        if let Some(&first) = ServiceName::ALL[..index].iter().find(|first| first.port(ports) == port) {
            let (flag, variable) = second.port_setting();
            return Err(Error::SamePort { port, first, second, flag, variable });
        }
    }
    Ok(())
}

/// What runs now, without waiting for anything.
///
/// # Errors
/// When the remembered state cannot be read.
pub fn status(root: &Path) -> Result<Status, Error> {
    let layout = Layout::new(root);
    Ok(State::read(&layout)?.status(&layout, Vec::new()))
}

/// Ends everything and forgets all state; the logs stay until the next [`up`]. Without a cloud it does nothing.
///
/// # Errors
/// When a process does not end.
pub async fn down(root: &Path, progress: &mut dyn FnMut(Event)) -> Result<(), Error> {
    let layout = Layout::new(root);
    let _lock = layout.lock().await?;
    // A state that cannot be read must not keep us from ending what it was about: the marks tell as well.
    let mut state = State::read(&layout).unwrap_or_default();
    end_all(&state, progress).await?;
    clear(&layout, &mut state).await
}

/// Ends one service as a crash would (SIGKILL to it and all it started) and leaves the others; [`up`] starts it again.
///
/// # Errors
/// When the process does not end.
pub async fn stop(root: &Path, service: ServiceName) -> Result<(), Error> {
    let layout = Layout::new(root);
    let _lock = layout.lock().await?;
    match State::read(&layout)?.alive(service) {
        Some(running) => ended(running, running.process.end(Signal::SIGKILL, Duration::from_secs(1)).await),
        None => Ok(()),
    }
}

fn fipe_arguments(config: &Config, before: &[String]) -> Result<Vec<String>, Error> {
    if !config.fipe_server.is_file() {
        return Err(Error::FipeServerMissing { path: config.fipe_server.clone() });
    }
    fipe::arguments(config, before)
}

async fn start(
    config: &Config,
    layout: &Layout,
    missing: &[ServiceName],
    home: Option<Home>,
    fipe_arguments: Vec<String>,
    state: &mut State,
    progress: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    for dir in [layout.logs_dir(), layout.temp_dir()] {
        std::fs::create_dir_all(&dir).at("create", dir)?;
    }
    // Dropped on any way out: its tasks end, and with them the children that are not ready.
    let mut starting = JoinSet::new();
    for &service in missing {
        progress(Event::Starting { service });
        let (layout, home, arguments) = (layout.clone(), home.clone(), fipe_arguments.clone());
        let (port, program) = (service.port(config.ports), config.fipe_server.clone());
        starting.spawn(async move {
            let begin = Instant::now();
            let (command, patience, arguments) = match (service, home) {
                (ServiceName::MiniStack, _) => (ministack::command(&layout, port), ministack::PATIENCE, Vec::new()),
                (ServiceName::Fipe, _) => (fipe::command(&program, &arguments), fipe::PATIENCE, arguments),
                (ServiceName::Postgres, home) => {
                    let home = match home {
                        Some(home) => home,
                        None => Home::find(&layout, None).await?,
                    };
                    home.release_lock().await?;
                    home.initialise().await?;
                    (home.server(port), postgres::PATIENCE, Vec::new())
                }
            };
            let (child, version) = ready(&layout, service, port, command, patience).await?;
            Ok((Started { name: service, process: child.process, port, version, arguments }, child, begin.elapsed()))
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
        let version = service.version.clone();
        progress(Event::Ready { service: service.name, version, port: service.port, after });
        children.push(child);
        state.set(service);
    }
    state.write(layout)?;
    children.into_iter().for_each(Guarded::release);
    Ok(())
}

async fn ready(
    layout: &Layout,
    service: ServiceName,
    port: u16,
    mut command: Command,
    patience: Duration,
) -> Result<(Guarded, String), Error> {
    let log = layout.log(service);
    let program = command.as_std().get_program().to_owned();
    let child = spawn(&mut command, &layout.state_dir(), &log).map_err(|source| Error::Spawn {
        service,
        program: program.into(),
        source,
    })?;
    let mut child = Guarded::new(child);
    let begin = Instant::now();
    loop {
        if let Some(exit) = child.exit() {
            return Err(Error::Died { service, exit: exit.to_string(), tail: tail(&log), log });
        }
        let version = match service {
            ServiceName::MiniStack if ministack::is_ready(port).await => ministack::version(layout),
            ServiceName::MiniStack => None,
            ServiceName::Postgres => postgres::version(port).await,
            ServiceName::Fipe => fipe::version(port).await,
        };
        if let Some(version) = version {
            return Ok((child, version));
        }
        if begin.elapsed() > patience {
            return Err(Error::NotReady { service, waited: patience, tail: tail(&log), log });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn end_all(state: &State, progress: &mut dyn FnMut(Event)) -> Result<(), Error> {
    for service in state.services.iter().rev() {
        if service.process.is_alive() {
            end(service).await?;
            progress(Event::Stopped { service: service.name });
        }
    }
    Ok(())
}

async fn end(service: &Started) -> Result<(), Error> {
    // PostgreSQL's SIGTERM waits for its clients; SIGINT does not. MiniStack may hang on SIGTERM: it gets a moment.
    let (ask, grace) = match service.name {
        ServiceName::Postgres => (Signal::SIGINT, Duration::from_secs(5)),
        ServiceName::MiniStack => (Signal::SIGTERM, Duration::from_secs(2)),
        ServiceName::Fipe => (Signal::SIGTERM, Duration::from_secs(1)),
    };
    ended(service, service.process.end(ask, grace).await)
}

fn ended(service: &Started, ended: bool) -> Result<(), Error> {
    if ended { Ok(()) } else { Err(Error::WillNotEnd { service: service.name, pid: service.process.pid }) }
}

/// Ends what is left of a cloud, also of one whose `up` was killed, and removes its state.
async fn clear(layout: &Layout, state: &mut State) -> Result<(), Error> {
    for process in marked(&layout.state_dir()) {
        process.end(Signal::SIGKILL, Duration::ZERO).await;
    }
    if let Some(home) = &state.postgres_home {
        remove(home)?;
    }
    for path in [layout.state_file(), layout.temp_dir(), layout.state_dir().join("postgres")] {
        remove(&path)?;
    }
    *state = State::default();
    Ok(())
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).at("remove", path),
        _ => Ok(()),
    }
}

/// A child that ends with its group when this is dropped before it was released.
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
