//! One run of the deployer with what surrounds it: the view, the logs of functions that fail meanwhile, and tidying up when
//! somebody leaves. Refuses to keep the run waiting for a log.

use deploy::aws::{AwsCloudFormation, Connection, S3AssetStore};
use deploy::{Creation, Deployer, Event, Plan, StackEvent};
use jiff::Timestamp;
use operate::aws::AwsCloud;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::attend::{Attended, Interrupts, attend};
use crate::exit::Interrupted;
use crate::failure::Commands;
use crate::function_log;
use crate::outcome::FunctionLogs;
use crate::preparation::Sources;
use crate::view::View;

/// Before the beginning of a run: AWS's clock and ours need not agree.
const SKEW_MS: i64 = 60_000;

/// A custom resource that failed, of the stack with this physical name; `None` ends the run.
type Failed = Option<(String, StackEvent)>;

/// What surrounds a run.
pub(crate) struct Running<'a> {
    view: &'a View<'a>,
    sources: &'a Sources,
    cloudformation: AwsCloudFormation,
    cloud: AwsCloud,
    since_ms: i64,
    logs: FunctionLogs,
    failed: UnboundedSender<Failed>,
    failures: Mutex<UnboundedReceiver<Failed>>,
}

impl<'a> Running<'a> {
    pub(crate) fn new(view: &'a View<'a>, connection: &Connection, sources: &'a Sources) -> Self {
        let (failed, failures) = unbounded_channel();
        Self {
            view,
            sources,
            cloudformation: AwsCloudFormation::new(&connection.config),
            cloud: AwsCloud::new(&connection.config),
            since_ms: Timestamp::now().as_millisecond() - SKEW_MS,
            logs: FunctionLogs::default(),
            failed,
            failures: Mutex::new(failures),
        }
    }

    /// Takes the run's events.
    pub(crate) fn listener(&self) -> impl FnMut(Event) + '_ {
        |event| {
            self.view.tell(&event);
            if let Event::Resource { stack, path, event, .. } = event
                && path.is_empty()
                && event.is_cause()
                && function_log::is_custom(&event.resource_type)
            {
                _ = self.failed.send(Some((stack, event)));
            }
        }
    }

    /// Stays with `work` to its end, and reads the log of a function as soon as its custom resource fails: a roll-back soon
    /// takes it away. When somebody leaves, what is not executed is taken away first.
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
            _ = self.failed.send(None);
            done
        };
        tokio::join!(work, self.read_logs()).0
    }

    async fn read_logs(&self) {
        let mut failures = self.failures.lock().await;
        while let Some(Some((stack, event))) = failures.recv().await {
            let template = self.sources.template(&stack);
            let service = template.and_then(|text| function_log::service(text, &event.logical_id));
            let Some(service) = service else { continue };
            let (cloudformation, cloud) = (&self.cloudformation, &self.cloud);
            let log = function_log::read(cloudformation, cloud, &stack, &service, &event, self.since_ms).await;
            if let Some(log) = log {
                self.logs.borrow_mut().insert((stack, event.logical_id), log);
            }
        }
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
