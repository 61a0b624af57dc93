//! `FipeModelLoader`: settings, adapters, run. The rules are [`fipe_core::list_models`].

use fipe_contract::{MODEL_LOADER, ModelLoader, metric};
use fipe_core::message::BrandTask;
use fipe_core::{Listed, ModelQueues, list_models};
use function_runtime::{Error, Function, Input, Message, Queue, each, run_batches, sdk_config, settings};
use serde_json::json;

use crate::{failure, fipe, take_counts};

/// Polls for brands, forever.
///
/// # Errors
/// Settings are missing, or the Runtime API is unreachable.
pub async fn run() -> Result<(), Error> {
    let settings = settings(ModelLoader::read)?;
    let function = Function::new(MODEL_LOADER.name, settings.stage, metric::NAMESPACE);
    let sqs = aws_sdk_sqs::Client::new(&sdk_config());
    let urls = [settings.sqs_manifest_url, settings.sqs_output_url, settings.sqs_dead_letter_url];
    let [manifests, tasks, dead_letters] = urls.map(|url| Queue::new(&sqs, url));
    let input = Input::new(&sqs, settings.sqs_input_url, settings.sqs_max_receive_count);
    let fipe = fipe(&settings.url_fipe, settings.fipe_calls_per_minute, settings.fipe_calls_in_flight);
    let trace_id = |task: &BrandTask| task.crawl.id.to_string();
    run_batches(&function, &dead_letters, &input, trace_id, async |messages, invocation| {
        let (handed_on, log) = (std::cell::Cell::new(0), function.log().of_request(&invocation.request_id));
        let list = async |message: Message<BrandTask>, _: &_| {
            let log = log.of_trace(message.body.crawl.id);
            log.started("list_models", json!({"message_id": message.id, "brand": message.body.brand.code}));
            let queues = ModelQueues {
                manifests: &async |bodies| Ok(manifests.send(bodies).await?),
                tasks: &async |bodies| Ok(tasks.send(bodies).await?),
                handed_on: &async |bodies| Ok(input.queue().hand_on(message.hand_ons, bodies).await?),
            };
            let work = list_models(&fipe, &queues, settings.models_per_message, message.body, invocation.work_until);
            let listed = work.await.map_err(failure)?;
            log.success("list_models", json!({"message_id": message.id, "outcome": listed}));
            handed_on.set(handed_on.get() + u64::from(listed == Listed::HandedOn));
            Ok(())
        };
        let outcomes = each(messages, invocation, &list).await;
        let counts = take_counts(&fipe, &log);
        function.metrics().counts(counts.named()).count(metric::HANDED_ON, handed_on.get()).emit();
        outcomes
    })
    .await
}
