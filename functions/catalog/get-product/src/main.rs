//! `GetProduct`: settings, adapters, run. The rules are [`catalog_core::get_product`].

use std::process::ExitCode;

use catalog_contract::{GET_PRODUCT, GetProduct, metric};
use catalog_core::get_product;
use catalog_store::ProductTable;
use function_http::{Docs, serve};
use function_runtime::{Error, Function, sdk_config, settings};
use jiff::Timestamp;

fn main() -> ExitCode {
    function_runtime::main(GET_PRODUCT.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(GetProduct::read)?;
    let function = Function::new(GET_PRODUCT.name, settings.stage, metric::NAMESPACE);
    let table = ProductTable::new(aws_sdk_dynamodb::Client::new(&sdk_config()), settings.product_table);
    let docs = Docs::of_archive();
    serve(&function, async |request, _| get_product(&request, &table, &docs, Timestamp::now()).await).await
}
