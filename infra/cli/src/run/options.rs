//! How the deployer treats a stage: its polling, and what counts as data.

use aws_access::Pace;
use deploy::Options;
use system::StageName;

/// How deployments and deletions of a stage are run.
pub(crate) fn options(stage: StageName) -> Options {
    let run_id = uuid::Uuid::new_v4().simple().to_string();
    match stage {
        // Anything lost on this machine is recreated in seconds.
        StageName::Local => Options::new(run_id, Pace::LOCAL, |_| false),
        _ => Options::new(run_id, Pace::AWS, facts::is_stateful),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_local_loses_nothing_that_matters() {
        assert!(!(options(StageName::Local).is_stateful)("AWS::RDS::DBCluster"));
        assert!((options(StageName::Prd).is_stateful)("AWS::RDS::DBCluster"));
    }
}
