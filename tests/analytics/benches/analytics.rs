//! Measures on a fresh local cloud how long a file of 200 MB takes from its upload to an answer, beside PostgreSQL's own COPY of the same
//! rows into the same table; how much memory the importer needs for it; and what clients wait for with two years of data, beside a page of
//! the same function without the database. Exits 1 when a limit is exceeded.
//!
//! `make bench` builds what it needs. `ANALYTICS_BENCH_LONG=1` sends a file of 2 GB, too.

#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use analytics_contract::database;
use analytics_tests::load::{Measured, measure};
use analytics_tests::{Analytics, files};
use anyhow::{Context, ensure};
use bytes::Bytes;
use futures_util::SinkExt;
use test_harness::Cloud;
use test_harness::clients::{from_clients, percentile};
use test_harness::scenarios::Subject;

/// 200 MB of 77 bytes each.
const ROWS: usize = 2_600_000;
const PROGRAMS: usize = 100;
/// Of the rows' program codes; makes the rows as long as they are to be.
const PREFIX: &str = "A-LONG-PROGRAM-OF-";
/// Of those of the file that is ten times as long.
const LONGER: &str = "A-LONGER-PROGRAM-";
/// Seconds from the upload of them to the answer, and the share of COPY's speed.
const SECONDS: f64 = 20.0;
const OF_COPY: f64 = 0.5;
/// MiB that the importer may have at most, whatever the size of the file.
const MEMORY: f64 = 48.0;
const CLIENTS: usize = 20;
const QUESTIONS: usize = 8_000;
/// So that neither the start of functions is counted nor the first question about a program, which reads its rows.
const WARM_UP: usize = 8_000;
/// Questions after an upload, of which most are the first to their instance about their program.
const ANEW: usize = 1_000;
/// Milliseconds that the 99th percentile may be above the floor's.
const ABOVE_FLOOR: f64 = 25.0;
/// What is asked in turns, the floor first: the same function without the database.
const KINDS: [&str; 4] =
    ["404 by the same function: the floor", "/analytics/program", "/analytics/program of a day", "/analytics/period"];
/// Weeks and programs: two years of what the real files have of three months.
const YEARS: (u64, usize) = (104, 97);

/// In so many of a hundred days a program is shown on each signal: the few daily ones have half of all rows.
fn share(program: usize) -> u64 {
    match program {
        0..8 => 100,
        8..30 => 30,
        _ => 8,
    }
}

fn main() -> ExitCode {
    match on_a_cloud() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn on_a_cloud() -> anyhow::Result<bool> {
    let analytics = Analytics::on(Cloud::start("analytics-bench")?)?;
    let is_good = questions(&analytics).and_then(|good| Ok(long_files(&analytics)? && good));
    analytics.stop()?;
    is_good
}

fn verdict(is_good: bool) -> &'static str {
    if is_good { "ok" } else { "OVER" }
}

fn questions(analytics: &Analytics) -> anyhow::Result<bool> {
    let (audience, slots) = two_years();
    let rows = audience.lines().count() - 1;
    analytics.apply("years/slots.csv", slots)?;
    measure(analytics, "years/audience.csv", audience.into_bytes(), "P0")?;
    let groups = analytics.program("P7")?["body"].as_array().map_or(0, Vec::len);
    ensure!(groups == 42, "not every signal and weekday is there");

    // The kinds take turns, so that each meets the same load.
    let path = |index: usize| {
        let (kind, code, month) = (index % KINDS.len(), index / KINDS.len() % YEARS.1, 1 + index % 9);
        let program = format!("/analytics/program?program_code=P{code}");
        let path = match kind {
            0 => "/elsewhere".to_owned(),
            1 => program,
            2 => format!("{program}&exhibition_date=2021-0{month}-{:02}", 1 + index % 28),
            _ => format!(
                "/analytics/period?program_code=P{code}&start_date=2021-0{month}-01&end_date=2021-{:02}-28",
                month + 3
            ),
        };
        (kind, path)
    };
    let api = analytics.api.clone();
    let call = move |index: usize| {
        let (api, (kind, path)) = (api.clone(), path(index));
        async move {
            let sent = Instant::now();
            let answer = api.get(&path).await?;
            let took = sent.elapsed();
            ensure!(answer.status == if kind == 0 { 404 } else { 200 }, "{path}: {answer:?}");
            Ok((took, (kind, took)))
        }
    };
    analytics.wait(from_clients(CLIENTS, WARM_UP, call.clone()))?;
    let (_, mut took) = analytics.wait(from_clients(CLIENTS, QUESTIONS, call.clone()))?;
    took.sort_by_key(|(_, took)| *took);
    let of = |kind: usize| took.iter().filter(|(of, _)| *of == kind).map(|(_, took)| *took).collect::<Vec<_>>();
    let milliseconds = |times: &[Duration], percent| percentile(times, percent).as_secs_f64() * 1e3;
    let floor = milliseconds(&of(0), 99);
    println!("{QUESTIONS} GETs from {CLIENTS} clients, two years of data, {rows} rows      p50        p99");
    let mut is_good = true;
    for (kind, name) in KINDS.iter().enumerate() {
        let times = of(kind);
        let (half, most) = (milliseconds(&times, 50), milliseconds(&times, 99));
        let above = most - floor;
        is_good &= above <= ABOVE_FLOOR;
        println!(
            "{name:<54} {half:>6.1} ms  {most:>6.1} ms  {above:+.1} ms, limit {ABOVE_FLOOR:+.0} ms  {}",
            verdict(above <= ABOVE_FLOOR)
        );
    }
    // For information: each instance reads the rows of a program again after an upload.
    analytics.apply("years/another.csv", format!("{}\nRJ;ANOTHER;05/04/2021;1\n", files::AVAILABILITY))?;
    let anew = move |index: usize| call(1 + index * KINDS.len());
    let (times, _) = analytics.wait(from_clients(CLIENTS, ANEW, anew))?;
    let (half, most) = (milliseconds(&times, 50), milliseconds(&times, 99));
    println!("{:<54} {half:>6.1} ms  {most:>6.1} ms", format!("the first {ANEW} of a program after an upload"));
    Ok(is_good)
}

/// Exhibitions and slots of each program, signal and weekday.
fn two_years() -> (String, String) {
    let (weeks, programs) = YEARS;
    let (mut random, mut audience) = (files::Random(7), format!("{}\n", files::AUDIENCE));
    let mut slots = format!("{}\n", files::AVAILABILITY);
    for signal in files::SIGNALS {
        for program in 0..programs {
            for after in 0..weeks * 7 {
                let day = files::day(after);
                if random.below(100) < share(program) {
                    let watched = random.below(35_413_269_000) as f64 / 997.0;
                    let start = files::start(day, 600 + program as u64);
                    audience += &format!("{signal},P{program},{day},{start:.3},{watched}\n");
                }
                if after < 28 {
                    slots += &format!("{signal};P{program};{};{}\n", day.strftime("%d/%m/%Y"), random.below(300));
                }
            }
        }
    }
    (audience, slots)
}

fn long_files(analytics: &Analytics) -> anyhow::Result<bool> {
    let text = files::long(1, PREFIX, PROGRAMS, ROWS);
    let megabytes = text.len() as f64 / 1e6;
    let slots = [PREFIX, LONGER].map(|code| format!("{};{code}0;27/04/2020;30\n", files::SIGNALS[0])).concat();
    analytics.apply("slots.csv", format!("{}\n{slots}", files::AVAILABILITY))?;
    let copy = copied(analytics, &text)?;
    let long = measure(analytics, "long.csv", text.into_bytes(), &format!("{PREFIX}0"))?;
    let (copy, Measured { sent, answered, peak_kib }) = (copy.as_secs_f64(), long);
    let (share, memory) = (copy / answered.as_secs_f64(), peak_kib as f64 / 1024.0);
    println!("\n{ROWS} rows, {megabytes:.0} MB");
    println!("COPY as the owner                 {copy:>6.1} s");
    println!(
        "upload to answer                  {:>6.1} s, limit {SECONDS:.0} s  {}",
        answered.as_secs_f64(),
        verdict(answered.as_secs_f64() <= SECONDS)
    );
    println!("  of it until the bucket has it   {:>6.1} s", sent.as_secs_f64());
    println!("speed beside COPY                 {share:>6.2}, at least {OF_COPY}  {}", verdict(share >= OF_COPY));
    println!(
        "peak memory of the importer       {memory:>6.1} MiB, limit {MEMORY:.0} MiB  {}",
        verdict(memory <= MEMORY)
    );
    let mut is_good = answered.as_secs_f64() <= SECONDS && share >= OF_COPY && memory <= MEMORY;
    if std::env::var_os("ANALYTICS_BENCH_LONG").is_some() {
        let text = files::long(2, LONGER, PROGRAMS, 10 * ROWS);
        let gigabytes = text.len() as f64 / 1e9;
        let Measured { answered, peak_kib, .. } =
            measure(analytics, "longer.csv", text.into_bytes(), &format!("{LONGER}0"))?;
        let memory = peak_kib as f64 / 1024.0;
        println!(
            "{gigabytes:.1} GB in {:.0} s, peak memory {memory:.1} MiB  {}",
            answered.as_secs_f64(),
            verdict(memory <= MEMORY)
        );
        is_good &= memory <= MEMORY;
    }
    Ok(is_good)
}

/// How long COPY takes for the same rows into the same table with its indexes; they are removed again.
fn copied(analytics: &Analytics, text: &str) -> anyhow::Result<Duration> {
    let mut rows = String::with_capacity(text.len() * 5 / 4);
    for (record, line) in (1..).zip(text.lines().skip(1)) {
        let [signal, program, day, start, audience] = line.split(',').collect::<Vec<_>>()[..] else {
            anyhow::bail!("five fields: {line}")
        };
        rows += &format!("0\t{record}\t{}\t{day}\t{start}\t{audience}\t{signal}\t{program}\n", record + 1);
    }
    let rows = Bytes::from(rows);
    analytics.wait(async {
        let begun = Instant::now();
        let copy = "COPY exhibition (upload_number, record, line, exhibition_date, program_start_time, average_audience, signal, program_code)
            FROM STDIN";
        let mut sink = Box::pin(analytics.database.copy_in(copy).await.with_context(|| format!("COPY into {}", database::NAME))?);
        for at in (0..rows.len()).step_by(256 * 1024) {
            sink.send(rows.slice(at..rows.len().min(at + 256 * 1024))).await?;
        }
        let number = sink.as_mut().finish().await?;
        let took = begun.elapsed();
        ensure!(number as usize == ROWS, "{number} rows");
        analytics.database.batch_execute("DELETE FROM exhibition WHERE upload_number = 0").await?;
        analytics.database.batch_execute("VACUUM exhibition").await?;
        Ok(took)
    })
}
