//! Plans to deploy, and runs of them.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_access::Pace;
use deploy::{Archive, Deployed, Deployer, Error, Event, Options, Parameter, Plan, Protection, Source, Stack};

use super::{Answers, MemoryCloudFormation, MemoryStore};

pub(crate) const QUEUE: &str = r#"{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Name": "a"}}, "Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"QueueUrl": "https://queue"}}"#;
pub(crate) const LARGER: &str = r#"{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Name": "a"}}, "Topic": {"Type": "AWS::SNS::Topic"}, "Alarm": {"Type": "AWS::CloudWatch::Alarm"}}}"#;
pub(crate) const BUCKET: &str = r#"{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"Name": "a"}}, "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}}}"#;

pub(crate) fn options(run_id: &str) -> Options {
    let pace = Pace { first: Duration::ZERO, most: Duration::from_micros(10), retries: 3 };
    Options::new(run_id, pace, |kind| kind == "AWS::S3::Bucket")
}

pub(crate) fn stack(name: &str, template: &str, parameters: Vec<(&str, Source)>) -> Stack {
    Stack {
        name: name.to_owned(),
        stack_name: format!("{name}-dev"),
        template: template.to_owned(),
        parameters: (parameters.into_iter())
            .map(|(name, source)| Parameter { name: name.to_owned(), source })
            .collect(),
        tags: vec![("Stage".to_owned(), "dev".to_owned())],
        protection: Protection::default(),
        only_when_named: false,
    }
}

pub(crate) fn url_of(stack: &str) -> Source {
    Source::Output { stack: stack.to_owned(), output: "QueueUrl".to_owned() }
}

pub(crate) fn plan(stacks: Vec<Stack>) -> Plan {
    Plan::new(stacks, &[], BTreeMap::new()).unwrap()
}

pub(crate) fn one(template: &str) -> Plan {
    plan(vec![stack("Data", template, vec![])])
}

pub(crate) struct Run {
    pub(crate) result: Result<Vec<Deployed>, Error>,
    pub(crate) events: Vec<Event>,
}

impl Run {
    /// What went wrong with the first stack that failed.
    pub(crate) fn first_error(&self) -> &Error {
        match self.result.as_ref().unwrap_err() {
            Error::Stacks(stacks) => &stacks.error,
            other => other,
        }
    }

    /// `logical id status` of the resource events, in order.
    pub(crate) fn told(&self) -> Vec<String> {
        told(&self.events)
    }

    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.events.iter().map(Event::code).collect()
    }
}

pub(crate) fn told(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::Resource { event, .. } => Some(format!("{} {}", event.logical_id, event.status)),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

pub(crate) async fn deploy_with(
    cloud: &MemoryCloudFormation,
    store: &MemoryStore,
    plan: &Plan,
    archives: &[Archive],
    answers: &Answers,
    options: Options,
) -> Run {
    let mut events = Vec::new();
    let deployer = Deployer::new(cloud, store, options);
    let result = deployer.deploy(plan, archives, answers, &mut |event| events.push(event)).await;
    Run { result, events }
}

pub(crate) async fn deploy(cloud: &MemoryCloudFormation, plan: &Plan, run_id: &str) -> Run {
    deploy_with(cloud, &MemoryStore::absent(), plan, &[], &Answers::default(), options(run_id)).await
}
