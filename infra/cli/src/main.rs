//! The command `infra`: arguments, progress, exit codes. Refuses rules: they live in `stacks`, `deploy` and `local-cloud`.

mod approval;
mod arguments;
mod attend;
mod aws;
mod build;
mod card;
mod change_tables;
mod deploy_command;
mod destroy_command;
mod diff_command;
mod doctor_command;
mod drift_command;
mod elapsed;
mod exit;
mod failure;
mod function_log;
mod git;
mod local_command;
mod logs_command;
mod network;
mod outcome;
mod outputs_command;
mod paint;
mod parameters;
mod preparation;
mod progress;
mod redrive_command;
mod repository;
mod review_command;
mod review_input;
mod revision;
mod running;
mod selection;
mod stack_progress;
mod status_command;
mod synth_command;
mod system_command;
mod terminal;
mod tools;
mod verdict;
mod view;
mod watch_command;

fn main() -> std::process::ExitCode {
    arguments::run().into()
}
