//! `FipeManufacturerLoader`: settings, adapters, run. The rules are [`fipe_core::find_crawl`] and
//! [`fipe_core::start_crawl`].

use fipe_contract::{MANUFACTURER_LOADER, ManufacturerLoader, metric};
use fipe_core::{find_crawl, start_crawl};
use function_runtime::{Error, Function, Queue, run_events, sdk_config, settings};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{failure, fipe};

/// Polls for months to crawl, forever.
///
/// # Errors
/// Settings are missing, or the Runtime API is unreachable.
pub async fn run() -> Result<(), Error> {
    let settings = settings(ManufacturerLoader::read)?;
    let function = Function::new(MANUFACTURER_LOADER.name, settings.stage, metric::NAMESPACE);
    let sqs = aws_sdk_sqs::Client::new(&sdk_config());
    let manifest_queue = Queue::new(&sqs, settings.sqs_manifest_url);
    let output = Queue::new(&sqs, settings.sqs_output_url);
    let fipe = fipe(&settings.url_fipe, settings.fipe_calls_per_minute, settings.fipe_calls_in_flight);

    let manifests = async |bodies| Ok(manifest_queue.send(bodies).await?);
    let tasks = async |bodies| Ok(output.send(bodies).await?);
    run_events(&function, async |event: Value, invocation| {
        let log = function.log().of_request(&invocation.request_id);
        let (request_id, until) = (&invocation.request_id, invocation.work_until);
        let started = async {
            let found = find_crawl(&fipe, &event, request_id, Timestamp::now(), until).await.map_err(failure)?;
            let log = log.of_trace(found.crawl.id);
            log.started("start_crawl", json!({"event": event, "crawl": found.crawl}));
            let started = start_crawl(&fipe, &manifests, &tasks, found, until).await.map_err(failure);
            match &started {
                Ok(started) => log.success("start_crawl", json!(started)),
                Err(failure) => log.error("start_crawl", json!({"reason": failure.reason()})),
            }
            started
        }
        .await;
        function.metrics().counts(fipe.take_counts().named()).emit();
        started
    })
    .await
}
