//! The interactive page of an API: Swagger UI, which reads the `./openapi.json` next to it and sends real requests. Loads nothing from other
//! hosts. Swagger UI itself is in the function's archive, compressed, and is read when somebody looks at the page for the first time.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use contract::docs::{BUNDLE, FOLDER, STYLE};
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::error_form::ErrorForm;
use crate::problem::Problem;
use crate::request::Request;

const PAGE: &str = include_str!("docs/page.html");
const INITIALIZER: &str = include_str!("docs/initializer.js");

/// Swagger UI sets styles of single elements, and its icons are `data:` addresses.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file's name changes with its content, so nobody has to ask for it twice.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Swagger UI, and the folder that it is in.
#[derive(Debug)]
pub struct Docs {
    folder: io::Result<PathBuf>,
    read: OnceLock<Assets>,
}

/// The page, and the files that it loads from `docs/`.
#[derive(Debug)]
struct Assets {
    page: String,
    files: [(String, Answer); 3],
}

impl Docs {
    /// Swagger UI in the archive of this function, which is in `LAMBDA_TASK_ROOT`, or else next to the executable.
    pub fn of_archive() -> Self {
        let root = std::env::var_os("LAMBDA_TASK_ROOT").filter(|root| !root.is_empty()).map(PathBuf::from);
        let beside = || std::env::current_exe().map(|path| path.parent().map(PathBuf::from).unwrap_or_default());
        let folder = root.map_or_else(beside, Ok).map(|root| root.join(FOLDER));
        Self { folder, read: OnceLock::new() }
    }

    /// Swagger UI in another folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Ok(folder.into()), read: OnceLock::new() }
    }

    /// `GET /docs`: the page, or 503 when its files are missing, which the log explains. `form` is the form of errors.
    pub fn page(&self, request: &Request, form: ErrorForm) -> Answer {
        self.assets().map_or_else(
            |error| out_of_reach(&error, form),
            |assets| {
                Answer::new(200, "text/html; charset=utf-8", assets.page.as_str())
                    .with_header("content-security-policy", POLICY)
                    .with_header("referrer-policy", "no-referrer")
                    .revalidated(request)
            },
        )
    }

    /// `GET /docs/{file}`: a file that the page loads, 404 for every other name.
    pub fn file(&self, name: &str, form: ErrorForm) -> Answer {
        let assets = match self.assets() {
            Ok(assets) => assets,
            Err(error) => return out_of_reach(&error, form),
        };
        let file = assets.files.iter().find(|(known, _)| known == name);
        let unknown = || Problem::new(404).because(format!("the page has no file {name}")).answer(form);
        file.map_or_else(unknown, |(_, answer)| answer.clone())
    }

    /// Read once; what failed is tried again by the next request.
    fn assets(&self) -> io::Result<&Assets> {
        match self.read.get() {
            Some(assets) => Ok(assets),
            None => {
                let assets = self.read()?;
                Ok(self.read.get_or_init(|| assets))
            }
        }
    }

    fn read(&self) -> io::Result<Assets> {
        let told = |what: &dyn std::fmt::Display, error: &io::Error| {
            let fix = "the function's archive lacks Swagger UI; build and deploy it again";
            io::Error::new(error.kind(), format!("cannot read {what}: {error}; {fix}"))
        };
        let folder = self.folder.as_ref().map_err(|error| told(&"the folder of this executable", error))?;
        let read = |name: &str| {
            let path = folder.join(format!("{name}.gz"));
            std::fs::read(&path).map_err(|error| told(&path.display(), &error))
        };
        let compressed = |name: &str, content_type: &str| {
            let bytes = read(name)?;
            io::Result::Ok((hashed(name, &bytes), Answer::bytes(200, content_type, &bytes).encoded("gzip")))
        };
        let bundle = compressed(BUNDLE, "text/javascript; charset=utf-8")?;
        let style = compressed(STYLE, "text/css; charset=utf-8")?;
        let initializer = Answer::new(200, "text/javascript; charset=utf-8", INITIALIZER);
        let initializer = (hashed("initializer.js", INITIALIZER.as_bytes()), initializer);
        let page = PAGE.replace("{bundle}", &bundle.0).replace("{style}", &style.0);
        let page = page.replace("{initializer}", &initializer.0);
        let files = [bundle, style, initializer];
        Ok(Assets { page, files: files.map(|(name, answer)| (name, answer.with_header("cache-control", FOREVER))) })
    }
}

fn out_of_reach(error: &io::Error, form: ErrorForm) -> Answer {
    Problem::new(503).because("the page is out of reach").answer(form).because_of(error)
}

/// `name.<hash>.ext`.
fn hashed(name: &str, content: &[u8]) -> String {
    let hash: String = Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}.{hash}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(bundle: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(format!("{BUNDLE}.gz")), bundle).unwrap();
        std::fs::write(folder.path().join(format!("{STYLE}.gz")), "styles").unwrap();
        folder
    }

    fn page(docs: &Docs) -> Answer {
        docs.page(&Request::new("GET", "/docs"), ErrorForm::Problem)
    }

    /// The files that the page loads.
    fn loaded(page: &Answer) -> Vec<&str> {
        page.body.split("\"./docs/").skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn the_page_loads_files_that_are_there_for_ever() {
        let folder = folder(b"program");
        let docs = Docs::in_folder(folder.path());
        let page = page(&docs);
        assert_eq!((page.status, page.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
        let files = loaded(&page);
        assert_eq!(files.len(), 3, "{}", page.body);
        for file in files {
            let answer = docs.file(file, ErrorForm::Problem);
            assert_eq!((answer.status, answer.headers["cache-control"].as_str()), (200, FOREVER), "{file}");
            let is_ours = file.starts_with("initializer.");
            assert_eq!(answer.headers.contains_key("content-encoding"), !is_ours, "{file}");
        }
        for other in ["", BUNDLE, "swagger-ui-bundle.js.gz", "../../bootstrap", "page.html"] {
            assert_eq!(docs.file(other, ErrorForm::Problem).status, 404, "{other}");
        }
    }

    #[test]
    fn a_file_with_other_content_has_another_name() {
        let (old, new) = (folder(b"program"), folder(b"newer program"));
        let (old, new) = (page(&Docs::in_folder(old.path())), page(&Docs::in_folder(new.path())));
        let changed = loaded(&old).into_iter().zip(loaded(&new)).filter(|(old, new)| old != new);
        assert_eq!(changed.count(), 1);
    }

    #[test]
    fn the_page_needs_nobody_but_the_api() {
        for text in [PAGE, INITIALIZER] {
            for elsewhere in ["http:", "https:", "\"//", "@import", "url(", "<style", "style="] {
                assert!(!text.contains(elsewhere), "{elsewhere}");
            }
        }
        assert!(!PAGE.contains("<script>") && INITIALIZER.contains("./openapi.json"));
    }

    #[test]
    fn an_archive_without_the_files_is_told_in_the_log_and_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let docs = Docs::in_folder(folder.path());
        for answer in [page(&docs), docs.file("x", ErrorForm::Problem)] {
            assert_eq!(answer.status, 503);
            assert!(!answer.body.contains("archive"), "{}", answer.body);
            let reason = answer.reason.unwrap();
            assert!(reason.contains("swagger-ui-bundle.js.gz") && reason.contains("deploy it again"), "{reason}");
        }
        std::fs::write(folder.path().join(format!("{BUNDLE}.gz")), "program").unwrap();
        std::fs::write(folder.path().join(format!("{STYLE}.gz")), "styles").unwrap();
        assert_eq!(page(&docs).status, 200);
    }
}
