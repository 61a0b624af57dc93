//! Fields that AWS always returns. A missing one is an error and never replaced by a default.
//!
//! The SDK does use defaults: for fields that a service's model declares as required, it fills in an empty text, an enumeration's
//! `no value was set`, or 1970 ("client error correction" in the Smithy specification). These count as missing, too.

use std::str::FromStr;

use aws_smithy_types::DateTime;

use crate::CallError;

/// What the SDK fills in for a missing enumeration value.
const NO_VALUE: &str = "no value was set";

/// The response to an operation, some of whose fields are required. Fields are named in AWS's spelling.
#[derive(Debug, Clone, Copy)]
pub struct Answer(
    /// For example `DescribeStacks`.
    pub &'static str,
);

impl Answer {
    /// A text that is never empty: a name, an id, a status.
    ///
    /// # Errors
    /// [`CallErrorKind::Incomplete`](crate::CallErrorKind::Incomplete) when it is missing, as with the others.
    pub fn text(self, field: &'static str, text: Option<&str>) -> Result<String, CallError> {
        let text = text.filter(|text| !text.is_empty() && *text != NO_VALUE);
        self.any(field, text).map(str::to_owned)
    }

    /// A value that may be empty: of a parameter, an output, a tag.
    ///
    /// # Errors
    /// When it is missing.
    pub fn any<T>(self, field: &'static str, value: Option<T>) -> Result<T, CallError> {
        value.ok_or_else(|| CallError::incomplete(self.0, field))
    }

    /// A number that comes as text.
    ///
    /// # Errors
    /// When it is missing or not such a number.
    pub fn number<T: FromStr>(self, field: &'static str, text: Option<&str>) -> Result<T, CallError> {
        self.any(field, text)?.parse().map_err(|_| CallError::unreadable(self.0, field))
    }

    /// A number that is never negative.
    ///
    /// # Errors
    /// When it is missing, or negative.
    pub fn count(self, field: &'static str, number: Option<i32>) -> Result<u32, CallError> {
        u32::try_from(self.any(field, number)?).map_err(|_| CallError::unreadable(self.0, field))
    }

    /// A time in milliseconds since 1970, UTC.
    ///
    /// # Errors
    /// When it is missing, or out of range.
    pub fn time_ms(self, field: &'static str, time: Option<&DateTime>) -> Result<i64, CallError> {
        let time = self.any(field, time.filter(|time| time.secs() != 0))?;
        time.to_millis().map_err(|_| CallError::unreadable(self.0, field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallErrorKind;

    const STACKS: Answer = Answer("DescribeStacks");

    #[test]
    fn what_the_sdk_fills_in_counts_as_missing() {
        for missing in [None, Some(""), Some(NO_VALUE)] {
            let error = STACKS.text("StackStatus", missing).unwrap_err();
            assert_eq!(error.to_string(), "DescribeStacks answered without StackStatus", "{missing:?}");
        }
        assert_eq!(STACKS.text("StackStatus", Some("CREATE_COMPLETE")).unwrap(), "CREATE_COMPLETE");
        for missing in [None, Some(&DateTime::from_secs(0))] {
            assert!(STACKS.time_ms("CreationTime", missing).is_err());
        }
        assert_eq!(STACKS.time_ms("CreationTime", Some(&DateTime::from_millis(1_500))).unwrap(), 1_500);
    }

    #[test]
    fn a_value_may_be_empty_and_not_missing() {
        assert_eq!(STACKS.any("ParameterValue", Some("")).unwrap(), "");
        assert!(STACKS.any::<&str>("ParameterValue", None).is_err());
    }

    #[test]
    fn a_number_is_read_or_refused() {
        let queue = Answer("GetQueueAttributes");
        let number = |text| queue.number::<u64>("ApproximateNumberOfMessages", text);
        assert_eq!(number(Some("7")).unwrap(), 7);
        for text in [None, Some(""), Some("-1"), Some("many")] {
            let error = number(text).unwrap_err();
            assert_eq!(error.kind, CallErrorKind::Incomplete { field: "ApproximateNumberOfMessages" }, "{text:?}");
        }
        assert_eq!(queue.count("Timeout", Some(3)).unwrap(), 3);
        assert!(queue.count("Timeout", Some(-3)).is_err() && queue.count("Timeout", None).is_err());
    }
}
