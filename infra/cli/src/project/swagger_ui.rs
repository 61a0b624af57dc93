//! Swagger UI, which functions that serve `/docs` have in their archives: installed once into `.tools/swagger-ui`, and compressed there, since
//! browsers take it compressed. The repository contains none of it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use contract::docs::{BUNDLE, LICENSE, STYLE};
use deploy::Asset;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::exit::{Context, Failure};
use crate::project::repository::Repository;

/// Where the package has them.
const FILES: &str = "flask_swagger_ui/dist";

pub(crate) fn folder(repository: &Repository) -> PathBuf {
    repository.root().join(".tools/swagger-ui")
}

/// Installs what is missing, and returns whether there was anything to do.
pub(crate) async fn install(repository: &Repository) -> Result<bool, Failure> {
    let (root, folder) = (repository.root(), folder(repository));
    let is_new = local_cloud::install_files(root, &folder, &root.join("functions/http/requirements.txt")).await?;
    for name in [BUNDLE, STYLE] {
        let compressed = compressed(&folder, name);
        if !compressed.is_file() {
            compress(&folder.join(FILES).join(name), &compressed)
                .with_context(|| format!("cannot compress {name} in {}", folder.display()))?;
        }
    }
    Ok(is_new)
}

/// The asset with Swagger UI where the function looks for it.
pub(crate) fn add_to(asset: Asset, repository: &Repository) -> Asset {
    let folder = folder(repository);
    let path = |name: &str| format!("{}/{name}", contract::docs::FOLDER);
    let asset = asset.with_file(path(LICENSE), folder.join(FILES).join(LICENSE));
    [BUNDLE, STYLE]
        .into_iter()
        .fold(asset, |asset, name| asset.with_file(path(&format!("{name}.gz")), compressed(&folder, name)))
}

fn compressed(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.gz"))
}

/// The same bytes each time: no name and no time are in them. It is there whole or not at all.
fn compress(from: &Path, to: &Path) -> std::io::Result<()> {
    let unfinished = to.with_extension(format!("{}.unfinished", std::process::id()));
    let mut encoder = GzEncoder::new(File::create(&unfinished)?, Compression::best());
    encoder.write_all(&fs::read(from)?)?;
    encoder.finish()?;
    fs::rename(unfinished, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_compressed_comes_back_and_is_the_same_bytes_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let [from, first, second] = ["a.js", "1.gz", "2.gz"].map(|name| folder.path().join(name));
        fs::write(&from, "program".repeat(1_000)).unwrap();
        compress(&from, &first).unwrap();
        compress(&from, &second).unwrap();
        assert_eq!(fs::read(&first).unwrap(), fs::read(second).unwrap());
        let mut text = String::new();
        flate2::read::GzDecoder::new(File::open(first).unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "program".repeat(1_000));
        assert_eq!(folder.path().read_dir().unwrap().count(), 3, "nothing unfinished is left");
    }

    #[test]
    fn an_asset_gets_the_files_that_the_function_reads() {
        let repository = Repository::at(Path::new("/project"));
        let asset = add_to(Asset::of_binary("orders-api", "orders-api"), &repository);
        let files: Vec<_> =
            asset.files.iter().map(|(path, source)| (path.as_str(), source.to_str().unwrap())).collect();
        assert_eq!(
            files,
            [
                ("swagger-ui/LICENSE", "/project/.tools/swagger-ui/flask_swagger_ui/dist/LICENSE"),
                ("swagger-ui/swagger-ui-bundle.js.gz", "/project/.tools/swagger-ui/swagger-ui-bundle.js.gz"),
                ("swagger-ui/swagger-ui.css.gz", "/project/.tools/swagger-ui/swagger-ui.css.gz"),
            ]
        );
    }
}
