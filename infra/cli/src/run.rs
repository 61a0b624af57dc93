//! What connects commands with `deploy` and `operate`: the account, the plan with its values, one supervised run, its results.

pub(crate) mod connection;
pub(crate) mod declarations;
pub(crate) mod failure_card;
pub(crate) mod follow;
pub(crate) mod function_log;
pub(crate) mod interrupts;
pub(crate) mod local_services;
pub(crate) mod next_commands;
pub(crate) mod options;
pub(crate) mod parameters;
pub(crate) mod plan;
pub(crate) mod stack_results;
pub(crate) mod stage_stacks;
pub(crate) mod supervisor;
