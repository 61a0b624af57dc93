//! `catalog.toml` of a stage: how many requests the API accepts, from whom, and the size of its functions.

use contract::Authorization;
use system::{Api, ConsumerSize, FunctionSize, Section, Stage};

/// What differs between two stages of the catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub api: Api,
    /// DynamoDB refuses to delete the table.
    pub deletion_protection: bool,
    pub create_product_processor: FunctionSize,
    pub product_saver_worker: ConsumerSize,
    pub get_product: FunctionSize,
}

impl Settings {
    /// Reads `catalog.toml`.
    pub fn read(mut section: Section<'_>, stage: &Stage) -> Self {
        let settings = Self {
            api: Api::of(&mut section, stage, &[Authorization::None, Authorization::Iam, Authorization::Token]),
            deletion_protection: section.flag("deletion_protection"),
            create_product_processor: FunctionSize::read(section.section("create-product-processor")),
            product_saver_worker: ConsumerSize::read(section.section("product-saver-worker")),
            get_product: FunctionSize::read(section.section("get-product")),
        };
        section.refuse_unknown_keys();
        settings
    }
}
