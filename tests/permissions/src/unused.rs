//! What a role is granted although no call of its function needs it.

use review::{Granted, Template};

/// A grant that no call of a suite needs, and why it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unused {
    /// The function, by its logical id.
    pub function: &'static str,
    pub action: &'static str,
    /// As the template writes it: `${Queue.Arn}`.
    pub resource: &'static str,
    pub reason: &'static str,
    pub needed: Needed,
}

/// Whether scenarios may need it all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    Never,
    /// It depends on time: what happens in some runs alone.
    Sometimes,
}

/// What Lambda does with a function's role to run it, besides what it does for an event source:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions>.
const RUNNING: &[&str] = &[
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
];
/// What it does with the queue of an event source mapping:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions>.
const POLLING: &[&str] = &["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

/// Where it reports an asynchronous invocation that failed for good:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.
const REPORTING: &[&str] = &["sns:Publish", "sqs:SendMessage"];

/// Whether Lambda itself needs the grant of a function.
pub(crate) fn is_lambdas(template: &Template, function: &str, granted: &Granted) -> bool {
    let action = granted.action.as_str();
    RUNNING.contains(&action)
        || POLLING.contains(&action) && feeds(template, &granted.resource, function)
        || REPORTING.contains(&action) && hears_of_failures(template, &granted.resource, function)
}

/// Whether failed invocations of this function are reported there.
fn hears_of_failures(template: &Template, destination: &str, function: &str) -> bool {
    let settings = template.resources().iter().filter(|each| each.resource_type == "AWS::Lambda::EventInvokeConfig");
    settings.into_iter().any(|settings| {
        let is_of = settings.property("FunctionName").and_then(|name| name.as_ref_name()) == Some(function);
        let to = settings.property("DestinationConfig.OnFailure.Destination");
        let by_ref = to.and_then(|to| to.as_ref_name()).map(|id| format!("${{{id}}}"));
        let by_attribute = to.and_then(|to| to.as_get_att()).map(|(id, attribute)| format!("${{{id}.{attribute}}}"));
        is_of && [by_ref, by_attribute].iter().flatten().any(|to| to == destination)
    })
}

/// Whether a mapping leads from this queue to this function.
fn feeds(template: &Template, queue: &str, function: &str) -> bool {
    let mappings = template.resources().iter().filter(|each| each.resource_type == "AWS::Lambda::EventSourceMapping");
    mappings.into_iter().any(|mapping| {
        let from = mapping.property("EventSourceArn").and_then(|arn| arn.as_get_att());
        let to = mapping.property("FunctionName").and_then(|name| name.as_ref_name());
        from.is_some_and(|(id, attribute)| queue == format!("${{{id}.{attribute}}}")) && to == Some(function)
    })
}

impl Unused {
    pub(crate) fn is_about(&self, function: &str, granted: &Granted) -> bool {
        self.function == function && self.action == granted.action && self.resource == granted.resource
    }
}
