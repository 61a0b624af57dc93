//! What a response of FIPE means: a value, a fact ("nothing found") or a fault. Pure; never retries or waits.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::error::Fault;

/// The longest wait that a `Retry-After` may request: FIPE's daily limit asks for up to a day, and an hour is for clocks that differ. Anything longer is an
/// error of the upstream's clock or ours.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(25 * 3600);

/// An HTTP response, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    pub status: u16,
    /// The `Retry-After` header as sent.
    pub retry_after: Option<String>,
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
struct Refusal {
    codigo: String,
    erro: String,
}

impl RawAnswer {
    /// The response as `T`; `None` when FIPE says that there is no such combination.
    ///
    /// # Errors
    /// The fault that the response represents.
    pub fn read<T: DeserializeOwned>(&self, now: Timestamp) -> Result<Option<T>, Fault> {
        match self.status {
            200 => {}
            429 => {
                let header = self.retry_after.as_deref();
                return Err(Fault::Throttled { retry_after: header.and_then(|text| retry_after(text, now)) });
            }
            403 => return Err(Fault::Blocked),
            status => return Err(Fault::Unavailable { reason: format!("HTTP {status}") }),
        }
        match serde_json::from_slice(&self.body) {
            Ok(value) => Ok(Some(value)),
            Err(_) => self.read_refusal(),
        }
    }

    fn read_refusal<T>(&self) -> Result<Option<T>, Fault> {
        if let Ok(refusal) = serde_json::from_slice::<Refusal>(&self.body) {
            match refusal.codigo.as_str() {
                "0" if refusal.erro == "nadaencontrado" => return Ok(None),
                "2" => return Err(Fault::InvalidParameters { text: refusal.erro }),
                _ => {}
            }
        }
        match serde_json::from_slice::<IgnoredAny>(&self.body) {
            Ok(_) => Err(Fault::UnknownShape { excerpt: self.excerpt() }),
            Err(_) => Err(Fault::NotJson { excerpt: self.excerpt() }),
        }
    }

    /// The first 120 characters of the body.
    fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(120).collect()
    }
}

/// How long a `Retry-After` header asks to wait: seconds or an HTTP date.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(date.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> RawAnswer {
        RawAnswer { status, retry_after: None, body: body.as_bytes().to_vec() }
    }

    fn read(answer: &RawAnswer) -> Result<Option<Vec<u32>>, Fault> {
        answer.read("2026-08-01T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn nothing_found_is_a_fact_and_no_fault() {
        assert_eq!(read(&answer(200, r#"{"codigo":"0","erro":"nadaencontrado"}"#)), Ok(None));
        assert_eq!(read(&answer(200, "[1,2]")), Ok(Some(vec![1, 2])));
    }

    #[test]
    fn invalid_parameters_alone_are_permanent() {
        let fault = read(&answer(200, r#"{"codigo":"2","erro":"Parâmetros inválidos"}"#)).unwrap_err();
        assert_eq!(fault, Fault::InvalidParameters { text: "Parâmetros inválidos".to_owned() });
        assert!(!fault.is_transient());
    }

    #[test]
    fn html_empty_and_truncated_answers_are_no_json_and_pass() {
        for body in ["", "<html><body>Just a moment...</body></html>", r"[1,2", r#"{"codigo":"0","erro":"nadaenc"#] {
            let fault = read(&answer(200, body)).unwrap_err();
            assert!(matches!(fault, Fault::NotJson { .. }) && fault.is_transient(), "{body:?}: {fault}");
        }
    }

    #[test]
    fn json_of_an_unknown_shape_passes_and_shows_an_excerpt() {
        for body in [r#"{"codigo":"7","erro":"manutenção"}"#, r#"{"message":"hi"}"#, r#"["a"]"#, "null"] {
            let fault = read(&answer(200, body)).unwrap_err();
            assert_eq!(fault, Fault::UnknownShape { excerpt: body.to_owned() });
            assert!(fault.is_transient());
        }
    }

    #[test]
    fn statuses_tell_throttled_blocked_and_sick_apart() {
        assert_eq!(read(&answer(429, "")), Err(Fault::Throttled { retry_after: None }));
        assert_eq!(read(&answer(403, "<html>")), Err(Fault::Blocked));
        for status in [400, 404, 500, 502, 503] {
            assert_eq!(
                read(&answer(status, "[1]")),
                Err(Fault::Unavailable { reason: format!("HTTP {status}") }),
                "an error body is never a value"
            );
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-08-01T12:00:00Z".parse().unwrap();
        let cases = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sat, 01 Aug 2026 12:00:30 GMT", Some(30)),
            ("Sat, 01 Aug 2026 11:00:00 GMT", Some(0)),
            ("86400", Some(86_400)),
            ("172800", Some(90_000)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text:?}");
        }
        let throttled = RawAnswer { status: 429, retry_after: Some("7".to_owned()), body: Vec::new() };
        assert_eq!(read(&throttled), Err(Fault::Throttled { retry_after: Some(Duration::from_secs(7)) }));
    }
}
