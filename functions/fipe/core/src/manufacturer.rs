//! The first function's rules: which month, and the brands of all vehicle types. Never takes the highest code for the newest month.

use std::collections::BTreeMap;

use fipe_contract::{VehicleType, start};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::call::{Brands, ReferenceTable, ReferenceTables};
use crate::client::{Fipe, Http};
use crate::error::Error;
use crate::limits::REFERENCE_YEARS;
use crate::message::{BrandTask, Calls, Crawl, Load};
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
pub fn table_of(wanted: Option<Month>, tables: &[ReferenceTable]) -> Result<ReferenceTable, Error> {
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

/// The crawl that an event requests, and the calls it took to find its month.
///
/// # Errors
/// The event is malformed, the month is unknown, or the upstream failed.
pub async fn find_crawl<H: Http>(
    fipe: &Fipe<H>,
    event: &Value,
    request_id: &str,
    until: Instant,
) -> Result<(Crawl, Calls), Error> {
    let wanted = wanted_month(event)?;
    let mut calls = Calls::default();
    let ReferenceTable { code, month } = table_of(wanted, &fipe.ask(&ReferenceTables, until, &mut calls).await?)?;
    Ok((Crawl { id: crawl_id(request_id, code), reference_code: code, month }, calls))
}

/// Starts a crawl: for each vehicle type first the manifest, then a task for each brand.
///
/// Every type is tried even when one fails, so that the rerun, which is harmless, has less to do. `calls` are those
/// made before.
///
/// # Errors
/// [`Error::VehicleTypes`] names the types that failed.
pub async fn start_crawl<H: Http>(
    fipe: &Fipe<H>,
    manifests: &impl Queue,
    tasks: &impl Queue,
    crawl: &Crawl,
    mut calls: Calls,
    until: Instant,
) -> Result<Started, Error> {
    let mut brands = BTreeMap::new();
    let mut failed: Vec<(i16, Error)> = Vec::new();
    for vehicle_type in VehicleType::ALL.map(VehicleType::code) {
        // The call for the months counts towards the first type, so that the sum over all manifests is right.
        match list_brands(fipe, manifests, tasks, crawl, vehicle_type, std::mem::take(&mut calls), until).await {
            Ok(count) => {
                brands.insert(vehicle_type, count);
            }
            Err(error) => failed.push((vehicle_type, error)),
        }
    }
    let types: Vec<String> = failed.iter().map(|(vehicle_type, _)| vehicle_type.to_string()).collect();
    match failed.into_iter().next() {
        None => {
            let Crawl { id, reference_code, month } = *crawl;
            Ok(Started { crawl_id: id, reference_code, reference_month: month, brands })
        }
        Some((_, first)) => Err(Error::VehicleTypes { types: types.join(", "), first: Box::new(first) }),
    }
}

async fn list_brands<H: Http>(
    fipe: &Fipe<H>,
    manifests: &impl Queue,
    tasks: &impl Queue,
    crawl: &Crawl,
    vehicle_type: i16,
    mut calls: Calls,
    until: Instant,
) -> Result<usize, Error> {
    let call = Brands { reference_code: crawl.reference_code, vehicle_type };
    let brands = fipe.ask(&call, until, &mut calls).await?;
    let manifest = Load::Brands { crawl: crawl.clone(), vehicle_type, brands: brands.clone(), calls };
    send(manifests, "the manifest of brands", &[manifest]).await?;
    let brand_tasks: Vec<BrandTask> =
        brands.into_iter().map(|brand| BrandTask { crawl: crawl.clone(), vehicle_type, brand }).collect();
    send(tasks, "brand tasks", &brand_tasks).await?;
    Ok(brand_tasks.len())
}

#[cfg(test)]
mod tests;
