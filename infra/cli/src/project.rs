//! The repository that the command runs in: its files, their state in git, and its pinned tools.

pub(crate) mod archives;
pub(crate) mod git_history;
pub(crate) mod git_status;
pub(crate) mod repository;
pub(crate) mod swagger_ui;
pub(crate) mod templates;
pub(crate) mod tools;
