//! The rows that a batch of messages stands for: each key once, in key order. Contradictions are errors.
//!
//! Every transaction writes its rows in this order, so two of them cannot deadlock. Where two messages of
//! a batch disagree, the later crawl wins, and within a crawl the later message, as in two batches; manifests are merged.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use fipe_core::message::{Calls, Crawl, Load, ModelPrices, Reference, YearFuel};
use fipe_core::month::Month;
use jiff::Timestamp;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::Error;
use crate::check::check;

/// All rows of a batch, by table and key.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    /// By month, FIPE's own table: its code; of two the higher, which crawls take too.
    pub(crate) references: BTreeMap<Month, i32>,
    /// By crawl: reference code, month and start.
    pub(crate) crawls: BTreeMap<Uuid, (i32, Month, Timestamp)>,
    /// By reference and brand code: vehicle type and name.
    pub(crate) manufacturers: BTreeMap<(i32, &'a str), Told<(i16, &'a str)>>,
    /// By reference and model code: brand code and name.
    pub(crate) models: BTreeMap<(i32, i32), Told<(&'a str, &'a str)>>,
    /// By reference and fuel code: name.
    pub(crate) fuels: BTreeMap<(i32, i16), Told<&'a str>>,
    /// By reference, model code and pair: FIPE code and price.
    pub(crate) prices: BTreeMap<PriceKey, Told<(&'a str, Decimal)>>,
    /// By crawl and vehicle type: brand codes.
    pub(crate) type_manifests: BTreeMap<(Uuid, i16), Manifest<&'a str>>,
    /// By crawl and brand code: model codes.
    pub(crate) brand_manifests: BTreeMap<(Uuid, &'a str), Manifest<i32>>,
    /// By crawl and model code: pairs.
    pub(crate) model_manifests: BTreeMap<(Uuid, i32), ModelManifest>,
}

type PriceKey = (i32, i32, YearFuel);

/// A value, and the start of the crawl that it is of.
#[derive(Clone, Copy)]
pub(crate) struct Told<T> {
    pub(crate) value: T,
    pub(crate) by: Timestamp,
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
            Load::References { crawl, references } => {
                self.add_crawl(crawl)?;
                for Reference { code, month } in references {
                    let known = self.references.entry(*month).or_insert(*code);
                    *known = (*known).max(*code);
                }
            }
            Load::Brands { crawl, vehicle_type, brands, calls } => {
                self.add_crawl(crawl)?;
                for brand in brands {
                    let key = (crawl.reference_code, brand.code.as_str());
                    keep_later(&mut self.manufacturers, key, (*vehicle_type, &brand.name), crawl);
                }
                let manifest = self.type_manifests.entry((crawl.id, *vehicle_type)).or_default();
                manifest.expected.extend(brands.iter().map(|brand| brand.code.as_str()));
                keep_larger(&mut manifest.calls, calls);
            }
            Load::Models { crawl, vehicle_type, brand, models, calls } => {
                self.add_crawl(crawl)?;
                let key = (crawl.reference_code, brand.code.as_str());
                keep_later(&mut self.manufacturers, key, (*vehicle_type, &brand.name), crawl);
                for model in models {
                    let key = (crawl.reference_code, model.code);
                    keep_later(&mut self.models, key, (&brand.code, &model.name), crawl);
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
        let known = self.crawls.entry(crawl.id).or_insert((crawl.reference_code, crawl.month, crawl.started_at));
        if (known.0, known.1) == (crawl.reference_code, crawl.month) {
            Ok(())
        } else {
            Err(other_month(crawl.id, crawl.reference_code, crawl.month))
        }
    }

    fn add_prices(&mut self, crawl: &Crawl, model: &'a ModelPrices) {
        for price in &model.prices {
            let key = (crawl.reference_code, price.year_fuel.fuel_code);
            keep_later(&mut self.fuels, key, &price.fuel, crawl);
            let key = (crawl.reference_code, model.code, price.year_fuel);
            keep_later(&mut self.prices, key, (&price.fipe_code, price.price), crawl);
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

/// Keeps the value of the later crawl, and of one crawl the later value.
fn keep_later<K: Ord, T>(rows: &mut BTreeMap<K, Told<T>>, key: K, value: T, crawl: &Crawl) {
    let told = Told { value, by: crawl.started_at };
    match rows.entry(key) {
        Entry::Vacant(row) => {
            row.insert(told);
        }
        Entry::Occupied(mut row) if row.get().by <= told.by => {
            row.insert(told);
        }
        Entry::Occupied(_) => {}
    }
}

/// Calls are reported as totals so far, so the larger one is the later one.
fn keep_larger(known: &mut Calls, told: &Calls) {
    known.made = known.made.max(told.made);
    known.retried = known.retried.max(told.retried);
}
