//! What a message must fulfil before it reaches the database. Corrects nothing.

use fipe_contract::VehicleType;
use fipe_core::message::{Load, ModelPrices};
use fipe_core::{is_fipe_code, is_garbled};
use rust_decimal::Decimal;

use crate::Error;

/// `numeric(12, 2)` holds amounts below this.
const PRICE_LIMIT: Decimal = Decimal::from_parts(1_410_065_408, 2, 0, false, 0);

pub(crate) fn check(load: &Load) -> Result<(), Error> {
    match load {
        Load::References { .. } => Ok(()),
        Load::Brands { vehicle_type, brands, .. } => {
            check_vehicle_type(*vehicle_type)?;
            brands.iter().try_for_each(|brand| check_text(&brand.code).and(check_text(&brand.name)))
        }
        Load::Models { vehicle_type, brand, models, .. } => {
            check_vehicle_type(*vehicle_type)?;
            check_text(&brand.code).and(check_text(&brand.name))?;
            models.iter().try_for_each(|model| check_text(&model.name))
        }
        Load::Prices { models, .. } => models.iter().try_for_each(check_prices),
    }
}

fn check_prices(model: &ModelPrices) -> Result<(), Error> {
    let model_code = model.code;
    for price in &model.prices {
        let amount = price.price;
        if amount <= Decimal::ZERO || amount >= PRICE_LIMIT || amount.normalize().scale() > 2 {
            return Err(Error::Price { model_code, year_fuel: price.year_fuel, price: amount });
        }
        if !is_fipe_code(&price.fipe_code) {
            return Err(Error::FipeCode { model_code, fipe_code: price.fipe_code.clone() });
        }
        check_text(&price.fuel)?;
    }
    let Some(expected) = &model.expected else { return Ok(()) };
    let answered = model.prices.iter().map(|price| &price.year_fuel).chain(&model.without_price);
    match answered.into_iter().find(|year_fuel| !expected.contains(year_fuel)) {
        Some(year_fuel) => Err(Error::Unexpected { model_code, year_fuel: *year_fuel }),
        None => Ok(()),
    }
}

fn check_vehicle_type(vehicle_type: i16) -> Result<(), Error> {
    match VehicleType::of_code(vehicle_type) {
        Some(_) => Ok(()),
        None => Err(Error::VehicleType { vehicle_type }),
    }
}

fn check_text(text: &str) -> Result<(), Error> {
    if text.is_empty() || text.contains('\0') || is_garbled(text) {
        Err(Error::Text { text: text.to_owned() })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_price_is_ten_to_the_tenth() {
        assert_eq!(PRICE_LIMIT, Decimal::from(10_000_000_000_i64));
    }
}
