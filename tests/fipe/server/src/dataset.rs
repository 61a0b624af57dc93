//! One month of FIPE: brands, models and prices as rows and as an index that answers a call without searching.
//! Refuses rows that contradict each other (one price twice, one model with two names). Names are kept byte for byte.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::month::Reference;

/// FIPE's own code of a kind of vehicle: 1 car, 2 motorcycle, 3 truck.
pub type VehicleType = u8;

/// What one model costs in one model year with one fuel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// 32000 means zero kilometres.
    pub model_year: u16,
    /// 1 to 7.
    pub fuel_code: u8,
    pub fuel_name: Arc<str>,
    pub fipe_code: Arc<str>,
    /// Whole reais: FIPE's prices always end in `,00`.
    pub reais: u32,
}

/// One row of a data set file: a price, or a model that has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub vehicle_type: VehicleType,
    pub brand_code: u32,
    pub brand_name: Arc<str>,
    pub model_code: u32,
    pub model_name: Arc<str>,
    pub price: Option<Price>,
}

/// Why a row does not fit the rows before it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Contradiction {
    #[error("brand {code} is called {here:?} here and {before:?} in an earlier row")]
    BrandName { code: u32, here: String, before: String },
    #[error("model {code} is called {here:?} here and {before:?} in an earlier row")]
    ModelName { code: u32, here: String, before: String },
    #[error("model {model_code} has a price of {model_year}-{fuel_code} twice")]
    PriceTwice { model_code: u32, model_year: u16, fuel_code: u8 },
    #[error("model {model_code} is listed without prices and with prices")]
    WithAndWithoutPrice { model_code: u32 },
}

#[derive(Debug)]
pub struct Brand {
    pub vehicle_type: VehicleType,
    pub code: u32,
    pub name: Arc<str>,
    /// Positions in [`Dataset::models`].
    pub models: Vec<usize>,
}

#[derive(Debug)]
pub struct Model {
    /// Position in [`Dataset::brands`].
    pub brand: usize,
    pub code: u32,
    pub name: Arc<str>,
    /// By model year and fuel, ascending; empty for a model that FIPE lists without any price.
    pub prices: Vec<Price>,
}

/// A whole month.
#[derive(Debug)]
pub struct Dataset {
    pub reference: Reference,
    pub brands: Vec<Brand>,
    pub models: Vec<Model>,
    brand_of: HashMap<(VehicleType, u32), usize>,
    model_of: HashMap<(VehicleType, u32, u32), usize>,
}

impl Dataset {
    pub fn new(reference: Reference) -> Self {
        Self { reference, brands: Vec::new(), models: Vec::new(), brand_of: HashMap::new(), model_of: HashMap::new() }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it contradicts an earlier row.
    pub fn push(&mut self, row: Row) -> Result<(), Contradiction> {
        let brand = match self.brand_of.entry((row.vehicle_type, row.brand_code)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.brands.push(Brand {
                    vehicle_type: row.vehicle_type,
                    code: row.brand_code,
                    name: Arc::clone(&row.brand_name),
                    models: Vec::new(),
                });
                *new.insert(self.brands.len() - 1)
            }
        };
        let known = &self.brands[brand].name;
        if **known != *row.brand_name {
            let (here, before) = (row.brand_name.to_string(), known.to_string());
            return Err(Contradiction::BrandName { code: row.brand_code, here, before });
        }
        let (model, is_new) = match self.model_of.entry((row.vehicle_type, row.brand_code, row.model_code)) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(new) => {
                let (code, name) = (row.model_code, Arc::clone(&row.model_name));
                self.models.push(Model { brand, code, name, prices: Vec::new() });
                self.brands[brand].models.push(self.models.len() - 1);
                (*new.insert(self.models.len() - 1), true)
            }
        };
        let model = &mut self.models[model];
        if *model.name != *row.model_name {
            let (here, before) = (row.model_name.to_string(), model.name.to_string());
            return Err(Contradiction::ModelName { code: row.model_code, here, before });
        }
        match row.price {
            None if is_new => Ok(()),
            None => Err(Contradiction::WithAndWithoutPrice { model_code: row.model_code }),
            Some(_) if !is_new && model.prices.is_empty() => {
                Err(Contradiction::WithAndWithoutPrice { model_code: row.model_code })
            }
            Some(price) => {
                let key = (price.model_year, price.fuel_code);
                match model.prices.binary_search_by_key(&key, |p| (p.model_year, p.fuel_code)) {
                    Ok(_) => {
                        let (model_year, fuel_code) = key;
                        Err(Contradiction::PriceTwice { model_code: row.model_code, model_year, fuel_code })
                    }
                    Err(place) => {
                        model.prices.insert(place, price);
                        Ok(())
                    }
                }
            }
        }
    }

    pub fn brand(&self, vehicle_type: VehicleType, code: u32) -> Option<usize> {
        self.brand_of.get(&(vehicle_type, code)).copied()
    }

    pub fn model(&self, vehicle_type: VehicleType, brand_code: u32, code: u32) -> Option<&Model> {
        self.model_of.get(&(vehicle_type, brand_code, code)).map(|&model| &self.models[model])
    }

    pub fn price_count(&self) -> usize {
        self.models.iter().map(|model| model.prices.len()).sum()
    }

    /// All rows in the order of the files: by vehicle type, brand, model, model year and fuel, each by its number.
    pub fn rows(&self) -> Vec<Row> {
        let mut models: Vec<&Model> = self.models.iter().collect();
        models.sort_by_key(|model| {
            let brand = &self.brands[model.brand];
            (brand.vehicle_type, brand.code, model.code)
        });
        let mut rows = Vec::with_capacity(self.models.len() + self.price_count());
        for model in models {
            let brand = &self.brands[model.brand];
            let row = |price| Row {
                vehicle_type: brand.vehicle_type,
                brand_code: brand.code,
                brand_name: Arc::clone(&brand.name),
                model_code: model.code,
                model_name: Arc::clone(&model.name),
                price,
            };
            if model.prices.is_empty() {
                rows.push(row(None));
            }
            rows.extend(model.prices.iter().map(|price| row(Some(price.clone()))));
        }
        rows
    }
}
