//! What the catalog's stack, functions and operator agree on: settings, names and routes. Refuses rules, which are catalog-core's, and
//! every dependency but the shared contract.

mod routes;
mod settings;

pub use contract::FunctionNames;
pub use routes::{Operation, PRODUCT, ROUTES};
pub use settings::{
    CreateProduct, CreateProductEnvironment, GetProduct, GetProductEnvironment, ProductSaver, ProductSaverEnvironment,
};

/// Accepts a product over HTTP and queues it.
pub const CREATE_PRODUCT_PROCESSOR: FunctionNames =
    FunctionNames { name: "CreateProductProcessor", asset: "create-product-processor" };
/// Writes each accepted product and its report.
pub const PRODUCT_SAVER_WORKER: FunctionNames =
    FunctionNames { name: "ProductSaverWorker", asset: "product-saver-worker" };
/// Answers what became of a product, and describes the API.
pub const GET_PRODUCT: FunctionNames = FunctionNames { name: "GetProduct", asset: "get-product" };

/// Metrics of the worker beside those of every consumer, [`contract::metric`].
pub mod metric {
    pub const NAMESPACE: &str = "Catalog";
    pub const PRODUCTS_SAVED: &str = "ProductsSaved";
}

/// Attributes of the product table that it is declared with.
pub mod table {
    /// The partition key, a text.
    pub const KEY: &str = "id";
    /// The time to live, in seconds since 1970: of idempotency keys, and of accepted products that were never queued.
    pub const TIME_TO_LIVE: &str = "expiration";
}
