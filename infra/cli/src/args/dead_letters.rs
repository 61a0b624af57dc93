//! `--kind`, `--reason`, `--function`, `--trace`, `--older-than`, `--newer-than`: which dead letters a command means.

use clap::Args;
use jiff::Timestamp;
use operate::Filter;

use crate::args::moment::moment;

/// Which dead letters. All that is given has to hold.
#[derive(Debug, Clone, Args)]
pub(crate) struct WhichDeadLetters {
    /// Only of this kind, such as malformed; none is the kind of those that SQS moved itself.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only with this text in the reason, in any case.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only those that this function gave up.
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Only with this trace id.
    #[arg(long, value_name = "ID")]
    trace: Option<String>,
    /// Only sent longer ago than this, for example 90s, 10m, 2h or 1d, or before a moment, for example 2026-08-05T06:00:00Z.
    #[arg(long, value_name = "AGE", value_parser = moment)]
    older_than: Option<Timestamp>,
    /// Only sent within this age, or since a moment.
    #[arg(long, value_name = "AGE", value_parser = moment)]
    newer_than: Option<Timestamp>,
}

impl WhichDeadLetters {
    pub(crate) fn filter(&self) -> Filter {
        let Self { kind, reason, function, trace, older_than, newer_than } = self.clone();
        Filter { kind, reason, function, trace_id: trace, before: older_than, from: newer_than }
    }
}
