//! A call of AWS: who made it, what it is, and what it is about.

use std::collections::BTreeMap;
use std::fmt;

/// One call. Two that differ only in what they send are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub caller: Caller,
    /// As the signature names it: `sqs`.
    pub service: String,
    /// `SendMessageBatch`
    pub operation: String,
    /// What it needs: `sqs:SendMessage`.
    pub action: String,
    pub resource: Resource,
    /// Condition keys of the request, as the service documents them.
    pub context: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// By its physical name.
    Function(String),
    /// Whoever was given an address that some function had signed, with the rights of that function.
    Address,
    /// Whoever has credentials of this account: a deployer.
    Account(String),
}

/// What a call is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Its type in templates: `AWS::SQS::Queue`. `*`: what knows no resources.
    pub kind: &'static str,
    /// As the call names it: the name of a queue, table or bucket, the ARN of a topic, the id of a secret.
    pub name: String,
    /// What follows the ARN: `/index/open`, or `/` and the key of an object.
    pub below: String,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) | Self::Account(name) => f.write_str(name),
            Self::Address => f.write_str("a signed address"),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { caller, service, operation, action, resource, .. } = self;
        write!(f, "{caller} calls {service} {operation} on {}{}, which needs {action}", resource.name, resource.below)
    }
}
