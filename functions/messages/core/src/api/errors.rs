//! Which operation a request asks for, and errors as responses. Clients never see what failed behind the API.

use function_http::{Answer, ErrorForm, Found, Problem, Request, Routes};
use messages_auth::Refused;
use messages_contract::Operation;

use crate::ports::Fault;

/// Seconds after which a client may retry.
const RETRY_AFTER: u32 = 1;

/// The operation of a request. The bodies of 404 and 405 are the original's.
pub(super) fn find<'r>(routes: Routes<'_, Operation>, request: &'r Request) -> Result<Found<'r, Operation>, Problem> {
    routes.find(request).map_err(|problem| {
        let detail = if problem.status == 405 { "Method Not Allowed" } else { "Not Found" };
        problem.because(detail)
    })
}

/// A problem in the form that the request asks for.
pub(super) fn refused(request: &Request, problem: Problem) -> Answer {
    problem.answer(ErrorForm::asked_by(request)).with_header("vary", "accept")
}

/// Who has no valid token is told so; why it is none is in the log.
pub(super) fn unauthorised(request: &Request, refused: Refused) -> Answer {
    refused.answer(ErrorForm::asked_by(request)).with_header("vary", "accept")
}

/// What failed behind the API is in the log.
pub(super) fn unavailable(request: &Request, fault: &Fault) -> Answer {
    let problem = match fault {
        Fault::Throttled { .. } => Problem::new(429).because("too many requests at the moment"),
        Fault::Failed { .. } => Problem::new(503).because("messages are out of reach at the moment"),
    };
    refused(request, problem.retry_after(RETRY_AFTER)).because_of(fault)
}
