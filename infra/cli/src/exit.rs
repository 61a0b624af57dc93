//! Exit codes, and failures that carry theirs from the place where they happen. An error of a type without a code here does not pass
//! `?` in this crate, so its first use has to decide what it means.

use std::fmt;
use std::process::ExitCode;

use system::How;

/// Exit codes, as documented in `infra --help`. Errors have the numbers of BSD's sysexits.h; 2 to 5 are reserved for
/// commands that only read, so that a script can tell an answer from an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or there was nothing to do.
    Success,
    /// What a command that only reads has found: 2 to 5, each documented by its command.
    Answer(u8),
    /// The work was started and failed.
    Failed,
    /// The arguments, values or settings are wrong or missing; nothing was changed. EX_USAGE.
    Usage,
    /// Committed templates differ from what the code generates, or from git. EX_DATAERR.
    Stale,
    /// AWS, the network or a system was busy or unavailable; the same command may succeed later. EX_TEMPFAIL.
    Retryable,
    /// It needed approval and did not get it; nothing was changed. EX_NOPERM.
    NotApproved,
    /// A system's work stopped and is not complete, or a part of what was given to it was not accepted.
    Incomplete,
    /// The user stopped it.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Answer(code) => code,
            Self::Failed => 1,
            Self::Incomplete => 5,
            Self::Usage => 64,
            Self::Stale => 65,
            Self::Retryable => 75,
            Self::NotApproved => 77,
            // 128 and the number of SIGINT, as shells do.
            Self::Interrupted => 130,
        }
    }

    /// The code for what failed in one stack, or in all of them: then of the first that failed.
    pub(crate) fn of_deploy(error: &deploy::Error) -> Self {
        use deploy::Error as E;
        match error {
            E::Call(error) => Self::of_call(error),
            E::Stacks(stacks) => Self::of_deploy(&stacks.error),
            E::Missing(_) | E::UnknownParameter { .. } | E::UnknownStack { .. } | E::Cycle(_) => Self::Usage,
            E::Refused { .. } | E::DataLoss { .. } | E::Protected { .. } => Self::NotApproved,
            error if error.is_retryable() => Self::Retryable,
            _ => Self::Failed,
        }
    }

    fn of_call(error: &aws_access::CallError) -> Self {
        // The very first call, which only asks whose the credentials are.
        let is_first = error.operation == "GetCallerIdentity";
        match error.is_retryable() {
            true => Self::Retryable,
            false if is_first => Self::Usage,
            false => Self::Failed,
        }
    }
}

impl From<()> for Exit {
    fn from((): ()) -> Self {
        Self::Success
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command ended without doing its work, with its exit code. Not an error type itself, so that none is wrapped in
/// another and its code lost.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Failure {
    pub(crate) fn new(exit: Exit, cause: impl Into<Cause>) -> Self {
        Self { exit, error: anyhow::Error::from_boxed(cause.into()) }
    }

    /// The work was started and failed.
    pub(crate) fn failed(cause: impl Into<Cause>) -> Self {
        Self::new(Exit::Failed, cause)
    }

    /// Wrong or missing input; nothing was changed.
    pub(crate) fn usage(cause: impl Into<Cause>) -> Self {
        Self::new(Exit::Usage, cause)
    }

    /// Approval is needed and was not given; nothing was changed.
    pub(crate) fn not_approved(reason: impl Into<Cause>) -> Self {
        Self::new(Exit::NotApproved, reason)
    }

    /// The user stopped it; `after` continues the sentence, such as "; nothing was deleted".
    pub(crate) fn interrupted(after: &str) -> Self {
        Self::new(Exit::Interrupted, format!("interrupted{after}"))
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The causes, one sentence each, without the failure itself.
    pub(crate) fn causes(&self) -> Vec<String> {
        self.error.chain().skip(1).map(ToString::to_string).collect()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

/// `.context("cannot read ..")` that keeps the exit code of the underlying error.
pub(crate) trait Context<T> {
    fn context(self, text: impl Into<String>) -> Result<T, Failure>;

    fn with_context(self, text: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> Context<T> for Result<T, E> {
    fn context(self, text: impl Into<String>) -> Result<T, Failure> {
        self.with_context(|| text.into())
    }

    fn with_context(self, text: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| {
            let Failure { exit, error } = error.into();
            Failure { exit, error: error.context(text()) }
        })
    }
}

impl From<deploy::Error> for Failure {
    fn from(error: deploy::Error) -> Self {
        Self::new(Exit::of_deploy(&error), error)
    }
}

impl From<aws_access::CallError> for Failure {
    fn from(error: aws_access::CallError) -> Self {
        Self::new(Exit::of_call(&error), error)
    }
}

impl From<operate::Error> for Failure {
    fn from(error: operate::Error) -> Self {
        let exit = match &error {
            error if error.is_retryable() => Exit::Retryable,
            error if error.is_usage() => Exit::Usage,
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

impl From<local_cloud::Error> for Failure {
    fn from(error: local_cloud::Error) -> Self {
        Self::new(if error.is_setting() { Exit::Usage } else { Exit::Failed }, error)
    }
}

impl From<system::Failed> for Failure {
    fn from(failed: system::Failed) -> Self {
        let exit = match failed.how {
            How::Usage => Exit::Usage,
            How::Retryable => Exit::Retryable,
            How::Incomplete => Exit::Incomplete,
            How::Failed => Exit::Failed,
            How::NotApproved => Exit::NotApproved,
            How::Interrupted => Exit::Interrupted,
        };
        Self::new(exit, failed.source)
    }
}

impl From<system::StageError> for Failure {
    fn from(error: system::StageError) -> Self {
        Self::usage(error)
    }
}

impl From<operate::vpc::VpcError> for Failure {
    fn from(error: operate::vpc::VpcError) -> Self {
        Self::usage(error)
    }
}

impl From<deploy::address::AddressError> for Failure {
    fn from(error: deploy::address::AddressError) -> Self {
        Self::usage(error)
    }
}

impl From<systems::ReadError> for Failure {
    fn from(error: systems::ReadError) -> Self {
        Self::usage(format!("{error}: {}", error.source))
    }
}

/// Errors that only say that the work failed.
macro_rules! failed {
    ($($error:ty),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::failed(error)
            }
        })+
    };
}

failed!(
    std::io::Error,
    std::env::JoinPathsError,
    serde_json::Error,
    review::ParseError,
    review::render::RenderError,
    systems::SynthError
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_code_under_any_context() {
        let call = |operation, kind| aws_access::CallError {
            operation,
            code: Some("Throttling".to_owned()),
            message: "Rate exceeded".to_owned(),
            kind,
            source: None,
        };
        let throttled = || call("DescribeStacks", aws_access::CallErrorKind::Throttled);
        fn under(error: impl Into<Failure>) -> Exit {
            Err::<(), _>(error.into()).context("deploying dev").unwrap_err().exit()
        }
        assert_eq!(under(throttled()), Exit::Retryable);
        assert_eq!(under(deploy::Error::Call(throttled())), Exit::Retryable);
        assert_eq!(under(operate::Error::Call(throttled())), Exit::Retryable);
        assert_eq!(under(call("GetCallerIdentity", aws_access::CallErrorKind::Denied)), Exit::Usage);
        assert_eq!(under(call("CreateChangeSet", aws_access::CallErrorKind::Denied)), Exit::Failed);
        assert_eq!(under(deploy::Error::Missing(Vec::new())), Exit::Usage);
        assert_eq!(under(Failure::failed("disk full")), Exit::Failed);
        let of_system = |how| under(system::Failed::new(how, "it failed"));
        assert_eq!(
            [How::Usage, How::Retryable, How::Incomplete, How::Failed, How::NotApproved, How::Interrupted]
                .map(of_system),
            [Exit::Usage, Exit::Retryable, Exit::Incomplete, Exit::Failed, Exit::NotApproved, Exit::Interrupted]
        );
    }

    #[test]
    fn a_run_of_several_stacks_has_the_code_of_the_first_that_failed() {
        let failed = deploy::StacksFailed {
            stack: "Data-dev".to_owned(),
            error: deploy::Error::Protected { stack: "Data-dev".to_owned() },
            others: vec![("Api-dev".to_owned(), deploy::Error::Gone { stack: "Api-dev".to_owned() })],
            skipped: Vec::new(),
            done: Vec::new(),
        };
        assert_eq!(Exit::of_deploy(&deploy::Error::Stacks(Box::new(failed))), Exit::NotApproved);
    }

    #[test]
    fn a_failure_tells_itself_and_then_its_causes() {
        let failure = Err::<(), _>(std::io::Error::other("disk full")).context("cannot write a.yaml").unwrap_err();
        assert_eq!((failure.to_string(), failure.causes()), ("cannot write a.yaml".into(), vec!["disk full".into()]));
    }
}
