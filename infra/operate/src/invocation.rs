//! Invokes a function and waits for its answer. What the function says went wrong is kept in its own words.

use aws_access::CallError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The part of Lambda that starts work.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Invoking {
    /// Invoke, with the response awaited.
    async fn invoke(&self, function: &str, event: &Value) -> Result<Invoked, CallError>;
}

/// What an invocation ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    pub payload: Vec<u8>,
    /// Whether the payload describes an error.
    pub is_error: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    #[error(transparent)]
    Call(#[from] CallError),
    /// The function responded with an error.
    #[error("{function} failed: {kind}: {message}")]
    Function {
        function: String,
        /// The `errorType` of the response; `unhandled` when it has none.
        kind: String,
        message: String,
    },
    #[error("{function} answered what cannot be read: {payload}")]
    Unreadable { function: String, payload: String, source: serde_json::Error },
}

/// The `errorType` with which our functions say that the same request may succeed later.
const TRANSIENT: &str = "transient";
/// The `errorType` with which Lambda ends a function that took too long, such as one that waits for a database to resume.
const TIMED_OUT: &str = "Sandbox.Timedout";
/// Characters of an unreadable payload that are shown.
const SHOWN: usize = 300;

impl InvokeError {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call(error) => error.is_retryable(),
            Self::Function { kind, .. } => [TRANSIENT, TIMED_OUT].contains(&kind.as_str()),
            Self::Unreadable { .. } => false,
        }
    }

    /// The function's own identifier of what is wrong.
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::Function { kind, .. } => Some(kind),
            Self::Call(_) | Self::Unreadable { .. } => None,
        }
    }

    /// Reads `{"errorType": .., "errorMessage": ..}`; anything else becomes the message as it is.
    fn of_function(function: &str, payload: &[u8]) -> Self {
        let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
        let kind = answer["errorType"].as_str().unwrap_or("unhandled").to_owned();
        let message = answer["errorMessage"].as_str().map_or_else(|| shown(payload), str::to_owned);
        Self::Function { function: function.to_owned(), kind, message }
    }
}

/// Invokes a function and reads its answer.
///
/// # Errors
/// The call fails, the function does, or its answer is not of this type.
pub async fn invoke<T: DeserializeOwned>(
    lambda: &impl Invoking,
    function: &str,
    event: &Value,
) -> Result<T, InvokeError> {
    let Invoked { payload, is_error } = lambda.invoke(function, event).await?;
    if is_error {
        return Err(InvokeError::of_function(function, &payload));
    }
    serde_json::from_slice(&payload).map_err(|source| InvokeError::Unreadable {
        function: function.to_owned(),
        payload: shown(&payload),
        source,
    })
}

fn shown(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload).chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use aws_access::CallErrorKind;

    use super::*;

    /// Answers every event with the same.
    struct Lambda(Result<Invoked, CallErrorKind>);

    impl Invoking for Lambda {
        async fn invoke(&self, _: &str, _: &Value) -> Result<Invoked, CallError> {
            self.0.clone().map_err(|kind| CallError {
                operation: "Invoke",
                code: None,
                message: "no answer in time".to_owned(),
                kind,
                source: None,
            })
        }
    }

    async fn asked(payload: &str, is_error: bool) -> Result<u32, InvokeError> {
        let lambda = Lambda(Ok(Invoked { payload: payload.as_bytes().to_vec(), is_error }));
        invoke(&lambda, "Loader-dev", &Value::Null).await
    }

    #[tokio::test]
    async fn a_functions_error_is_told_in_its_own_words_and_says_whether_to_try_again() {
        for (answer, told, kind, is_retryable) in [
            (
                r#"{"errorType": "transient", "errorMessage": "out of reach"}"#,
                "Loader-dev failed: transient: out of reach",
                "transient",
                true,
            ),
            (
                r#"{"errorType": "refused", "errorMessage": "no such order"}"#,
                "Loader-dev failed: refused: no such order",
                "refused",
                false,
            ),
            (
                r#"{"errorType": "Sandbox.Timedout", "errorMessage": "after 30 s"}"#,
                "Loader-dev failed: Sandbox.Timedout: after 30 s",
                "Sandbox.Timedout",
                true,
            ),
            ("killed", "Loader-dev failed: unhandled: killed", "unhandled", false),
        ] {
            let error = asked(answer, true).await.unwrap_err();
            assert_eq!(error.to_string(), told);
            assert_eq!((error.kind(), error.is_retryable()), (Some(kind), is_retryable), "{told}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_read_or_shown() {
        assert_eq!(asked("7", false).await.unwrap(), 7);
        let error = asked(r#"{"seven": 7}"#, false).await.unwrap_err();
        assert_eq!(error.to_string(), r#"Loader-dev answered what cannot be read: {"seven": 7}"#);
        assert!(!error.is_retryable() && error.kind().is_none());
    }

    #[tokio::test]
    async fn a_failed_call_is_told_as_it_is() {
        let error = invoke::<u32>(&Lambda(Err(CallErrorKind::Transient)), "Loader-dev", &Value::Null).await;
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "Invoke: no answer in time");
        assert!(error.is_retryable());
    }
}
