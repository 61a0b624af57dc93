//! From polling to responding: every request gets a response, and one line in the log. A panic or the
//! deadline never produces a response that clients cannot read.

use std::panic::AssertUnwindSafe;

use contract::metric;
use function_runtime::{Error, Failure, Function, Invocation, Unit, run_events};
use futures_util::FutureExt;
use serde_json::json;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::error_form::ErrorForm;
use crate::problem::Problem;
use crate::request::Request;

/// Polls for requests, forever. The handler gets the invocation for its log and returns a response; its metrics are the last
/// four of [`contract::metric`]. A response to `HEAD` loses its body here.
///
/// # Errors
/// The Runtime API is unreachable.
pub async fn serve<H>(function: &Function, handler: H) -> Result<(), Error>
where
    H: AsyncFn(Request, &Invocation) -> Answer,
{
    serve_in_form(function, |_| ErrorForm::Problem, handler).await
}

/// The same where the form of errors depends on the request; used for a panic and at the deadline.
///
/// # Errors
/// The Runtime API is unreachable.
pub async fn serve_in_form<H>(
    function: &Function,
    form: impl Fn(&Request) -> ErrorForm,
    handler: H,
) -> Result<(), Error>
where
    H: AsyncFn(Request, &Invocation) -> Answer,
{
    run_events(function, async |request: Request, invocation| {
        Ok::<_, Failure>(respond(function, form(&request), &handler, request, invocation).await)
    })
    .await
}

/// Answers one request, for a function that other events invoke as well: logs it and counts it like [`serve_in_form`].
pub async fn respond<H>(
    function: &Function,
    form: ErrorForm,
    handler: &H,
    request: Request,
    invocation: &Invocation,
) -> Answer
where
    H: AsyncFn(Request, &Invocation) -> Answer,
{
    let start = Instant::now();
    let (method, path, is_head) = (request.method.clone(), request.path.clone(), request.is_head());
    // Boxed, since the handler's futures are nested too deeply for the compiler to lay out in one go.
    let work = AssertUnwindSafe(Box::pin(handler(request, invocation))).catch_unwind();
    let answer = match tokio::time::timeout_at(invocation.work_until, work).await {
        Ok(Ok(answer)) => answer,
        // The panic hook has logged what and where.
        Ok(Err(_)) => Problem::new(500).answer(form).with_reason("panicked"),
        Err(_) => Problem::new(503).retry_after(1).answer(form).with_reason("not finished before the deadline"),
    };
    let answer = if is_head { answer.of_head() } else { answer };
    let duration = start.elapsed().as_secs_f64() * 1_000.0;
    let mut log = function.log().of_request(&invocation.request_id);
    if let Some(trace_id) = &answer.trace_id {
        log = log.of_trace(trace_id);
    }
    let status = answer.status;
    let details =
        json!({"method": method, "path": path, "status": status, "duration_ms": duration, "reason": answer.reason});
    if status >= 500 {
        log.error("answer_request", details);
    } else {
        log.success("answer_request", details);
    }
    function
        .metrics()
        .count(metric::REQUESTS, 1)
        .count(metric::CLIENT_ERRORS, u64::from((400..500).contains(&status)))
        .count(metric::SERVER_ERRORS, u64::from(status >= 500))
        .value(metric::DURATION, Unit::Milliseconds, duration)
        .emit();
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn served(handler: impl AsyncFn(Request, &Invocation) -> Answer) -> Answer {
        served_as("GET", ErrorForm::Problem, handler).await
    }

    async fn served_as(method: &str, form: ErrorForm, handler: impl AsyncFn(Request, &Invocation) -> Answer) -> Answer {
        let function = Function::new("Test", "dev", "Test");
        let invocation = Invocation::new("r", Duration::from_secs(10));
        respond(&function, form, &handler, Request::new(method, "/"), &invocation).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_the_deadline_are_answered_as_problems() {
        let panicked = served(async |_, _: &_| panic!("on purpose")).await;
        assert_eq!((panicked.status, panicked.headers["content-type"].as_str()), (500, "application/problem+json"));
        let late = served(async |_, _: &_| {
            tokio::time::sleep(Duration::from_secs(9)).await;
            Answer::json(200, &1)
        })
        .await;
        assert_eq!((late.status, late.headers["retry-after"].as_str()), (503, "1"));
        assert_eq!(served(async |_, _: &_| Answer::json(200, &1)).await.body, "1");
    }

    #[tokio::test]
    async fn a_panic_has_the_form_that_the_request_asks_for() {
        let panicked = served_as("GET", ErrorForm::Detail, async |_, _: &_| panic!("on purpose")).await;
        assert_eq!((panicked.status, panicked.body.as_str()), (500, r#"{"detail":"Internal Server Error"}"#));
        assert_eq!(panicked.headers["content-type"], "application/json");
    }

    #[tokio::test]
    async fn head_is_answered_with_the_headers_of_get_and_no_body() {
        let handler = async |_: Request, _: &Invocation| Answer::json(200, &1).with_header("etag", "\"1\"");
        let get = served(handler).await;
        let head = served_as("HEAD", ErrorForm::Problem, handler).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(head.headers, get.headers);
    }
}
