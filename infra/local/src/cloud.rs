//! Up, down and status: what is running is kept, what is missing is started, what fails to start is stopped again.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::databases::Database;
use crate::error::{At, Error};
use crate::event::Event;
use crate::layout::Layout;
use crate::postgres::Cluster;
use crate::process::marked;
use crate::program::Prepared;
use crate::service_name::ServiceName;
use crate::start::{Launch, start};
use crate::state::{RememberedDatabase, Started, State, Status};
use crate::{Config, Ports, ministack, port};

/// Starts what is not running yet and waits until it responds.
///
/// With all services running as requested, nothing happens. From nothing, PostgreSQL is new and empty, as is MiniStack; while
/// any service is alive, PostgreSQL keeps its data over a restart. A changed program restarts alone, and PostgreSQL restarts for a database
/// that it does not have yet; but when real data replaces generated data or the other way round, everything
/// starts from nothing. A program that is no longer requested is stopped. When something fails, or the future is dropped, what this
/// call started is stopped again.
///
/// # Errors
/// A port in use, a child that dies or does not respond, missing tools: see [`Error`].
pub async fn up(config: &Config, progress: &mut dyn FnMut(Event)) -> Result<Status, Error> {
    let asked = Asked::of(config);
    own_names_and_ports(&asked)?;
    let layout = Layout::new(&config.root);
    let _lock = layout.lock().await?;
    let mut state = State::read(&layout)?;
    for service in &asked {
        if let Some(alive) = state.alive(&service.name)
            && alive.port != service.port
        {
            return Err(Error::OtherPort { service: service.name.clone(), running: alive.port, asked: service.port });
        }
    }
    ministack::require(&layout)?;
    let mut programs = Vec::new();
    for program in &config.programs {
        programs.push(Prepared::new(program, &state).await?);
    }
    if let Some(mixing) = programs.iter().find(|prepared| prepared.mixes_data) {
        progress(Event::Emptied { service: mixing.program.service_name() });
        end_all(&state, progress).await?;
    }
    if !state.services.iter().any(|service| service.process.is_alive()) {
        clear(&layout, &mut state).await?;
        remove(&layout.logs_dir())?;
    }
    make_way(&asked, &programs, &config.databases, &mut state, progress).await?;
    let (running, missing): (Vec<&Asked>, Vec<&Asked>) =
        asked.iter().partition(|service| state.alive(&service.name).is_some());
    for service in running {
        progress(Event::AlreadyRunning { service: service.name.clone() });
    }
    for service in &missing {
        if port::is_taken(service.port) {
            let Asked { name, port, flag, variable } = service.to_owned().clone();
            return Err(Error::PortTaken { port, service: name, holder: port::holder(port), flag, variable });
        }
    }
    let is_missing = |name: &ServiceName| missing.iter().any(|service| service.name == *name);
    let mut launches = Vec::new();
    if is_missing(&ServiceName::MiniStack) {
        let functions_endpoint = config.functions_endpoint.clone();
        launches.push(Launch::MiniStack { port: config.ports.ministack, functions_endpoint });
    }
    if is_missing(&ServiceName::Postgres) {
        let cluster = cluster(&layout, state.postgres_home.as_deref()).await?;
        // Written before it contains anything, so that `down` finds it however this ends.
        state.postgres_home = Some(cluster.dir().to_owned());
        state.write(&layout)?;
        launches.push(Launch::postgres(cluster, config.ports.postgres, &config.databases).await?);
    }
    let programs = programs.into_iter().filter(|prepared| is_missing(&prepared.program.service_name()));
    launches.extend(programs.map(Launch::program));
    state.databases = config.databases.iter().map(RememberedDatabase::from).collect();
    start(&layout, launches, &mut state, progress).await?;
    Ok(state.status(&layout, missing.into_iter().map(|service| service.name.clone()).collect()))
}

/// A service as requested.
#[derive(Clone)]
struct Asked {
    name: ServiceName,
    port: u16,
    /// How to choose another port.
    flag: &'static str,
    variable: &'static str,
}

impl Asked {
    fn of(config: &Config) -> Vec<Self> {
        let Ports { ministack, postgres } = config.ports;
        let own = [
            (ServiceName::MiniStack, ministack, "--ministack-port", "MINISTACK_PORT"),
            (ServiceName::Postgres, postgres, "--postgres-port", "POSTGRES_PORT"),
        ];
        let programs = config.programs.iter();
        let programs =
            programs.map(|program| (program.service_name(), program.port, program.port_flag, program.port_variable));
        own.into_iter()
            .chain(programs)
            .map(|(name, port, flag, variable)| Self { name, port, flag, variable })
            .collect()
    }
}

fn own_names_and_ports(asked: &[Asked]) -> Result<(), Error> {
    for (index, second) in asked.iter().enumerate() {
        let Asked { name, port, flag, variable } = second.clone();
        if asked[..index].iter().any(|first| first.name == name) {
            return Err(Error::SameName { service: name });
        }
        if let Some(first) = asked[..index].iter().find(|first| first.port == port) {
            return Err(Error::SamePort { port, first: first.name.clone(), second: name, flag, variable });
        }
    }
    Ok(())
}

/// Stops what runs differently from what is requested, and what is no longer requested.
async fn make_way(
    asked: &[Asked],
    programs: &[Prepared<'_>],
    databases: &[Database],
    state: &mut State,
    progress: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    let is_asked = |service: &Started| asked.iter().any(|asked| asked.name == service.name);
    for service in state.services.iter().filter(|service| !is_asked(service) && service.process.is_alive()) {
        end(service).await?;
        progress(Event::Stopped { service: service.name.clone() });
    }
    state.services.retain(is_asked);
    let lacks_database = databases.iter().any(|database| !state.databases.contains(&database.into()));
    let changed =
        programs.iter().filter(|prepared| prepared.is_changed).map(|prepared| prepared.program.service_name());
    for service in lacks_database.then_some(ServiceName::Postgres).into_iter().chain(changed) {
        if let Some(running) = state.alive(&service) {
            progress(Event::Changed { service });
            end(running).await?;
        }
    }
    Ok(())
}

/// PostgreSQL's home: `known`, which an earlier `up` chose, or a new one.
async fn cluster(layout: &Layout, known: Option<&Path>) -> Result<Cluster, Error> {
    let known = known.map(|dir| Cluster::open(&layout.venv(), dir)).transpose()?.flatten();
    match known {
        Some(cluster) => Ok(cluster),
        None => Cluster::make(&layout.venv(), &layout.state_dir().join("postgres")).await,
    }
}

/// What is running now, without waiting for anything.
///
/// # Errors
/// When the recorded state cannot be read.
pub fn status(root: &Path) -> Result<Status, Error> {
    let layout = Layout::new(root);
    Ok(State::read(&layout)?.status(&layout, Vec::new()))
}

/// Stops everything and removes all state; the logs stay until the next [`up`]. Without a cloud it does nothing.
///
/// # Errors
/// When a process does not stop.
pub async fn down(root: &Path, progress: &mut dyn FnMut(Event)) -> Result<(), Error> {
    let layout = Layout::new(root);
    let _lock = layout.lock().await?;
    // An unreadable state must not prevent stopping what it was about: the marks identify the processes as well.
    let mut state = State::read(&layout).unwrap_or_default();
    end_all(&state, progress).await?;
    clear(&layout, &mut state).await
}

/// Stops one service as a crash would (SIGKILL to it and all it started) and leaves the others; [`up`] starts it again.
///
/// # Errors
/// When the process does not stop.
pub async fn stop(root: &Path, service: ServiceName) -> Result<(), Error> {
    let layout = Layout::new(root);
    let _lock = layout.lock().await?;
    match State::read(&layout)?.alive(&service) {
        Some(running) => ended(running, running.process.end(Signal::SIGKILL, Duration::from_secs(1)).await),
        None => Ok(()),
    }
}

async fn end_all(state: &State, progress: &mut dyn FnMut(Event)) -> Result<(), Error> {
    for service in state.services.iter().rev() {
        if service.process.is_alive() {
            end(service).await?;
            progress(Event::Stopped { service: service.name.clone() });
        }
    }
    Ok(())
}

async fn end(service: &Started) -> Result<(), Error> {
    // On SIGTERM PostgreSQL waits for its clients; on SIGINT it does not. MiniStack may hang on SIGTERM: it gets a moment.
    let (ask, grace) = match service.name {
        ServiceName::Postgres => (Signal::SIGINT, Duration::from_secs(5)),
        ServiceName::MiniStack => (Signal::SIGTERM, Duration::from_secs(2)),
        ServiceName::Program(_) => (Signal::SIGTERM, Duration::from_secs(1)),
    };
    ended(service, service.process.end(ask, grace).await)
}

fn ended(service: &Started, ended: bool) -> Result<(), Error> {
    if ended { Ok(()) } else { Err(Error::WillNotEnd { service: service.name.clone(), pid: service.process.pid }) }
}

/// Stops what is left of a cloud, including one whose `up` was killed, and removes its state.
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
