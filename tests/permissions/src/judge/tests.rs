//! Calls of functions on one stage, judged by small templates of another.

use super::*;
use crate::call::Resource;
use crate::deployed::{DeployedResource, DeployedStack};

const API: &str = "
Parameters:
  SecretArn: {Type: String}
Resources:
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: queue-prd}}
  Dead: {Type: 'AWS::SQS::Queue', Properties: {QueueName: dead-prd}}
  Alarms: {Type: 'AWS::SNS::Topic'}
  Source: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: !GetAtt Queue.Arn, FunctionName: !Ref Worker}}
  WorkerFailures:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Worker, DestinationConfig: {OnFailure: {Destination: !Ref Alarms}}}
  Worker: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: Worker-prd, Role: !GetAtt WorkerRole.Arn}}
  WorkerRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ['logs:PutLogEvents'], Resource: ['*']}
              - {Effect: Allow, Action: ['sqs:ReceiveMessage', 'sqs:SendMessage'], Resource: [!GetAtt Queue.Arn]}
              - {Effect: Allow, Action: ['sns:Publish'], Resource: [!Ref Alarms]}
              - {Effect: Allow, Action: ['secretsmanager:GetSecretValue'], Resource: [!Ref SecretArn]}
              - {Effect: Allow, Action: ['ec2:DescribeSubnets'], Resource: ['*']}
              - Effect: Deny
                Action: ['sqs:SendMessage']
                Resource: [!GetAtt Queue.Arn]
                Condition: {ArnEquals: {'lambda:SourceFunctionArn': !Sub 'arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:Other-prd'}}
";
const DATA: &str = "
Resources:
  Secret: {Type: 'AWS::SecretsManager::Secret'}
";

fn judge_of(api: &str) -> Judge {
    let resource = |logical_id: &str, kind: &str, physical_id: &str| DeployedResource {
        logical_id: logical_id.to_owned(),
        kind: kind.to_owned(),
        physical_id: physical_id.to_owned(),
    };
    let api_stack = DeployedStack {
        resources: vec![
            resource("Queue", "AWS::SQS::Queue", "http://localhost:1/000000000000/queue-local"),
            resource("Dead", "AWS::SQS::Queue", "http://localhost:1/000000000000/dead-local"),
            resource("Worker", "AWS::Lambda::Function", "Worker-local"),
        ],
        parameters: BTreeMap::from([("SecretArn".to_owned(), "arn:secret".to_owned())]),
    };
    let data = DeployedStack {
        resources: vec![resource("Secret", "AWS::SecretsManager::Secret", "arn:secret")],
        parameters: BTreeMap::new(),
    };
    let stacks = BTreeMap::from([("Api".to_owned(), api_stack), ("Data".to_owned(), data)]);
    let templates = BTreeMap::from([("Api".to_owned(), api.to_owned()), ("Data".to_owned(), DATA.to_owned())]);
    Judge::new(Deployed { stacks }, &templates).unwrap()
}

fn call(service: &str, operation: &str, kind: &'static str, name: &str) -> Call {
    Call {
        caller: Caller::Function("Worker-local".to_owned()),
        service: service.to_owned(),
        operation: operation.to_owned(),
        action: crate::action(service, operation, false),
        resource: Resource { kind, name: name.to_owned(), below: String::new() },
        context: BTreeMap::new(),
    }
}

fn send(queue: &str) -> Call {
    call("sqs", "SendMessageBatch", "AWS::SQS::Queue", queue)
}

fn read_secret() -> Call {
    call("secretsmanager", "GetSecretValue", "AWS::SecretsManager::Secret", "arn:secret")
}

#[test]
fn a_call_on_the_local_stage_is_judged_by_the_role_of_the_other_one() {
    let judge = judge_of(API);
    assert_eq!(judge.refusal(&send("queue-local")), None);
    assert_eq!(judge.refusal(&read_secret()), None, "through the parameter of another stack");
    let refused = judge.refusal(&send("dead-local")).unwrap();
    assert_eq!(
        refused,
        "Worker-local calls sqs SendMessageBatch on dead-local, which needs sqs:SendMessage: WorkerRole does not allow it"
    );
    assert!(judge.refusal(&send("elsewhere")).is_some(), "no stack has it");
    let other = Call { caller: Caller::Function("Nobody-local".to_owned()), ..send("queue-local") };
    assert!(judge.refusal(&other).unwrap().ends_with("no template has this function"));
}

#[test]
fn a_denial_of_the_functions_own_calls_counts() {
    let denied = judge_of(&API.replace("function:Other-prd", "function:Worker-prd")).refusal(&send("queue-local"));
    assert!(denied.unwrap().contains("WorkerRole denies it at Policies"));
}

#[test]
fn a_signed_address_needs_one_function_that_may() {
    let address = |call: Call| Call { caller: Caller::Address, ..call };
    assert_eq!(judge_of(API).refusal(&address(send("queue-local"))), None);
    assert!(judge_of(API).refusal(&address(send("dead-local"))).unwrap().ends_with("no function's role allows it"));
}

#[test]
fn what_nobody_needs_is_told_and_what_lambda_needs_is_not() {
    let judge = judge_of(API);
    let unused = |calls: &[Call]| judge.unused(&["Api"], &calls.iter().cloned().collect(), &[]);
    assert_eq!(unused(&[send("queue-local"), read_secret()]), [] as [&str; 0]);
    let told = unused(&[read_secret()]);
    assert!(
        told.len() == 1 && told[0].starts_with("WorkerRole of Api may sqs:SendMessage on ${Queue.Arn}"),
        "{told:?}"
    );
    assert_eq!(judge.unused(&["Data"], &BTreeSet::new(), &[]), [] as [&str; 0], "another suite's");
    // Without the mapping nobody receives, and without the destination nobody publishes.
    for (kind, action) in [("EventSourceMapping", "sqs:ReceiveMessage"), ("EventInvokeConfig", "sns:Publish")] {
        let other = judge_of(&API.replace(&format!("AWS::Lambda::{kind}"), "AWS::Lambda::Alias"));
        let told = other.unused(&["Api"], &BTreeSet::from([send("queue-local"), read_secret()]), &[]);
        assert!(told.len() == 1 && told[0].contains(action), "{told:?}");
    }
}

#[test]
fn an_exception_needs_what_it_excepts() {
    let (function, action, resource) = ("Worker", "sqs:SendMessage", "${Queue.Arn}");
    let sends = Unused { function, action, resource, reason: "late", needed: Needed::Never };
    let judge = judge_of(API);
    let unused = |calls: &[Call]| judge.unused(&["Api"], &calls.iter().cloned().collect(), &[sends]);
    assert_eq!(unused(&[read_secret()]), [] as [&str; 0]);
    let told = unused(&[read_secret(), send("queue-local")]);
    assert_eq!(told, ["Worker uses sqs:SendMessage on ${Queue.Arn}, or is not granted it: take the exception away"]);
    let sometimes = [Unused { needed: Needed::Sometimes, ..sends }];
    for calls in [vec![read_secret()], vec![read_secret(), send("queue-local")]] {
        assert_eq!(judge.unused(&["Api"], &calls.into_iter().collect(), &sometimes), [] as [&str; 0]);
    }
    assert_eq!(judge.unused(&["Data"], &BTreeSet::new(), &sometimes).len(), 1, "nobody is granted it there");
}
