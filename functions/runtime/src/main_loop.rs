//! From process start to polling: what each binary calls. Does nothing expensive before the first poll.

use std::future::Future;
use std::process::ExitCode;

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::batch::Batch;
use crate::dead_letter::DeadLetters;
use crate::decode::{Message, SqsEvent};
use crate::fifo::FifoBatch;
use crate::function::Function;
use crate::input::Input;
use crate::invocation::Invocation;
use crate::log::{Log, chain};
use crate::outcome::{Failure, Outcomes};
use crate::unfinished::Unfinished;

/// Any error that ends a function's process.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Reads settings from the process environment: `settings(PriceLoader::read)`.
///
/// # Errors
/// Names every variable that is missing or malformed.
pub fn settings<T>(
    read: impl FnOnce(fn(&str) -> Option<String>) -> Result<T, contract::SettingsError>,
) -> Result<T, Error> {
    Ok(read(|name| std::env::var(name).ok())?)
}

/// The whole of a binary's `main`: one thread, a panic hook that logs JSON, and one log line when the function cannot run.
pub fn main(name: &'static str, run: impl Future<Output = Result<(), Error>>) -> ExitCode {
    let log = Log::new(name, std::env::var("STAGE").unwrap_or_default());
    let panic_log = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        panic_log.error("panic", json!({"reason": panic.payload_as_str(), "place": place}));
    }));
    let result = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.error("init", json!({"reason": chain(error.as_ref())}));
            ExitCode::FAILURE
        }
    }
}

/// Polls for batches of an SQS queue, forever. The handler gets every decoded message of a batch and returns how each ended;
/// [`each`](crate::each) turns a handler of single messages into one.
///
/// # Errors
/// The Runtime API is unreachable.
pub async fn run_batches<T, D, H>(
    function: &Function,
    dead_letters: &D,
    input: &Input,
    trace_id: fn(&T) -> String,
    handler: H,
) -> Result<(), Error>
where
    T: DeserializeOwned,
    D: DeadLetters,
    H: AsyncFn(Vec<Message<T>>, &Invocation) -> Outcomes,
{
    let batch = &Batch { function, dead_letters, input, trace_id, handler };
    let service = service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let invocation = Invocation::from_context(&event.context);
        Ok::<_, Diagnostic>(batch.handle(&event.payload, &invocation).await)
    });
    Runtime::new(service).run().await
}

/// Polls for batches of an SQS FIFO queue, forever. The handler gets the messages of a group one after the other, as [`FifoBatch`] describes.
///
/// # Errors
/// The Runtime API is unreachable.
pub async fn run_fifo_batches<T, D, H>(
    function: &Function,
    dead_letters: &D,
    input: &Input,
    trace_id: fn(&T) -> String,
    handler: H,
) -> Result<(), Error>
where
    T: DeserializeOwned,
    D: DeadLetters,
    H: AsyncFn(Message<T>, &Invocation) -> Result<(), Failure>,
{
    let batch = &FifoBatch { function, dead_letters, input, trace_id, handler };
    let service = service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let invocation = Invocation::from_context(&event.context);
        Ok::<_, Diagnostic>(batch.handle(&event.payload, &invocation).await)
    });
    Runtime::new(service).run().await
}

/// Polls for single events, forever. A failed event fails the invocation, with the failure's kind as the error type.
///
/// # Errors
/// The Runtime API is unreachable.
pub async fn run_events<E, R, H>(function: &Function, handler: H) -> Result<(), Error>
where
    E: DeserializeOwned,
    R: Serialize,
    H: AsyncFn(E, &Invocation) -> Result<R, Failure>,
{
    let handler = &handler;
    let service = service_fn(|event: LambdaEvent<E>| async move {
        let invocation = Invocation::from_context(&event.context);
        let outcome = match tokio::time::timeout_at(invocation.deadline, handler(event.payload, &invocation)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::transient(Unfinished::Deadline)),
        };
        outcome.map_err(|failure| {
            let (kind, reason) = (failure.kind(), failure.reason());
            let log = function.log().of_request(&invocation.request_id);
            log.error("handle_event", json!({"error_kind": kind, "reason": reason}));
            Diagnostic { error_type: kind.to_owned(), error_message: reason }
        })
    });
    Runtime::new(service).run().await
}
