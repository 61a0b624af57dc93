//! Generated months of any size from a seed: invented names in FIPE's shapes, its shares and its oddities.
//! The same seed and size give the same bytes on every machine; nothing here is taken from real data.

use std::collections::HashSet;
use std::sync::Arc;

use crate::dataset::{Dataset, Price, Row, VehicleType};
use crate::month::{Month, Reference};
use crate::names;
use crate::random::Random;

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generated {
    pub seed: u64,
    /// Prices of the newest month, exactly; the months before it differ by a few percent.
    pub prices: u32,
    pub months: u16,
}

/// What is served when nothing else is asked for: about a tenth of a real month, and the month before it.
pub const SHIPPED: Generated = Generated { seed: 1, prices: 5_000, months: 2 };

const NEWEST: (u16, u8, u32) = (2026, 8, 336);
/// FIPE tells flex, electric, hybrid and gas apart from this reference on; before, they were listed as gasolina.
const FIRST_REFERENCE_WITH_ALL_FUELS: u32 = 324;
const FUELS: [&str; 7] = ["Gasolina", "Álcool", "Diesel", "Elétrico", "Flex", "Híbrido", "Gás Natural"];
/// Lowest and highest price ever seen, in reais.
const PRICE_RANGE: (u32, u32) = (874, 9_765_744);
const ZERO_KM: u16 = 32_000;

struct Brand {
    vehicle_type: VehicleType,
    code: u32,
    name: Arc<str>,
}

/// A model with the prices of the newest month; older months follow from it.
struct Model {
    brand: usize,
    code: u32,
    name: Arc<str>,
    fipe_code: Arc<str>,
    prices: Vec<(u16, u8, u32)>,
    /// How many months back the model is listed; a newer model is missing before that.
    age: u16,
}

/// Generates the months, newest first.
pub fn generate(what: Generated) -> Vec<Dataset> {
    let mut random = Random(what.seed);
    let brands = brands(&mut random, what.prices);
    let models = models(&mut random, &brands, what.prices);
    let (year, month, code) = NEWEST;
    let newest = Month::new(year, month).expect("the newest month is a month");
    let months = what.months.clamp(1, (code - 1) as u16);
    let mut current: Vec<Vec<u32>> =
        models.iter().map(|model| model.prices.iter().map(|&(_, _, reais)| reais).collect()).collect();
    let mut datasets = Vec::new();
    for back in 0..months {
        if back > 0 {
            for reais in current.iter_mut().flatten() {
                *reais = month_before(&mut random, *reais);
            }
        }
        let reference = Reference { month: newest.minus(back), code: code - u32::from(back) };
        datasets.push(dataset(reference, back, &brands, &models, &current));
    }
    datasets
}

/// Brands of 107 : 102 : 29 kinds as in a real month, fewer of them in a smaller one.
fn brands(random: &mut Random, prices: u32) -> Vec<Brand> {
    let scale = (f64::from(prices) / 48_000.0).sqrt();
    let mut taken = HashSet::new();
    let mut brands: Vec<Brand> = Vec::new();
    for (vehicle_type, real_count) in [(1, 107.0), (2, 102.0), (3, 29.0)] {
        let cars = brands.iter().filter(|brand| brand.vehicle_type == 1).count();
        for position in 0..((real_count * scale) as usize).max(2) {
            // A maker of cars also makes motorcycles or trucks, and FIPE spells it in its own way there.
            let name = if vehicle_type > 1 && position % 8 == 1 {
                let name = &brands[random.below(cars)].name;
                if position % 16 == 1 { name.to_uppercase().into() } else { Arc::clone(name) }
            } else {
                names::brand(random, vehicle_type, &mut taken).into()
            };
            let already = |b: &Brand| b.vehicle_type == vehicle_type && *b.name == *name;
            if !brands.iter().any(already) {
                brands.push(Brand { vehicle_type, code: 0, name });
            }
        }
    }
    // Codes are unique over all types and say nothing about the order of names.
    let mut codes: Vec<u32> = (1..=brands.len() as u32 + 20).collect();
    for position in (1..codes.len()).rev() {
        codes.swap(position, random.below(position + 1));
    }
    for (brand, code) in brands.iter_mut().zip(codes) {
        brand.code = code;
    }
    brands
}

fn models(random: &mut Random, brands: &[Brand], prices: u32) -> Vec<Model> {
    let mut models = Vec::new();
    let mut fipe_codes = FipeCodes::default();
    let of_types: [Vec<usize>; 3] =
        [1, 2, 3].map(|kind| (0..brands.len()).filter(|&brand| brands[brand].vehicle_type == kind).collect());
    let mut remaining = prices;
    while remaining > 0 {
        let code = models.len() as u32 + 1;
        // 62 % of prices are of cars, 18 % of motorcycles, 22 % of trucks, which have more years a model.
        let of_type = &of_types[match random.fraction() {
            x if x < 0.65 => 0,
            x if x < 0.83 => 1,
            _ => 2,
        }];
        // Few brands have many models: the square draws low positions more often. Every brand gets one first.
        let brand = if models.len() < brands.len() {
            models.len()
        } else {
            let x = random.fraction();
            of_type[((x * x) * of_type.len() as f64) as usize]
        };
        let vehicle_type = brands[brand].vehicle_type;
        let fuels = fuels(random, vehicle_type);
        let name = names::model(random, vehicle_type, fuels[0]).into();
        let fipe_code = fipe_codes.next(random, vehicle_type);
        let mut list = Vec::new();
        // 0.7 % of models are listed without any price, as are 84 of 11,357 in a real month.
        if !random.chance(0.007) && code != 40 {
            list = years_and_prices(random, vehicle_type, &fuels);
            list.truncate(remaining as usize);
            remaining -= list.len() as u32;
        }
        list.sort_unstable();
        let age = if random.chance(0.01) { random.below(6) as u16 } else { u16::MAX };
        models.push(Model { brand, code, name, fipe_code, prices: list, age });
    }
    models
}

/// The fuels of a model: one, or two for 4 % of the cars (a model year then has both).
fn fuels(random: &mut Random, vehicle_type: VehicleType) -> Vec<u8> {
    let x = random.fraction();
    let one = match vehicle_type {
        1 if x < 0.52 => 1,
        1 if x < 0.75 => 5,
        1 if x < 0.92 => 3,
        1 if x < 0.955 => 6,
        1 if x < 0.98 => 4,
        1 if x < 0.995 => 2,
        1 => 7,
        2 if x < 0.96 => 1,
        2 if x < 0.98 => 5,
        2 if x < 0.999 => 4,
        2 => 6,
        _ if x < 0.985 => 3,
        _ if x < 0.993 => 7,
        _ if x < 0.999 => 4,
        _ => 1,
    };
    match one {
        1 if vehicle_type == 1 && random.chance(0.08) => vec![1, *random.pick(&[&2, &3, &7])],
        one => vec![one],
    }
}

fn years_and_prices(random: &mut Random, vehicle_type: VehicleType, fuels: &[u8]) -> Vec<(u16, u8, u32)> {
    let (year, _, _) = NEWEST;
    let still_made = random.chance(0.16);
    let last = if still_made { year + u16::from(random.chance(0.3)) } else { year - random.below(30) as u16 };
    let count = 1 + random.below(if vehicle_type == 3 { 9 } else { 6 }) as u16;
    let (lowest, spread) = match vehicle_type {
        1 => (20_000.0_f64, 60.0_f64),
        2 => (6_000.0, 15.0),
        _ => (60_000.0, 12.0),
    };
    let new = lowest * spread.powf(random.fraction() * random.fraction());
    let mut list = Vec::new();
    let mut add = |random: &mut Random, model_year: u16, age: u16| {
        for &fuel in fuels {
            let worth = new * 0.93_f64.powi(i32::from(age)) * (0.95 + 0.1 * random.fraction());
            list.push((model_year, fuel, (worth as u32).clamp(PRICE_RANGE.0, PRICE_RANGE.1)));
        }
    };
    if still_made {
        add(random, ZERO_KM, 0);
    }
    for back in 0..count {
        let model_year = last - back;
        add(random, model_year, (year + 1).saturating_sub(model_year));
    }
    list
}

/// 98.7 % of prices change from one month to the next, by up to 2 %.
fn month_before(random: &mut Random, reais: u32) -> u32 {
    if random.chance(0.013) {
        return reais;
    }
    let step = 1 + random.below((reais / 50).max(1) as usize) as u32;
    // Near the lowest price there is no room below.
    if random.chance(0.7) || reais < PRICE_RANGE.0 + step { (reais + step).min(PRICE_RANGE.1) } else { reais - step }
}

fn dataset(reference: Reference, back: u16, brands: &[Brand], models: &[Model], reais: &[Vec<u32>]) -> Dataset {
    let mut dataset = Dataset::new(reference);
    let fuels: Vec<Arc<str>> = FUELS.iter().map(|&fuel| fuel.into()).collect();
    for (model, reais) in models.iter().zip(reais) {
        if back > model.age {
            continue;
        }
        let brand = &brands[model.brand];
        let row = |price| Row {
            vehicle_type: brand.vehicle_type,
            brand_code: brand.code,
            brand_name: Arc::clone(&brand.name),
            model_code: model.code,
            model_name: Arc::clone(&model.name),
            price,
        };
        let mut seen = HashSet::new();
        let prices = model.prices.iter().zip(reais).filter_map(|(&(model_year, fuel_code, _), &reais)| {
            let fuel_code =
                if reference.code < FIRST_REFERENCE_WITH_ALL_FUELS && fuel_code > 3 { 1 } else { fuel_code };
            let fuel_name = Arc::clone(&fuels[usize::from(fuel_code) - 1]);
            let fipe_code = Arc::clone(&model.fipe_code);
            seen.insert((model_year, fuel_code)).then_some(Price { model_year, fuel_code, fuel_name, fipe_code, reais })
        });
        let mut rows: Vec<Row> = prices.map(|price| row(Some(price))).collect();
        if rows.is_empty() {
            rows.push(row(None));
        }
        for row in rows {
            dataset.push(row).expect("a generated row contradicts no other");
        }
    }
    dataset
}

/// Unique FIPE codes: cars below 400000, trucks from 500000, motorcycles from 800000, as FIPE has them.
#[derive(Default)]
struct FipeCodes(HashSet<u32>);

impl FipeCodes {
    fn next(&mut self, random: &mut Random, vehicle_type: VehicleType) -> Arc<str> {
        let (first, count) = match vehicle_type {
            1 => (1_000, 399_000),
            2 => (800_000, 199_999),
            _ => (500_000, 299_999),
        };
        loop {
            let code = first + random.below(count) as u32;
            if self.0.insert(code) {
                return with_check_digit(code).into();
            }
        }
    }
}

/// Modulo 11 with the weights 7 to 2 from the left; 10 and 11 become 0.
pub(crate) fn with_check_digit(code: u32) -> String {
    let digits = format!("{code:06}");
    let sum: u32 = digits.bytes().zip((2..=7).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = 11 - sum % 11;
    format!("{digits}-{}", if check > 9 { 0 } else { check })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(dataset: &Dataset) -> Vec<u8> {
        let mut bytes = Vec::new();
        crate::file::write(dataset, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn check_digits_are_those_of_known_codes() {
        for known in ["038003-2", "015069-0", "811084-0", "008076-4", "004511-0", "811106-5"] {
            assert_eq!(with_check_digit(known[..6].parse().unwrap()), known);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let what = Generated { seed: 7, prices: 400, months: 2 };
        let (first, second) = (generate(what), generate(what));
        assert_eq!(csv(&first[1]), csv(&second[1]));
        assert_ne!(csv(&first[0]), csv(&generate(Generated { seed: 8, ..what })[0]));
    }

    #[test]
    fn the_newest_month_has_exactly_the_prices_asked_for() {
        for prices in [1, 50, 5_000] {
            let months = generate(Generated { seed: 3, prices, months: 1 });
            assert_eq!(months[0].price_count(), prices as usize);
            assert_eq!((months[0].reference.month.to_string().as_str(), months[0].reference.code), ("2026-08", 336));
        }
    }

    #[test]
    fn nearly_all_prices_change_from_month_to_month() {
        let months = generate(Generated { seed: 1, prices: 20_000, months: 2 });
        let (mut same, mut both) = (0, 0);
        for model in &months[1].models {
            let brand = &months[1].brands[model.brand];
            let newer = months[0].model(brand.vehicle_type, brand.code, model.code).unwrap();
            for (old, new) in model.prices.iter().zip(&newer.prices) {
                both += 1;
                same += u32::from(old.reais == new.reais);
            }
        }
        assert!(both > 19_000 && both < 20_000, "{both} prices in both months");
        let share = f64::from(same) / f64::from(both);
        assert!((0.009..0.018).contains(&share), "{share} of prices stayed");
    }

    #[test]
    fn the_shipped_months_have_what_real_ones_surprise_with() {
        let months = generate(SHIPPED);
        let (models, brands) = (&months[0].models, &months[0].brands);
        let prices = || models.iter().flat_map(|model| &model.prices);
        assert!(models.iter().any(|model| model.prices.is_empty()), "models without prices");
        assert!(prices().any(|price| price.model_year == ZERO_KM), "zero kilometres");
        for fuel in 1..=7 {
            assert!(prices().any(|price| price.fuel_code == fuel), "fuel {fuel}");
        }
        let two_fuels = |m: &crate::dataset::Model| m.prices.windows(2).any(|p| p[0].model_year == p[1].model_year);
        assert!(models.iter().any(two_fuels), "two fuels in one year");
        for odd in ["\u{a0}", "  ", "&", "ã", ","] {
            assert!(models.iter().any(|model| model.name.contains(odd)), "{odd:?} in a model name");
        }
        assert!(models.iter().any(|model| model.name.ends_with(' ')), "edge blank");
        assert!(brands.iter().any(|brand| brand.name.contains('&')), "& in a brand name");
        let twice = |brand: &&crate::dataset::Brand| {
            brands
                .iter()
                .any(|b| b.vehicle_type != brand.vehicle_type && b.name.to_uppercase() == brand.name.to_uppercase())
        };
        assert!(brands.iter().find(twice).is_some(), "one name under two types");
        for vehicle_type in 1..=3 {
            assert!(brands.iter().any(|brand| brand.vehicle_type == vehicle_type));
        }
        assert!(brands.iter().all(|brand| !brand.models.is_empty()), "a brand without models");
    }

    #[test]
    fn before_reference_324_there_are_three_fuels() {
        let months = generate(Generated { seed: 1, prices: 500, months: 14 });
        assert_eq!(months[13].reference.code, 323);
        assert!(months[13].models.iter().flat_map(|m| &m.prices).all(|price| price.fuel_code <= 3));
        assert!(months[12].models.iter().flat_map(|m| &m.prices).any(|price| price.fuel_code > 3));
    }
}
