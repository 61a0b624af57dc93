//! A long file on its way, watched: how long it takes to its first answer, and how much memory the importer needs for it.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::{Analytics, IMPORTER, Object};

/// A file of any size is read within it.
const LIMIT: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How it went.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// From the first byte sent until the bucket had all.
    pub sent: Duration,
    /// From the first byte sent until the API answered from its rows.
    pub answered: Duration,
    /// The most memory that an importer had until then, in KiB.
    pub peak_kib: u64,
}

/// Sends an audience file, waits until it counts, and asks for a program of it whose slots are there.
///
/// # Errors
/// The file does not count, or there is no answer.
pub fn measure(analytics: &Analytics, key: &str, text: Vec<u8>, program: &str) -> anyhow::Result<Measured> {
    let begun = Instant::now();
    let object = analytics.wait(analytics.bucket.put(key, text))?;
    let sent = begun.elapsed();
    let mut peak_kib = 0;
    loop {
        for process in analytics.processes_of(IMPORTER)? {
            peak_kib = peak_kib.max(peak_of(process).unwrap_or_default());
        }
        if is_applied(analytics, &object)? {
            break;
        }
        ensure!(begun.elapsed() < LIMIT, "{object:?} is not read: {:?}", analytics.find(&object)?);
        std::thread::sleep(LOOK_EVERY);
    }
    let answer = analytics.program(program)?;
    ensure!(answer["body"][0]["predicted_audience"].is_f64(), "no answer about {program}: {answer}");
    Ok(Measured { sent, answered: begun.elapsed(), peak_kib })
}

fn is_applied(analytics: &Analytics, object: &Object) -> anyhow::Result<bool> {
    match analytics.find(object)? {
        None => Ok(false),
        Some(found) if found.state == "reading" => Ok(false),
        Some(found) => {
            ensure!(found.state == "applied" && found.rejected == 0, "{found:?}");
            Ok(true)
        }
    }
}

/// The most memory that a process has had; nothing when it is gone.
fn peak_of(process: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}
