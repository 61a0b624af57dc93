//! Whether a month is being crawled: a second crawl of it is told, not started. Sees what the ingestor has stored and what is on the queues,
//! so not a crawl that was started a moment ago.

use jiff::Timestamp;
use operate::QueueDepth;
use system::{Console, Failed, How, StageName, grouped};

use super::chain::Chain;
use super::crawl::{self, Crawl};
use super::month::Month;

/// A crawl of the month is in progress, and none was started.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "crawl {crawl_id} of {month} is in progress since {started_at}: {progress}; follow it with \
     `infra status fipe --stage {stage} --crawl {crawl_id} --watch`, or start another beside it with --again"
)]
struct Running {
    crawl_id: String,
    month: String,
    started_at: Timestamp,
    progress: String,
    stage: StageName,
}

/// Refuses to go on while the latest crawl of the month is in progress, and notes one that has stopped.
pub(crate) async fn refuse_second(chain: &Chain, console: &dyn Console, month: Option<Month>) -> Result<(), Failed> {
    let Some(crawl) = chain.crawl_of(month).await?.filter(|crawl| crawl.completed_at.is_none()) else { return Ok(()) };
    let queues = chain.queues().await?;
    if let Some(running) = running(&crawl, &queues, chain.stage) {
        return Err(Failed::new(How::Retryable, running));
    }
    let Crawl { crawl_id, reference_month, .. } = &crawl;
    console.note(&format!(
        "crawl {crawl_id} of {reference_month} has stopped with empty queues: {}; starting another",
        crawl::missing(&crawl)
    ));
    Ok(())
}

/// An incomplete crawl goes on as long as there are messages for it. The queues are those of all crawls, so that of a month that has stopped
/// seems to go on while another month is loaded.
fn running(crawl: &Crawl, queues: &[QueueDepth], stage: StageName) -> Option<Running> {
    let waiting: u64 = queues.iter().map(|queue| queue.available + queue.in_flight).sum();
    (crawl.completed_at.is_none() && waiting > 0).then(|| {
        let total = crawl.total();
        let of = |loaded, expected| format!("{} of {}", grouped(loaded), grouped(expected));
        Running {
            crawl_id: crawl.crawl_id.clone(),
            month: crawl.reference_month.clone(),
            started_at: crawl.started_at,
            progress: format!(
                "{} brands, {} models, {} prices so far, {} messages queued",
                of(total.brands_loaded, total.brands_expected),
                of(total.models_loaded, total.models_expected),
                of(total.prices_loaded + total.prices_absent, total.prices_expected),
                grouped(waiting)
            ),
            stage,
        }
    })
}

#[cfg(test)]
mod tests {
    use fipe_contract::Progress;

    use super::*;

    fn crawl(completed_at: Option<&str>) -> Crawl {
        let cars = Progress {
            vehicle_type: 1,
            brands_expected: 107,
            brands_loaded: 100,
            models_expected: 7_000,
            models_loaded: 1_200,
            prices_expected: 5_000,
            prices_loaded: 4_000,
            prices_absent: 10,
        };
        Crawl {
            crawl_id: "0b0e7a52-43a5-4d1e-9f0d-6f2f3f9e1c11".to_owned(),
            reference_code: 336,
            reference_month: "2026-08".to_owned(),
            started_at: "2026-09-01T03:00:00Z".parse().unwrap(),
            completed_at: completed_at.map(|time| time.parse().unwrap()),
            by_vehicle_type: vec![cars],
            calls: 0,
            retries: 0,
        }
    }

    fn queue(available: u64, in_flight: u64, dead_letters: u64) -> QueueDepth {
        QueueDepth { name: "model".to_owned(), available, in_flight, dead_letters }
    }

    #[test]
    fn a_crawl_in_progress_is_told_with_its_id_its_start_its_progress_and_how_to_follow_it() {
        let running = running(&crawl(None), &[queue(1_000, 0, 0), queue(0, 2, 3)], StageName::Dev).unwrap();
        assert_eq!(
            running.to_string(),
            "crawl 0b0e7a52-43a5-4d1e-9f0d-6f2f3f9e1c11 of 2026-08 is in progress since 2026-09-01T03:00:00Z: 100 of 107 brands, \
             1,200 of 7,000 models, 4,010 of 5,000 prices so far, 1,002 messages queued; follow it with \
             `infra status fipe --stage dev --crawl 0b0e7a52-43a5-4d1e-9f0d-6f2f3f9e1c11 --watch`, or start another beside it with --again"
        );
    }

    #[test]
    fn what_is_complete_or_has_nothing_on_its_queues_is_not_in_progress() {
        assert_eq!(running(&crawl(Some("2026-09-02T03:00:00Z")), &[queue(5, 5, 0)], StageName::Dev), None);
        assert_eq!(running(&crawl(None), &[queue(0, 0, 7)], StageName::Dev), None, "dead letters do not move");
        assert!(running(&crawl(None), &[queue(0, 1, 0)], StageName::Dev).is_some(), "a function works on it");
    }
}
