//! Names of change sets: which ones are ours, and which of those an interrupted run left behind. Deletes none.

use crate::ChangeSetSummary;

/// The prefix of every change set that this crate creates, and of no other.
pub(super) const PREFIX: &str = "infra-";

/// A change set of ours that is this much older than another belongs to a run that was killed, since no approval takes so long. Both
/// times are AWS's; the clock of this machine may be wrong.
const ABANDONED_MS: i64 = 60 * 60 * 1000;

/// Names of the change sets that killed runs of ours left behind.
pub(super) fn abandoned(listed: &[ChangeSetSummary]) -> Vec<String> {
    let newest = listed.iter().map(|listed| listed.created_ms).max().unwrap_or_default();
    let is_old = |listed: &&ChangeSetSummary| {
        listed.name.starts_with(PREFIX) && newest.saturating_sub(listed.created_ms) > ABANDONED_MS
    };
    listed.iter().filter(is_old).map(|listed| listed.name.clone()).collect()
}
