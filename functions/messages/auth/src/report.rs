//! What a request was, for the log and the metrics. Contains no password, no token and no hash.

use function_runtime::{Function, Log};
use messages_contract::api_metric;
use serde_json::{Value, json};

use crate::email::Email;
use crate::lockout::Counter;

/// An action with its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    action: &'static str,
    email: Option<String>,
    source: Option<String>,
    ended: Ended,
}

/// How an action ended, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    Success,
    /// The client's doing.
    Refused(String),
    /// Ours.
    Failed(String),
}

const LOGIN: &str = "user_login";

impl Report {
    pub(crate) fn of_login(email: &Email, source: &Counter, ended: Ended) -> Self {
        Self { action: LOGIN, email: Some(email.to_string()), source: Some(source.to_string()), ended }
    }

    pub(crate) fn of_refresh(email: Option<&Email>, ended: Ended) -> Self {
        Self { action: "user_refresh", email: email.map(Email::to_string), source: None, ended }
    }

    pub(crate) fn of_logout(ended: Ended) -> Self {
        Self { action: "user_logout", email: None, source: None, ended }
    }

    /// Writes the line of the log and the metrics.
    pub fn write(&self, function: &Function, log: &Log) {
        let details = self.details();
        match self.ended {
            Ended::Success => log.success(self.action, details),
            Ended::Refused(_) | Ended::Failed(_) => log.error(self.action, details),
        }
        function.metrics().also_without_dimensions().counts(self.counts()).emit();
    }

    fn details(&self) -> Value {
        let reason = match &self.ended {
            Ended::Success => None,
            Ended::Refused(reason) | Ended::Failed(reason) => Some(reason),
        };
        json!({"email": self.email, "source": self.source, "reason": reason})
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        let is_login = self.action == LOGIN;
        let errors = (api_metric::ERRORS, u64::from(matches!(self.ended, Ended::Failed(_))));
        match self.ended {
            Ended::Success if is_login => {
                vec![(api_metric::SUCCESSFUL_LOGINS, 1), (api_metric::FAILED_LOGINS, 0), errors]
            }
            Ended::Refused(_) if is_login => {
                vec![(api_metric::SUCCESSFUL_LOGINS, 0), (api_metric::FAILED_LOGINS, 1), errors]
            }
            _ => vec![errors],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_is_a_failed_login_and_no_error() {
        let email = Email::parse("user@example.com").unwrap();
        let report = |ended| Report::of_login(&email, &Counter::of_source(None), ended);
        let counts = |ended| report(ended).counts();
        let [success, refused, failed] = [(1, 0, 0), (0, 1, 0), (0, 0, 1)].map(|(good, bad, errors)| {
            [(api_metric::SUCCESSFUL_LOGINS, good), (api_metric::FAILED_LOGINS, bad), (api_metric::ERRORS, errors)]
        });
        assert_eq!(counts(Ended::Success), success);
        assert_eq!(counts(Ended::Refused("r".to_owned())), refused);
        assert_eq!(counts(Ended::Failed("r".to_owned())), failed[2..]);
        assert_eq!(Report::of_refresh(None, Ended::Refused("r".to_owned())).counts(), [(api_metric::ERRORS, 0)]);
        let details = json!({"email": "user@example.com", "source": "source#unknown", "reason": "the user is unknown"});
        assert_eq!(report(Ended::Refused("the user is unknown".to_owned())).details(), details);
    }
}
