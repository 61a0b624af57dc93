//! `--events`: the format in which the events of a run are written.

use clap::ValueEnum;

/// In which form events are written besides what people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Events {
    /// One JSON object a line on stdout, with the time `at` and a stable `code`.
    Json,
}
