//! The command `infra`: arguments, the values it looks up for them, and what people see. The rules are in `systems`, `deploy`, `operate`
//! and `local-cloud`.

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
