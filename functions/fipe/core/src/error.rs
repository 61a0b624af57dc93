//! What can go wrong in the chain, and whether a retry can help. Does not log.

use std::time::Duration;

use fipe_contract::paused;

use crate::limits::{FUEL_CODES, MODEL_YEARS, ZERO_KM};
use crate::month::{InvalidMonth, Month};

/// Who is asked to wait for longer than this has not been too fast: the day's calls are used up.
const DAILY: Duration = Duration::from_secs(3600);

/// An error of the chain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text that is no month.
    #[error(transparent)]
    Month(#[from] InvalidMonth),
    /// A text that is not a model year and fuel.
    #[error(
        "{text:?} is not a model year and fuel: {}-{} to {}-{}, or {ZERO_KM} as the year for zero km",
        MODEL_YEARS.start(), FUEL_CODES.start(), MODEL_YEARS.end(), FUEL_CODES.end()
    )]
    YearFuel { text: String },
    /// The event that starts a crawl is malformed.
    #[error("event {event}: {fault}; give {{\"mes\": 8, \"ano\": 2026}}, or {{}} for the newest month")]
    Event { event: String, fault: String },
    /// A month that FIPE does not list.
    #[error("{month} is not a month of the FIPE table; the newest ones are {newest}")]
    UnknownMonth { month: String, newest: String },
    /// A task whose month has a different code at FIPE.
    #[error("reference {reference_code} is {listed}, not {month}")]
    OtherMonth { reference_code: i32, listed: Month, month: Month },
    /// A task that names what FIPE does not have.
    #[error("FIPE does not list {what}")]
    Unlisted { what: String },
    /// A task without work.
    #[error("the task names no model")]
    NoModel,
    /// A call failed for good, or so often that it is left for later.
    #[error("{call} failed after {attempts} calls")]
    Call {
        call: String,
        attempts: i32,
        #[source]
        fault: Fault,
    },
    /// The time of this invocation is over; `last` is the upstream's last fault until then, if there was one.
    #[error("no time left for {call}")]
    OutOfTime {
        call: String,
        #[source]
        last: Option<Fault>,
    },
    /// The upstream takes no calls for longer than there is time: it said so, or it is down.
    #[error("{call} has to wait: FIPE takes no calls for {} s", wait.as_secs())]
    Paused {
        call: String,
        wait: Duration,
        #[source]
        fault: Fault,
    },
    /// A queue did not accept everything.
    #[error("cannot send {what}")]
    Send {
        what: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Some vehicle types could not be listed, so nothing was sent.
    #[error("brands of vehicle types {types} are not listed, and the crawl was not started; invoke again")]
    VehicleTypes {
        types: String,
        #[source]
        first: Box<Error>,
    },
    /// Models of a task are left and no call succeeded.
    #[error("no call for any of {models} models succeeded")]
    NoProgress {
        models: usize,
        #[source]
        first: Box<Error>,
    },
}

/// What is wrong with one response of FIPE.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// HTTP 429.
    #[error("too many calls (HTTP 429)")]
    Throttled { retry_after: Option<Duration> },
    /// HTTP 403: the address or the user agent is blocked.
    #[error("blocked (HTTP 403)")]
    Blocked,
    /// 5xx and other statuses, timeouts, connections that fail.
    #[error("upstream is sick: {reason}")]
    Unavailable { reason: String },
    /// HTTP 200 with HTML, nothing, or truncated JSON.
    #[error("answer is not JSON: {excerpt:?}")]
    NotJson { excerpt: String },
    /// JSON of an unknown shape.
    #[error("answer has an unknown shape: {excerpt:?}")]
    UnknownShape { excerpt: String },
    /// Text that was decoded twice.
    #[error("answer holds text that was decoded twice: {text:?}")]
    Garbled { text: String },
    /// A price of another month: the table rolled over.
    #[error("answer is of month {answered:?}, asked for {asked}")]
    OtherMonth { asked: String, answered: String },
    /// The response contradicts the request or itself.
    #[error("answer contradicts the question: {what}")]
    Contradiction { what: String },
    /// "Nothing found", twice, for the models of a brand that FIPE lists.
    #[error("a brand without models, although the upstream lists it")]
    NoModels,
    /// HTTP 200 with `codigo` 2: the request was invalid.
    #[error("upstream refuses the parameters: {text:?}")]
    InvalidParameters { text: String },
}

impl Fault {
    /// Whether a retry can help. Only FIPE's own "invalid parameters" is permanent: everything else, including an unknown
    /// shape, has been seen to pass, and a wrong "permanent" would lose a model for the month.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::InvalidParameters { .. })
    }
}

impl Error {
    /// Whether a retry can help. Only FIPE's own "invalid parameters" is permanent: everything else, including an unknown
    /// shape, has been seen to pass, and a wrong "permanent" would lose a model for the month.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Month(_) | Self::YearFuel { .. } | Self::Event { .. } | Self::UnknownMonth { .. } => false,
            Self::OtherMonth { .. } | Self::Unlisted { .. } | Self::NoModel => false,
            Self::Call { fault, .. } => fault.is_transient(),
            Self::OutOfTime { .. } | Self::Paused { .. } | Self::Send { .. } => true,
            Self::VehicleTypes { first, .. } | Self::NoProgress { first, .. } => first.is_transient(),
        }
    }

    /// A short stable identifier to filter by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Month(_) => "month",
            Self::YearFuel { .. } => "year_fuel",
            Self::Event { .. } => "event",
            Self::UnknownMonth { .. } => "unknown_month",
            Self::OtherMonth { .. } => "other_month",
            Self::Unlisted { .. } => "unlisted",
            Self::NoModel => "no_model",
            Self::Call { fault: Fault::InvalidParameters { .. }, .. } => "invalid_parameters",
            Self::Call { .. } => "upstream",
            Self::OutOfTime { .. } => "out_of_time",
            Self::Paused { fault: Fault::Throttled { retry_after: Some(asked) }, .. } if *asked >= DAILY => {
                paused::DAILY_LIMIT
            }
            Self::Paused { fault: Fault::Throttled { .. }, .. } => paused::THROTTLED,
            Self::Paused { .. } => paused::OUTAGE,
            Self::Send { .. } => "send",
            Self::VehicleTypes { first, .. } | Self::NoProgress { first, .. } => first.kind(),
        }
    }

    /// How long the upstream takes no calls, if that is why.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Paused { wait, .. } => Some(*wait),
            Self::VehicleTypes { first, .. } | Self::NoProgress { first, .. } => first.wait(),
            _ => None,
        }
    }

    /// Whether time ran out although the upstream did nothing wrong: other work used it.
    pub(crate) fn is_crowded_out(&self) -> bool {
        self.is_transient() && !self.is_upstreams()
    }

    /// Whether the upstream failed, rather than time having run out on its own.
    pub(crate) fn is_upstreams(&self) -> bool {
        matches!(self, Self::Call { .. } | Self::Paused { .. } | Self::OutOfTime { last: Some(_), .. })
    }
}
