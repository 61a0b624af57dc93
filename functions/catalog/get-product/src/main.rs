//! `GetProduct`: settings, adapters, run. The rules are [`catalog_core::get_product`].

use std::process::ExitCode;

use catalog_contract::{GET_PRODUCT, GetProduct, metric};
use catalog_core::{REALM, get_product};
use catalog_store::ProductTable;
use contract::Authorizations;
use function_http::{Access, Docs, TokenSecret, serve};
use function_runtime::{Error, Function, sdk_config, settings};
use jiff::Timestamp;

fn main() -> ExitCode {
    function_runtime::main(GET_PRODUCT.name, run())
}

async fn run() -> Result<(), Error> {
    let settings = settings(GetProduct::read)?;
    let function = Function::new(GET_PRODUCT.name, settings.stage, metric::NAMESPACE);
    let aws = sdk_config();
    let table = ProductTable::new(aws_sdk_dynamodb::Client::new(&aws), settings.product_table);
    let docs = Docs::of_archive();
    let authorizations = Authorizations::all(settings.authorization);
    let secret = || TokenSecret::new(aws_sdk_secretsmanager::Client::new(&aws), settings.token_secret_arn);
    let tokens = authorizations.need_token().then(secret);
    let access = Access { authorizations, realm: REALM, tokens: &tokens };
    serve(&function, async |request, _| get_product(&request, &access, &table, &docs, Timestamp::now()).await).await
}
