//! Where Swagger UI is in the archive of a function that serves `/docs`.

/// The folder in the archive.
pub const FOLDER: &str = "swagger-ui";
/// The program and its styles, as Swagger UI names them; the archive has each compressed, with `.gz` after its name.
pub const BUNDLE: &str = "swagger-ui-bundle.js";
pub const STYLE: &str = "swagger-ui.css";
/// The licence that has to go with them.
pub const LICENSE: &str = "LICENSE";
