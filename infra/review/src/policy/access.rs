//! What a template allows one of its roles, asked for a single call. Knows no service: the caller says which action a call needs, on what, and in which context.

use super::{
    carrier::{Policies, Subject},
    condition::Conditions,
    difference::contains,
    evidence::Side,
    pattern::Pattern,
    statement::{Item, Member, Set, Statement},
    text::Guards,
};
use template::Template;

/// What the identity policies of a template say.
#[derive(Clone, Debug)]
pub struct Access(Policies);

/// A call as IAM sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `sqs:SendMessage`
    pub action: String,
    /// Every spelling of its one resource that a policy may use: `${Queue.Arn}` where the template makes it, and its ARN.
    pub resources: Vec<String>,
    /// Condition keys of the request, each with its value. A condition on any other key does not hold.
    pub context: Vec<(String, String)>,
}

/// One action that is allowed on one resource, both as written.
#[derive(Clone, Debug)]
pub struct Granted {
    pub action: String,
    pub resource: String,
    statement: Statement,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    Allowed,
    /// A statement forbids it, whatever others allow: its place in the properties.
    Denied(String),
    NotGranted,
}

impl Access {
    pub fn of(template: &Template) -> Access {
        Access(Policies::of(&Side::of(Some(template)).declared()))
    }

    /// What a call of this role, or of a policy by itself, ends with. The role of another template may do nothing here.
    pub fn judge(&self, role: &str, call: &Call) -> Judgement {
        let calls = call.statements();
        let denial = self.statements(role).filter(|statement| !statement.allow);
        if let Some(denial) = denial.into_iter().find(|denial| calls.iter().any(|call| contains(denial, call))) {
            return Judgement::Denied(denial.path.clone());
        }
        let mut allowing = self.statements(role).filter(|statement| statement.allow);
        match allowing.any(|statement| calls.iter().any(|call| contains(statement, call))) {
            true => Judgement::Allowed,
            false => Judgement::NotGranted,
        }
    }

    /// Everything that this role is allowed, each action on each resource by itself.
    pub fn granted(&self, role: &str) -> Vec<Granted> {
        let mut found = Vec::new();
        for statement in self.statements(role).filter(|statement| statement.allow) {
            for action in statement.actions.members() {
                for resource in statement.resources.members() {
                    let one = Statement { actions: only(action), resources: only(resource), ..statement.clone() };
                    found.push(Granted { action: action.text(), resource: resource.text(), statement: one });
                }
            }
        }
        found
    }

    fn statements<'a>(&'a self, role: &str) -> impl Iterator<Item = &'a Statement> {
        let subject = Subject::Identity(role.to_owned());
        self.0.grants.iter().filter(move |grant| grant.subject == subject).map(|grant| &grant.statement)
    }
}

impl Granted {
    /// Whether a call needs it.
    pub fn covers(&self, call: &Call) -> bool {
        call.statements().iter().any(|call| contains(&self.statement, call))
    }
}

impl Call {
    fn statements(&self) -> Vec<Statement> {
        let unnamed = Item { pattern: Pattern::literal(""), guards: Guards::new() };
        let context = self
            .context
            .iter()
            .fold(Conditions::default(), |context, (key, value)| context.with("StringEquals", key, value.clone()));
        let statement = |resource: &String| Statement {
            allow: true,
            principals: Set::Only(vec![unnamed.clone()]),
            actions: Set::one(Pattern::folded(&self.action)),
            resources: Set::one(Pattern::literal(resource)),
            conditions: context.clone(),
            guards: Guards::new(),
            path: String::new(),
        };
        self.resources.iter().map(statement).collect()
    }
}

fn only(member: Member<'_>) -> Set {
    match member {
        Member::Is(item) => Set::Only(vec![item.clone()]),
        Member::Except(items) => Set::Except(items.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Resources:
  Queue: {Type: 'AWS::SQS::Queue'}
  Bucket: {Type: 'AWS::S3::Bucket'}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}
      Policies:
        - PolicyName: Grants
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ['sqs:SendMessage', 'sqs:Receive*'], Resource: [!GetAtt Queue.Arn]}
              - {Effect: Allow, Action: ['s3:GetObject'], Resource: [!Sub '${Bucket.Arn}/reports/*']}
              - {Effect: Allow, Action: ['ec2:DescribeSubnets'], Resource: ['*']}
              - {Effect: Deny, Action: ['ec2:*'], Resource: ['*'], Condition: {ArnEquals: {'lambda:SourceFunctionArn': 'arn:f'}}}
              - {Effect: Allow, Action: ['iam:PassRole'], Resource: ['arn:r'], Condition: {StringEquals: {'iam:PassedToService': cloudformation.amazonaws.com}}}
";

    fn judge(action: &str, resource: &str, context: &[(&str, &str)]) -> Judgement {
        let access = Access::of(&template::parse("test", TEMPLATE).unwrap());
        access.judge("Role", &call(action, resource, context))
    }

    fn call(action: &str, resource: &str, context: &[(&str, &str)]) -> Call {
        let context = context.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Call { action: action.to_owned(), resources: vec![resource.to_owned()], context }
    }

    #[test]
    fn a_call_needs_a_statement_with_its_action_on_its_resource() {
        assert_eq!(judge("sqs:SendMessage", "${Queue.Arn}", &[]), Judgement::Allowed);
        assert_eq!(judge("sqs:ReceiveMessage", "${Queue.Arn}", &[]), Judgement::Allowed);
        assert_eq!(judge("s3:GetObject", "${Bucket.Arn}/reports/1", &[]), Judgement::Allowed);
        assert_eq!(judge("sqs:SendMessageBatch", "${Queue.Arn}", &[]), Judgement::NotGranted);
        // Its address, which grants nothing.
        assert_eq!(judge("sqs:SendMessage", "${Queue}", &[]), Judgement::NotGranted);
        assert_eq!(judge("s3:GetObject", "${Bucket.Arn}/other/1", &[]), Judgement::NotGranted);
        // A key may look like a pattern, and is none.
        assert_eq!(judge("s3:GetObject", "${Bucket.Arn}/report?/*", &[]), Judgement::NotGranted);
    }

    #[test]
    fn a_denial_goes_before_what_is_allowed_where_its_condition_holds() {
        let context = [("lambda:SourceFunctionArn", "arn:f")];
        assert!(matches!(judge("ec2:DescribeSubnets", "*", &context), Judgement::Denied(_)));
        assert_eq!(judge("ec2:DescribeSubnets", "*", &[]), Judgement::Allowed);
    }

    #[test]
    fn a_condition_holds_for_a_request_that_says_so() {
        let service = |name| [("iam:PassedToService", name)];
        assert_eq!(judge("iam:PassRole", "arn:r", &service("cloudformation.amazonaws.com")), Judgement::Allowed);
        assert_eq!(judge("iam:PassRole", "arn:r", &service("lambda.amazonaws.com")), Judgement::NotGranted);
        assert_eq!(judge("iam:PassRole", "arn:r", &[]), Judgement::NotGranted);
    }

    #[test]
    fn each_action_on_each_resource_is_a_grant_that_calls_need_or_not() {
        let access = Access::of(&template::parse("test", TEMPLATE).unwrap());
        let granted = access.granted("Role");
        assert_eq!(granted.len(), 5);
        let needed: Vec<&str> = granted
            .iter()
            .filter(|granted| granted.covers(&call("sqs:SendMessage", "${Queue.Arn}", &[])))
            .map(|granted| granted.action.as_str())
            .collect();
        assert_eq!(needed, ["sqs:SendMessage"]);
        assert!(access.granted("Other").is_empty());
    }
}
