//! Errors as responses. Clients never see what failed behind the API.

use function_http::{Answer, ErrorForm, Problem, Request};

use crate::ports::Fault;

/// Seconds after which a client may try again.
const RETRY_SECONDS: u32 = 1;

/// The error in the form that the client asks for.
pub(crate) fn refused(request: &Request, problem: Problem) -> Answer {
    problem.answer(ErrorForm::asked_by(request)).with_header("vary", "accept")
}

/// The error when a port failed.
pub(crate) fn unavailable(fault: &Fault) -> Problem {
    match fault {
        Fault::Throttled { .. } => {
            Problem::new(429).because("too many requests at the moment").retry_after(RETRY_SECONDS)
        }
        Fault::Unavailable { .. } => {
            Problem::new(503).because("users and keys are out of reach at the moment").retry_after(RETRY_SECONDS)
        }
        Fault::Failed { .. } => Problem::new(500),
    }
}
