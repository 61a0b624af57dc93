//! Stays with a run to its end or until somebody leaves: ticks, and Ctrl-C. Refuses to stop what CloudFormation has begun
//! unless that is asked for.

use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::ui::reporter::View;

/// Between two frames.
const TICK: Duration = Duration::from_millis(100);

/// How attending ended.
#[derive(Debug)]
pub(crate) enum Attended<T> {
    /// The run came to its end.
    Done(T),
    /// Somebody left. These stacks are under way and go on; there may be none.
    Left(Vec<String>),
}

/// Ctrl-C, and the signal with which CI systems end a job.
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// From now on neither signal ends the process by itself.
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Stays with `work`. At a terminal, Ctrl-C asks whether to leave or to `cancel` what runs; a second one leaves at once.
/// Without one it leaves. While nothing runs it lets `work` see that nothing more is wanted, and take away what it made.
pub(crate) async fn attend<T>(
    view: &View<'_>,
    work: impl Future<Output = T>,
    cancel: impl AsyncFn() -> anyhow::Result<()>,
) -> anyhow::Result<Attended<T>> {
    let mut interrupts = Interrupts::new()?;
    let mut work = pin!(work);
    let mut cancelling: Option<Pin<Box<dyn Future<Output = anyhow::Result<()>> + '_>>> = None;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                view.clear();
                return Ok(Attended::Done(done));
            }
            () = interrupts.next() => {}
            cancelled = maybe(&mut cancelling) => {
                cancelling = None;
                if let Err(error) = cancelled {
                    view.note(&[format!("not everything was cancelled: {error:#}")]);
                }
                continue;
            }
            _ = ticks.tick() => {
                view.tick();
                continue;
            }
        }
        let under_way = view.under_way();
        if under_way.is_empty() {
            // A change set that is being made now would be there after we left: whoever makes it takes it away.
            view.note(&["interrupted; tidying up, Ctrl-C again leaves at once".to_owned()]);
            view.cancelled();
            tokio::select! {
                biased;
                _ = &mut work => {}
                () = interrupts.next() => {}
                () = begun(view) => {}
            }
            view.clear();
            return Ok(Attended::Left(view.under_way()));
        }
        if !view.terminal().can_ask() {
            view.clear();
            return Ok(Attended::Left(under_way));
        }
        let question = question(&under_way);
        let answer = tokio::select! {
            biased;
            done = &mut work => {
                view.clear();
                return Ok(Attended::Done(done));
            }
            () = interrupts.next() => "d".to_owned(),
            answer = view.terminal().ask(&question) => answer?.to_lowercase(),
        };
        match answer.as_str() {
            "d" | "detach" => {
                view.clear();
                return Ok(Attended::Left(under_way));
            }
            "c" | "cancel" if cancelling.is_none() => {
                view.note(&["cancelling; this ends when the roll-back has".to_owned()]);
                view.cancelled();
                cancelling = Some(Box::pin(cancel()));
            }
            _ => {}
        }
    }
}

/// Until something is under way that had not begun.
async fn begun(view: &View<'_>) {
    while view.under_way().is_empty() {
        tokio::time::sleep(TICK).await;
        view.tick();
    }
}

fn question(under_way: &[String]) -> String {
    let are = if under_way.len() == 1 { "is" } else { "are" };
    format!(
        "{} {are} under way.\n  d      detach: CloudFormation goes on\n  c      cancel: an update is rolled back, a new stack is deleted\n  Enter  stay\n>",
        under_way.join(", ")
    )
}

/// Waits for what there is, or for ever.
async fn maybe<T>(future: &mut Option<Pin<Box<dyn Future<Output = T> + '_>>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
