//! The children's logs, from their end onwards.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::{At, Error};
use crate::layout::Layout;
use crate::service_name::ServiceName;

/// Opens the logs of these services, starting `last` lines before their end.
///
/// # Errors
/// When a service was never started.
pub fn logs(root: &Path, services: &[ServiceName], last: usize) -> Result<LogFollower, Error> {
    let layout = Layout::new(root);
    let open = |service: &ServiceName| {
        let path = layout.log(service);
        let file = File::open(&path).map_err(|_| Error::NoLog { service: service.clone() })?;
        Ok(Log { service: service.clone(), path, file, rest: Vec::new() })
    };
    Ok(LogFollower { logs: services.iter().map(open).collect::<Result<_, _>>()?, last: Some(last) })
}

/// Reads what was added since the last read.
#[derive(Debug)]
pub struct LogFollower {
    logs: Vec<Log>,
    /// How many lines the first read is limited to.
    last: Option<usize>,
}

#[derive(Debug)]
struct Log {
    service: ServiceName,
    path: PathBuf,
    file: File,
    /// A line that is not complete yet.
    rest: Vec<u8>,
}

impl LogFollower {
    /// Complete lines, each with its service. To follow, call again after a while.
    ///
    /// # Errors
    /// When a log cannot be read.
    pub fn lines(&mut self) -> Result<Vec<(ServiceName, String)>, Error> {
        let last = self.last.take().unwrap_or(usize::MAX);
        let mut all = Vec::new();
        for log in &mut self.logs {
            let lines = log.lines().at("read", &log.path)?;
            let skip = lines.len().saturating_sub(last);
            all.extend(lines.into_iter().skip(skip).map(|line| (log.service.clone(), line)));
        }
        Ok(all)
    }
}

impl Log {
    fn lines(&mut self) -> io::Result<Vec<String>> {
        // If the log was truncated while it is followed, continue with its new contents.
        if self.file.metadata()?.len() < self.file.stream_position()? {
            self.file.seek(SeekFrom::Start(0))?;
            self.rest.clear();
        }
        self.file.read_to_end(&mut self.rest)?;
        let Some(end) = self.rest.iter().rposition(|&byte| byte == b'\n') else { return Ok(Vec::new()) };
        let complete: Vec<u8> = self.rest.drain(..=end).collect();
        Ok(String::from_utf8_lossy(&complete).lines().map(str::to_owned).collect())
    }
}
