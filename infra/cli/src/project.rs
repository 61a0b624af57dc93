//! The repository that the command runs in: its files, what git says of them, and its pinned tools.

pub(crate) mod git_history;
pub(crate) mod git_status;
pub(crate) mod local_services;
pub(crate) mod repository;
pub(crate) mod tools;
