//! Which operation a request asks for, and errors as responses. Clients never see what failed behind the API.

use function_http::{Answer, ErrorForm, Found, Problem, Request, Routes, Usage};
use function_runtime::Function;
use messages_auth::Refused;
use messages_contract::{Operation, api_metric};

use crate::ports::Fault;

/// Seconds after which a client may retry.
const RETRY_AFTER: u32 = 1;

/// Why a request is not done.
pub(super) enum Refusal {
    Problem(Problem),
    Token(Refused),
    /// The user has used up a limit.
    Limited(Usage),
    Fault(Fault),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::Token(refused)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The operation of a request. The bodies of 404 and 405 are the original's.
pub(super) fn find<'r>(routes: Routes<'_, Operation>, request: &'r Request) -> Result<Found<'r, Operation>, Problem> {
    routes.find(request).map_err(|problem| {
        let detail = if problem.status == 405 { "Method Not Allowed" } else { "Not Found" };
        problem.because(detail)
    })
}

/// The response, with an error in the form that the request asks for. What failed behind the API is in the log, and so is why a token is none.
pub(super) fn respond(function: &Function, request: &Request, answered: Result<Answer, Refusal>) -> Answer {
    let form = ErrorForm::asked_by(request);
    let refused = |answer: Answer| answer.with_header("vary", "accept");
    let answer = match answered {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) => refused(problem.answer(form)),
        Err(Refusal::Token(token)) => refused(token.answer(form)),
        Err(Refusal::Limited(usage)) => refused(usage.problem().answer(form)).with_usage(&usage),
        Err(Refusal::Fault(fault)) => refused(unavailable(&fault).answer(form)).because_of(&fault),
    };
    if answer.status >= 500 {
        function.metrics().also_without_dimensions().count(api_metric::ERRORS, 1).emit();
    }
    answer
}

/// What clients are told of a fault.
pub(super) fn unavailable(fault: &Fault) -> Problem {
    let problem = match fault {
        Fault::Throttled { .. } => Problem::new(429).because("too many requests at the moment"),
        Fault::Failed { .. } => Problem::new(503).because("messages are out of reach at the moment"),
    };
    problem.retry_after(RETRY_AFTER)
}
