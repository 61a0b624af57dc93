//! The command `infra`: arguments, progress, exit codes. Refuses rules: they live in `stacks`, `deploy` and `local-cloud`.

mod arguments;
mod aws;
mod build;
mod crawl;
mod deploy_command;
mod destroy_command;
mod doctor_command;
mod drift_command;
mod exit;
mod fipe_command;
mod local_command;
mod logs_command;
mod network;
mod outputs_command;
mod parameters;
mod queues;
mod redrive_command;
mod repository;
mod review_command;
mod revision;
mod selection;
mod status_command;
mod synth_command;
mod table;
mod terminal;
mod tools;
mod watch;

fn main() -> std::process::ExitCode {
    arguments::run().into()
}
