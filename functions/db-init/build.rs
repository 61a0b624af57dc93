//! Embeds every `sql/<folder>/*.sql` into the function: adding a file is enough.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let sql = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../../sql").canonicalize()?;
    println!("cargo::rerun-if-changed={}", sql.display());
    let mut table = String::from("&[\n");
    for folder in sorted(&sql)?.into_iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", folder.display());
        let set = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        for file in sorted(&folder)?.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "sql")) {
            println!("cargo::rerun-if-changed={}", file.display());
            let stem = file.file_stem().expect("a file has a name").to_string_lossy();
            let name = format!("{set}/{stem}");
            writeln!(table, "    ({set:?}, {name:?}, include_str!({:?})),", file.display().to_string())
                .expect("a String grows");
        }
    }
    table.push(']');
    fs::write(Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("migrations.rs"), table)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
