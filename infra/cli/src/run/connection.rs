//! From a stage to its account. The stage local needs a running local cloud.

use std::path::PathBuf;

use aws_access::{Connection, Target};
use local_cloud::Status;
use system::StageName;

use crate::args::account::Account;
use crate::exit::Failure;
use crate::project::repository::Repository;

/// The running local cloud.
pub(crate) fn local_cloud(repository: &Repository) -> Result<Status, Failure> {
    let status = local_cloud::status(repository.root())?;
    if status.running {
        return Ok(status);
    }
    let dead: Vec<String> =
        status.services.iter().filter(|service| !service.alive).map(|service| service.name.to_string()).collect();
    let what = match dead.len() == status.services.len() {
        true => "the local cloud is not running".to_owned(),
        false => format!("of the local cloud, {} has ended", dead.join(" and ")),
    };
    Err(Failure::usage(format!("{what}; start it with `infra local up`")))
}

/// Connects to the account of a stage.
pub(crate) async fn connect(
    repository: &Repository,
    stage: StageName,
    account: &Account,
) -> Result<Connection, Failure> {
    let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let target = match stage {
        StageName::Local => {
            let status = local_cloud(repository)?;
            Target::Local { endpoint: status.endpoint, region: status.region.to_owned() }
        }
        _ => {
            check_profile(account)?;
            Target::Aws { profile: given(&account.profile), region: given(&account.region) }
        }
    };
    Ok(Connection::open(&target).await?)
}

/// Rejects a profile that no configuration file has. The SDK treats such a profile as one without settings and looks for credentials
/// elsewhere, in the end in the metadata service, which costs seconds and produces an error about something else.
pub(crate) fn check_profile(account: &Account) -> Result<(), Failure> {
    let Some(profile) = account.profile.as_deref().filter(|profile| !profile.is_empty()) else { return Ok(()) };
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let path = |variable: &str, name: &str| match std::env::var_os(variable).filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => home.join(".aws").join(name),
    };
    let files = [path("AWS_CONFIG_FILE", "config"), path("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    let texts: Vec<String> = files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let mut known: Vec<&str> = texts.iter().flat_map(|text| profiles(text)).collect();
    // This name means no profile, even if the files are empty.
    if profile == "default" || known.contains(&profile) {
        return Ok(());
    }
    known.sort_unstable();
    known.dedup();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let [config, credentials] = files.map(|file| file.display().to_string());
    Err(Failure::usage(format!("there is no profile {profile:?} in {config} or {credentials}; there is {known}")))
}

/// The names in `[name]` and `[profile name]`.
fn profiles(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let name = line.trim().strip_prefix('[')?.split(']').next()?.trim();
        let is_other = ["sso-session ", "services "].iter().any(|section| name.starts_with(section));
        (!is_other).then(|| name.strip_prefix("profile").filter(|name| name.starts_with(' ')).unwrap_or(name).trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read_as_aws_writes_them() {
        let text = "[default]\nregion = x\n[ profile work ]\n[profile \tprd]\n[sso-session corp]\n[services s]\n[profiles]\n# [no]\n";
        assert_eq!(profiles(text).collect::<Vec<_>>(), ["default", "work", "prd", "profiles"]);
    }
}
