//! What a request asks for, read from its query or its body.

use function_http::{Invalid, Place, Problem, Request, unprocessable};
use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::ToSchema;

use crate::filter::Filter;
use crate::job::Wanted;
use crate::record::Status;

/// Seconds that a request may wait for a message.
pub(crate) const WAIT_SECONDS: u64 = 20;
/// The longest page.
pub(crate) const PAGE: u32 = 100;
/// The most ids of one request.
const IDS: usize = 100;
const LIMIT: u32 = 1_000_000;
const RATE: u32 = 1_000;

/// The parameters of `GET /messages/dead`.
pub(crate) struct Listed {
    pub(crate) filter: Filter,
    pub(crate) status: Status,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<String>,
}

/// The body of a reprocess; an empty one asks for everything.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reprocess {
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) filter: Filter,
    /// Only these messages, by their ids, at most 100. Parked ones are sent by their ids alone.
    #[serde(default)]
    #[schema(required = false, max_items = 100)]
    pub(crate) ids: Vec<String>,
    /// At most so many.
    #[serde(default, deserialize_with = "whole")]
    #[schema(required = false, nullable = false, minimum = 1, maximum = 1_000_000)]
    pub(crate) limit: Option<u32>,
    /// At most so many a second.
    #[serde(default, deserialize_with = "whole")]
    #[schema(required = false, nullable = false, minimum = 1, maximum = 1000)]
    pub(crate) rate: Option<u32>,
    /// Only say what would be done.
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) dry_run: bool,
    /// Go on behind the response until all is done.
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) job: bool,
}

impl Reprocess {
    /// # Errors
    /// 422 with what is wrong.
    pub(crate) fn read(request: &Request) -> Result<Self, Problem> {
        if request.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        // What is not JSON is told apart from JSON that asks for something else.
        let members = function_http::object(&request.body)?;
        // Serde would take the members of an array in their order.
        if let Some(filter) = members.get("filter").filter(|filter| !filter.get().starts_with('{')) {
            let msg = "Input should be a valid dictionary or object to extract fields from";
            let invalid = Invalid::new(Place::Body, "filter", "model_attributes_type", msg, filter);
            return Err(unprocessable(&[invalid]));
        }
        let ask: Self = serde_json::from_slice(&request.body).map_err(|error| {
            unprocessable(&[Invalid::of_body("value_error", error.to_string(), None, json!(null)).without_input()])
        })?;
        let mut faults = Vec::new();
        let mut refuse = |name: &str, msg: String, input: serde_json::Value| {
            faults.push(Invalid::new(Place::Body, name, "value_error", msg, input));
        };
        if ask.ids.len() > IDS {
            refuse("ids", format!("List should have at most {IDS} items"), json!(ask.ids.len()));
        }
        if let Some(limit) = ask.limit.filter(|limit| !(1..=LIMIT).contains(limit)) {
            refuse("limit", format!("Input should be from 1 to {LIMIT}"), json!(limit));
        }
        if let Some(rate) = ask.rate.filter(|rate| !(1..=RATE).contains(rate)) {
            refuse("rate", format!("Input should be from 1 to {RATE}"), json!(rate));
        }
        if faults.is_empty() { Ok(ask) } else { Err(unprocessable(&faults)) }
    }

    pub(crate) fn wanted(self) -> Wanted {
        Wanted { filter: self.filter, ids: self.ids, limit: self.limit, rate: self.rate }
    }
}

/// A whole number of at least 0, `7.0` too: JSON knows no other kind.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let whole = number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(float));
    whole.map(|float| Some(float as u32)).ok_or_else(|| D::Error::custom(format!("{number} is not a whole number")))
}

/// # Errors
/// 422 with every fault.
pub(crate) fn listed(request: &Request) -> Result<Listed, Problem> {
    let text = |name: &str| request.parameter(name).map(|value| value.into_owned());
    let mut faults = Vec::new();
    let mut fault = |name: &str, kind: &'static str, msg: String, input: &str| {
        faults.push(Invalid::new(Place::Query, name, kind, msg, input));
    };
    let before = text("before").and_then(|text| match text.parse::<Timestamp>() {
        Ok(before) => Some(before),
        Err(_) => {
            fault("before", "datetime_parsing", "Input should be a date-time with an offset".to_owned(), &text);
            None
        }
    });
    let status = match text("status") {
        None => Status::Dead,
        Some(text) => match Status::parse(&text.to_ascii_uppercase()) {
            Some(status) if status != Status::Saved => status,
            _ => {
                fault("status", "enum", "Input should be DEAD, PARKED, QUEUED or ACCEPTED".to_owned(), &text);
                Status::Dead
            }
        },
    };
    let limit = match text("limit") {
        None => PAGE,
        Some(text) => match text.parse::<u32>() {
            Ok(limit) if (1..=PAGE).contains(&limit) => limit,
            _ => {
                fault("limit", "value_error", format!("Input should be from 1 to {PAGE}"), &text);
                PAGE
            }
        },
    };
    let filter = Filter { reason: text("reason"), payer: text("payer"), before };
    let cursor = text("cursor").and_then(|text| {
        // What the index is sorted by.
        let place = text.split_once('#').filter(|(since, id)| since.parse::<Timestamp>().is_ok() && !id.is_empty());
        let is_in_range =
            place.is_some() && before.is_none_or(|before| text.as_str() < format!("{before:.6}").as_str());
        if !is_in_range {
            fault("cursor", "value_error", "Input should be next_cursor of the page before".to_owned(), &text);
        }
        is_in_range.then_some(text)
    });
    let listed = Listed { filter, status, limit, cursor };
    if faults.is_empty() { Ok(listed) } else { Err(unprocessable(&faults)) }
}

/// Seconds to wait, 0 to 20; 0 where none are given.
///
/// # Errors
/// 422.
pub(crate) fn wait(request: &Request) -> Result<u64, Problem> {
    let Some(text) = request.parameter("wait") else { return Ok(0) };
    match text.parse::<u64>() {
        Ok(seconds) if seconds <= WAIT_SECONDS => Ok(seconds),
        _ => {
            let msg = format!("Input should be a whole number from 0 to {WAIT_SECONDS}");
            Err(unprocessable(&[Invalid::new(Place::Query, "wait", "value_error", msg, &*text)]))
        }
    }
}
