//! `FipeModelLoader`: settings, adapters, run. The rules are [`fipe_core::list_models`].

use std::process::ExitCode;

use fipe_contract::{MODEL_LOADER, ModelLoader, metric};
use fipe_core::message::BrandTask;
use fipe_core::{Fipe, FipeHttp, Listed, ModelQueues, list_models};
use function_runtime::{Error, Failure, Function, Message, Queue, each, run_batches, sdk_config, settings};
use serde_json::json;

fn main() -> ExitCode {
    function_runtime::main(MODEL_LOADER.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(ModelLoader::read)?;
    let function = Function::new(MODEL_LOADER.name, settings.stage, metric::NAMESPACE);
    let sqs = aws_sdk_sqs::Client::new(&sdk_config());
    let [manifests, tasks, input, dead_letters] =
        [settings.sqs_manifest_url, settings.sqs_output_url, settings.sqs_input_url, settings.sqs_dead_letter_url]
            .map(|url| Queue::new(&sqs, url));
    let fipe =
        Fipe::new(FipeHttp::new(&settings.url_fipe), settings.fipe_calls_per_minute, settings.fipe_calls_in_flight);
    let queues = ModelQueues {
        manifests: &async |bodies| Ok(manifests.send(bodies).await?),
        tasks: &async |bodies| Ok(tasks.send(bodies).await?),
        handed_on: &async |bodies| Ok(input.send(bodies).await?),
    };
    let trace_id = |task: &BrandTask| task.crawl.id.to_string();
    run_batches(&function, &dead_letters, trace_id, async |messages, invocation| {
        let (handed_on, log) = (std::cell::Cell::new(0), function.log().of_request(&invocation.request_id));
        let list = async |message: Message<BrandTask>, _: &_| {
            let log = log.of_trace(message.body.crawl.id);
            log.started("list_models", json!({"message_id": message.id, "brand": message.body.brand.code}));
            let work = list_models(&fipe, &queues, settings.models_per_message, message.body, invocation.work_until);
            let listed = work.await.map_err(|error| Failure::of(error.is_transient(), error.kind(), &error))?;
            log.success("list_models", json!({"message_id": message.id, "outcome": listed}));
            handed_on.set(handed_on.get() + u64::from(listed == Listed::HandedOn));
            Ok(())
        };
        let outcomes = each(messages, invocation, &list).await;
        let counts = fipe.take_counts();
        if counts.blocked > 0 {
            log.error("call_fipe", json!({"reason": "blocked (HTTP 403)", "calls": counts.blocked}));
        }
        function.metrics().counts(counts.named()).count(metric::HANDED_ON, handed_on.get()).emit();
        outcomes
    })
    .await
}
