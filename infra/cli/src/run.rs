//! What connects commands with `deploy` and `operate`: the account, the plan with its values, one supervised run, its results.

pub(crate) mod connection;
pub(crate) mod failure_card;
pub(crate) mod follow;
pub(crate) mod function_log;
pub(crate) mod local_services;
pub(crate) mod parameters;
pub(crate) mod plan;
pub(crate) mod selection;
pub(crate) mod stack_results;
pub(crate) mod subnets;
pub(crate) mod supervisor;
