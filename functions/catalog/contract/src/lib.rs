//! What the catalog's stack, functions and operator agree on: settings, names and routes. The rules are in `catalog-core`; the only
//! dependency is the shared contract.

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
/// Reports the state of a product, and serves the API description.
pub const GET_PRODUCT: FunctionNames = FunctionNames { name: "GetProduct", asset: "get-product" };

/// Metrics of the worker in addition to those of every consumer, [`contract::metric`].
pub mod metric {
    pub const NAMESPACE: &str = "Catalog";
    pub const PRODUCTS_SAVED: &str = "ProductsSaved";
}

/// Attributes that the product table's declaration needs.
pub mod table {
    /// The partition key, a text.
    pub const KEY: &str = "id";
    /// The time to live, in seconds since 1970: of idempotency keys, and of accepted products that were never saved.
    pub const TIME_TO_LIVE: &str = "expiration";
}
