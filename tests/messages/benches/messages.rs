//! Measures on a fresh local cloud what clients of the messages wait for, beside a 405 of the same function, which is what the local cloud itself takes, and
//! what a login takes beside its Argon2id. Then 50 payers send while a tenth of the requests is repeated, 3 % is poison, and worker and producer are killed
//! five times: every message must be saved once and in the order of its payer, the dead-letter queue must hold exactly the poison, and half of that is
//! cured. Exits 1 when one is not so, or when a limit is exceeded.
//!
//! `make bench` builds what it needs.

#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::ensure;
use argon2::{Algorithm, Argon2, Params, Version};
use messages_tests::load::Load;
use messages_tests::{Messages, PASSWORD, QUEUE, USER, transaction};
use test_harness::Cloud;
use test_harness::clients::{from_clients, percentile};
use test_harness::scenarios::Subject;

const LOAD: Load = Load { name: "bench", messages: 5_000, payers: 50, clients: 20, kills: 5 };
/// So many requests of each kind are measured, and as many before, so that the start of functions is not counted.
const REQUESTS: usize = 1_000;
/// A client sends one request in this time: what is measured is the function, not how many requests a second the emulator can answer.
const PACE: Duration = Duration::from_millis(500);
/// Milliseconds that the 99th percentile of a send may be above the floor's.
const ABOVE_FLOOR: f64 = 40.0;
/// One after the other: six that have not ended yet are locked out.
const LOGINS: usize = 40;
/// A login may take so much longer than its Argon2id and the floor.
const ABOVE_HASH: f64 = 40.0;
/// Within so many seconds the messages of a killed worker come back.
const COME_BACK: u32 = 5;

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
    let messages = Messages::on(Cloud::start("messages-bench")?)?;
    let measured = sends(&messages).and_then(|(floor, are_sends_good)| {
        let are_logins_good = logins(&messages, floor)?;
        load(&messages)?;
        Ok(are_sends_good && are_logins_good)
    });
    messages.stop()?;
    measured
}

fn verdict(is_good: bool) -> &'static str {
    if is_good { "ok" } else { "OVER" }
}

fn milliseconds(times: &[Duration], percent: usize) -> f64 {
    percentile(times, percent).as_secs_f64() * 1e3
}

/// Sends and the floor in turns, so that both meet the same load: first without a pause, which is for information, then at a pace. Answers with the median of
/// the floor, too.
fn sends(messages: &Messages) -> anyhow::Result<(f64, bool)> {
    let session = messages.session()?;
    let call = move |index: usize, pace: Duration| {
        let session = session.clone();
        async move {
            let is_floor = index.is_multiple_of(2);
            // The clients do not begin at once.
            let later = if index < LOAD.clients { pace * index as u32 / LOAD.clients as u32 } else { Duration::ZERO };
            tokio::time::sleep(later).await;
            let begun = Instant::now();
            let answer = match is_floor {
                true => session.get("/messages/send").await?,
                false => session.message(&transaction(&format!("p{}", index % 97), index)).await?,
            };
            let took = begun.elapsed();
            ensure!(answer.status == if is_floor { 405 } else { 200 }, "{answer:?}");
            tokio::time::sleep(pace.saturating_sub(took)).await;
            Ok((took, (is_floor, took)))
        }
    };
    println!("{REQUESTS} requests each from {} clients, on a local cloud     p50        p99", LOAD.clients);
    let measure = |what: &str, pace: Duration| {
        let call = call.clone();
        let requests = from_clients(LOAD.clients, 2 * REQUESTS, move |index| call(index, pace));
        let (_, took) = messages.wait(requests)?;
        let of = |is_floor: bool| {
            let mut times: Vec<_> = took.iter().filter(|(of, _)| *of == is_floor).map(|(_, took)| *took).collect();
            times.sort();
            times
        };
        let (floor, sends) = (of(true), of(false));
        for (request, times) in [("POST /messages/send", &sends), ("405 by the same function: the floor", &floor)] {
            let request = format!("{request}, {what}");
            println!("{request:<56} {:>6.1} ms  {:>6.1} ms", milliseconds(times, 50), milliseconds(times, 99));
        }
        anyhow::Ok((milliseconds(&floor, 50), milliseconds(&sends, 99) - milliseconds(&floor, 99)))
    };
    measure("without a pause", Duration::ZERO)?;
    messages.until("the messages to be saved", Duration::from_secs(120), || Ok(messages.depth(QUEUE)? == 0))?;
    let (floor, above) = measure("at a pace", PACE)?;
    let is_good = above <= ABOVE_FLOOR;
    println!("p99 of a send beside the floor's: {above:+.1} ms, limit {ABOVE_FLOOR:+.0} ms  {}", verdict(is_good));
    messages.until("the messages to be saved", Duration::from_secs(120), || Ok(messages.depth(QUEUE)? == 0))?;
    Ok((floor, is_good))
}

/// Logins, beside their Argon2id alone, in this process.
fn logins(messages: &Messages, floor: f64) -> anyhow::Result<bool> {
    let (mut logins, mut hashes) = (Vec::new(), Vec::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None).unwrap_or_default());
    for _ in 0..LOGINS {
        let begun = Instant::now();
        messages.log_in(USER, PASSWORD)?;
        logins.push(begun.elapsed());
        let begun = Instant::now();
        let mut hash = [0; 32];
        ensure!(argon2.hash_password_into(PASSWORD.as_bytes(), b"sixteen bytes it", &mut hash).is_ok(), "no hash");
        hashes.push(begun.elapsed());
    }
    logins.sort();
    hashes.sort();
    let [login, hash] = [&logins, &hashes].map(|times| milliseconds(times, 50));
    let above = login - hash - floor;
    let is_good = above <= ABOVE_HASH;
    println!(
        "\na login takes {login:.1} ms (p50 of {LOGINS}), its Argon2id {hash:.1} ms: {above:+.1} ms above that and the floor, limit {ABOVE_HASH:+.0} ms  {}",
        verdict(is_good)
    );
    Ok(is_good)
}

fn load(messages: &Messages) -> anyhow::Result<()> {
    messages.come_back_after(COME_BACK)?;
    let measured = LOAD.run(messages)?;
    let Load { messages: number, payers, clients, .. } = LOAD;
    println!(
        "\n{number} messages of {payers} payers from {clients} clients: accepted in {:.1} s and taken after {:.1} s",
        measured.accepted_after.as_secs_f64(),
        measured.saved_after.as_secs_f64()
    );
    println!(
        "{} requests repeated, {} sent again after a kill; workers and producers killed: {:?}",
        measured.repeated, measured.retried, measured.killed
    );
    let (curable, incurable) = (measured.curable.len(), measured.incurable.len());
    println!(
        "each saved once and in the order of its payer, but for {} of poison, which are the dead-letter queue",
        curable + incurable
    );
    let begun = Instant::now();
    let rounds = measured.cure(messages)?;
    println!(
        "{curable} cured and saved, {incurable} parked after {rounds} rounds, then sent by their ids, in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}
