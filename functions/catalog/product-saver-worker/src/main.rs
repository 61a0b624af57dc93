//! `ProductSaverWorker`: settings, adapters, run. The rules are [`catalog_core::save`].

use std::cell::Cell;
use std::process::ExitCode;

use catalog_contract::{PRODUCT_SAVER_WORKER, ProductSaver, metric};
use catalog_core::{Placed, Product, save};
use catalog_store::ProductTable;
use function_runtime::{Error, Failure, Function, Input, Message, Queue, each, run_batches, sdk_config, settings};
use jiff::Timestamp;
use product_saver_worker::ReportsBucket;
use serde_json::json;

fn main() -> ExitCode {
    function_runtime::main(PRODUCT_SAVER_WORKER.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(ProductSaver::read)?;
    let function = Function::new(PRODUCT_SAVER_WORKER.name, settings.stage, metric::NAMESPACE);
    let aws = sdk_config();
    let table = ProductTable::new(aws_sdk_dynamodb::Client::new(&aws), settings.product_table);
    let reports = ReportsBucket::new(aws_sdk_s3::Client::new(&aws), settings.reports_bucket);
    let sqs = aws_sdk_sqs::Client::new(&aws);
    let dead_letters = Queue::new(&sqs, settings.sqs_dead_letter_url);
    let input = Input::new(&sqs, settings.sqs_input_url, settings.sqs_max_receive_count);

    let trace_id = |product: &Product| product.id.to_string();
    run_batches(&function, &dead_letters, &input, trace_id, async |messages, invocation| {
        let saved = Cell::new(0);
        let log = function.log().of_request(&invocation.request_id);
        let save_one = async |message: Message<Product>, _: &_| {
            let product = message.body;
            let placed = save(&table, &reports, &product, Timestamp::now()).await;
            let placed = placed.map_err(|error| Failure::of(error.is_transient(), "other_content", error))?;
            saved.set(saved.get() + u64::from(placed == Placed::Now));
            let details = json!({"message_id": message.id, "is_repeated": placed != Placed::Now});
            log.of_trace(product.id).success("save_product", details);
            Ok(())
        };
        let outcomes = each(messages, invocation, &save_one).await;
        function.metrics().count(metric::PRODUCTS_SAVED, saved.get()).emit();
        outcomes
    })
    .await
}
