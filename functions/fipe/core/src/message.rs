//! The messages of the chain, as JSON on the queues. Owns their shape; contains no behaviour.
//!
//! `BrandTask` travels on the manufacturer queue, `ModelTask` on the model queue, `Load` on the price queue. Every
//! message names its crawl and its reference month, so no later function has to determine the newest month again.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::month::Month;

/// One run of the chain over one reference month.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crawl {
    /// Created once by the first function; logged as `trace_id` by all four.
    pub id: Uuid,
    /// FIPE's `codigoTabelaReferencia`. Not monotonic in time before 2004: order by `month`.
    pub reference_code: i32,
    /// The month of that table, `YYYY-MM`.
    pub month: Month,
    /// When the first function started it: orders crawls, so that what an old one still sends never overwrites what a newer one stored.
    /// A message without it is of the oldest crawl there is.
    #[serde(default)]
    pub started_at: Timestamp,
}

/// A month of FIPE's table of references and its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    pub code: i32,
    pub month: Month,
}

/// A brand as FIPE lists it; codes are unique across all vehicle types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    pub code: String,
    /// As FIPE writes it, blanks included.
    pub name: String,
}

/// A model as FIPE lists it; codes are unique across all brands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    pub code: i32,
    /// As FIPE writes it, blanks included.
    pub name: String,
}

/// Model year and fuel code of one price, FIPE's `Value` such as `2014-5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct YearFuel {
    /// One of [`MODEL_YEARS`](crate::limits::MODEL_YEARS), or [`ZERO_KM`](crate::limits::ZERO_KM).
    pub model_year: i32,
    /// 1 gasolina, 2 álcool, 3 diesel, 4 elétrico, 5 flex, 6 híbrido, 7 gás natural.
    pub fuel_code: i16,
}

/// Calls to FIPE that a piece of work took; carried along so that `infra status fipe` can add them up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// All calls made, retries included.
    pub made: i32,
    /// Calls that were repeated after a transient failure.
    pub retried: i32,
}

/// Manufacturer queue: list the models of one brand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrandTask {
    pub crawl: Crawl,
    /// 1 car, 2 motorcycle, 3 truck.
    pub vehicle_type: i16,
    pub brand: Brand,
}

/// Model queue: price some models of one brand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelTask {
    pub crawl: Crawl,
    /// 1 car, 2 motorcycle, 3 truck.
    pub vehicle_type: i16,
    pub brand_code: String,
    pub models: Vec<ModelWork>,
}

/// One model of a task, started or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelWork {
    pub code: i32,
    /// The pairs that an earlier invocation had no time for; absent: not started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Vec<YearFuel>>,
    /// Calls that earlier invocations spent on this model.
    #[serde(default)]
    pub calls: Calls,
}

/// Price queue: what the ingestor stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Load {
    /// FIPE's own table of references, first of a crawl: it alone establishes which code stands for which month.
    References { crawl: Crawl, references: Vec<Reference> },
    /// Manifest of a vehicle type: the brands that are expected.
    Brands { crawl: Crawl, vehicle_type: i16, brands: Vec<Brand>, calls: Calls },
    /// Manifest of a brand: the models that are expected.
    Models { crawl: Crawl, vehicle_type: i16, brand: Brand, models: Vec<Model>, calls: Calls },
    /// Manifests of models (the year and fuel pairs expected) and their prices.
    Prices { crawl: Crawl, models: Vec<ModelPrices> },
}

/// What is known of one model so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPrices {
    pub code: i32,
    /// Every pair that FIPE lists for the model; absent on a continuation, since the first part carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Vec<YearFuel>>,
    pub prices: Vec<Price>,
    /// Pairs that FIPE lists but has no price for: a fact, never a price of 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_price: Vec<YearFuel>,
    /// Calls spent on this model so far, earlier invocations included.
    #[serde(default)]
    pub calls: Calls,
}

/// One price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub year_fuel: YearFuel,
    /// Fuel name as FIPE writes it.
    pub fuel: String,
    /// `NNNNNN-D` with a valid check digit.
    pub fipe_code: String,
    /// Brazilian reais, two places; a string in JSON.
    pub price: Decimal,
}
