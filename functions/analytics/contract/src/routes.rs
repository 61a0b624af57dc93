//! The API's routes, in the order in which the stack declares them. All lead to one function.

use contract::{DataAccess, Matches, Method, Route};

use crate::ANALYTICS_API;

/// The operations of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The page that people look at.
    Page,
    /// Predictions of a program, of all its exhibitions or those of one day.
    Program,
    /// Predictions of a program over a period.
    Period,
    /// The programs, and the days that are covered.
    Programs,
    /// The values and slots behind the numbers.
    Explain,
    /// How far past predictions were from what came.
    Accuracy,
    /// Announces a file; responds with a signed address.
    CreateUpload,
    Uploads,
    Upload,
    /// The rejected rows as they came, with their errors.
    RejectedRows,
    /// Takes an upload back.
    RevertUpload,
    /// The page that shows the API description.
    Docs,
    /// A file that that page loads.
    DocsFile,
    /// The description itself.
    OpenApi,
}

impl Operation {
    /// What it does with uploads and predictions.
    pub fn data_access(self) -> DataAccess {
        match self {
            Self::CreateUpload | Self::RevertUpload => DataAccess::Writes,
            Self::Page | Self::Docs | Self::DocsFile | Self::OpenApi => DataAccess::None,
            _ => DataAccess::Reads,
        }
    }
}

/// The path of the page; with a slash at its end it is the same, but API Gateway takes no route that ends with one.
pub const PAGE: &str = "/analytics";
/// The path of one upload.
pub const UPLOAD: &str = "/analytics/uploads/{id}";

/// Whatever matches none of them gets our own error too, and `HEAD` is answered like `GET`.
pub const ROUTES: &[Route<Operation>] = &[
    get("GetPage", PAGE, Operation::Page),
    get("GetProgram", "/analytics/program", Operation::Program),
    get("GetPeriod", "/analytics/period", Operation::Period),
    get("GetPrograms", "/analytics/programs", Operation::Programs),
    get("GetExplain", "/analytics/explain", Operation::Explain),
    get("GetAccuracy", "/analytics/accuracy", Operation::Accuracy),
    post("PostUploads", "/analytics/uploads", Operation::CreateUpload),
    get("GetUploads", "/analytics/uploads", Operation::Uploads),
    get("GetUpload", UPLOAD, Operation::Upload),
    get("GetRejectedRows", "/analytics/uploads/{id}/rejected.csv", Operation::RejectedRows),
    post("PostRevert", "/analytics/uploads/{id}/revert", Operation::RevertUpload),
    get("GetDocs", "/docs", Operation::Docs),
    get("GetDocsFile", "/docs/{file}", Operation::DocsFile),
    get("GetOpenApi", "/openapi.json", Operation::OpenApi),
    Route { id: "AnythingElse", matches: Matches::Rest, function: ANALYTICS_API },
];

const fn get(id: &'static str, path: &'static str, operation: Operation) -> Route<Operation> {
    Route { id, matches: Matches::Operation { method: Method::Get, path, operation }, function: ANALYTICS_API }
}

const fn post(id: &'static str, path: &'static str, operation: Operation) -> Route<Operation> {
    Route { id, matches: Matches::Operation { method: Method::Post, path, operation }, function: ANALYTICS_API }
}
