//! What FIPE's stacks, functions and operator agree on: settings, names, limits, vehicle types, the operator's questions and
//! their answers. Refuses rules, which are fipe-core's, and every dependency but serde.

mod crawl;
mod settings;
mod vehicle_type;

pub use contract::FunctionNames;
pub use crawl::{CrawlStatus, Progress, StatusQuestion, StatusRequest};
pub use settings::{
    ManufacturerLoader, ManufacturerLoaderEnvironment, ModelLoader, ModelLoaderEnvironment, PriceLoader,
    PriceLoaderEnvironment, SomaIngestor, SomaIngestorEnvironment,
};
pub use vehicle_type::VehicleType;

/// Starts a crawl.
pub const MANUFACTURER_LOADER: FunctionNames =
    FunctionNames { name: "FipeManufacturerLoader", asset: "fipe-manufacturer-loader" };
/// Lists the models of each brand.
pub const MODEL_LOADER: FunctionNames = FunctionNames { name: "FipeModelLoader", asset: "fipe-model-loader" };
/// Asks for the price of each model year and fuel.
pub const PRICE_LOADER: FunctionNames = FunctionNames { name: "FipePriceLoader", asset: "fipe-price-loader" };
/// Writes manifests and prices to PostgreSQL, and answers how far a crawl is.
pub const SOMA_INGESTOR: FunctionNames = FunctionNames { name: "FipeSomaIngestor", asset: "fipe-soma-ingestor" };
/// Applies `sql/fipe`.
pub const DB_INIT: FunctionNames = FunctionNames { name: "FipeDbInit", asset: contract::db_init::BINARY };

/// The database and its roles, as `sql/fipe` makes them.
pub mod database {
    pub const NAME: &str = "fipedata";
    /// Owns the schema; db-init applies the migrations as this role.
    pub const OWNER: &str = "fipe_owner";
    /// The least-privilege role that functions connect as.
    pub const APPLICATION_ROLE: &str = "fipe_app";
}

/// Metrics of the loaders and the ingestor, all counts.
pub mod metric {
    pub const NAMESPACE: &str = "Fipe";
    /// Calls to FIPE, retries included.
    pub const CALLS: &str = "Calls";
    pub const RETRIES: &str = "Retries";
    /// Answers 429.
    pub const THROTTLED: &str = "Throttled";
    /// Answers 403.
    pub const BLOCKED: &str = "Blocked";
    /// Prices found.
    pub const PRICES: &str = "Prices";
    /// Pairs of model year and fuel that FIPE lists without a price.
    pub const WITHOUT_PRICE: &str = "WithoutPrice";
    /// Brands or models that there was no time for.
    pub const HANDED_ON: &str = "HandedOn";
    pub const PRICES_STORED: &str = "PricesStored";
    pub const CRAWLS_COMPLETED: &str = "CrawlsCompleted";
}

/// Fields of the event that starts a crawl, and of its answer.
pub mod start {
    /// Month, 1 to 12; 0 or absent with the year for the newest.
    pub const MONTH: &str = "mes";
    /// Year of four digits; 0 or absent with the month for the newest.
    pub const YEAR: &str = "ano";
    /// The crawl's id, in the answer.
    pub const CRAWL_ID: &str = "crawl_id";
}

/// Models that one task message carries at most.
pub const MOST_MODELS_PER_MESSAGE: u16 = 50;
