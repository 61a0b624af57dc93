//! What a deployment would change: judged, shown, and approved.

pub(crate) mod approval;
pub(crate) mod tables;
pub(crate) mod today;
pub(crate) mod verdict;
