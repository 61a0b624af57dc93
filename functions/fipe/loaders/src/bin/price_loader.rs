//! `FipePriceLoader`.

use std::process::ExitCode;

fn main() -> ExitCode {
    function_runtime::main(fipe_contract::PRICE_LOADER.name, fipe_loaders::price::run())
}
