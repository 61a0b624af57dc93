//! From a stage to the account it lives in. Refuses the stage local without a running local cloud.

use deploy::aws::{Connection, Target};
use local_cloud::Status;
use stacks::StageName;

use crate::arguments::Account;
use crate::exit::BadInput;
use crate::repository::Repository;

/// The running local cloud.
pub(crate) fn local_cloud(repository: &Repository) -> anyhow::Result<Status> {
    let status = local_cloud::status(repository.root())?;
    if status.running {
        return Ok(status);
    }
    Err(BadInput("the local cloud is not running; start it with `infra local up`".to_owned()).into())
}

/// Connects to where a stage lives.
pub(crate) async fn connect(
    repository: &Repository,
    stage: StageName,
    account: &Account,
) -> anyhow::Result<Connection> {
    let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let target = match stage {
        StageName::Local => {
            let status = local_cloud(repository)?;
            Target::Local { endpoint: status.endpoint, region: status.region.to_owned() }
        }
        _ => Target::Aws { profile: given(&account.profile), region: given(&account.region) },
    };
    Ok(Connection::open(&target).await?)
}
