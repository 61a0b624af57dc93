//! What can go wrong in a deployment, and whether a retry can help. Does not render causes: the caller walks the chain.

use std::fmt;

use aws_access::{CallError, CallErrorKind};

use crate::{Cause, ChangeAction, DataLoss, Refusal, Replacement, RolledBack};

/// The result of a deployment or deletion in which stacks failed. Its source is the first failure.
#[derive(Debug, thiserror::Error)]
#[error("{} of {} stacks {} not done{}", self.undone(), self.undone() + .done.len(), if self.undone() == 1 { "was" } else { "were" }, not_begun(.skipped))]
pub struct StacksFailed {
    /// Physical name of the stack that failed first.
    pub stack: String,
    /// Its error.
    #[source]
    pub error: Error,
    /// The stacks that failed after it, each with its error.
    pub others: Vec<(String, Error)>,
    /// Stacks that were not started because one they depend on failed.
    pub skipped: Vec<Skipped>,
    /// Physical names of the stacks that finished.
    pub done: Vec<String>,
}

impl StacksFailed {
    /// Every stack that failed, by physical name, with its error; the first one first.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Error)> {
        let others = self.others.iter().map(|(stack, error)| (stack.as_str(), error));
        std::iter::once((self.stack.as_str(), &self.error)).chain(others)
    }

    fn undone(&self) -> usize {
        1 + self.others.len() + self.skipped.len()
    }
}

/// A stack that was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Physical name.
    pub stack: String,
    /// Physical name of the stack that failed.
    pub because: String,
}

/// A parameter without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingValue {
    /// Parameter name in the template.
    pub parameter: String,
    /// Stacks that need it.
    pub stacks: Vec<String>,
    /// How to give it, for example `--vpc-id vpc-0123abcd (make: VPC_ID=..)`.
    pub hint: String,
}

impl fmt::Display for MissingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}: give {}", self.parameter, self.stacks.join(", "), self.hint)
    }
}

/// Why a deployment or deletion did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to AWS failed permanently.
    #[error("a call to AWS failed")]
    Call(#[source] CallError),
    /// The credentials were valid at first and have expired.
    #[error(
        "the credentials have expired; operations that CloudFormation has begun continue: log in again, follow them with `infra watch`, then repeat the command"
    )]
    CredentialsExpired(#[source] CallError),
    /// The caller may not pass the execution role to CloudFormation.
    #[error(
        "CloudFormation was not given the execution role, since these credentials lack iam:PassRole on it; deploy with a role that may pass it, or leave --execution-role (EXECUTION_ROLE_ARN) out to use the credentials' own permissions"
    )]
    RoleNotPassed(#[source] CallError),
    /// CloudFormation cannot assume the execution role.
    #[error(
        "CloudFormation cannot assume the execution role; give one that trusts cloudformation.amazonaws.com as --execution-role (EXECUTION_ROLE_ARN)"
    )]
    RoleNotAssumed(#[source] CallError),
    /// Required values are missing; nothing was created.
    #[error("{} missing, nothing was created:{}", if .0.len() == 1 { "a value is" } else { "values are" }, list(.0))]
    Missing(Vec<MissingValue>),
    /// A value was given that no selected stack needs.
    #[error("no selected stack has a parameter {name:?} to be given; there are {}", .known.join(", "))]
    UnknownParameter {
        /// The name that was given.
        name: String,
        /// The names that may be given.
        known: Vec<String>,
    },
    /// A stack was named that the stage does not have.
    #[error("the stage has no stack {name:?}; it has {}", .known.join(", "))]
    UnknownStack {
        /// The name that was given, or that a parameter refers to.
        name: String,
        /// The stacks of the stage.
        known: Vec<String>,
    },
    /// Stacks that need each other's outputs.
    #[error("stacks need each other's outputs in a circle: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// A linked stack does not exist, or has no such output.
    #[error("{stack} needs output {output} of {from}, which {why}; deploy {from} first")]
    NoOutput {
        /// The stack that needs it.
        stack: String,
        /// The output's name.
        output: String,
        /// Physical name of the stack that should have it.
        from: String,
        /// "is not deployed" or "does not have it".
        why: &'static str,
    },
    /// A parameter refers to an asset that was not built.
    #[error("{stack} needs asset {asset:?}, which was not built")]
    NoAsset {
        /// The stack that needs it.
        stack: String,
        /// The asset's name.
        asset: String,
    },
    /// The stack is in a state from which no change set can start.
    #[error("{stack} is {status}{}: {fix}", because(cause.as_deref()))]
    StackNotReady {
        /// Physical stack name.
        stack: String,
        /// Its status.
        status: String,
        /// The first failure, if it was seen.
        cause: Option<Box<Cause>>,
        /// What to do.
        fix: &'static str,
    },
    /// The stack was deleted in the meantime, by another caller or on request.
    #[error("{stack} is gone: it was deleted while it was deployed; deploy again")]
    Gone {
        /// Physical stack name.
        stack: String,
    },
    /// CloudFormation rejected the change set.
    #[error("the change set of {stack} failed: {reason}")]
    ChangeSetFailed {
        /// Physical stack name.
        stack: String,
        /// CloudFormation's message.
        reason: String,
    },
    /// The operation ran and failed; CloudFormation has rolled it back as far as the status says.
    #[error("{stack} is {status}{}", because(cause.as_deref()))]
    StackFailed {
        /// Physical stack name.
        stack: String,
        /// The status it ended in.
        status: String,
        /// The first failure.
        cause: Option<Box<Cause>>,
        /// What was rolled back.
        rolled_back: RolledBack,
    },
    /// Stacks of the plan failed, were rejected or skipped; each with its own error.
    #[error(transparent)]
    Stacks(Box<StacksFailed>),
    /// Not approved. Nothing of the stack was changed.
    #[error("{stack} was left as it is, since {refusal}")]
    Refused {
        /// Physical stack name.
        stack: String,
        /// The refusal.
        refusal: Refusal,
    },
    /// Data would be lost that was not accepted by name. Nothing of the stack was changed.
    #[error("{stack} would lose data: {}; to accept it, give{}", lost(.losses), accepting(.losses))]
    DataLoss {
        /// Physical stack name.
        stack: String,
        /// All losses of the stack, at least one not accepted.
        losses: Vec<DataLoss>,
    },
    /// The stack policy prevents an accepted loss and cannot be opened for it alone.
    #[error("the stack policy of {stack} denies changes of {} by a pattern, so it cannot be opened for these resources only; change the policy manually", .resources.join(", "))]
    PolicyNotOpened {
        /// Physical stack name.
        stack: String,
        /// Logical ids.
        resources: Vec<String>,
    },
    /// The stack is protected from deletion, and there is no consent to turn that off.
    #[error("{stack} is protected from termination; nothing of it was deleted")]
    Protected {
        /// Physical stack name.
        stack: String,
    },
    /// S3 refuses to delete objects, so the bucket cannot be deleted.
    #[error("bucket {bucket} keeps {} objects, the first is {}", .refused.len(), .refused.first().map(String::as_str).unwrap_or_default())]
    BucketNotEmptied {
        /// Bucket name.
        bucket: String,
        /// Keys, each with S3's message.
        refused: Vec<String>,
    },
    /// Other deployers changed the stack again and again.
    #[error(
        "{stack} is changed by others all the time, {attempts} attempts came too late; deploy again when they are done"
    )]
    Overtaken {
        /// Physical stack name.
        stack: String,
        /// How many attempts were made.
        attempts: u32,
    },
    /// The template is larger than CloudFormation accepts.
    #[error("the template of {stack} has {bytes} bytes, CloudFormation takes 1,000,000 at most; split the stack")]
    TemplateTooLarge {
        /// Physical stack name.
        stack: String,
        /// Its size.
        bytes: usize,
    },
    /// An asset cannot be packed.
    #[error("asset {asset} cannot be packed")]
    Archive {
        /// The asset's name.
        asset: String,
        /// The packing error.
        source: std::io::Error,
    },
    /// The assets bucket has an object that is not what its key says.
    #[error(
        "bucket {bucket} has another object as {key}: its SHA-256 is {} and not {expected}, so it was not used; find out who wrote it, delete all of its versions, then deploy again",
        .stored.as_deref().unwrap_or("not stored")
    )]
    OtherObject {
        /// Bucket name.
        bucket: String,
        /// The object's key.
        key: String,
        /// SHA-256 of what was to be uploaded, in Base64.
        expected: String,
        /// What S3 has stored.
        stored: Option<String>,
    },
    /// There is no assets bucket yet, and the credentials may not create it.
    #[error(
        "bucket {bucket} does not exist, and these credentials may not create it; an administrator's first deployment to this account and region creates it"
    )]
    NoBucket {
        /// Bucket name.
        bucket: String,
    },
    /// The assets bucket belongs to another account.
    #[error("bucket {bucket} exists and does not belong to account {account} or refuses it; nothing was uploaded")]
    ForeignBucket {
        /// Bucket name.
        bucket: String,
        /// The account of the credentials.
        account: String,
    },
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        if error.is_about_credentials() {
            return Self::CredentialsExpired(error);
        }
        // AWS has no separate codes for these.
        if error.kind == CallErrorKind::Denied && error.message.contains("iam:PassRole") {
            Self::RoleNotPassed(error)
        } else if error.kind == CallErrorKind::Invalid && error.message.contains("cannot be assumed") {
            Self::RoleNotAssumed(error)
        } else {
            Self::Call(error)
        }
    }
}

impl Error {
    /// Whether the same command may succeed when it is run again unchanged. Everything else needs a change first.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call(error) => error.is_retryable(),
            Self::Overtaken { .. } => true,
            Self::Stacks(stacks) => stacks.failures().all(|(_, error)| error.is_retryable()),
            _ => false,
        }
    }
}

fn not_begun(skipped: &[Skipped]) -> String {
    let names: Vec<&str> = skipped.iter().map(|skipped| skipped.stack.as_str()).collect();
    if names.is_empty() { String::new() } else { format!(", {} not begun", names.join(", ")) }
}

fn lost(losses: &[DataLoss]) -> String {
    let verb = |loss: &DataLoss| match (loss.action, loss.replacement) {
        (ChangeAction::Remove, _) => "is removed",
        (_, Replacement::Yes) => "is replaced",
        _ => "may be replaced",
    };
    let one = |loss: &DataLoss| format!("{} ({}) {}", loss.name, loss.resource_type, verb(loss));
    losses.iter().filter(|loss| !loss.accepted).map(one).collect::<Vec<_>>().join(", ")
}

/// The flag for each, ready to be copied.
fn accepting(losses: &[DataLoss]) -> String {
    let flag = |loss: &DataLoss| format!(" --accept-data-loss {}", loss.name);
    losses.iter().filter(|loss| !loss.accepted).map(flag).collect()
}

fn because(cause: Option<&Cause>) -> String {
    cause.map(|cause| format!(", because {cause}")).unwrap_or_default()
}

fn list(missing: &[MissingValue]) -> String {
    missing.iter().map(|value| format!("\n  {value}")).collect()
}
