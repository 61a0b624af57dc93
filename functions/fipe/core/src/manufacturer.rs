//! The first function's rules: which month, and the brands of all vehicle types. Never takes the highest code for the newest month.

use std::collections::BTreeMap;

use fipe_contract::{VehicleType, start};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::call::{Brands, ReferenceTables};
use crate::client::{Fipe, Http};
use crate::error::Error;
use crate::limits::REFERENCE_YEARS;
use crate::message::{Brand, BrandTask, Calls, Crawl, Load, Reference};
use crate::month::Month;
use crate::queue::{Queue, send};

/// A crawl that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Started {
    pub crawl_id: Uuid,
    pub reference_code: i32,
    pub reference_month: Month,
    /// Brands found, by vehicle type.
    pub brands: BTreeMap<i16, usize>,
}

/// The month that an event requests; `None` is the newest.
///
/// # Errors
/// [`Error::Event`] when only one of `mes` and `ano` is given, or one is not a whole number or out of range.
pub fn wanted_month(event: &Value) -> Result<Option<Month>, Error> {
    let fault = |fault: &str| Error::Event { event: event.to_string(), fault: fault.to_owned() };
    let number = |name: &str| match event.get(name) {
        None | Some(Value::Null) => Ok(0),
        Some(value) => value.as_i64().ok_or_else(|| fault("mes and ano are whole numbers")),
    };
    if !event.is_object() && !event.is_null() {
        return Err(fault("it is not an object"));
    }
    match (number(start::MONTH)?, number(start::YEAR)?) {
        (0, 0) => Ok(None),
        (0, _) => Err(fault("ano is given without mes")),
        (_, 0) => Err(fault("mes is given without ano")),
        (month, year) => {
            let month = i8::try_from(month).ok().filter(|month| (1..=12).contains(month));
            let month = month.ok_or_else(|| fault("mes is not 1 to 12"))?;
            let month = i16::try_from(year).ok().and_then(|year| Month::new(year, month).ok());
            let (first, last) = (REFERENCE_YEARS.start(), REFERENCE_YEARS.end());
            month.map(Some).ok_or_else(|| fault(&format!("ano is not {first} to {last}")))
        }
    }
}

/// The table of a month, or the newest by calendar: codes are not in chronological order.
///
/// # Errors
/// [`Error::UnknownMonth`], which names the newest ones there are.
pub fn table_of(wanted: Option<Month>, tables: &[Reference]) -> Result<Reference, Error> {
    let candidates = tables.iter().filter(|table| wanted.is_none_or(|month| table.month == month));
    candidates.max_by_key(|table| (table.month, table.code)).copied().ok_or_else(|| {
        let mut months: Vec<Month> = tables.iter().map(|table| table.month).collect();
        months.sort();
        months.dedup();
        let newest: Vec<String> = months.iter().rev().take(3).map(ToString::to_string).collect();
        let month = wanted.map_or_else(|| "the newest".to_owned(), |month| month.to_string());
        Error::UnknownMonth { month, newest: newest.join(", ") }
    })
}

/// The id of the crawl that an invocation starts. Lambda retries an asynchronous invocation under the same request id,
/// which gives the same crawl; the reference code is included, since the table can roll over between two attempts.
pub fn crawl_id(request_id: &str, reference_code: i32) -> Uuid {
    let request = Uuid::parse_str(request_id).unwrap_or_else(|_| Uuid::new_v4());
    Uuid::from_u128(request.as_u128() ^ u128::from(reference_code.unsigned_abs()))
}

/// A crawl that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub crawl: Crawl,
    /// All months that FIPE lists.
    pub references: Vec<Reference>,
    /// The calls it took.
    pub calls: Calls,
}

/// The crawl that an event requests, started `now`.
///
/// # Errors
/// The event is malformed, the month is unknown, or the upstream failed.
pub async fn find_crawl<H: Http>(
    fipe: &Fipe<H>,
    event: &Value,
    request_id: &str,
    now: Timestamp,
    until: Instant,
) -> Result<Found, Error> {
    let wanted = wanted_month(event)?;
    let mut calls = Calls::default();
    let references = fipe.ask(&ReferenceTables, until, &mut calls).await?;
    let Reference { code, month } = table_of(wanted, &references)?;
    let crawl = Crawl { id: crawl_id(request_id, code), reference_code: code, month, started_at: now };
    Ok(Found { crawl, references, calls })
}

/// Starts a crawl: FIPE's table of references, the manifest of each vehicle type, and a task for each brand, in this order.
///
/// Nothing is sent before all types are listed, so a crawl that cannot be complete does not begin; every type is tried, so that
/// the error names all that failed.
///
/// # Errors
/// [`Error::VehicleTypes`] names the types that failed.
pub async fn start_crawl<H: Http>(
    fipe: &Fipe<H>,
    manifests: &impl Queue,
    tasks: &impl Queue,
    found: Found,
    until: Instant,
) -> Result<Started, Error> {
    let Found { crawl, references, mut calls } = found;
    let mut listed: Vec<(i16, Vec<Brand>, Calls)> = Vec::new();
    let mut failed: Vec<(i16, Error)> = Vec::new();
    for vehicle_type in VehicleType::ALL.map(VehicleType::code) {
        // The call for the months counts towards the first type, so that the sum over all manifests is right.
        let mut calls = std::mem::take(&mut calls);
        let call = Brands { reference_code: crawl.reference_code, vehicle_type };
        match fipe.ask(&call, until, &mut calls).await {
            Ok(brands) => listed.push((vehicle_type, brands, calls)),
            Err(error) => failed.push((vehicle_type, error)),
        }
    }
    let types: Vec<String> = failed.iter().map(|(vehicle_type, _)| vehicle_type.to_string()).collect();
    if let Some((_, first)) = failed.into_iter().next() {
        return Err(Error::VehicleTypes { types: types.join(", "), first: Box::new(first) });
    }

    send(manifests, "the table of references", &[Load::References { crawl: crawl.clone(), references }]).await?;
    let mut brands_of = BTreeMap::new();
    for (vehicle_type, brands, calls) in listed {
        brands_of.insert(vehicle_type, brands.len());
        let manifest = Load::Brands { crawl: crawl.clone(), vehicle_type, brands: brands.clone(), calls };
        send(manifests, "the manifest of brands", &[manifest]).await?;
        let brand_tasks: Vec<BrandTask> =
            brands.into_iter().map(|brand| BrandTask { crawl: crawl.clone(), vehicle_type, brand }).collect();
        send(tasks, "brand tasks", &brand_tasks).await?;
    }
    let Crawl { id, reference_code, month, .. } = crawl;
    Ok(Started { crawl_id: id, reference_code, reference_month: month, brands: brands_of })
}

#[cfg(test)]
mod tests;
