//! The rows that a batch of messages stands for: each key once, in key order. Contradictions are errors.
//!
//! Every transaction writes its rows in this order, so two of them cannot deadlock. Where two messages of
//! a batch disagree, the later one wins, as it would in two batches; manifests are merged.

use std::collections::{BTreeMap, BTreeSet};

use fipe_core::message::{Calls, Crawl, Load, ModelPrices, YearFuel};
use fipe_core::month::Month;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::Error;
use crate::check::check;

/// All rows of a batch, by table and key.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    /// By crawl: reference code and month.
    pub(crate) crawls: BTreeMap<Uuid, (i32, Month)>,
    /// By reference and brand code: vehicle type and name.
    pub(crate) manufacturers: BTreeMap<(i32, &'a str), (i16, &'a str)>,
    /// By reference and model code: brand code and name.
    pub(crate) models: BTreeMap<(i32, i32), (&'a str, &'a str)>,
    /// By reference and fuel code: name.
    pub(crate) fuels: BTreeMap<(i32, i16), &'a str>,
    /// By reference, model code and pair: FIPE code and price.
    pub(crate) prices: BTreeMap<(i32, i32, YearFuel), (&'a str, Decimal)>,
    /// By crawl and vehicle type: brand codes.
    pub(crate) type_manifests: BTreeMap<(Uuid, i16), Manifest<&'a str>>,
    /// By crawl and brand code: model codes.
    pub(crate) brand_manifests: BTreeMap<(Uuid, &'a str), Manifest<i32>>,
    /// By crawl and model code: pairs.
    pub(crate) model_manifests: BTreeMap<(Uuid, i32), ModelManifest>,
}

/// What is expected, and the calls it took to learn it.
pub(crate) struct Manifest<T> {
    pub(crate) expected: BTreeSet<T>,
    pub(crate) calls: Calls,
}

/// What is expected of a model, and what exists.
#[derive(Default)]
pub(crate) struct ModelManifest {
    /// `None` while the first part of the model is not among the messages.
    pub(crate) expected: Option<BTreeSet<i32>>,
    pub(crate) priced: BTreeSet<i32>,
    pub(crate) absent: BTreeSet<i32>,
    pub(crate) calls: Calls,
}

impl<T> Default for Manifest<T> {
    fn default() -> Self {
        Self { expected: BTreeSet::new(), calls: Calls::default() }
    }
}

impl<'a> Rows<'a> {
    pub(crate) fn collect(loads: &[&'a Load]) -> Result<Self, Error> {
        let mut rows = Self::default();
        for load in loads {
            check(load)?;
            rows.add(load)?;
        }
        Ok(rows)
    }

    fn add(&mut self, load: &'a Load) -> Result<(), Error> {
        match load {
            Load::Brands { crawl, vehicle_type, brands, calls } => {
                self.add_crawl(crawl)?;
                for brand in brands {
                    self.manufacturers.insert((crawl.reference_code, &brand.code), (*vehicle_type, &brand.name));
                }
                let manifest = self.type_manifests.entry((crawl.id, *vehicle_type)).or_default();
                manifest.expected.extend(brands.iter().map(|brand| brand.code.as_str()));
                keep_larger(&mut manifest.calls, calls);
            }
            Load::Models { crawl, vehicle_type, brand, models, calls } => {
                self.add_crawl(crawl)?;
                self.manufacturers.insert((crawl.reference_code, &brand.code), (*vehicle_type, &brand.name));
                for model in models {
                    self.models.insert((crawl.reference_code, model.code), (&brand.code, &model.name));
                }
                let manifest = self.brand_manifests.entry((crawl.id, &brand.code)).or_default();
                manifest.expected.extend(models.iter().map(|model| model.code));
                keep_larger(&mut manifest.calls, calls);
            }
            Load::Prices { crawl, models } => {
                self.add_crawl(crawl)?;
                for model in models {
                    self.add_prices(crawl, model);
                }
            }
        }
        Ok(())
    }

    fn add_crawl(&mut self, crawl: &Crawl) -> Result<(), Error> {
        let known = self.crawls.entry(crawl.id).or_insert((crawl.reference_code, crawl.month));
        if *known == (crawl.reference_code, crawl.month) {
            Ok(())
        } else {
            Err(other_month(crawl.id, crawl.reference_code, crawl.month))
        }
    }

    fn add_prices(&mut self, crawl: &Crawl, model: &'a ModelPrices) {
        for price in &model.prices {
            self.fuels.insert((crawl.reference_code, price.year_fuel.fuel_code), &price.fuel);
            self.prices.insert((crawl.reference_code, model.code, price.year_fuel), (&price.fipe_code, price.price));
        }
        let manifest = self.model_manifests.entry((crawl.id, model.code)).or_default();
        if let Some(expected) = &model.expected {
            manifest.expected.get_or_insert_default().extend(expected.iter().map(pair));
        }
        manifest.priced.extend(model.prices.iter().map(|price| pair(&price.year_fuel)));
        manifest.absent.extend(model.without_price.iter().map(pair));
        keep_larger(&mut manifest.calls, &model.calls);
    }
}

pub(crate) fn other_month(crawl_id: Uuid, reference_code: i32, month: Month) -> Error {
    Error::OtherMonth { crawl_id, reference_code, month }
}

/// A pair as the manifests store it: 201405 is FIPE's `2014-5`.
fn pair(year_fuel: &YearFuel) -> i32 {
    year_fuel.model_year * 100 + i32::from(year_fuel.fuel_code)
}

/// Calls are reported as totals so far, so the larger one is the later one.
fn keep_larger(known: &mut Calls, told: &Calls) {
    known.made = known.made.max(told.made);
    known.retried = known.retried.max(told.retried);
}
