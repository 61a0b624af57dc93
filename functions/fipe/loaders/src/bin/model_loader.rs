//! `FipeModelLoader`.

use std::process::ExitCode;

fn main() -> ExitCode {
    function_runtime::main(fipe_contract::MODEL_LOADER.name, fipe_loaders::model::run())
}
