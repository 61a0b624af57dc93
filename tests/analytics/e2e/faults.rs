//! Killed importers, a database that is away, and files that take longer than an invocation: they cost time and nothing else.

use std::time::{Duration, Instant};

use analytics_tests::{Analytics, Found, IMPORTER, LATER, Object, QUEUE, SOON, files};
use anyhow::ensure;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What the stack says: six times the function's timeout.
const VISIBILITY: u32 = 90;

/// The rows of a file, in its order and form.
fn rows(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rows)| rows)
}

/// What is stored is what the file has, each row once.
fn is_whole(analytics: &Analytics, found: &Found, text: &str) -> anyhow::Result<()> {
    let stored = analytics.stored(found)?;
    let (stored, expected): (Vec<&str>, Vec<&str>) = (stored.lines().collect(), rows(text).lines().collect());
    let first = stored.iter().zip(&expected).position(|(stored, expected)| stored != expected);
    ensure!(
        stored.len() == expected.len() && first.is_none() && found.taken == expected.len() as i64,
        "{} rows instead of {}, the first other one is {first:?}: {found:?}",
        stored.len(),
        expected.len()
    );
    Ok(())
}

/// Waits until some rows of a file are stored and others are not.
fn until_half_read(analytics: &Analytics, object: &Object) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        match analytics.find(object)? {
            Some(found) if found.state == "reading" && found.done > 0 => return Ok(()),
            Some(found) => ensure!(found.state == "reading", "too fast: {found:?}"),
            None => {}
        }
        ensure!(begun.elapsed() < LATER, "{object:?} is not read");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until some rows of a file are stored, or all.
fn while_half_read(analytics: &Analytics, object: &Object) -> anyhow::Result<()> {
    analytics.until("a piece of the long file", LATER, || {
        Ok(analytics.find(object)?.is_some_and(|found| found.state != "reading" || found.done > 0))
    })
}

/// Importers that are killed in all, at least.
const KILLS: usize = 20;

/// Kills at any moment, of as many importers as are at work; one file of each batch is so long that a kill leaves a part of it stored.
pub(crate) fn killed_importers(analytics: &mut Analytics) -> anyhow::Result<()> {
    let (mut killed, mut cut, mut is_half_stored) = (0, 0, false);
    for batch in 0..2 * KILLS as u64 {
        let of_batch = killed_batch(analytics, batch)?;
        (killed, cut) = (killed + of_batch.killed, cut + of_batch.cut);
        is_half_stored |= of_batch.is_half_stored;
        if killed >= KILLS {
            break;
        }
    }
    ensure!(killed >= KILLS && cut >= 2 && is_half_stored, "{killed} were killed, {cut} files cut, {is_half_stored}");
    analytics.come_back_after(VISIBILITY)?;
    analytics.no_dead_letters()
}

struct Killed {
    killed: usize,
    /// Files that were being read.
    cut: i64,
    is_half_stored: bool,
}

/// Four files at once, and four rounds of kills: a message comes back five times at most.
fn killed_batch(analytics: &mut Analytics, batch: u64) -> anyhow::Result<Killed> {
    let keys = format!("kill/{batch}/%");
    analytics.come_back_after(4)?;
    analytics.let_importer_have_messages(false)?;
    let mut sent = Vec::new();
    for number in 0..4 {
        let (key, programs) = (format!("kill/{batch}/{number}.csv"), format!("KILL{batch}{number}_"));
        let text = files::long(40 + 4 * batch + number, &programs, 7, if number == 0 { 700_000 } else { 100_000 });
        sent.push((analytics.wait(analytics.bucket.put(&key, text.clone()))?, text));
    }
    analytics.let_importer_have_messages(true)?;
    let mut random = files::Random(41 + batch);
    let (mut killed, mut cut, mut is_half_stored) = (0, 0, false);
    for round in 1..=4 {
        let mut is_over = false;
        analytics.until("an importer to be at work", LATER, || {
            let reading = analytics.count("upload WHERE state = 'reading' AND object_key LIKE $1", &[&keys])?;
            let waiting = analytics.count("upload WHERE object_key LIKE $1", &[&keys])? < 4;
            is_over = reading == 0 && !waiting;
            Ok(is_over || !analytics.processes_of(IMPORTER)?.is_empty())
        })?;
        // A fast machine is done before the last round.
        if is_over {
            break;
        }
        match round {
            2 => while_half_read(analytics, &sent[0].0)?,
            _ => std::thread::sleep(Duration::from_millis(random.below(700))),
        }
        if round == 4 {
            // Nothing is given back any more while it is read.
            analytics.come_back_after(60)?;
        }
        killed += analytics.kill_function(IMPORTER)?;
        cut += analytics.count("upload WHERE state = 'reading' AND object_key LIKE $1", &[&keys])?;
        is_half_stored |= analytics.find(&sent[0].0)?.is_some_and(|found| found.state == "reading" && found.done > 0);
        // What was received before the kill comes back after four seconds.
        std::thread::sleep(Duration::from_secs(2));
    }
    for (object, text) in &sent {
        let found = analytics.ended(object, LATER)?;
        ensure!(found.state == "applied", "{object:?}: {found:?}");
        is_whole(analytics, &found, text)?;
    }
    analytics.until("the messages to be taken", LATER, || Ok(analytics.depth(QUEUE)? == 0))?;
    Ok(Killed { killed, cut, is_half_stored })
}

/// The importer stands still until its time is up: another invocation goes on from where it stood.
pub(crate) fn handed_on(analytics: &mut Analytics) -> anyhow::Result<()> {
    let text = files::long(50, "LONG", 7, 900_000);
    let begun = Instant::now();
    let object = analytics.wait(analytics.bucket.put("long.csv", text.clone()))?;
    until_half_read(analytics, &object)?;
    let processes = analytics.processes_of(IMPORTER)?;
    let signal = |signal| processes.iter().try_for_each(|pid| kill(Pid::from_raw(*pid), signal));
    signal(Signal::SIGSTOP)?;
    let stood = analytics.find(&object)?;
    // Four fifths of 15 s are for work.
    std::thread::sleep(Duration::from_millis(12_400).saturating_sub(begun.elapsed()));
    signal(Signal::SIGCONT)?;
    let found = analytics.ended(&object, LATER)?;
    ensure!(found.state == "applied", "{found:?}, which stood at {stood:?}");
    is_whole(analytics, &found, &text)?;
    // The file counts before its invocation ends, which brings the log.
    analytics.until_taken()?;
    let lines = |logs: &str, state: &str| {
        let state = format!("\"state\":\"{state}\"");
        logs.lines().filter(|line| line.contains(&found.id) && line.contains(&state)).count()
    };
    analytics.until("the log of the last invocation", SOON, || Ok(lines(&analytics.logs()?, "applied") == 1))?;
    let logs = analytics.logs()?;
    ensure!(lines(&logs, "reading") >= 1, "it was not handed on:\n{logs}");
    ensure!(logs.contains("HandedOn"), "nobody has counted it");
    analytics.no_dead_letters()
}

/// The API says when to come back, and the import goes on when the database is there again.
pub(crate) fn lost_database(analytics: &mut Analytics) -> anyhow::Result<()> {
    analytics.come_back_after(5)?;
    let text = files::long(60, "LOST", 7, 600_000);
    analytics.program("LOST0")?;
    let object = analytics.wait(analytics.bucket.put("lost.csv", text.clone()))?;
    until_half_read(analytics, &object)?;
    kill(Pid::from_raw(analytics.service_pid("postgres")?), Signal::SIGQUIT)?;
    let mut asked = Vec::new();
    for path in ["/analytics/program?program_code=LOST0", "/analytics/uploads", "/analytics/programs"] {
        let begun = Instant::now();
        let answer = analytics.get(path)?;
        asked.push((path, begun.elapsed(), answer));
    }
    let health = analytics.get("/openapi.json")?;
    analytics.infra(&["local", "up"])?;
    analytics.reconnect()?;
    for (path, took, answer) in asked {
        ensure!(answer.status == 503 && !answer.header("retry-after").is_empty(), "{path}: {answer:?}");
        ensure!(
            answer.json()?["detail"].is_string() && took < Duration::from_secs(6),
            "{path} after {took:?}: {answer:?}"
        );
    }
    ensure!(health.status == 200, "{health:?}");
    analytics.until("the API to answer again", Duration::from_secs(10), || {
        Ok(analytics.get("/analytics/program?program_code=LOST0")?.status == 200)
    })?;
    let found = analytics.ended(&object, LATER)?;
    ensure!(found.state == "applied", "{found:?}");
    is_whole(analytics, &found, &text)?;
    analytics.until("the messages to be taken", LATER, || Ok(analytics.depth(QUEUE)? == 0))?;
    analytics.come_back_after(VISIBILITY)?;
    analytics.no_dead_letters()
}
