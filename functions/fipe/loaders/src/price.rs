//! `FipePriceLoader`: settings, adapters, run. The rules are [`fipe_core::load_prices`].

use fipe_contract::{PRICE_LOADER, PriceLoader, metric};
use fipe_core::message::ModelTask;
use fipe_core::{Priced, load_prices};
use function_runtime::{Error, Function, Input, Message, Queue, each, run_batches, sdk_config, settings};
use serde_json::json;
use std::cell::Cell;

use crate::{failure, fipe, take_counts};

/// Polls for models, forever.
///
/// # Errors
/// Settings are missing, or the Runtime API is unreachable.
pub async fn run() -> Result<(), Error> {
    let settings = settings(PriceLoader::read)?;
    let function = Function::new(PRICE_LOADER.name, settings.stage, metric::NAMESPACE);
    let sqs = aws_sdk_sqs::Client::new(&sdk_config());
    let [output, dead_letters] =
        [settings.sqs_output_url, settings.sqs_dead_letter_url].map(|url| Queue::new(&sqs, url));
    let input = Input::new(&sqs, settings.sqs_input_url, settings.sqs_max_receive_count);
    let fipe = fipe(&settings.url_fipe, settings.fipe_calls_per_minute, settings.fipe_calls_in_flight);

    let prices = async |bodies| Ok(output.send(bodies).await?);
    let trace_id = |task: &ModelTask| task.crawl.id.to_string();
    run_batches(&function, &dead_letters, &input, trace_id, async |messages, invocation| {
        let total = Cell::new(Priced::default());
        let log = function.log().of_request(&invocation.request_id);
        let price = async |message: Message<ModelTask>, _: &_| {
            let log = log.of_trace(message.body.crawl.id);
            log.started("load_prices", json!({"message_id": message.id, "models": message.body.models.len()}));
            let handed_on = async |bodies| Ok(input.queue().hand_on(message.hand_ons, bodies).await?);
            let work = load_prices(&fipe, &prices, &handed_on, message.body, invocation.work_until);
            let priced = work.await.map_err(failure)?;
            log.success("load_prices", json!({"message_id": message.id, "outcome": priced}));
            total.set(total.get() + priced);
            Ok(())
        };
        let outcomes = each(messages, invocation, &price).await;
        let counts = take_counts(&fipe, &log);
        function.metrics().counts(counts.named()).counts(total.get().named()).emit();
        outcomes
    })
    .await
}
