//! The commands that may help after a failure, as they would be typed, and which of them fits a state.

use deploy::Cause;

use crate::args::account::Account;

/// The commands that may help after a failure, as they would be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NextCommands {
    /// The same deployment again, with all its arguments.
    pub(crate) deploy: String,
    /// `infra destroy --stage dev`, with account and region.
    pub(crate) destroy: String,
    /// `infra watch --stage dev`, with account and region.
    pub(crate) watch: String,
}

impl NextCommands {
    /// For this stage, as they would be typed; a deployment in progress is repeated word for word.
    pub(crate) fn of(stage: &str, account: &Account) -> Self {
        let typed: Vec<String> = std::env::args().skip(1).collect();
        Self::after(&typed, stage, account)
    }

    fn after(typed: &[String], stage: &str, account: &Account) -> Self {
        let mut with = format!("--stage {stage}");
        // What came from the environment will be there the next time, too.
        let is_given = |flag: &str| typed.iter().any(|word| word == flag || word.starts_with(&format!("{flag}=")));
        for (flag, value) in [("--profile", &account.profile), ("--region", &account.region)] {
            if let Some(value) = value.as_ref().filter(|_| is_given(flag)) {
                with.push_str(&format!(" {flag} {}", quoted(value)));
            }
        }
        let deploy = match typed.first().is_some_and(|word| word == "deploy") {
            true => {
                let again = typed.iter().filter(|word| *word != "--replace-failed").map(|word| quoted(word));
                format!("infra {}", again.collect::<Vec<_>>().join(" "))
            }
            false => format!("infra deploy {with}"),
        };
        Self { deploy, destroy: format!("infra destroy {with}"), watch: format!("infra watch {with}") }
    }
}

/// A word quoted for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// What a status means, what to do about it after this first failure, and with which command.
pub(crate) fn way_out(
    status: &str,
    cause: Option<&Cause>,
    commands: &NextCommands,
) -> (&'static str, &'static str, String) {
    let (state, advice, next) = after(status, commands);
    let deploys = next.starts_with(&commands.deploy);
    match cause {
        Some(cause) if deploys && is_taken(cause) && !next.contains(IMPORT) => (
            state,
            "its name is taken; if the existing resource is yours, this imports it into the stack:",
            format!("{next} {IMPORT}"),
        ),
        _ => (state, advice, next),
    }
}

const IMPORT: &str = "--import-existing";

/// Whether a resource was not created because its name is taken. CloudFormation cannot import into nested stacks.
fn is_taken(cause: &Cause) -> bool {
    cause.path.is_empty() && cause.status == "CREATE_FAILED" && says_taken(&cause.reason)
}

fn says_taken(reason: &str) -> bool {
    let reason = reason.to_lowercase().replace(' ', "");
    // The second is the check that CloudFormation makes before it accepts a change set.
    reason.contains("alreadyexists") || reason.contains("resourceexistencecheck")
}

/// The command after a change set was rejected because a name is taken, if import was not tried.
pub(crate) fn import_instead(reason: &str, commands: &NextCommands) -> Option<String> {
    let is_new = says_taken(reason) && !commands.deploy.contains(IMPORT);
    is_new.then(|| format!("{} {IMPORT}", commands.deploy))
}

/// What a status means, what to do about it, and with which command.
fn after(status: &str, commands: &NextCommands) -> (&'static str, &'static str, String) {
    let (deploy, replace) = (commands.deploy.clone(), format!("{} --replace-failed", commands.deploy));
    let again = "repair the cause; this deletes the remains and creates the stack again:";
    match status {
        "ROLLBACK_COMPLETE" => {
            ("it was never created; the empty stack that is left can only be deleted", again, replace)
        }
        "CREATE_FAILED" | "ROLLBACK_FAILED" => {
            ("it was never created, and not all of it could be removed", again, replace)
        }
        "UPDATE_ROLLBACK_COMPLETE" => ("as it was before the update", "repair the cause, then deploy again:", deploy),
        "UPDATE_ROLLBACK_FAILED" => (
            "partly updated, because the rollback failed, too",
            "repair what blocks it; this retries the rollback and then deploys:",
            deploy,
        ),
        "UPDATE_FAILED" => {
            ("half-way between before and after", "repair the cause; this rolls it back and deploys again:", deploy)
        }
        "DELETE_FAILED" => ("partly deleted", "remove what keeps it, then:", commands.destroy.clone()),
        "DELETE_COMPLETE" => ("gone", "repair the cause, then deploy again:", deploy),
        _ if status.ends_with("_IN_PROGRESS") => ("CloudFormation is at work", "watch it:", commands.watch.clone()),
        _ => ("at rest", "repair the cause, then deploy again:", deploy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("vpc-1"), "vpc-1");
        assert_eq!(quoted("Name=a b"), "'Name=a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn the_next_command_repeats_what_was_given_and_nothing_from_the_environment() {
        let account = Account { profile: Some("work".to_owned()), region: Some("sa-east-1".to_owned()) };
        let typed: Vec<String> =
            ["deploy", "--stage", "dev", "--profile", "work", "--replace-failed"].map(str::to_owned).to_vec();
        let commands = NextCommands::after(&typed, "dev", &account);
        assert_eq!(commands.deploy, "infra deploy --stage dev --profile work");
        assert_eq!(commands.watch, "infra watch --stage dev --profile work");
        let commands = NextCommands::after(&["watch".to_owned()], "dev", &account);
        assert_eq!(commands.deploy, "infra deploy --stage dev");
    }

    fn commands() -> NextCommands {
        NextCommands {
            deploy: "infra deploy --stage dev --vpc-id vpc-1".to_owned(),
            destroy: "infra destroy --stage dev".to_owned(),
            watch: "infra watch --stage dev".to_owned(),
        }
    }

    #[test]
    fn every_bad_status_has_a_way_out_of_its_own() {
        for (status, command) in [
            ("ROLLBACK_FAILED", "infra deploy --stage dev --vpc-id vpc-1 --replace-failed"),
            ("UPDATE_ROLLBACK_COMPLETE", "infra deploy --stage dev --vpc-id vpc-1"),
            ("UPDATE_FAILED", "infra deploy --stage dev --vpc-id vpc-1"),
            ("DELETE_FAILED", "infra destroy --stage dev"),
            ("UPDATE_IN_PROGRESS", "infra watch --stage dev"),
        ] {
            assert_eq!(way_out(status, None, &commands()).2, command, "{status}");
        }
    }

    #[test]
    fn a_name_that_is_taken_leads_to_an_import_once() {
        let mut cause = Cause {
            path: Vec::new(),
            logical_id: "InvoiceTable".to_owned(),
            physical_id: String::new(),
            resource_type: "AWS::DynamoDB::Table".to_owned(),
            status: "CREATE_FAILED".to_owned(),
            reason: "Invalid value".to_owned(),
            property: None,
            timestamp_ms: 0,
        };
        let next = |cause: &Cause, status: &str, commands: &NextCommands| way_out(status, Some(cause), commands).2;
        assert_eq!(
            next(&cause, "ROLLBACK_COMPLETE", &commands()),
            "infra deploy --stage dev --vpc-id vpc-1 --replace-failed"
        );
        for reason in ["InvoiceTable-stg already exists in stack x", "(HandlerErrorCode: AlreadyExists)"] {
            cause.reason = reason.to_owned();
            assert_eq!(
                next(&cause, "ROLLBACK_COMPLETE", &commands()),
                "infra deploy --stage dev --vpc-id vpc-1 --replace-failed --import-existing"
            );
            assert_eq!(
                next(&cause, "UPDATE_ROLLBACK_COMPLETE", &commands()),
                "infra deploy --stage dev --vpc-id vpc-1 --import-existing"
            );
            assert_eq!(next(&cause, "DELETE_FAILED", &commands()), "infra destroy --stage dev");
        }
        let given = NextCommands { deploy: "infra deploy --import-existing --stage dev".to_owned(), ..commands() };
        assert_eq!(next(&cause, "UPDATE_ROLLBACK_COMPLETE", &given), given.deploy);

        let refused = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].";
        let import = import_instead(refused, &commands());
        assert_eq!(import.as_deref(), Some("infra deploy --stage dev --vpc-id vpc-1 --import-existing"));
        assert_eq!(import_instead(refused, &given), None);
        assert_eq!(import_instead("Parameter Size has no value", &commands()), None);
    }
}
