//! Every call of every flow meets every fault once: the end is the same, nothing happens twice and nothing is left over.

#![expect(clippy::unwrap_used, reason = "a test panics where its preparation fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_access::Pace;
use deploy::{Consent, Creation, Deployer, Error, Options, Parameter, Plan, Protection, Source, Stack, destroy};
use support::{Answers, Fault, MemoryBuckets, MemoryCloudFormation, MemoryStore};

const OLD: &str = r#"{"Resources": {
    "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": {"Name": "a"}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Delay": 1}}},
  "Outputs": {"QueueUrl": "https://queue"}}"#;
const CHANGED: &str = r#"{"Resources": {
    "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": {"Name": "a"}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Delay": 2}},
    "Topic": {"Type": "AWS::SNS::Topic"}},
  "Outputs": {"QueueUrl": "https://queue"}}"#;
const REPLACED: &str = r#"{"Resources": {
    "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": {"Name": "b"}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Delay": 1}}},
  "Outputs": {"QueueUrl": "https://queue"}}"#;
const USER: &str = r#"{"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm"}}}"#;
const POLICY: &str = r#"{"Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": ["Update:Replace", "Update:Delete"], "Resource": ["LogicalResourceId/Cluster"]},
    {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}"#;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flow {
    Create,
    Update,
    NoOp,
    Replace,
    FailingCreate,
    FailingUpdate,
    Preview,
    PreviewOfUpdate,
    Destroy,
    AfterRollback,
    AfterFailedUpdate,
    AfterFailedRollback,
    Cancel,
}

const FLOWS: [Flow; 13] = [
    Flow::Create,
    Flow::Update,
    Flow::NoOp,
    Flow::Replace,
    Flow::FailingCreate,
    Flow::FailingUpdate,
    Flow::Preview,
    Flow::PreviewOfUpdate,
    Flow::Destroy,
    Flow::AfterRollback,
    Flow::AfterFailedUpdate,
    Flow::AfterFailedRollback,
    Flow::Cancel,
];

/// Two stacks, the second of which takes an output of the first.
fn plan(template: &str) -> Plan {
    let stack = |name: &str, template: &str, parameters| Stack {
        name: name.to_owned(),
        stack_name: format!("{name}-dev"),
        template: template.to_owned(),
        parameters,
        tags: Vec::new(),
        only_when_named: false,
        protection: Protection {
            termination: name == "Data",
            stack_policy: (name == "Data").then(|| POLICY.to_owned()),
        },
    };
    let source = Source::Output { stack: "Data".to_owned(), output: "QueueUrl".to_owned() };
    let url = Parameter { name: "Url".to_owned(), source };
    Plan::new(vec![stack("Data", template, vec![]), stack("Api", USER, vec![url])], &[], BTreeMap::new()).unwrap()
}

fn options(run_id: &str) -> Options {
    let pace = Pace { first: Duration::ZERO, most: Duration::from_micros(1), retries: 3 };
    let accept_data_loss = BTreeSet::from(["Data/Cluster".to_owned()]);
    Options { accept_data_loss, ..Options::new(run_id, pace, |kind| kind == "AWS::RDS::DBCluster") }
}

async fn run(flow: Flow, cloud: &MemoryCloudFormation, run_id: &str) -> Result<(), Error> {
    let template = match flow {
        Flow::Create | Flow::NoOp | Flow::FailingCreate | Flow::Preview | Flow::Destroy | Flow::Cancel => OLD,
        Flow::Update | Flow::FailingUpdate | Flow::PreviewOfUpdate => CHANGED,
        Flow::AfterRollback | Flow::AfterFailedUpdate | Flow::AfterFailedRollback => CHANGED,
        Flow::Replace => REPLACED,
    };
    let (plan, store, options) = (plan(template), MemoryStore::absent(), options(run_id));
    if flow == Flow::Destroy {
        let consent = Consent { unprotect: true, empty_buckets: false };
        return destroy(cloud, &MemoryBuckets::default(), &plan, consent, &options, &mut |_| {}).await.map(|_| ());
    }
    let deployer = Deployer::new(cloud, &store, options);
    match flow {
        Flow::Preview | Flow::PreviewOfUpdate => deployer.preview(&plan, &[], &mut |_| {}).await.map(|_| ()),
        Flow::Cancel => deployer.cancel(&plan, Creation::GoesOn, &mut |_| {}).await.map(|_| ()),
        _ => deployer.deploy(&plan, &[], &Answers::default(), &mut |_| {}).await.map(|_| ()),
    }
}

async fn prepared(flow: Flow, is_forgetful: bool) -> MemoryCloudFormation {
    let cloud = MemoryCloudFormation::default().forgetful(is_forgetful);
    let found = match flow {
        Flow::AfterRollback => Some("ROLLBACK_COMPLETE"),
        Flow::AfterFailedUpdate => Some("UPDATE_FAILED"),
        Flow::AfterFailedRollback => Some("UPDATE_ROLLBACK_FAILED"),
        Flow::Cancel => Some("UPDATE_IN_PROGRESS"),
        _ => None,
    };
    if let Some(status) = found {
        cloud.put("Data-dev", status);
        cloud.fill("Data-dev", OLD);
        if flow == Flow::Cancel {
            cloud.will_become("Data-dev", &["UPDATE_COMPLETE"]);
        }
        return cloud;
    }
    if !matches!(flow, Flow::Create | Flow::FailingCreate | Flow::Preview) {
        run(Flow::Create, &cloud, "before").await.unwrap();
    }
    match flow {
        Flow::FailingCreate => cloud.fail("Queue", "it is taken"),
        Flow::FailingUpdate => cloud.fail("Topic", "it is taken"),
        _ => {}
    }
    cloud
}

#[tokio::test(start_paused = true)]
async fn every_fault_at_every_call_of_every_flow_ends_as_without_it_and_leaves_nothing_over() {
    let mut tried = 0;
    for is_forgetful in [false, true] {
        for flow in FLOWS {
            let clean = prepared(flow, is_forgetful).await;
            let calls = clean.calls();
            let fails = run(flow, &clean, "clean").await.is_err();
            assert_eq!(fails, matches!(flow, Flow::FailingCreate | Flow::FailingUpdate), "{flow:?}");
            let calls = clean.calls() - calls;
            for call in 0..calls {
                for fault in Fault::ALL {
                    tried += 1;
                    let case = format!("{flow:?}, call {call}, {fault:?}, forgetful {is_forgetful}");
                    let cloud = prepared(flow, is_forgetful).await;
                    cloud.fault_at(call, fault);
                    let result = run(flow, &cloud, "faulty").await;
                    no_leftovers(&cloud, &case);
                    if fault != Fault::WrongState {
                        assert_eq!(result.is_err(), fails, "{case}: {result:?}");
                    }
                    if flow == Flow::Cancel && fault == Fault::WrongState {
                        // Then it goes on to its own end.
                        continue;
                    }
                    if fails && fault == Fault::WrongState {
                        // It fails either way, earlier or later.
                        assert!(result.is_err(), "{case}");
                        continue;
                    }
                    if result.is_err() && !fails {
                        // What was refused for good is done by the same command again, and by nothing else.
                        run(flow, &cloud, "again").await.unwrap_or_else(|error| panic!("{case}: {error:?}"));
                    }
                    for stack in ["Data-dev", "Api-dev"] {
                        assert_eq!(cloud.snapshot(stack), clean.snapshot(stack), "{case}");
                    }
                    let (mut expected, mut effects) = (clean.effects(), cloud.effects());
                    // The deletion of an empty stack that held a change set is part of putting it away.
                    let is_shell = |effect: &String| effect.starts_with("DeleteStack") && flow != Flow::Destroy;
                    expected.retain(|effect| !is_shell(effect));
                    effects.retain(|effect| !is_shell(effect));
                    assert_eq!(effects, expected, "{case}");
                    no_leftovers(&cloud, &case);
                }
            }
        }
    }
    assert!(tried > 1000, "only {tried} cases");
}

fn no_leftovers(cloud: &MemoryCloudFormation, case: &str) {
    assert_eq!(cloud.change_sets(), [""; 0], "{case}");
    for stack in ["Data-dev", "Api-dev"] {
        assert_ne!(cloud.status(stack).as_deref(), Some("REVIEW_IN_PROGRESS"), "{case}");
    }
}
