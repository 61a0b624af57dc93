//! From a body to transactions, with every fault in the order of the fields. Unknown members are ignored, as the original did.

use function_http::{Invalid, Members, Place, Problem, object, parse, unprocessable};
use serde_json::value::RawValue;

use crate::amount::{Amount, NoAmount, PLACES, WHOLE_DIGITS};
use crate::payload::{Payload, TextFault, currency_fault, description_fault, id_fault};

/// The most messages of one request: what SQS takes in one batch.
pub(crate) const MESSAGES: usize = 10;

/// What was sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sent {
    One(Payload),
    /// Each is answered by itself, so each is right or has faults of its own.
    Many(Vec<Result<Payload, Vec<Invalid>>>),
}

/// Reads the body of `POST /messages/send`: a transaction, or an array of 1 to 10.
///
/// # Errors
/// 422 with every fault of a single transaction, or of the body as a whole.
pub(crate) fn read(body: &[u8]) -> Result<Sent, Problem> {
    let whole: &RawValue = parse(body)?;
    if whole.get().starts_with('[') {
        let items: Vec<&RawValue> = parse(whole.get().as_bytes())?;
        if items.is_empty() || items.len() > MESSAGES {
            let (kind, msg, ctx) = match items.len() {
                0 => ("too_short", "List should have at least 1 item".to_owned(), ("min_length", 1)),
                _ => ("too_long", format!("List should have at most {MESSAGES} items"), ("max_length", MESSAGES)),
            };
            return Err(unprocessable(&[Invalid::of_body(kind, msg, None, whole).with(ctx.0, ctx.1)]));
        }
        let read = |(index, item)| read_item(item).map_err(|faults| in_item(faults, index));
        return Ok(Sent::Many(items.into_iter().enumerate().map(read).collect()));
    }
    let members = object(body)?;
    payload(&members, whole).map(Sent::One).map_err(|faults| unprocessable(&faults))
}

fn in_item(faults: Vec<Invalid>, index: usize) -> Vec<Invalid> {
    faults.into_iter().map(|fault| fault.in_item(index)).collect()
}

fn read_item(item: &RawValue) -> Result<Payload, Vec<Invalid>> {
    match serde_json::from_str::<Members<'_>>(item.get()) {
        Ok(members) => payload(&members, item),
        Err(_) => {
            let msg = "Input should be a valid dictionary or object to extract fields from";
            Err(vec![Invalid::of_body("model_attributes_type", msg, None, item)])
        }
    }
}

fn payload(members: &Members<'_>, whole: &RawValue) -> Result<Payload, Vec<Invalid>> {
    let mut faults = Vec::new();
    let mut keep = |fault: Invalid| faults.push(fault);
    let transaction_id = required(members, "transaction_id", whole, |value| text("transaction_id", value, id_fault));
    let transaction_id = transaction_id.map_err(&mut keep).ok();
    let payer_id = required(members, "payer_id", whole, |value| text("payer_id", value, id_fault));
    let payer_id = payer_id.map_err(&mut keep).ok();
    let receiver_id = required(members, "receiver_id", whole, |value| text("receiver_id", value, id_fault));
    let receiver_id = receiver_id.map_err(&mut keep).ok();
    let amount = required(members, "amount", whole, amount).map_err(&mut keep).ok();
    let currency = required(members, "currency", whole, |value| text("currency", value, currency_fault));
    let currency = currency.map_err(&mut keep).ok();
    let description = match members.get("description").filter(|value| value.get() != "null") {
        None => Some(None),
        Some(value) => text("description", value, description_fault).map_err(&mut keep).ok().map(Some),
    };
    match (transaction_id, payer_id, receiver_id, amount, currency, description) {
        (Some(transaction_id), Some(payer_id), Some(receiver_id), Some(amount), Some(currency), Some(description)) => {
            Ok(Payload { transaction_id, payer_id, receiver_id, amount, currency, description })
        }
        _ => Err(faults),
    }
}

fn required<T>(
    members: &Members<'_>,
    name: &str,
    whole: &RawValue,
    read: impl FnOnce(&RawValue) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    members.get(name).map_or_else(|| Err(Invalid::missing(Place::Body, name, whole)), read)
}

fn text(name: &str, value: &RawValue, fault: fn(&str) -> Option<TextFault>) -> Result<String, Invalid> {
    let Ok(text) = serde_json::from_str::<String>(value.get()) else {
        let invalid = Invalid::new(Place::Body, name, "string_type", "Input should be a valid string", value);
        // A text that is none, such as half of a surrogate pair, would spoil the answer.
        return Err(if value.get().starts_with('"') { invalid.without_input() } else { invalid });
    };
    match fault(&text) {
        None => Ok(text),
        Some(TextFault { kind, msg, ctx }) => Err(Invalid::new(Place::Body, name, kind, msg, value).with(ctx.0, ctx.1)),
    }
}

fn amount(value: &RawValue) -> Result<Amount, Invalid> {
    let invalid = |kind, msg: &str| Invalid::new(Place::Body, "amount", kind, msg, value);
    let read = match value.get().as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<String>(value.get()) {
            Ok(text) => Amount::read(&text),
            Err(_) => return Err(invalid("float_parsing", &NoAmount::Text.to_string()).without_input()),
        },
        Some(b'-' | b'0'..=b'9') => Amount::read(value.get()),
        _ => return Err(invalid("float_type", "Input should be a valid number")),
    };
    read.map_err(|fault| {
        let msg = fault.to_string();
        match fault {
            NoAmount::Text => invalid("float_parsing", &msg),
            NoAmount::Infinite => invalid("finite_number", &msg),
            NoAmount::NotPositive => invalid("greater_than", &msg).with("gt", 0),
            NoAmount::Large => invalid("decimal_whole_digits", &msg).with("whole_digits", WHOLE_DIGITS),
            NoAmount::Places => invalid("decimal_max_places", &msg).with("decimal_places", PLACES),
        }
    })
}

#[cfg(test)]
mod tests {
    use function_http::ErrorForm;
    use serde_json::Value;

    use super::*;

    const GOOD: &str = r#"{"transaction_id":"t","payer_id":"p","receiver_id":"r","amount":12.50,"currency":"BRL"}"#;

    fn faults(body: &str) -> Vec<String> {
        let answer = read(body.as_bytes()).unwrap_err().answer(ErrorForm::Detail);
        assert_eq!(answer.status, 422);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let one = |fault: &Value| format!("{} {} {}", fault["type"].as_str().unwrap(), fault["loc"], fault["input"]);
        body["detail"].as_array().unwrap().iter().map(one).collect()
    }

    fn with(from: &str, to: &str) -> String {
        let body = GOOD.replace(from, to);
        assert_ne!(body, GOOD);
        body
    }

    #[test]
    fn a_transaction_is_read_with_its_amount_as_written() {
        let Sent::One(payload) = read(GOOD.as_bytes()).unwrap() else { panic!("not one") };
        assert_eq!((payload.amount.to_string().as_str(), payload.description), ("12.50", None));
        for amount in ["\"12.50\"", "1250e-2", "\" 12.50 \""] {
            let body = with("12.50", amount);
            let Sent::One(payload) = read(body.as_bytes()).unwrap() else { panic!("not one") };
            assert_eq!(payload.amount, Amount::read("12.5").unwrap());
        }
        let more = with("\"currency\"", "\"colour\":1,\"description\":null,\"currency\"");
        assert!(matches!(read(more.as_bytes()), Ok(Sent::One(_))), "unknown members are ignored");
    }

    #[test]
    fn every_fault_is_told_in_the_order_of_the_fields() {
        assert_eq!(
            faults(r#"{"currency":"brl","amount":0,"payer_id":7,"description":true}"#),
            [
                r#"missing ["body","transaction_id"] {"amount":0,"currency":"brl","description":true,"payer_id":7}"#,
                r#"string_type ["body","payer_id"] 7"#,
                r#"missing ["body","receiver_id"] {"amount":0,"currency":"brl","description":true,"payer_id":7}"#,
                r#"greater_than ["body","amount"] 0"#,
                r#"string_pattern_mismatch ["body","currency"] "brl""#,
                r#"string_type ["body","description"] true"#,
            ]
        );
        for (amount, fault) in [
            ("null", "float_type"),
            ("true", "float_type"),
            ("[1]", "float_type"),
            ("\"x\"", "float_parsing"),
            ("\"\"", "float_parsing"),
            ("\"NaN\"", "finite_number"),
            ("-1", "greater_than"),
            ("1e15", "decimal_whole_digits"),
            ("0.00001", "decimal_max_places"),
        ] {
            let found = faults(&with("12.50", amount));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(&format!("{fault} [\"body\",\"amount\"]")), "{amount}: {found:?}");
        }
        for (from, to, fault) in [
            ("\"t\"", "null", "string_type"),
            ("\"t\"", "\"\"", "string_too_short"),
            ("\"t\"", &format!("\"{}\"", "é".repeat(129)), "string_too_long"),
            ("\"t\"", r#""\ud800""#, "string_type"),
            ("\"BRL\"", "\"BRLX\"", "string_pattern_mismatch"),
        ] {
            assert!(faults(&with(from, to))[0].starts_with(fault), "{to}");
        }
        assert!(read(with("\"t\"", &format!("\"{}\"", "é".repeat(128))).as_bytes()).is_ok());
    }

    #[test]
    fn a_body_that_is_no_transaction_is_a_fault_as_a_whole() {
        assert_eq!(faults(""), [r#"missing ["body"] null"#]);
        assert_eq!(faults("7"), [r#"model_attributes_type ["body"] 7"#]);
        assert!(
            faults("{\"amount\": NaN}")[0].starts_with("json_invalid [\"body\",11]"),
            "{:?}",
            faults("{\"amount\": NaN}")
        );
        assert_eq!(faults("[]"), [r#"too_short ["body"] []"#]);
        let many = format!("[{}]", [GOOD; 11].join(","));
        assert!(faults(&many)[0].starts_with("too_long [\"body\"]"));
    }

    #[test]
    fn items_of_an_array_are_right_or_wrong_by_themselves() {
        let body = format!("[{GOOD},7,{}]", with("12.50", "0"));
        let Sent::Many(items) = read(body.as_bytes()).unwrap() else { panic!("not many") };
        assert!(items[0].is_ok());
        let problem = unprocessable(items[1].as_ref().unwrap_err());
        assert_eq!(problem.errors[0].pointer, "/body/1");
        let problem = unprocessable(items[2].as_ref().unwrap_err());
        assert_eq!(problem.errors[0].pointer, "/body/2/amount");
    }
}
