//! Errors as responses. Clients never see what failed behind the API.

use function_http::{Answer, ErrorForm, Problem, Request};

use crate::ports::Fault;

/// Seconds that a client waits while the database resumes.
const WAKING_SECONDS: u32 = 10;
/// Seconds after which a client may try again otherwise.
const RETRY_SECONDS: u32 = 1;

/// The error in the form that the client asks for.
pub(crate) fn refused(request: &Request, problem: Problem) -> Answer {
    problem.answer(ErrorForm::asked_by(request)).with_header("vary", "accept")
}

/// The response when a port failed.
pub(crate) fn unavailable(request: &Request, fault: &Fault) -> Answer {
    let problem = match fault {
        Fault::Unavailable { waking: true, .. } => Problem::new(503)
            .because(format!("the database was asleep and is waking up; try again in {WAKING_SECONDS} seconds"))
            .retry_after(WAKING_SECONDS),
        Fault::Unavailable { .. } => {
            Problem::new(503).because("the analytics are out of reach at the moment").retry_after(RETRY_SECONDS)
        }
        Fault::Failed { .. } => Problem::new(500),
    };
    refused(request, problem).because_of(fault)
}
