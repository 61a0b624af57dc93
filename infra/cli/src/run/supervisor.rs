//! One run of the deployer with everything around it: the reporter, the logs of failing functions, and cleaning up when the
//! user detaches. The run never waits for a log.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_access::Connection;
use deploy::aws::{AwsCloudFormation, S3AssetStore};
use deploy::{Creation, Deployer, Event, Plan, StackEvent};
use jiff::Timestamp;
use operate::aws::AwsCloud;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::exit::Failure;
use crate::run::declarations::Declarations;
use crate::run::follow::{Followed, follow};
use crate::run::function_log::{self, FunctionLogs, Watched};
use crate::run::interrupts::Interrupts;
use crate::run::next_commands::NextCommands;
use crate::ui::reporter::Reporter;

/// Subtracted from the start of a run: AWS's clock and ours may differ. The local cloud uses ours.
const SKEW_MS: i64 = 60_000;

/// What happens to a custom resource of the stack with this physical name; `None` ends the run.
type Custom = Option<(String, StackEvent)>;

/// Everything around a run.
pub(crate) struct Supervisor<'a> {
    reporter: &'a Reporter<'a>,
    declarations: &'a Declarations,
    cloudformation: AwsCloudFormation,
    cloud: AwsCloud,
    since_ms: i64,
    /// Time between two polls of a log.
    pause: Duration,
    logs: FunctionLogs,
    custom: UnboundedSender<Custom>,
    events: Mutex<UnboundedReceiver<Custom>>,
}

impl<'a> Supervisor<'a> {
    pub(crate) fn new(reporter: &'a Reporter<'a>, connection: &Connection, declarations: &'a Declarations) -> Self {
        let (custom, events) = unbounded_channel();
        Self {
            reporter,
            declarations,
            cloudformation: AwsCloudFormation::new(&connection.config),
            cloud: AwsCloud::new(&connection.config),
            since_ms: Timestamp::now().as_millisecond() - if reporter.is_local() { 0 } else { SKEW_MS },
            pause: function_log::pause(reporter.is_local()),
            logs: FunctionLogs::default(),
            custom,
            events: Mutex::new(events),
        }
    }

    /// Receives the run's events.
    pub(crate) fn listener(&self) -> impl FnMut(Event) + '_ {
        |event| {
            self.reporter.deployer_event(&event);
            if let Event::Resource { stack, path, event, .. } = event
                && path.is_empty()
                && !event.is_cancelled()
                && function_log::is_custom(&event.resource_type)
            {
                _ = self.custom.send(Some((stack, event)));
            }
        }
    }

    /// Follows `work` to its end, and meanwhile reads the logs of functions that work on custom resources: a rollback
    /// soon deletes them. When the user detaches, change sets that were not executed are deleted first.
    ///
    /// # Errors
    /// [`Exit::Interrupted`](crate::exit::Exit) when the user detached; it says what continues.
    pub(crate) async fn follow<T>(
        &self,
        deployer: &Deployer<'_, AwsCloudFormation, S3AssetStore>,
        plan: &Plan,
        work: impl Future<Output = T>,
        commands: &NextCommands,
    ) -> Result<T, Failure> {
        let cancel = async || {
            // The run itself reports the consequences.
            deployer.cancel(plan, Creation::Delete, &mut |_| {}).await?;
            Ok(())
        };
        let under_way = match follow(self.reporter, self.with_logs(work), cancel).await? {
            Followed::Finished(done) => return Ok(done),
            Followed::Detached(under_way) => under_way,
        };
        let (mut listener, mut again) = (self.listener(), Interrupts::new()?);
        let cleaned = tokio::select! {
            cleaned = deployer.clean_up(&mut listener) => cleaned,
            () = again.next() => Ok(()),
        };
        if let Err(error) = cleaned {
            self.reporter.note(&[format!("not everything was cleaned up: {error}")]);
        }
        Err(Failure::interrupted(&goes_on(&under_way, commands)))
    }

    /// What functions logged before they failed.
    pub(crate) fn logs(&self) -> &FunctionLogs {
        &self.logs
    }

    /// Runs `work`, and reads logs in parallel.
    pub(crate) async fn with_logs<T>(&self, work: impl Future<Output = T>) -> T {
        let work = async {
            let done = work.await;
            _ = self.custom.send(None);
            done
        };
        tokio::join!(work, self.read_logs()).0
    }

    /// Polls the logs of functions whose custom resources are in progress, and reads their ends when those fail.
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
                // The card is about the first failure.
                self.logs.borrow_mut().entry(key).or_insert(log);
            }
        }
    }

    async fn log_of(&self, stack: &str, logical_id: &str) -> Option<Watched> {
        let service = function_log::service(self.declarations.template(stack)?, logical_id)?;
        Watched::find(&self.cloudformation, &self.cloud, stack, &service).await
    }
}

/// The message to a user who detaches.
fn goes_on(under_way: &[String], commands: &NextCommands) -> String {
    if under_way.is_empty() {
        return "; nothing was in progress".to_owned();
    }
    let stacks = under_way.join(", ");
    format!("; CloudFormation continues with {stacks}; `{}` reattaches", commands.watch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_names_the_command_that_follows_again() {
        let commands =
            NextCommands { deploy: String::new(), destroy: String::new(), watch: "infra watch --stage dev".to_owned() };
        let text = goes_on(&["ShopData-dev".to_owned()], &commands);
        assert_eq!(text, "; CloudFormation continues with ShopData-dev; `infra watch --stage dev` reattaches");
        assert_eq!(goes_on(&[], &commands), "; nothing was in progress");
    }
}
