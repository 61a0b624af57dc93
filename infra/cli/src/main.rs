//! The command `infra`. Rules live in `systems`, `deploy`, `operate` and `local-cloud`; here are arguments, what is looked up for them,
//! and what people see.

mod args;
mod changes;
mod commands;
mod exit;
mod project;
mod run;
mod ui;

fn main() -> std::process::ExitCode {
    commands::run().into()
}
