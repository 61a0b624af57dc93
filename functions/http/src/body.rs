//! What a body must fulfil before it is parsed. Parsing is the caller's.

use crate::problem::Problem;
use crate::request::Request;

/// The largest body, in bytes: 256 KiB.
pub const BODY_BYTES: usize = 256 * 1024;

/// The body of a request with the media type JSON.
///
/// # Errors
/// 415 for another media type, 413 above [`BODY_BYTES`].
pub fn json_body(request: &Request) -> Result<&[u8], Problem> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let given = if media_type.is_empty() { "none".to_owned() } else { format!("{media_type:?}") };
        return Err(Problem::new(415).because(format!("the media type must be application/json, given is {given}")));
    }
    let length = request.body.len();
    if length > BODY_BYTES {
        return Err(Problem::new(413).because(format!("the body has {length} bytes, allowed are {BODY_BYTES}")));
    }
    Ok(&request.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(content_type: &str, length: usize) -> Result<usize, u16> {
        let request = Request::new("POST", "/").with_header("Content-Type", content_type).with_body(vec![b' '; length]);
        json_body(&request).map(<[u8]>::len).map_err(|problem| problem.status)
    }

    #[test]
    fn only_json_of_at_most_256_kib_is_read() {
        assert_eq!(status("application/json", BODY_BYTES), Ok(262_144));
        assert_eq!(status("Application/JSON; charset=utf-8", 1), Ok(1));
        assert_eq!(status("application/json", BODY_BYTES + 1), Err(413));
        assert_eq!(status("text/plain", 1), Err(415));
        assert_eq!(status("application/json-patch+json", 1), Err(415));
        assert_eq!(json_body(&Request::new("POST", "/")).unwrap_err().status, 415);
    }
}
