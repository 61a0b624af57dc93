//! Which months, model years and fuels are valid: the one place for the numbers that checks and error messages use.

use std::ops::RangeInclusive;

/// Years of a reference month. FIPE's first table is of 2001.
pub const REFERENCE_YEARS: RangeInclusive<i16> = 1990..=2100;
/// Years of a model, besides [`ZERO_KM`].
pub const MODEL_YEARS: RangeInclusive<i32> = 1900..=2100;
/// The model year that FIPE gives to a vehicle that was never registered.
pub const ZERO_KM: i32 = 32_000;
/// Codes of fuels. Fuels 4 to 7 appeared in 2025 without notice, so an unknown code is a new fuel, not a fault.
pub const FUEL_CODES: RangeInclusive<i16> = 1..=99;
