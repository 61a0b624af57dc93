//! Writes the names of the migrations of `sql/fipe` into the crate, so that a new file needs no second place.
//! Refuses names that do not sort the way they were numbered.

use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../sql/fipe");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
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
        "/// File names of `sql/fipe`, in the order in which they are applied.\npub(crate) const MIGRATIONS: &[&str] = &{names:?};\n"
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), source)?;
    Ok(())
}
