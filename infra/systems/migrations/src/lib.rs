//! The file names of a system's migrations for its template, written by its build script, so that a new file in `sql/<system>` needs no second entry.

#![expect(clippy::print_stdout, reason = "a build script speaks to cargo on stdout")]

use std::path::Path;
use std::{env, fs};

/// Writes `MIGRATIONS`, the file names in `sql/<system>` in the order in which they are applied, to `$OUT_DIR/migrations.rs`.
///
/// # Errors
/// A folder that cannot be read, and a name that is not `NNNN_what_it_does.sql`.
pub fn write_names(system: &str) -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../../sql").join(system);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))? {
        let name = entry?.file_name().into_string().map_err(|name| format!("{} is not UTF-8", name.display()))?;
        if name.ends_with(".sql") {
            let number = name.split('_').next().unwrap_or_default();
            if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("{name} is not NNNN_what_it_does.sql").into());
            }
            names.push(name);
        }
    }
    names.sort_unstable();
    let source = format!(
        "/// File names of `sql/{system}`, in the order in which they are applied.\npub(crate) const MIGRATIONS: &[&str] = &{names:?};\n"
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), source)?;
    Ok(())
}
