//! `CreateProductProcessor`: settings, adapters, run. The rules are [`catalog_core::create_product`].

mod queue;

use std::process::ExitCode;

use catalog_contract::{CREATE_PRODUCT_PROCESSOR, CreateProduct, metric};
use catalog_core::create_product;
use catalog_store::ProductTable;
use function_http::serve;
use function_runtime::{Error, Function, sdk_config, settings};
use jiff::Timestamp;
use uuid::Uuid;

use crate::queue::ProductQueue;

fn main() -> ExitCode {
    function_runtime::main(CREATE_PRODUCT_PROCESSOR.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(CreateProduct::read)?;
    let function = Function::new(CREATE_PRODUCT_PROCESSOR.name, settings.stage, metric::NAMESPACE);
    let aws = sdk_config();
    let table = ProductTable::new(aws_sdk_dynamodb::Client::new(&aws), settings.product_table);
    let queue = ProductQueue::new(&aws_sdk_sqs::Client::new(&aws), settings.sqs_output_url);
    serve(&function, async |request, _| {
        create_product(&request, &table, &queue, Uuid::new_v4(), Timestamp::now()).await
    })
    .await
}
