//! Looks at a crawl until it is complete or at rest, with bars on a terminal and lines elsewhere. Refuses to wait for ever.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use jiff::Timestamp;
use stacks::StageName;

use crate::commands::fipe::Chain;
use crate::commands::fipe::crawl::Crawl;
use crate::exit::{CrawlIncomplete, Exit};
use crate::run::queue_depths::Queue;
use crate::ui::table::{Table, grouped};
use crate::ui::terminal::Terminal;

/// How often to look, how often to say so in lines, for how long to bear that nobody answers, and after how long
/// without any movement to give up.
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
            // A message that was lost in a crash comes back after its visibility time-out, 31 minutes.
            _ => Self {
                look: Duration::from_secs(10),
                say: Duration::from_secs(60),
                away: Duration::from_secs(300),
                rest: Duration::from_secs(2_400),
            },
        }
    }
}

/// Waits for the end of a crawl; the latest one without an id.
pub(crate) async fn until_complete(
    chain: &Chain,
    terminal: &Terminal,
    crawl_id: Option<&str>,
) -> anyhow::Result<Crawl> {
    let patience = Patience::of(chain.stage);
    let mut bars = Bars::new(terminal);
    let (mut seen, mut moved, mut said): (Option<(Option<Crawl>, Vec<Queue>)>, _, _) =
        (None, Instant::now(), Instant::now());
    let (mut answered, mut is_away) = (Instant::now(), false);
    loop {
        let now = match look(chain, crawl_id).await {
            Ok(now) => now,
            // The crawl outlives a database that is away for a moment, and so does whoever watches it.
            Err(error) if Exit::of(&error) == Exit::Retryable && answered.elapsed() < patience.away => {
                if !std::mem::replace(&mut is_away, true) {
                    terminal.note(&format!("{error}; looking again for {} s", patience.away.as_secs()));
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
            if !terminal.is_interactive() && said.elapsed() >= patience.say {
                said = Instant::now();
                terminal.note(&line(crawl, queues));
            }
        } else if said.elapsed() >= patience.say {
            said = Instant::now();
            terminal.note("the crawl is not in the database yet");
        }
        if moved.elapsed() >= patience.rest {
            bars.clear();
            let missing = crawl.as_ref().map_or_else(|| "the crawl is not in the database".to_owned(), Crawl::missing);
            let dead: u64 = queues.iter().map(|queue| queue.dead_letters).sum();
            let missing = if dead > 0 { format!("{missing}; {} dead letters", grouped(dead)) } else { missing };
            return Err(CrawlIncomplete { seconds: patience.rest.as_secs(), missing }.into());
        }
        tokio::time::sleep(patience.look).await;
    }
}

async fn look(chain: &Chain, crawl_id: Option<&str>) -> anyhow::Result<(Option<Crawl>, Vec<Queue>)> {
    Ok((chain.crawl(crawl_id).await?, chain.queues().await?))
}

/// Everything about a crawl, once: a table for people, one document for programs.
pub(crate) async fn report(terminal: &Terminal, chain: &Chain, crawl: &Crawl, json: bool) -> anyhow::Result<()> {
    let queues = chain.queues().await?;
    if json {
        terminal.data(&serde_json::json!({"crawl": crawl, "queues": queues}).to_string());
        return Ok(());
    }
    let state = if crawl.completed_at.is_some() { "complete" } else { "under way" };
    terminal.data(&format!("crawl {} of {} {state}", crawl.crawl_id, crawl.reference_month));
    terminal.data("");
    crawl.table().iter().for_each(|line| terminal.data(line));
    terminal.data("");
    let seconds = crawl.seconds(Timestamp::now());
    terminal.data(&format!(
        "{:.1} s, {} prices/s, {} calls to FIPE, {} of them repeated",
        seconds,
        rate(crawl.total().prices_loaded, seconds),
        grouped(crawl.calls),
        grouped(crawl.retries)
    ));
    let is_quiet = queues.iter().all(|queue| queue.available + queue.in_flight + queue.dead_letters == 0);
    if is_quiet {
        terminal.data("queues and dead-letter queues are empty");
        return Ok(());
    }
    let mut table = Table::new(&["queue", "waiting", "in flight", "dead letters"], &[1, 2, 3]);
    for queue in &queues {
        let numbers = [queue.available, queue.in_flight, queue.dead_letters].map(grouped);
        table.row(std::iter::once(queue.name.clone()).chain(numbers).collect());
    }
    table.lines().iter().for_each(|line| terminal.data(line));
    Ok(())
}

fn rate(number: u64, seconds: f64) -> String {
    grouped((number as f64 / seconds.max(0.001)) as u64)
}

fn line(crawl: &Crawl, queues: &[Queue]) -> String {
    let total = crawl.total();
    let of = |loaded, expected| format!("{}/{}", grouped(loaded), grouped(expected));
    format!(
        "{:>6.1} s  brands {}  models {}  prices {}  {}",
        crawl.seconds(Timestamp::now()),
        of(total.brands_loaded, total.brands_expected),
        of(total.models_loaded, total.models_expected),
        of(total.prices_loaded + total.prices_absent, total.prices_expected),
        beside(crawl, queues)
    )
}

fn beside(crawl: &Crawl, queues: &[Queue]) -> String {
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

/// Brands, models and prices as bars with a line below, where somebody watches.
struct Bars {
    bars: Option<[ProgressBar; 4]>,
}

impl Bars {
    fn new(terminal: &Terminal) -> Self {
        let bar = |name| terminal.bar(name);
        let bars = (|| Some([bar("brands")?, bar("models")?, bar("prices")?, terminal.line()?]))();
        Self { bars }
    }

    fn show(&self, crawl: &Crawl, queues: &[Queue]) {
        let Some([brands, models, prices, line]) = &self.bars else { return };
        let total = crawl.total();
        // How many prices there are is known of the models that were looked at; the bar takes the others to be alike.
        let all_prices = match total.models_loaded {
            0 => total.prices_expected,
            looked_at => total.prices_expected * total.models_expected.max(looked_at) / looked_at,
        };
        for (bar, loaded, expected) in [
            (brands, total.brands_loaded, total.brands_expected),
            (models, total.models_loaded, total.models_expected),
            (prices, total.prices_loaded + total.prices_absent, all_prices),
        ] {
            bar.set_length(expected);
            bar.set_position(loaded);
        }
        let seconds = crawl.seconds(Timestamp::now());
        brands.set_message(crawl.reference_month.clone());
        models.set_message(format!("{seconds:.0} s"));
        prices.set_message(format!("{} prices/s", rate(total.prices_loaded, seconds)));
        line.set_message(beside(crawl, queues));
    }

    fn clear(&mut self) {
        for bar in self.bars.take().into_iter().flatten() {
            bar.finish_and_clear();
        }
    }
}
