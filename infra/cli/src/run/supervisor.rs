//! One run of the deployer with what surrounds it: the view, the logs of functions that fail meanwhile, and tidying up when
//! somebody leaves. Refuses to keep the run waiting for a log.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_access::Connection;
use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{Creation, Deployer, Event, Plan, StackEvent};
use jiff::Timestamp;
use operate::aws::AwsCloud;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::exit::Interrupted;
use crate::run::failure_card::Commands;
use crate::run::follow::{Attended, Interrupts, attend};
use crate::run::function_log::{self, Watched};
use crate::run::plan::Sources;
use crate::run::stack_results::FunctionLogs;
use crate::ui::reporter::View;

/// Before the beginning of a run: AWS's clock and ours need not agree. The local cloud has ours.
const SKEW_MS: i64 = 60_000;

/// What happens to a custom resource of the stack with this physical name; `None` ends the run.
type Custom = Option<(String, StackEvent)>;

/// What surrounds a run.
pub(crate) struct Running<'a> {
    view: &'a View<'a>,
    sources: &'a Sources,
    cloudformation: AwsCloudFormation,
    cloud: AwsCloud,
    since_ms: i64,
    /// Between two looks at a log.
    pause: Duration,
    logs: FunctionLogs,
    custom: UnboundedSender<Custom>,
    events: Mutex<UnboundedReceiver<Custom>>,
}

impl<'a> Running<'a> {
    pub(crate) fn new(view: &'a View<'a>, connection: &Connection, sources: &'a Sources) -> Self {
        let (custom, events) = unbounded_channel();
        Self {
            view,
            sources,
            cloudformation: AwsCloudFormation::new(&connection.config),
            cloud: AwsCloud::new(&connection.config),
            since_ms: Timestamp::now().as_millisecond() - if view.is_local() { 0 } else { SKEW_MS },
            pause: function_log::pause(view.is_local()),
            logs: FunctionLogs::default(),
            custom,
            events: Mutex::new(events),
        }
    }

    /// Takes the run's events.
    pub(crate) fn listener(&self) -> impl FnMut(Event) + '_ {
        |event| {
            self.view.tell(&event);
            if let Event::Resource { stack, path, event, .. } = event
                && path.is_empty()
                && !event.is_cancelled()
                && function_log::is_custom(&event.resource_type)
            {
                _ = self.custom.send(Some((stack, event)));
            }
        }
    }

    /// Stays with `work` to its end, and reads the logs of functions that work on custom resources meanwhile: a roll-back
    /// soon takes them away. When somebody leaves, what is not executed is taken away first.
    ///
    /// # Errors
    /// [`Interrupted`] when somebody left; it says what goes on.
    pub(crate) async fn attend<T>(
        &self,
        deployer: &Deployer<'_, AwsCloudFormation, S3AssetStore>,
        plan: &Plan,
        work: impl Future<Output = T>,
        commands: &Commands,
    ) -> anyhow::Result<T> {
        let cancel = async || {
            // What it brings about is told by the run itself.
            deployer.cancel(plan, Creation::Delete, &mut |_| {}).await?;
            anyhow::Ok(())
        };
        let under_way = match attend(self.view, self.with_logs(work), cancel).await? {
            Attended::Done(done) => return Ok(done),
            Attended::Left(under_way) => under_way,
        };
        let (mut listener, mut again) = (self.listener(), Interrupts::new()?);
        let tidied = tokio::select! {
            tidied = deployer.clean_up(&mut listener) => tidied,
            () = again.next() => Ok(()),
        };
        if let Err(error) = tidied {
            self.view.note(&[format!("not everything was tidied up: {error}")]);
        }
        Err(Interrupted(goes_on(&under_way, commands)).into())
    }

    /// What functions logged before they failed.
    pub(crate) fn logs(&self) -> &FunctionLogs {
        &self.logs
    }

    /// Runs `work`, and reads logs beside it.
    pub(crate) async fn with_logs<T>(&self, work: impl Future<Output = T>) -> T {
        let work = async {
            let done = work.await;
            _ = self.custom.send(None);
            done
        };
        tokio::join!(work, self.read_logs()).0
    }

    /// Looks at the logs of functions whose custom resources are in flight, and at their ends when those fail.
    async fn read_logs(&self) {
        let mut events = self.events.lock().await;
        let mut watched: BTreeMap<(String, String), Watched> = BTreeMap::new();
        loop {
            let pause = async {
                match watched.is_empty() {
                    true => std::future::pending().await,
                    false => tokio::time::sleep(self.pause).await,
                }
            };
            let (stack, event) = tokio::select! {
                biased;
                event = events.recv() => match event.flatten() {
                    Some(event) => event,
                    None => return,
                },
                () = pause => {
                    for log in watched.values_mut() {
                        log.look(&self.cloud, "", self.since_ms).await;
                    }
                    continue;
                }
            };
            let key = (stack, event.logical_id);
            if !watched.contains_key(&key)
                && let Some(log) = self.log_of(&key.0, &key.1).await
            {
                watched.insert(key.clone(), log);
            }
            if event.status.ends_with("_IN_PROGRESS") {
                continue;
            }
            let log = watched.remove(&key);
            if event.status.ends_with("_FAILED")
                && let Some(log) = log
            {
                let log = log.end(&self.cloud, &event.reason, self.since_ms, self.pause).await;
                // The first failure is the one that the card is about.
                self.logs.borrow_mut().entry(key).or_insert(log);
            }
        }
    }

    async fn log_of(&self, stack: &str, logical_id: &str) -> Option<Watched> {
        let service = function_log::service(self.sources.template(stack)?, logical_id)?;
        Watched::find(&self.cloudformation, &self.cloud, stack, &service).await
    }
}

/// What to say to somebody who leaves.
fn goes_on(under_way: &[String], commands: &Commands) -> String {
    if under_way.is_empty() {
        return "; nothing was under way".to_owned();
    }
    let stacks = under_way.join(", ");
    format!("; CloudFormation goes on with {stacks}, and `{}` takes it up again", commands.watch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_leaves_is_told_how_to_come_back() {
        let commands =
            Commands { deploy: String::new(), destroy: String::new(), watch: "infra watch --stage dev".to_owned() };
        let told = goes_on(&["FipeData-dev".to_owned()], &commands);
        assert_eq!(told, "; CloudFormation goes on with FipeData-dev, and `infra watch --stage dev` takes it up again");
        assert_eq!(goes_on(&[], &commands), "; nothing was under way");
    }
}
