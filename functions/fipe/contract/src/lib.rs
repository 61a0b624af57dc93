//! What FIPE's stacks, functions and operator agree on: settings, names, limits, vehicle types, and the operator's requests with
//! their responses. The rules are in `fipe-core`; the only dependencies are `contract` and serde.

mod crawl;
mod settings;
mod vehicle_type;

pub use contract::FunctionNames;
pub use crawl::{CrawlStatus, NEWEST_MONTH, Progress, StatusQuestion, StatusRequest};
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
/// Writes manifests and prices to PostgreSQL, and reports the progress of a crawl.
pub const SOMA_INGESTOR: FunctionNames = FunctionNames { name: "FipeSomaIngestor", asset: "fipe-soma-ingestor" };
/// Applies `sql/fipe`.
pub const DB_INIT: FunctionNames = FunctionNames { name: "FipeDbInit", asset: contract::db_init::BINARY };

/// The database and its roles, as `sql/fipe` creates them.
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
    /// 429 responses.
    pub const THROTTLED: &str = "Throttled";
    /// 403 responses.
    pub const BLOCKED: &str = "Blocked";
    /// Prices found.
    pub const PRICES: &str = "Prices";
    /// Pairs of model year and fuel that FIPE lists without a price.
    pub const WITHOUT_PRICE: &str = "WithoutPrice";
    /// Brands or models that were handed over to a later invocation for lack of time.
    pub const HANDED_ON: &str = "HandedOn";
    pub const PRICES_STORED: &str = "PricesStored";
    pub const CRAWLS_COMPLETED: &str = "CrawlsCompleted";
}

/// Kinds of work that was postponed since FIPE takes no calls.
pub mod paused {
    /// FIPE asks to wait for an hour or more.
    pub const DAILY_LIMIT: &str = "daily_limit";
    /// FIPE asks to wait for less, or says to every call that there are too many.
    pub const THROTTLED: &str = "throttled";
    /// FIPE does not answer even its table of references.
    pub const OUTAGE: &str = "outage";
}

/// Fields of the event that starts a crawl, and of its response.
pub mod start {
    /// Month, 1 to 12; 0 or absent with the year for the newest.
    pub const MONTH: &str = "mes";
    /// Year of four digits; 0 or absent with the month for the newest.
    pub const YEAR: &str = "ano";
    /// The crawl's id, in the response.
    pub const CRAWL_ID: &str = "crawl_id";
}

/// The most models that one task message carries.
pub const MOST_MODELS_PER_MESSAGE: u16 = 50;
