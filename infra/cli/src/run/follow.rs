//! Follows a run to its end or until the user detaches: frames, and Ctrl-C. Operations that CloudFormation has begun are cancelled only on request.

use std::pin::{Pin, pin};
use std::time::Duration;

use crate::exit::Failure;
use crate::run::interrupts::Interrupts;
use crate::ui::reporter::Reporter;

/// Time between two frames.
const TICK: Duration = Duration::from_millis(100);

/// A requested cancellation.
type Cancelling<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// How following ended.
#[derive(Debug)]
pub(crate) enum Followed<T> {
    /// The run ended.
    Finished(T),
    /// The user detached. Operations on these stacks continue; there may be none.
    Detached(Vec<String>),
}

/// Follows `work`. On a terminal, Ctrl-C asks whether to detach or to `cancel` the operations; a second one detaches immediately.
/// Without a terminal it detaches. While no operation is in progress, `work` is told to stop and removes what it created.
pub(crate) async fn follow<T>(
    reporter: &Reporter<'_>,
    work: impl Future<Output = T>,
    cancel: impl AsyncFn() -> Result<(), Failure>,
) -> Result<Followed<T>, Failure> {
    let mut interrupts = Interrupts::new()?;
    let mut work = pin!(work);
    let mut cancelling: Option<Cancelling<'_>> = None;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                reporter.clear();
                return Ok(Followed::Finished(done));
            }
            () = interrupts.next() => {}
            cancelled = maybe(&mut cancelling) => {
                cancelling = None;
                if let Err(error) = cancelled {
                    reporter.note(&[format!("not everything was cancelled: {error:#}")]);
                }
                continue;
            }
            _ = ticks.tick() => {
                reporter.tick();
                continue;
            }
        }
        let under_way = reporter.in_progress();
        if under_way.is_empty() {
            // A change set that is being created now would stay behind: the work that creates it deletes it.
            reporter.note(&["interrupted; cleaning up, press Ctrl-C again to exit immediately".to_owned()]);
            reporter.cancelled();
            tokio::select! {
                biased;
                _ = &mut work => {}
                () = interrupts.next() => {}
                () = begun(reporter) => {}
            }
            reporter.clear();
            return Ok(Followed::Detached(reporter.in_progress()));
        }
        if !reporter.terminal().can_ask() {
            reporter.clear();
            return Ok(Followed::Detached(under_way));
        }
        let question = question(&under_way);
        let answer = tokio::select! {
            biased;
            done = &mut work => {
                reporter.clear();
                return Ok(Followed::Finished(done));
            }
            () = interrupts.next() => "d".to_owned(),
            answer = reporter.terminal().ask(&question) => answer?.to_lowercase(),
        };
        match answer.as_str() {
            "d" | "detach" => {
                reporter.clear();
                return Ok(Followed::Detached(under_way));
            }
            "c" | "cancel" if cancelling.is_none() => {
                reporter.note(&["cancelling; waiting for the rollback to end".to_owned()]);
                reporter.cancelled();
                cancelling = Some(Box::pin(cancel()));
            }
            _ => {}
        }
    }
}

/// Until an operation begins.
async fn begun(reporter: &Reporter<'_>) {
    while reporter.in_progress().is_empty() {
        tokio::time::sleep(TICK).await;
        reporter.tick();
    }
}

fn question(under_way: &[String]) -> String {
    let are = if under_way.len() == 1 { "is" } else { "are" };
    format!(
        "{} {are} in progress.\n  d      detach: CloudFormation continues\n  c      cancel: an update is rolled back, a new stack is deleted\n  Enter  stay\n>",
        under_way.join(", ")
    )
}

/// Waits for it if there is one, else forever.
async fn maybe<T>(future: &mut Option<Pin<Box<dyn Future<Output = T> + '_>>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
