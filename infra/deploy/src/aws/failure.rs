//! The SDK's errors in the words of the ports. Refuses to lose what AWS said.

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{NOT_VALID, UNSIGNED};
use crate::{CallError, CallErrorKind};

/// Turns any SDK error into a [`CallError`] that names the operation, keeps AWS's code and sentence and says whether
/// asking again can help.
pub fn call_error<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> CallError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().map(str::to_owned);
    let kind = match &error {
        SdkError::TimeoutError(_) => CallErrorKind::Transient,
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => CallErrorKind::Transient,
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => CallErrorKind::Denied,
        SdkError::ResponseError(_) => CallErrorKind::Transient,
        _ => kind_of(code.as_deref().unwrap_or_default(), status.unwrap_or_default()),
    };
    let message = match error.message() {
        Some(message) => message.to_owned(),
        None => match (&error, kind) {
            (SdkError::TimeoutError(_), _) => "no answer in time".to_owned(),
            (SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_), CallErrorKind::Denied) => {
                format!("{UNSIGNED}; give a profile with valid credentials, or log in")
            }
            (SdkError::DispatchFailure(_), _) => "the request was not sent".to_owned(),
            _ => format!("answered with status {} and no explanation", status.unwrap_or_default()),
        },
    };
    // An answer is told by code and message; without one, the reason lies beneath. A dispatch failure's own text is one
    // word about its kind, so it is left out.
    let source = if code.is_some() { None } else { error.into_source().ok() };
    let source = source.map(|source| match source.downcast::<ConnectorError>() {
        Ok(connector) => connector.into_source(),
        Err(other) => other,
    });
    CallError { operation, code, message, kind, source }
}

pub(super) fn kind_of(code: &str, status: u16) -> CallErrorKind {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if has(&["Throttl", "RequestLimitExceeded", "TooManyRequests", "SlowDown"]) || status == 429 {
        CallErrorKind::Throttled
    } else if status >= 500 {
        CallErrorKind::Transient
    } else if has(&NOT_VALID) || has(&["AccessDenied", "Unauthorized", "SignatureDoesNotMatch"]) {
        CallErrorKind::Denied
    } else if has(&["NoSuch", "NotFound"]) || status == 404 {
        CallErrorKind::NotFound
    } else if status == 403 || status == 401 {
        CallErrorKind::Denied
    } else {
        CallErrorKind::Invalid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_succeed_later_is_told_from_what_cannot() {
        for (code, status, retryable) in [
            ("Throttling", 400, true),
            ("RequestLimitExceeded", 503, true),
            ("SlowDown", 503, true),
            ("InternalFailure", 500, true),
            ("AccessDenied", 403, false),
            ("ExpiredToken", 400, false),
            ("ExpiredTokenException", 403, false),
            ("UnrecognizedClientException", 400, false),
            ("NoSuchBucket", 404, false),
            ("ValidationError", 400, false),
        ] {
            let kind = kind_of(code, status);
            assert_eq!(matches!(kind, CallErrorKind::Throttled | CallErrorKind::Transient), retryable, "{code}");
        }
    }
}
