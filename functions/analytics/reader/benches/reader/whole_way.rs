//! The whole way on one thread, from a file on disk to the prediction of each of its exhibitions: read, parsed, grouped by signal, program and
//! weekday, ordered, and the medians of the last four. Both sides do all of it, with the same file, one after the other, and must agree.
//! Their CPU time is compared, so that a machine that is busy otherwise measures the same ratio.
//!
//! The file has the shape of the real ones: twelve weeks, so a dozen rows in each group. That matters: pandas needs 0.3 ms for a group, whatever is in it. With
//! seventy rows in each its rate is five times as high, and so the ratio is about 40; with many hundreds it is about 30.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics_reader::Reader;
use nix::sys::resource::{UsageWho, getrusage};

use crate::pandas::{self, Way};
use crate::predictions::Groups;

pub(crate) const NAME: &str = "whole way beside pandas";

const SIGNALS: [&str; 6] = ["BH1", "DF1", "NAC", "PE1", "RJ1", "SP1"];
const PROGRAMS: usize = 1_000;
const DAYS: usize = 84;
const ROWS: usize = SIGNALS.len() * PROGRAMS * DAYS;
const ROW_BYTES: usize = 63;
const PIECE: usize = 64 * 1024;
/// The middle of so many runs counts. pandas, which takes a quarter of a minute, runs once.
const RUNS: usize = 9;
/// Rows a second, and how many times those of pandas.
const RATE: f64 = 5e6;
const TIMES: f64 = 40.0;

/// Prints both rates, and says whether they are within the limits. No pandas is a failure, and so is another result.
pub(crate) fn is_fast_enough() -> bool {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("whole-way.csv");
    std::fs::write(&file, rows()).expect("room for a file");
    let mut runs: Vec<_> = (0..RUNS).map(|_| ours(&file)).collect();
    let pandas = pandas::way(&file);
    std::fs::remove_file(&file).expect("it was written");
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (seconds, (count, sum)) = runs[RUNS / 2];
    assert_eq!(count, ROWS);
    let rate = ROWS as f64 / seconds;
    println!(
        "{NAME}: {ROWS} rows of {ROW_BYTES} bytes, from the file to the prediction of each exhibition, by CPU time"
    );
    println!("  ours   {:8.3} million rows/s (at least {:.0})", rate / 1e6, RATE / 1e6);
    let Way { rows, sum: other, reading, whole } = match pandas {
        Ok(way) => way,
        Err(problem) => {
            println!("  pandas cannot be measured, so nothing is known of the ratio: {problem}");
            return false;
        }
    };
    assert_eq!(rows, ROWS);
    assert!((sum - other).abs() <= 1e-9 * sum, "ours predicts {sum} in all, pandas {other}");
    let times = rate * whole / ROWS as f64;
    println!(
        "  pandas {:8.3} million rows/s (python engine, sep=None; reading alone {:.3})",
        ROWS as f64 / whole / 1e6,
        ROWS as f64 / reading / 1e6
    );
    println!("  ratio  {times:8.1} (at least {TIMES})");
    rate >= RATE && times >= TIMES
}

/// CPU seconds, and what [`Groups::predicted`] gives.
fn ours(file: &Path) -> (f64, (usize, f64)) {
    let start = cpu_time();
    let (mut groups, mut reader, mut piece) = (Groups::default(), Reader::new(), vec![0; PIECE]);
    let mut file = File::open(file).expect("it was written");
    loop {
        match file.read(&mut piece).expect("it can be read") {
            0 => break,
            bytes => assert_eq!(reader.feed(&piece[..bytes], &mut groups), Ok(())),
        }
    }
    assert_eq!(reader.finish(&mut groups).map(|end| end.records), Ok(ROWS as u64));
    let predicted = groups.predicted();
    ((cpu_time() - start).as_secs_f64(), predicted)
}

/// Of this process, which has one thread.
fn cpu_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage");
    let micros = |time: nix::sys::time::TimeVal| {
        Duration::from_micros(nix::sys::time::TimeValLike::num_microseconds(&time) as u64)
    };
    micros(usage.user_time()) + micros(usage.system_time())
}

/// Each program once a day on each signal, in order of days, as files come.
fn rows() -> String {
    let mut text = "\u{FEFF}signal,program_code,exhibition_date,program_start_time,average_audience\r\n".to_owned();
    text.reserve(ROWS * ROW_BYTES);
    let header = text.len();
    for index in 0..ROWS {
        let (signal, program) = (SIGNALS[index % SIGNALS.len()], index / SIGNALS.len() % PROGRAMS);
        let day = index / SIGNALS.len() / PROGRAMS;
        let (month, day) = (4 + day / 28, day % 28 + 1);
        let audience = 1_000_000.0 + (index * 7_919 % 8_999_983) as f64 / 1.7;
        let (hour, minute) = (program % 24, index % 60);
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "{signal},P{program:03},2020-{month:02}-{day:02},2020-{month:02}-{day:02}T{hour:02}:{minute:02}:00.000Z,{audience:.8}\r\n"
        );
    }
    assert_eq!(text.len() - header, ROWS * ROW_BYTES);
    text
}
