//! What can go wrong in a deployment, and whether trying again can help. Refuses to render causes: the caller walks the chain.

use std::fmt;

/// Why a call to AWS failed, as far as the flow has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The rate limit of the account: the same call succeeds later.
    Throttled,
    /// Time-out, reset connection or a 5xx answer: the same call may succeed later.
    Transient,
    /// What was asked for does not exist.
    NotFound,
    /// Credentials are missing, expired or not allowed to do this.
    Denied,
    /// The request itself was refused.
    Invalid,
}

/// One failed call to AWS.
#[derive(Debug, thiserror::Error)]
#[error("{operation}{}{message}", code.as_ref().map_or_else(|| ": ".to_owned(), |code| format!(": {code}: ")))]
pub struct CallError {
    /// Operation in AWS's spelling, for example `CreateChangeSet`.
    pub operation: &'static str,
    /// Error code in AWS's spelling, when there was an answer.
    pub code: Option<String>,
    /// AWS's sentence, or what kept the call from being answered.
    pub message: String,
    /// What follows from it.
    pub kind: CallErrorKind,
    /// What lies beneath, when there was no answer.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl CallError {
    /// Whether the same call may succeed when it is made again.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, CallErrorKind::Throttled | CallErrorKind::Transient)
    }
}

/// The first resource that failed in a stack operation; the failures after it follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Logical id in the template.
    pub logical_id: String,
    /// For example `AWS::SQS::Queue`.
    pub resource_type: String,
    /// For example `CREATE_FAILED`.
    pub status: String,
    /// CloudFormation's sentence.
    pub reason: String,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) {}: {}", self.logical_id, self.resource_type, self.status, self.reason)
    }
}

/// A parameter that nobody gave a value for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingValue {
    /// Parameter name in the template.
    pub parameter: String,
    /// Stacks that ask for it.
    pub stacks: Vec<String>,
    /// How to give it, for example `--vpc-id vpc-0123abcd (make: VPC_ID=..)`.
    pub hint: String,
}

impl fmt::Display for MissingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}: give {}", self.parameter, self.stacks.join(", "), self.hint)
    }
}

/// Why a deployment or its removal did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to AWS failed for good.
    #[error("a call to AWS failed")]
    Call(#[from] CallError),
    /// Values are asked for and were not given; nothing was created.
    #[error("{} missing, nothing was created:{}", if .0.len() == 1 { "a value is" } else { "values are" }, list(.0))]
    Missing(Vec<MissingValue>),
    /// A value was given that no selected stack asks for.
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
    /// A linked stack is not there, or has no such output.
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
    /// An asset is named by a parameter and was not built.
    #[error("{stack} needs asset {asset:?}, which was not built")]
    NoAsset {
        /// The stack that needs it.
        stack: String,
        /// The asset's name.
        asset: String,
    },
    /// The stack is in a state that no change set can start from.
    #[error("{stack} is {status}{}: {fix}", because(cause.as_deref()))]
    StackNotReady {
        /// Physical stack name.
        stack: String,
        /// Its status.
        status: String,
        /// The first failure, when it was seen.
        cause: Option<Box<Cause>>,
        /// What to do.
        fix: &'static str,
    },
    /// CloudFormation refused the change set.
    #[error("the change set of {stack} failed: {reason}")]
    ChangeSetFailed {
        /// Physical stack name.
        stack: String,
        /// CloudFormation's sentence.
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
    },
    /// The template is larger than CloudFormation takes at all.
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
        /// What the packer said.
        source: std::io::Error,
    },
    /// The assets bucket is not ours.
    #[error("bucket {bucket} exists and does not belong to account {account} or refuses it; nothing was uploaded")]
    ForeignBucket {
        /// Bucket name.
        bucket: String,
        /// The account of the credentials.
        account: String,
    },
}

impl Error {
    /// Whether the same command may succeed when it is run again unchanged. Everything else needs a change first.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Call(error) if error.is_retryable())
    }
}

fn because(cause: Option<&Cause>) -> String {
    cause.map(|cause| format!(", because {cause}")).unwrap_or_default()
}

fn list(missing: &[MissingValue]) -> String {
    missing.iter().map(|value| format!("\n  {value}")).collect()
}
