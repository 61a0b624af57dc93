//! `FipeManufacturerLoader`.

use std::process::ExitCode;

fn main() -> ExitCode {
    function_runtime::main(fipe_contract::MANUFACTURER_LOADER.name, fipe_loaders::manufacturer::run())
}
