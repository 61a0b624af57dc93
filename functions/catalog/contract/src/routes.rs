//! The API's routes, in the order in which the stack declares them.

use contract::{DataAccess, Matches, Method, Route};

use crate::{CREATE_PRODUCT_PROCESSOR, GET_PRODUCT};

/// The operations of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    CreateProduct,
    GetProduct,
    /// The page that shows the description.
    Docs,
    /// A file that the page loads.
    DocsFile,
    /// The description itself.
    OpenApi,
}

impl Operation {
    /// What it does with products.
    pub fn data_access(self) -> DataAccess {
        match self {
            Self::CreateProduct => DataAccess::Writes,
            Self::GetProduct => DataAccess::Reads,
            Self::Docs | Self::DocsFile | Self::OpenApi => DataAccess::None,
        }
    }
}

const PRODUCTS: &str = "/products";
/// The path of one product.
pub const PRODUCT: &str = "/products/{id}";

/// Requests that match nothing else get a problem document of ours too, instead of API Gateway's own error.
pub const ROUTES: &[Route<Operation>] = &[
    Route {
        id: "PostProducts",
        matches: Matches::Operation { method: Method::Post, path: PRODUCTS, operation: Operation::CreateProduct },
        function: CREATE_PRODUCT_PROCESSOR,
    },
    Route {
        id: "GetProductById",
        matches: Matches::Operation { method: Method::Get, path: PRODUCT, operation: Operation::GetProduct },
        function: GET_PRODUCT,
    },
    Route {
        id: "GetDocs",
        matches: Matches::Operation { method: Method::Get, path: "/docs", operation: Operation::Docs },
        function: GET_PRODUCT,
    },
    Route {
        id: "GetDocsFile",
        matches: Matches::Operation { method: Method::Get, path: "/docs/{file}", operation: Operation::DocsFile },
        function: GET_PRODUCT,
    },
    Route {
        id: "GetOpenApi",
        matches: Matches::Operation { method: Method::Get, path: "/openapi.json", operation: Operation::OpenApi },
        function: GET_PRODUCT,
    },
    Route { id: "AnyProducts", matches: Matches::AnyMethod { path: PRODUCTS }, function: CREATE_PRODUCT_PROCESSOR },
    Route { id: "AnythingElse", matches: Matches::Rest, function: GET_PRODUCT },
];
