//! Any SDK error as a [`CallError`], with everything that AWS said.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error_codes::kind_of;
use crate::{CallError, CallErrorKind};

/// Turns any SDK error into a [`CallError`] that names the operation, keeps AWS's code and message and says whether
/// a retry can help.
pub fn call_error<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> CallError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().map(str::to_owned);
    let kind = match &error {
        SdkError::TimeoutError(_) => CallErrorKind::Transient,
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => CallErrorKind::Transient,
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => CallErrorKind::Unsigned,
        SdkError::ResponseError(_) => CallErrorKind::Transient,
        _ => kind_of(code.as_deref().unwrap_or_default(), status.unwrap_or_default()),
    };
    let message = match error.message() {
        Some(message) => message.to_owned(),
        None => match (&error, kind) {
            (SdkError::TimeoutError(_), _) => "no answer in time".to_owned(),
            (_, CallErrorKind::Unsigned) => {
                "the request cannot be signed; give a profile with valid credentials, or log in".to_owned()
            }
            (SdkError::DispatchFailure(_), _) => "the request was not sent".to_owned(),
            _ => format!("answered with status {} and no explanation", status.unwrap_or_default()),
        },
    };
    // Code and message are complete when there was a response; without one, the reason is the source. A dispatch failure's own text is one
    // word about its kind, so it is omitted.
    let source = if code.is_some() { None } else { error.into_source().ok() };
    let source = source.map(|source| match source.downcast::<ConnectorError>() {
        Ok(connector) => connector.into_source(),
        Err(other) => other,
    });
    CallError { operation, code, message, kind, source }
}
