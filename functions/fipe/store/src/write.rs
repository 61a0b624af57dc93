//! Writes a batch of messages in one transaction of a few set-based statements. Never writes part of a batch.
//!
//! One `INSERT .. SELECT FROM unnest(arrays) .. ON CONFLICT DO UPDATE` per table was measured fastest, ahead of an update
//! followed by an insert: the arrays travel in binary and the rows in key order. A row that the same crawl has already stored with
//! these values, or that a later crawl has stored, is not touched.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use deadpool_postgres::{ClientWrapper, Transaction};
use fipe_core::message::Load;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::Error;
use crate::rows::{Rows, other_month};

const REFERENCES: &str = "SELECT fipe_establish_references($1::integer[], $2::date[])";
// The first batches of a crawl race to insert it; afterwards the row exists and nobody locks it.
const CRAWLS: &str = "
    INSERT INTO fipe_crawl (crawl_id, reference_code, started_at)
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[])
    ON CONFLICT (crawl_id) DO NOTHING";
// Before the crawls are inserted: a message of a wrong month must not leave its crawl behind.
const WRONG_MONTHS: &str = "
    SELECT said.crawl_id, r.month IS NULL
    FROM unnest($1::uuid[], $2::integer[], $3::date[]) AS said (crawl_id, reference_code, month)
    LEFT JOIN fipe_reference_month AS r ON r.reference_code = said.reference_code
    WHERE r.month IS DISTINCT FROM said.month
    ORDER BY r.month IS NULL
    LIMIT 1";
const OTHER_MONTHS: &str = "
    SELECT said.crawl_id
    FROM unnest($1::uuid[], $2::integer[]) AS said (crawl_id, reference_code)
    JOIN fipe_crawl AS c ON c.crawl_id = said.crawl_id
    WHERE c.reference_code <> said.reference_code
    LIMIT 1";

// Each of the following keeps the start of the crawl with the row, and updates no row that a later crawl stored or confirmed.
const FUELS: &str = "
    INSERT INTO fipe_fuel AS known (reference_code, fuel_code, name, crawl_started_at)
    SELECT * FROM unnest($1::integer[], $2::smallint[], $3::text[], $4::timestamptz[])
        AS said (reference_code, fuel_code, name, crawl_started_at)
    WHERE NOT EXISTS (
        SELECT FROM fipe_fuel AS same
        WHERE (same.reference_code, same.fuel_code, same.name) = (said.reference_code, said.fuel_code, said.name)
            AND same.crawl_started_at >= said.crawl_started_at
    )
    ORDER BY reference_code, fuel_code
    ON CONFLICT (reference_code, fuel_code)
        DO UPDATE SET name = excluded.name, crawl_started_at = excluded.crawl_started_at
    WHERE known.crawl_started_at < excluded.crawl_started_at
        OR known.crawl_started_at = excluded.crawl_started_at AND known.name <> excluded.name";
const MANUFACTURERS: &str = "
    INSERT INTO fipe_vehicle_manufacturer AS known (reference_code, brand_code, vehicle_type, name, crawl_started_at)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::smallint[], $4::text[], $5::timestamptz[])
    ON CONFLICT (reference_code, brand_code) DO UPDATE SET
        vehicle_type = excluded.vehicle_type, name = excluded.name, crawl_started_at = excluded.crawl_started_at
    WHERE known.crawl_started_at < excluded.crawl_started_at
        OR known.crawl_started_at = excluded.crawl_started_at
            AND (known.vehicle_type, known.name) <> (excluded.vehicle_type, excluded.name)";
const MODELS: &str = "
    INSERT INTO fipe_vehicle_model AS known (reference_code, model_code, brand_code, name, crawl_started_at)
    SELECT * FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[])
    ON CONFLICT (reference_code, model_code) DO UPDATE SET
        brand_code = excluded.brand_code, name = excluded.name, crawl_started_at = excluded.crawl_started_at
    WHERE known.crawl_started_at < excluded.crawl_started_at
        OR known.crawl_started_at = excluded.crawl_started_at
            AND (known.brand_code, known.name) <> (excluded.brand_code, excluded.name)";
const PRICES: &str = "
    INSERT INTO fipe_vehicle_model_value AS known
        (reference_code, model_code, model_year, fuel_code, fipe_code, price, crawl_started_at)
    SELECT * FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::smallint[], $5::text[], $6::numeric[], $7::timestamptz[])
    ON CONFLICT (reference_code, model_code, model_year, fuel_code) DO UPDATE SET
        fipe_code = excluded.fipe_code, price = excluded.price, crawl_started_at = excluded.crawl_started_at
    WHERE known.crawl_started_at < excluded.crawl_started_at
        OR known.crawl_started_at = excluded.crawl_started_at
            AND (known.fipe_code, known.price) <> (excluded.fipe_code, excluded.price)";

const TYPE_MANIFEST: &str = "
    INSERT INTO fipe_crawl_vehicle_type AS known (crawl_id, vehicle_type, brand_codes, calls, retries)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (crawl_id, vehicle_type) DO UPDATE SET
        brand_codes = fipe_union(known.brand_codes, excluded.brand_codes),
        calls = greatest(known.calls, excluded.calls),
        retries = greatest(known.retries, excluded.retries)
    WHERE NOT (excluded.brand_codes <@ known.brand_codes)
        OR excluded.calls > known.calls OR excluded.retries > known.retries";
// A set of integers travels as the text of an array: binary arrays of arrays cannot have rows of different lengths.
const BRAND_MANIFESTS: &str = "
    INSERT INTO fipe_crawl_brand AS known (crawl_id, brand_code, model_codes, calls, retries)
    SELECT crawl_id, brand_code, model_codes::integer[], calls, retries
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::integer[])
        AS said (crawl_id, brand_code, model_codes, calls, retries)
    ON CONFLICT (crawl_id, brand_code) DO UPDATE SET
        model_codes = fipe_union(known.model_codes, excluded.model_codes),
        calls = greatest(known.calls, excluded.calls),
        retries = greatest(known.retries, excluded.retries)
    WHERE NOT (excluded.model_codes <@ known.model_codes)
        OR excluded.calls > known.calls OR excluded.retries > known.retries";
const MODEL_MANIFESTS: &str = "
    INSERT INTO fipe_crawl_model AS known
        (crawl_id, model_code, expected_pairs, priced_pairs, absent_pairs, calls, retries)
    SELECT crawl_id, model_code, expected::integer[], priced::integer[], absent::integer[], calls, retries
    FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[])
        AS said (crawl_id, model_code, expected, priced, absent, calls, retries)
    ON CONFLICT (crawl_id, model_code) DO UPDATE SET
        expected_pairs = fipe_union(known.expected_pairs, excluded.expected_pairs),
        priced_pairs = fipe_union(known.priced_pairs, excluded.priced_pairs),
        absent_pairs = fipe_union(known.absent_pairs, excluded.absent_pairs),
        calls = greatest(known.calls, excluded.calls),
        retries = greatest(known.retries, excluded.retries)
    WHERE (known.expected_pairs IS NULL AND excluded.expected_pairs IS NOT NULL)
        OR NOT (excluded.expected_pairs <@ known.expected_pairs)
        OR NOT (excluded.priced_pairs <@ known.priced_pairs)
        OR NOT (excluded.absent_pairs <@ known.absent_pairs)
        OR excluded.calls > known.calls OR excluded.retries > known.retries";

/// Stores all messages or none. Repeating it changes no row.
///
/// # Errors
/// [`Error::is_the_messages_fault`] says whether one of the messages can never be stored.
pub async fn write(client: &mut ClientWrapper, loads: &[&Load]) -> Result<(), Error> {
    let rows = Rows::collect(loads)?;
    let transaction = client.transaction().await?;
    write_crawls(&transaction, &rows).await?;
    write_names(&transaction, &rows).await?;
    write_prices(&transaction, &rows).await?;
    write_manifests(&transaction, &rows).await?;
    transaction.commit().await?;
    Ok(())
}

async fn write_crawls(transaction: &Transaction<'_>, rows: &Rows<'_>) -> Result<(), Error> {
    let codes: Vec<i32> = rows.references.values().copied().collect();
    let listed: Vec<Date> = rows.references.keys().map(|month| month.to_date()).collect();
    execute(transaction, REFERENCES, codes.len(), &[&codes, &listed]).await?;

    let ids: Vec<Uuid> = rows.crawls.keys().copied().collect();
    let references: Vec<i32> = rows.crawls.values().map(|crawl| crawl.0).collect();
    let months: Vec<Date> = rows.crawls.values().map(|crawl| crawl.1.to_date()).collect();
    let starts: Vec<Timestamp> = rows.crawls.values().map(|crawl| crawl.2).collect();
    let statement = transaction.prepare_cached(WRONG_MONTHS).await?;
    if let Some(row) = transaction.query_opt(&statement, &[&ids, &references, &months]).await? {
        let (reference_code, month, _) = rows.crawls[&row.get(0)];
        return Err(match row.get(1) {
            true => Error::UnknownMonth { reference_code, month },
            false => other_month(row.get(0), reference_code, month),
        });
    }
    execute(transaction, CRAWLS, ids.len(), &[&ids, &references, &starts]).await?;
    let statement = transaction.prepare_cached(OTHER_MONTHS).await?;
    match transaction.query_opt(&statement, &[&ids, &references]).await?.map(|row| row.get::<_, Uuid>(0)) {
        None => Ok(()),
        Some(id) => {
            let (reference_code, month, _) = rows.crawls[&id];
            Err(other_month(id, reference_code, month))
        }
    }
}

async fn write_names(transaction: &Transaction<'_>, rows: &Rows<'_>) -> Result<(), Error> {
    let manufacturers = &rows.manufacturers;
    let references: Vec<i32> = manufacturers.keys().map(|key| key.0).collect();
    let codes: Vec<&str> = manufacturers.keys().map(|key| key.1).collect();
    let types: Vec<i16> = manufacturers.values().map(|told| told.value.0).collect();
    let names: Vec<&str> = manufacturers.values().map(|told| told.value.1).collect();
    let starts: Vec<Timestamp> = manufacturers.values().map(|told| told.by).collect();
    execute(transaction, MANUFACTURERS, manufacturers.len(), &[&references, &codes, &types, &names, &starts]).await?;

    let references: Vec<i32> = rows.models.keys().map(|key| key.0).collect();
    let codes: Vec<i32> = rows.models.keys().map(|key| key.1).collect();
    let brands: Vec<&str> = rows.models.values().map(|told| told.value.0).collect();
    let names: Vec<&str> = rows.models.values().map(|told| told.value.1).collect();
    let starts: Vec<Timestamp> = rows.models.values().map(|told| told.by).collect();
    execute(transaction, MODELS, rows.models.len(), &[&references, &codes, &brands, &names, &starts]).await?;

    let references: Vec<i32> = rows.fuels.keys().map(|key| key.0).collect();
    let codes: Vec<i16> = rows.fuels.keys().map(|key| key.1).collect();
    let names: Vec<&str> = rows.fuels.values().map(|told| told.value).collect();
    let starts: Vec<Timestamp> = rows.fuels.values().map(|told| told.by).collect();
    execute(transaction, FUELS, rows.fuels.len(), &[&references, &codes, &names, &starts]).await
}

async fn write_prices(transaction: &Transaction<'_>, rows: &Rows<'_>) -> Result<(), Error> {
    let keys = rows.prices.keys();
    let references: Vec<i32> = keys.clone().map(|key| key.0).collect();
    let models: Vec<i32> = keys.clone().map(|key| key.1).collect();
    let years: Vec<i32> = keys.clone().map(|key| key.2.model_year).collect();
    let fuels: Vec<i16> = keys.map(|key| key.2.fuel_code).collect();
    let codes: Vec<&str> = rows.prices.values().map(|told| told.value.0).collect();
    let prices: Vec<Decimal> = rows.prices.values().map(|told| told.value.1).collect();
    let starts: Vec<Timestamp> = rows.prices.values().map(|told| told.by).collect();
    let columns: &[&(dyn ToSql + Sync)] = &[&references, &models, &years, &fuels, &codes, &prices, &starts];
    execute(transaction, PRICES, models.len(), columns).await
}

async fn write_manifests(transaction: &Transaction<'_>, rows: &Rows<'_>) -> Result<(), Error> {
    for ((crawl, vehicle_type), manifest) in &rows.type_manifests {
        let brands: Vec<&str> = manifest.expected.iter().copied().collect();
        let calls = manifest.calls;
        execute(transaction, TYPE_MANIFEST, 1, &[crawl, vehicle_type, &brands, &calls.made, &calls.retried]).await?;
    }

    let manifests = &rows.brand_manifests;
    let crawls: Vec<Uuid> = manifests.keys().map(|key| key.0).collect();
    let brands: Vec<&str> = manifests.keys().map(|key| key.1).collect();
    let models: Vec<String> = manifests.values().map(|manifest| array(&manifest.expected)).collect();
    let made: Vec<i32> = manifests.values().map(|manifest| manifest.calls.made).collect();
    let retried: Vec<i32> = manifests.values().map(|manifest| manifest.calls.retried).collect();
    execute(transaction, BRAND_MANIFESTS, manifests.len(), &[&crawls, &brands, &models, &made, &retried]).await?;

    let manifests = &rows.model_manifests;
    let crawls: Vec<Uuid> = manifests.keys().map(|key| key.0).collect();
    let models: Vec<i32> = manifests.keys().map(|key| key.1).collect();
    let expected: Vec<Option<String>> =
        manifests.values().map(|manifest| manifest.expected.as_ref().map(array)).collect();
    let priced: Vec<String> = manifests.values().map(|manifest| array(&manifest.priced)).collect();
    let absent: Vec<String> = manifests.values().map(|manifest| array(&manifest.absent)).collect();
    let made: Vec<i32> = manifests.values().map(|manifest| manifest.calls.made).collect();
    let retried: Vec<i32> = manifests.values().map(|manifest| manifest.calls.retried).collect();
    let columns: &[&(dyn ToSql + Sync)] = &[&crawls, &models, &expected, &priced, &absent, &made, &retried];
    execute(transaction, MODEL_MANIFESTS, manifests.len(), columns).await
}

/// Runs a statement over columns of `rows` rows, unless there are none.
async fn execute(
    transaction: &Transaction<'_>,
    sql: &str,
    rows: usize,
    columns: &[&(dyn ToSql + Sync)],
) -> Result<(), Error> {
    if rows > 0 {
        let statement = transaction.prepare_cached(sql).await?;
        transaction.execute(&statement, columns).await?;
    }
    Ok(())
}

/// A set as PostgreSQL writes arrays of integers: `{1,2}`.
fn array(set: &BTreeSet<i32>) -> String {
    let mut text = String::from("{");
    for (index, member) in set.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{member}");
    }
    text.push('}');
    text
}
