//! What announces a file: the body of `POST /analytics/uploads`, with all that is wrong with it at once.

use analytics_contract::{DRY_RUN_PREFIX, KEY_BYTES, KEY_CHARACTERS};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use function_http::{Invalid, Place, Problem, Request, json_body, not_an_object, parse, unprocessable};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::query::Parameters;

/// The most bytes of a file: what S3 takes in one PUT, 5 GiB.
pub(crate) const FILE_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// SHA-256 as 64 hexadecimal digits, or as 32 bytes in Base64.
const SHA256_PATTERN: &str = "^([0-9A-Fa-f]{64}|[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$";

/// A file that is announced.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(as = NewUpload)]
pub(crate) struct NewUploadBody {
    /// The key of the object: 1 to 512 characters, at most 979 bytes of UTF-8; no control characters, no slash and no `dry-run/` in front, no segment `.` or `..`.
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"^(?!/)(?!dry-run/)(?!(.*/)?\.{1,2}(/|$))[^\x00-\x1F\x7F-\x9F]+$",
        example = "march.csv"
    )]
    key: String,
    /// The size of the file in bytes.
    #[schema(minimum = 1, maximum = 5_368_709_120_u64, example = 4096)]
    size: u64,
    /// SHA-256 of the file, hexadecimal or in Base64.
    #[schema(
        pattern = "^([0-9A-Fa-f]{64}|[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$",
        example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )]
    sha256: String,
    /// Whether the file is only to be checked.
    #[schema(default = false, required = false)]
    dry_run: bool,
}

/// What the body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
    pub(crate) dry_run: bool,
}

/// Reads the request; `dry_run` may be in the query, too.
pub(crate) fn read(request: &Request) -> Result<Announced, Problem> {
    let mut parameters = Parameters::of(request);
    let is_dry = parameters.boolean("dry_run");
    parameters.finish(())?;
    let mut members = object(json_body(request)?)?;
    let whole = Value::Object(members.clone());
    let mut faults = Vec::new();
    let mut member = |name: &str, read: fn(&Value) -> Result<Value, Invalid>| match members.remove(name) {
        Some(value) => read(&value).map_err(|fault| faults.push(fault)).ok(),
        None if name == "dry_run" => None,
        None => {
            faults.push(Invalid::missing(Place::Body, name, &whole));
            None
        }
    };
    let key = member("key", read_key);
    let size = member("size", read_size);
    let sha256 = member("sha256", read_sha256);
    let dry_run = member("dry_run", read_dry_run);
    for (name, value) in members {
        faults.push(Invalid::new(Place::Body, &name, "extra_forbidden", "Extra inputs are not permitted", value));
    }
    if !faults.is_empty() {
        return Err(unprocessable(&faults));
    }
    Ok(Announced {
        key: key.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
        size: size.as_ref().and_then(Value::as_u64).unwrap_or_default(),
        sha256: sha256.as_ref().and_then(Value::as_str).and_then(digest).unwrap_or_default(),
        dry_run: is_dry || dry_run == Some(Value::Bool(true)),
    })
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    match parse(body)? {
        Value::Object(members) => Ok(members),
        other => Err(not_an_object(other)),
    }
}

fn of(name: &str, kind: &'static str, msg: impl Into<String>, value: &Value) -> Invalid {
    Invalid::new(Place::Body, name, kind, msg, value)
}

fn read_key(value: &Value) -> Result<Value, Invalid> {
    let Some(key) = value.as_str() else {
        return Err(of("key", "string_type", "Input should be a valid string", value));
    };
    let refuse = |msg: &str| Err(of("key", "value_error", msg, value));
    if key.is_empty() {
        let fault = of("key", "string_too_short", "String should have at least 1 character", value);
        return Err(fault.with("min_length", 1));
    }
    if key.chars().count() > KEY_CHARACTERS {
        let msg = format!("String should have at most {KEY_CHARACTERS} characters");
        return Err(of("key", "string_too_long", msg, value).with("max_length", KEY_CHARACTERS));
    }
    if key.len() > KEY_BYTES {
        return refuse("Key should have at most 979 bytes of UTF-8");
    }
    if key.chars().any(char::is_control) {
        return refuse("Key should have no control characters");
    }
    if key.starts_with('/') {
        return refuse("Key should not start with a slash");
    }
    if key.starts_with(DRY_RUN_PREFIX) {
        return refuse("Key should not start with dry-run/, where the files of dry runs are");
    }
    // HTTP clients resolve them, and the address is no longer the one that was signed.
    if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        return refuse("Key should have no segment . or ..");
    }
    Ok(value.clone())
}

fn read_size(value: &Value) -> Result<Value, Invalid> {
    let whole = value.as_f64().filter(|number| number.fract() == 0.0);
    let size = match value {
        Value::Number(number) if number.as_u64().is_some() => number.as_u64(),
        Value::Number(_) => match whole {
            // Of both, the range says what is wrong.
            Some(number) => Some(number.clamp(0.0, FILE_BYTES as f64 + 1.0) as u64),
            None => {
                let msg = "Input should be a valid integer, got a number with a fractional part";
                return Err(of("size", "int_from_float", msg, value));
            }
        },
        _ => None,
    };
    match size {
        None => Err(of("size", "int_type", "Input should be a valid integer", value)),
        Some(0) => {
            Err(of("size", "greater_than_equal", "Input should be greater than or equal to 1", value).with("ge", 1))
        }
        Some(size) if size > FILE_BYTES => {
            let msg = format!("Input should be less than or equal to {FILE_BYTES}");
            Err(of("size", "less_than_equal", msg, value).with("le", FILE_BYTES))
        }
        Some(size) => Ok(size.into()),
    }
}

fn read_sha256(value: &Value) -> Result<Value, Invalid> {
    let Some(text) = value.as_str() else {
        return Err(of("sha256", "string_type", "Input should be a valid string", value));
    };
    if digest(text).is_some() {
        return Ok(value.clone());
    }
    let msg = format!("String should match pattern '{SHA256_PATTERN}'");
    Err(of("sha256", "string_pattern_mismatch", msg, value).with("pattern", SHA256_PATTERN))
}

fn read_dry_run(value: &Value) -> Result<Value, Invalid> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        _ => Err(of("dry_run", "bool_type", "Input should be a valid boolean", value)),
    }
}

/// The 32 bytes of either writing. Base64 that is not canonical is none.
fn digest(text: &str) -> Option<[u8; 32]> {
    if text.len() == 44 {
        return BASE64_STANDARD.decode(text).ok()?.try_into().ok();
    }
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use function_http::ErrorForm;
    use serde_json::json;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const BASE64: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn of_body(body: &str) -> Result<Announced, Problem> {
        read(&Request::new("POST", "/").with_header("content-type", "application/json").with_body(body))
    }

    /// The faults as `type member`.
    fn faults(body: &str) -> Vec<String> {
        let answer = of_body(body).unwrap_err().answer(ErrorForm::Detail);
        assert_eq!(answer.status, 422);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let one = |fault: &Value| {
            let name = fault["loc"].get(1).map(|name| name.to_string().replace('"', "")).unwrap_or_default();
            format!("{} {name}", fault["type"].as_str().unwrap()).trim_end().to_owned()
        };
        body["detail"].as_array().unwrap().iter().map(one).collect()
    }

    #[test]
    fn a_digest_is_the_same_in_both_writings() {
        let body = |sha256: &str| json!({"key": "a/b c.csv", "size": 4096, "sha256": sha256}).to_string();
        let announced = of_body(&body(HEX)).unwrap();
        assert_eq!((announced.key.as_str(), announced.size, announced.dry_run), ("a/b c.csv", 4096, false));
        assert_eq!(announced.sha256[..3], [0xE3, 0xB0, 0xC4]);
        assert_eq!(of_body(&body(BASE64)).unwrap(), announced);
        assert_eq!(of_body(&body(&HEX.to_uppercase())).unwrap(), announced);
        for other in [
            &HEX[1..],
            &BASE64[1..],
            &HEX.replace('e', "g"),
            &BASE64.replace("FU=", "FV="),
            &"é".repeat(32),
            &"é".repeat(22),
        ] {
            assert_eq!(faults(&body(other)), ["string_pattern_mismatch sha256"], "{other}");
        }
    }

    #[test]
    fn a_dry_run_is_asked_for_in_the_body_or_in_the_query() {
        let body = |dry_run: bool| json!({"key": "a", "size": 1, "sha256": HEX, "dry_run": dry_run}).to_string();
        let of = |query: &str, dry_run: bool| {
            let request = Request::new("POST", "/").with_query(query).with_header("content-type", "application/json");
            read(&request.with_body(body(dry_run))).map(|announced| announced.dry_run).map_err(|problem| problem.status)
        };
        assert_eq!(
            (of("", true), of("", false), of("dry_run=true", false), of("dry_run=0", true)),
            (Ok(true), Ok(false), Ok(true), Ok(true))
        );
        assert_eq!(of("dry_run=maybe", false), Err(422));
    }

    #[test]
    fn every_fault_of_a_body_is_told() {
        assert_eq!(faults("{}"), ["missing key", "missing size", "missing sha256"]);
        assert_eq!(
            faults(r#"{"key": 1, "size": "7", "sha256": null, "dry_run": "yes", "z": 1}"#),
            ["string_type key", "int_type size", "string_type sha256", "bool_type dry_run", "extra_forbidden z"]
        );
        assert_eq!(faults(""), ["missing"]);
        assert_eq!(faults("[]"), ["model_attributes_type"]);
        assert_eq!(faults("{\n  \"a\": }"), ["json_invalid 9"]);
        assert_eq!(faults("{"), ["json_invalid 0"]);
    }

    #[test]
    fn keys_and_sizes_have_limits() {
        let key = |key: &str| {
            let body = json!({"key": key, "size": 1, "sha256": HEX}).to_string();
            of_body(&body).map(|announced| announced.key).map_err(|_| faults(&body).concat())
        };
        for good in ["a", "é", " ", "folder/", "a..b/.c", "dry-run.csv", "日本.csv", &"a".repeat(512)] {
            assert_eq!(key(good), Ok(good.to_owned()));
        }
        let long = ["日".repeat(327), "a".repeat(513)];
        for (bad, kind) in [
            ("", "string_too_short"),
            ("/a", "value_error"),
            ("a\nb", "value_error"),
            ("a\0", "value_error"),
            ("a\u{85}", "value_error"),
            ("a/../b", "value_error"),
            ("./a", "value_error"),
            ("dry-run/a", "value_error"),
            (&long[0], "value_error"),
            (&long[1], "string_too_long"),
        ] {
            assert_eq!(key(bad), Err(format!("{kind} key")), "{bad:?}");
        }
        let size = |size: &str| {
            let body = format!(r#"{{"key": "a", "size": {size}, "sha256": "{HEX}"}}"#);
            of_body(&body).map(|announced| announced.size).map_err(|_| faults(&body).concat())
        };
        assert_eq!((size("1"), size("5368709120"), size("7.0")), (Ok(1), Ok(FILE_BYTES), Ok(7)));
        for (bad, kind) in [
            ("0", "greater_than_equal"),
            ("-1", "greater_than_equal"),
            ("5368709121", "less_than_equal"),
            ("1e30", "less_than_equal"),
            ("99999999999999999999", "less_than_equal"),
            ("1.5", "int_from_float"),
            ("true", "int_type"),
        ] {
            assert_eq!(size(bad), Err(format!("{kind} size")), "{bad}");
        }
    }
}
