//! What the exit code of `infra` says. Refuses to guess: what is not known by its type is a failure.

use std::process::ExitCode;

use system::How;

/// Exit codes, as `infra --help` documents them. What went wrong has the numbers of BSD's sysexits.h; 2 to 5 are left to
/// commands that look and answer, so that a script can tell an answer from an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or there was nothing to do.
    Success,
    /// What a command that looks has found: 2 to 5, each documented by its command.
    Answer(u8),
    /// The work was started and failed.
    Failed,
    /// The arguments, values or settings are wrong or missing; nothing was touched. EX_USAGE.
    Usage,
    /// Committed templates differ from what the code makes, or from what git has. EX_DATAERR.
    Stale,
    /// The network or AWS was busy or away; the same command may succeed later. EX_TEMPFAIL.
    Retryable,
    /// It needed somebody's approval and did not get it; nothing was touched. EX_NOPERM.
    NotApproved,
    /// A system's work came to rest and is not complete.
    Incomplete,
    /// The user stopped it.
    Interrupted,
}

impl From<()> for Exit {
    fn from((): ()) -> Self {
        Self::Success
    }
}

/// Committed templates differ from what the code makes.
#[derive(Debug, thiserror::Error)]
#[error("{} stale: {}; run `make synth` and look at the difference", if .0.len() == 1 { "this template is" } else { "these templates are" }, .0.join(", "))]
pub(crate) struct StaleTemplates(pub(crate) Vec<String>);

/// The user stopped it.
#[derive(Debug, thiserror::Error)]
#[error("interrupted{0}")]
pub(crate) struct Interrupted(pub(crate) String);

/// Somebody has to agree and has not; nothing was touched.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotApproved(pub(crate) String);

/// Templates of a stage are not what git has.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Uncommitted {
    #[error("not committed, and so not reviewed: {}; commit, or give --allow-dirty", .0.join(", "))]
    Files(Vec<String>),
    #[error("what is deployed has to be committed; give --allow-dirty to deploy without git")]
    Unknown(#[source] crate::project::git_status::Unknown),
}

/// Wrong or missing input; nothing was touched.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadInput(pub(crate) String);

impl Exit {
    /// The code of an error, by the first of its causes that is known.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if cause.is::<StaleTemplates>() || cause.is::<Uncommitted>() {
                return Self::Stale;
            }
            if cause.is::<NotApproved>() {
                return Self::NotApproved;
            }
            if cause.is::<Interrupted>() {
                return Self::Interrupted;
            }
            if cause.is::<BadInput>() || cause.is::<system::StageError>() || cause.is::<deploy::address::AddressError>()
            {
                return Self::Usage;
            }
            if cause.downcast_ref::<local_cloud::Error>().is_some_and(local_cloud::Error::is_setting) {
                return Self::Usage;
            }
            if let Some(failed) = cause.downcast_ref::<system::Failed>() {
                return match failed.how {
                    How::Usage => Self::Usage,
                    How::Retryable => Self::Retryable,
                    How::Incomplete => Self::Incomplete,
                    How::Failed => Self::Failed,
                };
            }
            if let Some(error) = cause.downcast_ref::<aws_access::CallError>() {
                // The first call of all, which only asks whose the credentials are.
                let is_first = error.operation == "GetCallerIdentity";
                return match error.is_retryable() {
                    true => Self::Retryable,
                    false if is_first => Self::Usage,
                    false => Self::Failed,
                };
            }
            if let Some(error) = cause.downcast_ref::<operate::Error>() {
                return match error {
                    error if error.is_retryable() => Self::Retryable,
                    error if error.is_usage() => Self::Usage,
                    _ => Self::Failed,
                };
            }
            if let Some(error) = cause.downcast_ref::<deploy::Error>() {
                if matches!(error, deploy::Error::Call(_) | deploy::Error::Stacks(_)) {
                    continue;
                }
                return Self::of_deploy(error);
            }
        }
        Self::Failed
    }

    /// The code of what kept one stack, or all of them.
    pub(crate) fn of_deploy(error: &deploy::Error) -> Self {
        use deploy::Error as E;
        match error {
            E::Missing(_) | E::UnknownParameter { .. } | E::UnknownStack { .. } | E::Cycle(_) => Self::Usage,
            E::Refused { .. } | E::DataLoss { .. } | E::Protected { .. } => Self::NotApproved,
            error if error.is_retryable() => Self::Retryable,
            _ => Self::Failed,
        }
    }

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
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_code_under_any_context() {
        let throttled = aws_access::CallError {
            operation: "DescribeStacks",
            code: Some("Throttling".to_owned()),
            message: "Rate exceeded".to_owned(),
            kind: aws_access::CallErrorKind::Throttled,
            source: None,
        };
        let under = |error: anyhow::Error| Exit::of(&error.context("deploying dev"));
        assert_eq!(under(deploy::Error::Call(throttled).into()), Exit::Retryable);
        assert_eq!(under(deploy::Error::Missing(Vec::new()).into()), Exit::Usage);
        assert_eq!(under(StaleTemplates(vec!["FipeApi.yaml".to_owned()]).into()), Exit::Stale);
        assert_eq!(under(anyhow::anyhow!("disk full")), Exit::Failed);
        let of_system = |how| under(system::Failed::new(how, "it failed").into());
        assert_eq!(
            [How::Usage, How::Retryable, How::Incomplete, How::Failed].map(of_system),
            [Exit::Usage, Exit::Retryable, Exit::Incomplete, Exit::Failed]
        );
    }
}
