//! From a body to a draft, reporting every error of every field. Rejects unknown and repeated members, and never reads a number as a float.

use function_http::{FieldFault, Members, Problem};
use serde_json::value::RawValue;

use crate::price::Price;
use crate::product::{Draft, description_fault, name_fault};

/// Reads a draft.
///
/// # Errors
/// 400 for what is not JSON; 422 with the errors of all fields for JSON that is not a draft.
pub fn read_draft(body: &[u8]) -> Result<Draft, Problem> {
    let malformed = |error: serde_json::Error| Problem::new(400).because(format!("the body is not JSON: {error}"));
    let text = serde_json::from_slice::<&RawValue>(body).map_err(malformed)?.get();
    if !text.starts_with('{') {
        let fault = FieldFault { pointer: String::new(), detail: "must be an object".to_owned() };
        return Err(invalid(vec![fault]));
    }
    let members: Members<'_> = serde_json::from_str(text).map_err(malformed)?;

    let mut faults = Vec::new();
    let mut seen: [Option<&RawValue>; 3] = [None; 3];
    for (name, value) in members.iter() {
        match FIELDS.iter().position(|field| *field == name) {
            None => faults.push(FieldFault::of(name, "is not a member of a product")),
            Some(index) if seen[index].is_some() => faults.push(FieldFault::of(name, "is given more than once")),
            Some(index) => seen[index] = Some(value),
        }
    }
    let [name, description, price] = seen;
    let name = string("name", name, name_fault).map_err(malformed)?;
    let description = string("description", description, description_fault).map_err(malformed)?;
    let price = read_price(price).map_err(malformed)?;
    match (name, description, price) {
        (Ok(name), Ok(description), Ok(price)) if faults.is_empty() => Ok(Draft { name, description, price }),
        (name, description, price) => {
            faults.extend(name.err().into_iter().chain(description.err()).chain(price.err()));
            Err(invalid(faults))
        }
    }
}

const FIELDS: [&str; 3] = ["name", "description", "price"];

fn invalid(faults: Vec<FieldFault>) -> Problem {
    Problem::new(422).because("the body is not a product; errors names each fault").with_faults(faults)
}

/// The outer error is JSON that cannot be represented as text, such as half of a surrogate pair.
type Read<T> = Result<Result<T, FieldFault>, serde_json::Error>;

fn string(field: &str, value: Option<&RawValue>, fault: fn(&str) -> Option<FieldFault>) -> Read<String> {
    let Some(value) = value else { return Ok(Err(FieldFault::of(field, "is missing"))) };
    if !value.get().starts_with('"') {
        return Ok(Err(FieldFault::of(field, "must be a string")));
    }
    let text: String = serde_json::from_str(value.get())?;
    Ok(fault(&text).map_or(Ok(text), Err))
}

fn read_price(value: Option<&RawValue>) -> Read<Price> {
    let Some(value) = value else { return Ok(Err(FieldFault::of("price", "is missing"))) };
    let price = match value.get().as_bytes().first() {
        Some(b'"') => Price::from_text(&serde_json::from_str::<String>(value.get())?),
        Some(b'-' | b'0'..=b'9') => Price::from_number(value.get()),
        _ => return Ok(Err(FieldFault::of("price", "must be a decimal string or a number"))),
    };
    Ok(price.map_err(|fault| FieldFault::of("price", fault.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &str) -> Vec<(String, String)> {
        let problem = read_draft(body.as_bytes()).unwrap_err();
        assert_eq!(problem.status, 422, "{body}: {problem:?}");
        problem.errors.into_iter().map(|fault| (fault.pointer, fault.detail)).collect()
    }

    fn pointers(body: &str) -> Vec<String> {
        faults(body).into_iter().map(|(pointer, _)| pointer).collect()
    }

    #[test]
    fn a_price_is_a_decimal_string_or_a_number() {
        for price in [r#""19.9""#, "19.9", "19.90", "1.99e1"] {
            let body = format!(r#" {{"price": {price}, "name": "Cup ☕", "description": ""}} "#);
            let draft = read_draft(body.as_bytes()).unwrap();
            assert_eq!((draft.name.as_str(), draft.price.to_string().as_str()), ("Cup ☕", "19.90"));
        }
    }

    #[test]
    fn every_field_with_a_fault_is_named_at_once() {
        let body = r#"{"name": "", "price": "1.999", "colour/tint": 1, "extra": {}}"#;
        let expected = [
            ("/colour~1tint", "is not a member of a product"),
            ("/extra", "is not a member of a product"),
            ("/name", "must have 1 to 255 characters, has 0"),
            ("/description", "is missing"),
            ("/price", "must have at most two decimal places"),
        ];
        let found = faults(body);
        let found: Vec<_> = found.iter().map(|(pointer, detail)| (pointer.as_str(), detail.as_str())).collect();
        assert_eq!(found, expected);
        assert_eq!(pointers("{}"), ["/name", "/description", "/price"]);
        assert_eq!(pointers(r#"{"name": 1, "description": null, "price": true}"#), ["/name", "/description", "/price"]);
        assert_eq!(pointers(r#"{"name":"a","name":"b","description":"","price":1}"#), ["/name"]);
        let long = format!(r#"{{"name":"a","description":"{}","price":1}}"#, "é".repeat(4_001));
        assert_eq!(pointers(&long), ["/description"]);
        assert!(read_draft(long.replacen('é', "", 1).as_bytes()).is_ok());
    }

    #[test]
    fn json_that_is_no_object_has_a_fault_as_a_whole() {
        for body in ["[]", "null", "1", "1e999", "\"{}\"", "true"] {
            assert_eq!(pointers(body), [""], "{body}");
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let deep = "[".repeat(200_000);
        let bodies: [&[u8]; 11] = [
            b"",
            b"{",
            b"{}}",
            b"{'name': 1}",
            b"[1",
            b"{\"name\": 01}",
            b"{\"name\": NaN}",
            b"\xFF",
            b"{\"name\": \"\\ud800\", \"description\": \"\", \"price\": 1}",
            b"{\"name\": \"a\nb\"}",
            deep.as_bytes(),
        ];
        for body in bodies {
            let status = read_draft(body).unwrap_err().status;
            assert_eq!(status, 400, "{:?}", String::from_utf8_lossy(&body[..body.len().min(60)]));
        }
    }
}
