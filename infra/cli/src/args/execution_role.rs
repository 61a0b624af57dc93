//! `--execution-role`: the role that CloudFormation works with. Rejects what is not the ARN of a role.

use clap::Args;
use system::StageName;

use crate::exit::Failure;

/// With whose permissions CloudFormation works.
#[derive(Debug, Args)]
pub(crate) struct ExecutionRole {
    /// ARN of the role that CloudFormation works with, an output of the stack with the pipeline's roles; not used on the stage
    /// local. Without it CloudFormation works with the role that the stack was given before, or with your own permissions.
    #[arg(long, env = "EXECUTION_ROLE_ARN", value_name = "ARN")]
    execution_role: Option<String>,
}

impl ExecutionRole {
    /// The role to pass, if any.
    pub(crate) fn given(&self, stage: StageName) -> Result<Option<String>, Failure> {
        let Some(arn) = self.execution_role.as_ref().filter(|arn| !arn.is_empty() && stage != StageName::Local) else {
            return Ok(None);
        };
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "iam", "", account, role] if account.len() == 12 && role.starts_with("role/") => {
                Ok(Some(arn.clone()))
            }
            _ => {
                let example = "arn:aws:iam::123456789012:role/Pipeline-dev-ExecutionRole-ABC";
                Err(Failure::usage(format!("--execution-role {arn:?} is not the ARN of a role, for example {example}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_told_by_its_arn_and_nothing_is_told_on_the_stage_local() {
        let given = |arn: &str, stage| ExecutionRole { execution_role: Some(arn.to_owned()) }.given(stage);
        let arn = "arn:aws-us-gov:iam::123456789012:role/path/Pipeline-dev-ExecutionRole-ABC";
        assert_eq!(given(arn, StageName::Dev).unwrap(), Some(arn.to_owned()));
        assert_eq!(given("", StageName::Dev).unwrap(), None);
        assert_eq!(given(arn, StageName::Local).unwrap(), None);
        for wrong in [
            "DeployRole",
            "arn:aws:iam::123456789012:user/me",
            "arn:aws:iam::1:role/x",
            "arn:aws:sts::123456789012:role/x",
        ] {
            assert!(given(wrong, StageName::Dev).unwrap_err().to_string().contains(wrong), "{wrong}");
        }
    }
}
