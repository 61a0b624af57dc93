//! `FipeManufacturerLoader`: settings, adapters, run. The rules are [`fipe_core::start_crawl`].

use std::process::ExitCode;

use contract::ManufacturerLoader;
use fipe_core::{Fipe, FipeHttp, start_crawl};
use function_runtime::{Error, Failure, Function, Queue, run_events, sdk_config, settings};
use serde_json::{Value, json};

fn main() -> ExitCode {
    function_runtime::main("FipeManufacturerLoader", run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(ManufacturerLoader::read)?;
    let function = Function::new("FipeManufacturerLoader", settings.stage, "Fipe");
    let sqs = aws_sdk_sqs::Client::new(&sdk_config());
    let manifest_queue = Queue::new(&sqs, settings.sqs_manifest_url);
    let output = Queue::new(&sqs, settings.sqs_output_url);
    let http = FipeHttp::new(&settings.url_fipe);
    let fipe = Fipe::new(http, settings.fipe_calls_per_minute, settings.fipe_calls_in_flight);

    let manifests = async |bodies| Ok(manifest_queue.send(bodies).await?);
    let tasks = async |bodies| Ok(output.send(bodies).await?);
    run_events(&function, async |event: Value, invocation| {
        let log = function.log().of_request(&invocation.request_id);
        log.started("start_crawl", json!({"event": event}));
        let (request_id, until) = (&invocation.request_id, invocation.work_until);
        let started = start_crawl(&fipe, &manifests, &tasks, &event, request_id, until).await;
        function.metrics().counts(fipe.take_counts().named()).emit();
        let started = started.map_err(|error| Failure::of(error.is_transient(), error.kind(), &error))?;
        log.of_trace(started.crawl_id).success("start_crawl", json!(started));
        Ok(started)
    })
    .await
}
