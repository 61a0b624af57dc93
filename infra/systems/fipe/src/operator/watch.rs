//! Follows a crawl until it is complete or has stopped, with bars on a terminal and lines elsewhere. Gives up on a crawl that has stopped.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use operate::QueueDepth;
use system::{Bars, Console, Failed, How, StageName, grouped, queue_lines};

use super::chain::Chain;
use super::crawl::{self, Crawl};

/// A crawl stopped before it was complete.
#[derive(Debug, thiserror::Error)]
#[error("the crawl is not complete and nothing has moved for {seconds} s: {missing}")]
struct Incomplete {
    seconds: u64,
    missing: String,
}

/// How often to poll, how often to print a line, how long to tolerate failing calls, and after how long
/// without any change to give up.
struct Patience {
    look: Duration,
    say: Duration,
    away: Duration,
    rest: Duration,
}

impl Patience {
    fn of(stage: StageName) -> Self {
        match stage {
            StageName::Local => Self {
                look: Duration::from_millis(500),
                say: Duration::from_secs(2),
                away: Duration::from_secs(30),
                rest: Duration::from_secs(120),
            },
            // A message lost in a crash is redelivered after its visibility timeout, 31 minutes.
            _ => Self {
                look: Duration::from_secs(10),
                say: Duration::from_secs(60),
                away: Duration::from_secs(300),
                rest: Duration::from_secs(2_400),
            },
        }
    }
}

/// Waits for the end of a crawl; the latest one when no id is given.
pub(crate) async fn until_complete(
    chain: &Chain,
    console: &dyn Console,
    crawl_id: Option<&str>,
) -> Result<Crawl, Failed> {
    let patience = Patience::of(chain.stage);
    let mut bars = ProgressBars::new(console);
    let (mut seen, mut moved, mut said): (Option<(Option<Crawl>, Vec<QueueDepth>)>, _, _) =
        (None, Instant::now(), Instant::now());
    let (mut answered, mut is_away) = (Instant::now(), false);
    loop {
        let now = match look(chain, crawl_id).await {
            Ok(now) => now,
            // The crawl survives a short outage of the database, and so does following it.
            Err(error) if error.how == How::Retryable && answered.elapsed() < patience.away => {
                if !std::mem::replace(&mut is_away, true) {
                    console.note(&format!("{error}; retrying for {} s", patience.away.as_secs()));
                }
                tokio::time::sleep(patience.look).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        (answered, is_away) = (Instant::now(), false);
        if seen.as_ref() != Some(&now) {
            moved = Instant::now();
        }
        let (crawl, queues) = seen.insert(now);
        if let Some(crawl) = crawl {
            bars.show(crawl, queues);
            if crawl.completed_at.is_some() {
                bars.clear();
                return Ok(crawl.clone());
            }
            if !console.is_interactive() && said.elapsed() >= patience.say {
                said = Instant::now();
                console.note(&line(crawl, queues));
            }
        } else if said.elapsed() >= patience.say {
            said = Instant::now();
            console.note("the crawl is not in the database yet");
        }
        if moved.elapsed() >= patience.rest {
            bars.clear();
            let missing = crawl.as_ref().map_or_else(|| "the crawl is not in the database".to_owned(), crawl::missing);
            let dead: u64 = queues.iter().map(|queue| queue.dead_letters).sum();
            let missing = if dead > 0 { format!("{missing}; {} dead letters", grouped(dead)) } else { missing };
            let missing = match chain.pause().await? {
                Some(pause) => format!("{missing}; {}", pause.told()),
                None => missing,
            };
            let incomplete = Incomplete { seconds: patience.rest.as_secs(), missing };
            return Err(Failed::new(How::Incomplete, incomplete));
        }
        tokio::time::sleep(patience.look).await;
    }
}

async fn look(chain: &Chain, crawl_id: Option<&str>) -> Result<(Option<Crawl>, Vec<QueueDepth>), Failed> {
    Ok((chain.crawl(crawl_id).await?, chain.queues().await?))
}

/// Everything about a crawl, once: a table for people, one document for programs.
pub(crate) async fn report(console: &dyn Console, chain: &Chain, crawl: &Crawl, json: bool) -> Result<(), Failed> {
    let queues = chain.queues().await?;
    let pause = if crawl.completed_at.is_some() { None } else { chain.pause().await? };
    if json {
        console.data(&serde_json::json!({"crawl": crawl, "paused": pause, "queues": queues}).to_string());
        return Ok(());
    }
    let state = if crawl.completed_at.is_some() { "complete" } else { "in progress" };
    console.data(&format!("crawl {} of {} {state}", crawl.crawl_id, crawl.reference_month));
    pause.iter().for_each(|pause| console.data(&pause.told()));
    console.data("");
    crawl::table(crawl).iter().for_each(|line| console.data(line));
    console.data("");
    let seconds = crawl::seconds(crawl, Timestamp::now());
    console.data(&format!(
        "{:.1} s, {} prices/s, {} calls to FIPE, {} of them repeated",
        seconds,
        rate(crawl.total().prices_loaded, seconds),
        grouped(crawl.calls),
        grouped(crawl.retries)
    ));
    queue_lines(&queues).iter().for_each(|line| console.data(line));
    Ok(())
}

fn rate(number: u64, seconds: f64) -> String {
    grouped((number as f64 / seconds.max(0.001)) as u64)
}

fn line(crawl: &Crawl, queues: &[QueueDepth]) -> String {
    let total = crawl.total();
    let of = |loaded, expected| format!("{}/{}", grouped(loaded), grouped(expected));
    format!(
        "{:>6.1} s  brands {}  models {}  prices {}  {}",
        crawl::seconds(crawl, Timestamp::now()),
        of(total.brands_loaded, total.brands_expected),
        of(total.models_loaded, total.models_expected),
        of(total.prices_loaded + total.prices_absent, total.prices_expected),
        beside(crawl, queues)
    )
}

fn beside(crawl: &Crawl, queues: &[QueueDepth]) -> String {
    let waiting: u64 = queues.iter().map(|queue| queue.available + queue.in_flight).sum();
    let dead: u64 = queues.iter().map(|queue| queue.dead_letters).sum();
    format!(
        "calls {}  retries {}  queued {}  dead letters {}",
        grouped(crawl.calls),
        grouped(crawl.retries),
        grouped(waiting),
        grouped(dead)
    )
}

/// Brands, models and prices as bars with a line below, on a terminal.
struct ProgressBars(Option<Box<dyn Bars>>);

impl ProgressBars {
    fn new(console: &dyn Console) -> Self {
        Self(console.bars(&["brands", "models", "prices"]))
    }

    fn show(&self, crawl: &Crawl, queues: &[QueueDepth]) {
        let Some(bars) = &self.0 else { return };
        let total = crawl.total();
        // The number of prices is known only for models already loaded; the bar extrapolates to the others.
        let all_prices = match total.models_loaded {
            0 => total.prices_expected,
            looked_at => total.prices_expected * total.models_expected.max(looked_at) / looked_at,
        };
        let seconds = crawl::seconds(crawl, Timestamp::now());
        bars.set(0, total.brands_loaded, total.brands_expected, crawl.reference_month.clone());
        bars.set(1, total.models_loaded, total.models_expected, format!("{seconds:.0} s"));
        let prices_rate = format!("{} prices/s", rate(total.prices_loaded, seconds));
        bars.set(2, total.prices_loaded + total.prices_absent, all_prices, prices_rate);
        bars.line(beside(crawl, queues));
    }

    fn clear(&mut self) {
        self.0 = None;
    }
}
