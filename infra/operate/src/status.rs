//! The state of a stage: stacks, functions, queues, event source mappings, schedules. Reports what it finds without judging it.

use aws_access::CallError;
use futures_util::future::{try_join, try_join_all};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Inventory, Pair, Queue, QueueAttributes, Queues, Resource, StackState, Stacks, inventory, next_run, pairs, queues,
};

/// The part of Lambda that a status needs.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Functions {
    /// GetFunctionConfiguration and GetFunctionConcurrency; `None` when there is no such function.
    async fn function(&self, name: &str) -> Result<Option<FunctionState>, CallError>;

    /// GetEventSourceMapping; `None` when there is none.
    async fn mapping(&self, uuid: &str) -> Result<Option<MappingState>, CallError>;
}

/// The part of EventBridge Scheduler that a status needs.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Schedules {
    /// GetSchedule by its name, in the default group; `None` when there is none.
    async fn schedule(&self, name: &str) -> Result<Option<ScheduleState>, CallError>;
}

/// A function as Lambda reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionState {
    /// `Pending`, `Active`, `Inactive` or `Failed`.
    pub state: String,
    /// Why, when it is not active, or why its last update failed.
    pub reason: Option<String>,
    /// When code or settings changed.
    pub last_modified: Option<Timestamp>,
    /// MiB.
    pub memory_mb: u32,
    /// Seconds.
    pub timeout_seconds: u32,
    /// Reserved concurrency; 0 stops the function.
    pub reserved_concurrency: Option<u32>,
    /// ARN of the destination for failed asynchronous events.
    pub dead_letter_target: Option<String>,
    /// Where it logs.
    pub log_group: String,
}

/// An event source mapping as Lambda reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingState {
    /// `Enabled`, `Disabled`, `Creating` and the like.
    pub state: String,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// The result of its last use, where Lambda reports it.
    pub last_result: Option<String>,
    /// ARN of the queue.
    pub source_arn: String,
    /// Name of the function.
    pub function: String,
    /// Messages per batch.
    pub batch_size: Option<u32>,
    /// The most concurrent invocations.
    pub max_concurrency: Option<u32>,
}

/// A schedule as EventBridge Scheduler reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScheduleState {
    /// `cron(..)`, `rate(..)` or `at(..)`.
    pub expression: String,
    /// For example `America/Sao_Paulo`.
    pub time_zone: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The next time it is due; `None` when it is disabled, or when the expression does not say.
    pub next_run: Option<Timestamp>,
    /// ARN of the queue for events that it could not deliver.
    pub dead_letter_target: Option<String>,
}

/// Messages that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetters {
    #[serde(flatten)]
    pub resource: Resource,
    /// `None`: deleted.
    pub attributes: Option<QueueAttributes>,
}

/// A queue with its dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueStatus {
    #[serde(flatten)]
    pub resource: Resource,
    /// `None`: deleted.
    pub attributes: Option<QueueAttributes>,
    /// `None`: it has none in these stacks.
    pub dead_letters: Option<DeadLetters>,
    /// Logical ids of the functions and schedules whose failures it receives. No queue can take them back.
    pub failures_of: Vec<String>,
}

impl QueueStatus {
    /// How many messages are in its dead-letter queue.
    pub fn dead_letter_count(&self) -> u64 {
        let attributes = self.dead_letters.as_ref().and_then(|dead| dead.attributes.as_ref());
        attributes.map(QueueAttributes::messages).unwrap_or_default()
    }
}

/// A resource with what its service reports about it; `found` is `None` when the stack knows it and the service does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found<T> {
    #[serde(flatten)]
    pub resource: Resource,
    pub found: Option<T>,
}

/// An event source mapping of a stack.
pub type Mapping = Found<MappingState>;
/// A schedule of a stack.
pub type Schedule = Found<ScheduleState>;

/// A stack that should exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stack {
    /// Physical name.
    pub stack_name: String,
    /// `None`: not deployed.
    pub found: Option<StackState>,
}

/// The state of a stage. Its JSON form is stable: fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// In the order of the stage.
    pub stacks: Vec<Stack>,
    /// By stack and logical id, as all that follow.
    pub functions: Vec<Found<FunctionState>>,
    /// A dead-letter queue is listed with its queue, and separately only if no queue of these stacks uses it.
    pub queues: Vec<QueueStatus>,
    pub event_source_mappings: Vec<Mapping>,
    pub schedules: Vec<Schedule>,
}

/// Asks each service about the stacks' resources, at the same time.
///
/// # Errors
/// When a call fails. A missing resource is part of the result, not an error.
pub async fn status(
    cloud: &(impl Stacks + Functions + Queues + Schedules),
    stack_names: &[String],
    now: Timestamp,
) -> Result<Status, CallError> {
    let inventory = inventory(cloud, stack_names).await?;
    let functions = each(&inventory, "AWS::Lambda::Function", async |id: &str| cloud.function(id).await);
    let mappings = each(&inventory, "AWS::Lambda::EventSourceMapping", async |id: &str| cloud.mapping(id).await);
    let schedules = each(&inventory, "AWS::Scheduler::Schedule", async |id: &str| {
        let found = cloud.schedule(id).await?;
        Ok(found.map(|found| ScheduleState { next_run: next(&found, now), ..found }))
    });
    let ((functions, mappings), (schedules, queues)) =
        try_join(try_join(functions, mappings), try_join(schedules, queues(cloud, &inventory))).await?;
    let targets = targets(&functions, |function| function.dead_letter_target.as_deref())
        .chain(targets(&schedules, |schedule| schedule.dead_letter_target.as_deref()))
        .collect::<Vec<_>>();
    Ok(Status {
        stacks: inventory.stacks.into_iter().map(|(stack_name, found)| Stack { stack_name, found }).collect(),
        queues: folded(queues, &targets),
        functions,
        event_source_mappings: mappings,
        schedules,
    })
}

async fn each<T>(
    inventory: &Inventory,
    resource_type: &str,
    ask: impl AsyncFn(&str) -> Result<Option<T>, CallError>,
) -> Result<Vec<Found<T>>, CallError> {
    let ask = &ask;
    try_join_all(
        inventory.of_type(resource_type).map(|resource| async move {
            Ok(Found { resource: resource.clone(), found: ask(resource.name()).await? })
        }),
    )
    .await
}

fn next(schedule: &ScheduleState, now: Timestamp) -> Option<Timestamp> {
    if schedule.enabled { next_run(&schedule.expression, &schedule.time_zone, now) } else { None }
}

/// Which resources send their failures to which ARN.
fn targets<'a, T>(
    all: &'a [Found<T>],
    of: impl Fn(&'a T) -> Option<&'a str> + 'a,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    all.iter().filter_map(move |one| Some((one.resource.logical_id.as_str(), of(one.found.as_ref()?)?)))
}

/// Dead-letter queues with their queues.
fn folded(queues: Vec<Queue>, targets: &[(&str, &str)]) -> Vec<QueueStatus> {
    let pairs = pairs(&queues);
    let pair_of = |queue: &Queue| pairs.iter().find(|pair| pair.source == *queue);
    let is_dead_letters = |queue: &Queue| pairs.iter().any(|pair: &Pair| pair.dead_letters == *queue);
    (queues.iter())
        .filter(|queue| pair_of(queue).is_some() || !is_dead_letters(queue))
        .map(|queue| QueueStatus {
            resource: queue.resource.clone(),
            attributes: queue.attributes.clone(),
            dead_letters: pair_of(queue).map(|pair| DeadLetters {
                resource: pair.dead_letters.resource.clone(),
                attributes: pair.dead_letters.attributes.clone(),
            }),
            failures_of: (targets.iter())
                .filter(|(_, arn)| queue.attributes.as_ref().is_some_and(|attributes| attributes.arn == *arn))
                .map(|(logical_id, _)| (*logical_id).to_owned())
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A cloud that knows what a test puts into it, and accepts names only as its service would.
    #[derive(Default)]
    struct Cloud {
        stacks: BTreeMap<String, Vec<Resource>>,
        functions: BTreeMap<String, FunctionState>,
        queues: BTreeMap<String, QueueAttributes>,
        schedules: BTreeMap<String, ScheduleState>,
    }

    impl Cloud {
        fn add(&mut self, stack: &str, resource_type: &str, logical_id: &str, physical_id: &str) {
            self.stacks.entry(stack.to_owned()).or_default().push(Resource {
                stack: String::new(),
                logical_id: logical_id.to_owned(),
                physical_id: physical_id.to_owned(),
                resource_type: resource_type.to_owned(),
            });
        }
    }

    impl Stacks for Cloud {
        async fn describe_stack(&self, stack: &str) -> Result<Option<StackState>, CallError> {
            Ok(self.stacks.contains_key(stack).then(|| StackState {
                stack_name: stack.to_owned(),
                status: "CREATE_COMPLETE".to_owned(),
                status_reason: None,
                changed_at: None,
                drift: "NOT_CHECKED".to_owned(),
                drift_checked_at: None,
                termination_protection: false,
                outputs: Vec::new(),
            }))
        }

        async fn list_resources(&self, stack: &str) -> Result<Vec<Resource>, CallError> {
            Ok(self.stacks[stack].clone())
        }
    }

    impl Functions for Cloud {
        async fn function(&self, name: &str) -> Result<Option<FunctionState>, CallError> {
            Ok(self.functions.get(name).cloned())
        }

        async fn mapping(&self, _uuid: &str) -> Result<Option<MappingState>, CallError> {
            Ok(None)
        }
    }

    impl Queues for Cloud {
        async fn attributes(&self, url: &str) -> Result<Option<QueueAttributes>, CallError> {
            Ok(self.queues.get(url).cloned())
        }
    }

    impl Schedules for Cloud {
        async fn schedule(&self, name: &str) -> Result<Option<ScheduleState>, CallError> {
            Ok(self.schedules.get(name).cloned())
        }
    }

    fn function() -> FunctionState {
        FunctionState {
            state: "Active".to_owned(),
            reason: None,
            last_modified: None,
            memory_mb: 256,
            timeout_seconds: 10,
            reserved_concurrency: None,
            dead_letter_target: Some("arn:Orphan".to_owned()),
            log_group: "/aws/lambda/Loader-dev".to_owned(),
        }
    }

    async fn of(cloud: &Cloud, stacks: &[&str]) -> Status {
        let stacks: Vec<String> = stacks.iter().map(|stack| (*stack).to_owned()).collect();
        status(cloud, &stacks, "2026-11-22T12:00:00Z".parse().unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_dead_letter_queue_stands_with_its_queue_and_an_orphaned_one_alone() {
        let mut cloud = Cloud::default();
        for (id, target, visible) in [("Orders", Some("arn:Dead"), 3), ("Dead", None, 2), ("Orphan", None, 1)] {
            cloud.add("Shop-dev", "AWS::SQS::Queue", id, &format!("http://sqs/1/{id}"));
            let arn = format!("arn:{id}");
            let dead_letter_target = target.map(str::to_owned);
            let in_flight = if id == "Dead" { 5 } else { 0 };
            let attributes = QueueAttributes { arn, visible, in_flight, dead_letter_target, ..Default::default() };
            cloud.queues.insert(format!("http://sqs/1/{id}"), attributes);
        }
        cloud.add("Shop-dev", "AWS::Lambda::Function", "Loader", "Loader-dev");
        cloud.functions.insert("Loader-dev".to_owned(), function());
        let status = of(&cloud, &["Shop-dev"]).await;
        let rows: Vec<_> =
            status.queues.iter().map(|queue| (queue.resource.logical_id.as_str(), queue.dead_letter_count())).collect();
        assert_eq!(rows, [("Orders", 7), ("Orphan", 0)]);
        assert_eq!((status.queues[0].failures_of.len(), &*status.queues[1].failures_of[0]), (0, "Loader"));
    }

    #[tokio::test]
    async fn what_was_deleted_behind_the_stacks_back_is_told_as_missing() {
        let mut cloud = Cloud::default();
        cloud.add("Shop-dev", "AWS::Lambda::Function", "Loader", "Loader-dev");
        cloud.add("Shop-dev", "AWS::Lambda::Function", "Mailer", "Mailer-dev");
        cloud.add("Shop-dev", "AWS::SQS::Queue", "Orders", "http://sqs/1/orders");
        cloud.functions.insert("Mailer-dev".to_owned(), function());
        let status = of(&cloud, &["Shop-dev", "Absent-dev"]).await;
        let found: Vec<_> = status.functions.iter().map(|function| function.found.is_some()).collect();
        assert_eq!(found, [false, true]);
        assert_eq!(status.queues[0].attributes, None);
        let stacks: Vec<_> = status.stacks.iter().map(|stack| stack.found.is_some()).collect();
        assert_eq!(stacks, [true, false]);
    }

    #[tokio::test]
    async fn resources_of_nested_stacks_are_found_under_their_path() {
        let mut cloud = Cloud::default();
        cloud.add("Shop-dev", "AWS::CloudFormation::Stack", "Inner", "arn:inner");
        cloud.add("arn:inner", "AWS::Lambda::Function", "Loader", "Loader-dev");
        cloud.add("arn:inner", "AWS::Lambda::Function", "NeverMade", "");
        let status = of(&cloud, &["Shop-dev"]).await;
        let names: Vec<_> = status.functions.iter().map(|it| (&*it.resource.stack, &*it.resource.logical_id)).collect();
        assert_eq!(names, [("Shop-dev", "Inner/Loader")]);
    }

    #[tokio::test]
    async fn only_an_enabled_schedule_has_a_next_run() {
        let mut cloud = Cloud::default();
        for (name, enabled) in [("on", true), ("off", false)] {
            cloud.add("Shop-dev", "AWS::Scheduler::Schedule", name, name);
            let expression = "cron(0 3 5 * ? *)".to_owned();
            let state = ScheduleState {
                expression,
                time_zone: "UTC".to_owned(),
                enabled,
                next_run: None,
                dead_letter_target: None,
            };
            cloud.schedules.insert(name.to_owned(), state);
        }
        let status = of(&cloud, &["Shop-dev"]).await;
        let next = |row: usize| status.schedules[row].found.as_ref().unwrap().next_run;
        assert_eq!(next(0), None);
        assert_eq!(next(1), Some("2026-12-05T03:00:00Z".parse().unwrap()));
    }
}
