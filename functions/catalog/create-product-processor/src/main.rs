//! `CreateProductProcessor`: settings, adapters, run. The rules are [`catalog_core::create_product`].

mod queue;

use std::process::ExitCode;

use catalog_contract::{CREATE_PRODUCT_PROCESSOR, CreateProduct, metric};
use catalog_core::{REALM, create_product};
use catalog_store::ProductTable;
use contract::Authorizations;
use function_http::{Access, TokenSecret, serve};
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
    let authorizations = Authorizations::all(settings.authorization);
    let secret = || TokenSecret::new(aws_sdk_secretsmanager::Client::new(&aws), settings.token_secret_arn);
    let tokens = authorizations.need_token().then(secret);
    let access = Access { authorizations, realm: REALM, tokens: &tokens };
    serve(&function, async |request, _| {
        create_product(&request, &access, &table, &queue, Uuid::new_v4(), Timestamp::now()).await
    })
    .await
}
