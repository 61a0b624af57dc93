//! A transaction and the limits of its members, for requests and for bodies from the queue.

use function_runtime::fifo_id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::amount::Amount;

/// The most characters (Unicode scalar values) of an id; it needs at least one.
pub(crate) const ID_CHARACTERS: usize = 128;
/// The most characters of a description.
pub(crate) const DESCRIPTION_CHARACTERS: usize = 500;

/// A transaction, within its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Unchecked")]
#[schema(as = Transaction)]
pub struct Payload {
    /// 1 to 128 characters.
    #[schema(min_length = 1, max_length = 128, example = "txn-7")]
    pub transaction_id: String,
    /// 1 to 128 characters. Messages of one payer are processed in the order in which they were accepted.
    #[schema(min_length = 1, max_length = 128, example = "p1")]
    pub payer_id: String,
    /// 1 to 128 characters.
    #[schema(min_length = 1, max_length = 128, example = "r1")]
    pub receiver_id: String,
    /// An exact decimal above 0, with at most 15 digits before the point and 4 after it.
    #[schema(value_type = f64, exclusive_minimum = 0, example = 12.5)]
    pub amount: Amount,
    /// Three capital letters.
    #[schema(pattern = "^[A-Z]{3}$", example = "BRL")]
    pub currency: String,
    /// At most 500 characters.
    #[schema(max_length = 500, required = false, nullable = true)]
    pub description: Option<String>,
}

impl Payload {
    /// The group of its payer on a FIFO queue: the payer's id, or its hash where SQS does not take it. Messages of a group are processed in their
    /// order, those of different groups side by side.
    pub fn group(&self) -> String {
        fifo_id(&self.payer_id)
    }
}

/// What is wrong with a text: a stable identifier as pydantic has it, a message, and what the message is made of.
pub(crate) struct TextFault {
    pub(crate) kind: &'static str,
    pub(crate) msg: String,
    pub(crate) ctx: (&'static str, serde_json::Value),
}

pub(crate) fn id_fault(text: &str) -> Option<TextFault> {
    if text.is_empty() {
        let msg = "String should have at least 1 character".to_owned();
        return Some(TextFault { kind: "string_too_short", msg, ctx: ("min_length", 1.into()) });
    }
    too_long(text, ID_CHARACTERS)
}

pub(crate) fn description_fault(text: &str) -> Option<TextFault> {
    too_long(text, DESCRIPTION_CHARACTERS)
}

pub(crate) fn currency_fault(text: &str) -> Option<TextFault> {
    const PATTERN: &str = "^[A-Z]{3}$";
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let msg = || format!("String should match pattern '{PATTERN}'");
    (!is_code).then(|| TextFault { kind: "string_pattern_mismatch", msg: msg(), ctx: ("pattern", PATTERN.into()) })
}

fn too_long(text: &str, most: usize) -> Option<TextFault> {
    let msg = || format!("String should have at most {most} characters");
    let is_long = text.chars().count() > most;
    is_long.then(|| TextFault { kind: "string_too_long", msg: msg(), ctx: ("max_length", most.into()) })
}

/// The payload of a body, before its limits are checked.
#[derive(Deserialize)]
pub(crate) struct Unchecked {
    transaction_id: String,
    payer_id: String,
    receiver_id: String,
    amount: Amount,
    currency: String,
    #[serde(default)]
    description: Option<String>,
}

impl TryFrom<Unchecked> for Payload {
    type Error = String;

    fn try_from(unchecked: Unchecked) -> Result<Self, String> {
        let Unchecked { transaction_id, payer_id, receiver_id, amount, currency, description } = unchecked;
        let faults = [
            ("transaction_id", id_fault(&transaction_id)),
            ("payer_id", id_fault(&payer_id)),
            ("receiver_id", id_fault(&receiver_id)),
            ("currency", currency_fault(&currency)),
            ("description", description.as_deref().and_then(description_fault)),
        ];
        match faults.into_iter().find_map(|(name, fault)| fault.map(|fault| (name, fault))) {
            Some((name, fault)) => Err(format!("{name}: {}", fault.msg)),
            None => Ok(Self { transaction_id, payer_id, receiver_id, amount, currency, description }),
        }
    }
}
