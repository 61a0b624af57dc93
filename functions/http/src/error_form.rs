//! An error as a response: `application/problem+json`, or `{"detail": ..}` for APIs whose clients know that.

use serde_json::json;

use crate::accept::asks_for;
use crate::answer::Answer;
use crate::problem::{PROBLEM_JSON, Problem, Rare};
use crate::request::Request;

/// The form of an API's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorForm {
    /// `application/problem+json`.
    Problem,
    /// `application/json` with the member `detail`, as FastAPI has it.
    Detail,
}

impl ErrorForm {
    /// A problem document for whoever asks for one by its name in `Accept`, [`ErrorForm::Detail`] for everybody else.
    pub fn asked_by(request: &Request) -> Self {
        if asks_for(request, PROBLEM_JSON) { Self::Problem } else { Self::Detail }
    }
}

impl Problem {
    /// The response. Its body is the problem, or the JSON that was given for clients that do not know problems, or its detail.
    pub fn answer(mut self, form: ErrorForm) -> Answer {
        let Rare { challenge, plain } = self.rare.take().map(|rare| *rare).unwrap_or_default();
        let mut answer = match form {
            ErrorForm::Problem => {
                Answer::new(self.status, PROBLEM_JSON, serde_json::to_string(&self).unwrap_or_default())
            }
            ErrorForm::Detail => {
                let detail = self.detail.as_deref().unwrap_or(self.title);
                let body = plain.unwrap_or_else(|| json!({ "detail": detail }).to_string());
                Answer::new(self.status, "application/json", body)
            }
        };
        if let Some(seconds) = self.retry_after {
            answer = answer.with_header("retry-after", seconds.to_string());
        }
        if let Some(allow) = self.allow {
            answer = answer.with_header("allow", String::from(allow));
        }
        if let Some(challenge) = challenge {
            answer = answer.with_header("www-authenticate", challenge);
        }
        answer
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        problem.answer(ErrorForm::Problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldFault;
    use serde_json::Value;

    #[test]
    fn a_problem_names_every_fault_by_its_pointer() {
        let faults = vec![FieldFault::of("a/b~c", "is unknown"), FieldFault::of("price", "is missing")];
        let answer = Answer::from(Problem::new(422).because("the body has faults").with_faults(faults));
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(
            serde_json::from_str::<Value>(&answer.body).unwrap(),
            json!({
                "type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": "the body has faults",
                "errors": [{"pointer": "/a~1b~0c", "detail": "is unknown"}, {"pointer": "/price", "detail": "is missing"}],
            })
        );
    }

    #[test]
    fn a_throttled_client_is_told_when_to_come_back() {
        let answer = Answer::from(Problem::new(429).retry_after(2));
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "2"));
        assert_eq!(answer.body, r#"{"type":"about:blank","title":"Too Many Requests","status":429}"#);
    }

    #[test]
    fn an_error_has_the_form_that_the_client_asks_for() {
        let problem = Problem::new(401).because("no token").challenged("Bearer");
        let get = |accept: &str| Request::new("GET", "/").with_header("accept", accept);
        let answer = problem.clone().answer(ErrorForm::asked_by(&get("*/*")));
        assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"detail":"no token"}"#));
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        let answer = problem.answer(ErrorForm::asked_by(&get("application/json, application/problem+json")));
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        assert_eq!(answer.body, r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"no token"}"#);
    }

    #[test]
    fn a_plain_error_says_its_detail_or_its_title_or_what_it_was_given() {
        let body = |problem: Problem| problem.answer(ErrorForm::Detail).body;
        assert_eq!(body(Problem::new(403)), r#"{"detail":"Forbidden"}"#);
        assert_eq!(body(Problem::new(404).because("no")), r#"{"detail":"no"}"#);
        assert_eq!(body(Problem::new(422).because("no").with_plain(r#"{"detail":[]}"#)), r#"{"detail":[]}"#);
    }
}
