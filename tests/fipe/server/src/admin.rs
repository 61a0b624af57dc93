//! `/_fipe/`: health, statistics, faults and data sets while the server runs. No part of FIPE.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dataset::Dataset;
use crate::month::Reference;
use crate::shared::Shared;
use crate::stats::Stats;

/// A month that is served, as `/_fipe/health` and `/_fipe/datasets` list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ServedMonth {
    #[serde(flatten)]
    pub reference: Reference,
    pub brands: usize,
    pub models: usize,
    pub prices: usize,
}

impl From<&Dataset> for ServedMonth {
    fn from(dataset: &Dataset) -> Self {
        let (brands, models, prices) = (dataset.brands.len(), dataset.models.len(), dataset.price_count());
        Self { reference: dataset.reference, brands, models, prices }
    }
}

#[derive(Deserialize)]
struct AddDataset {
    path: PathBuf,
}

type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_fipe/health", get(health))
        .route("/_fipe/stats", get(stats).delete(clear_stats))
        .route("/_fipe/faults", get(faults).put(set_faults))
        .route("/_fipe/datasets", post(add_dataset).get(health))
}

async fn health(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let months: Vec<ServedMonth> = shared.catalog().datasets().map(ServedMonth::from).collect();
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "months": months}))
}

async fn stats(State(shared): State<Arc<Shared>>) -> Json<Stats> {
    Json(shared.counters.snapshot())
}

async fn clear_stats(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.counters.clear();
    StatusCode::NO_CONTENT
}

async fn faults(State(shared): State<Arc<Shared>>) -> String {
    shared.faults().faults.to_string()
}

/// The body is what `--faults` takes; an empty one ends all faults.
async fn set_faults(State(shared): State<Arc<Shared>>, body: String) -> Result<String, (StatusCode, String)> {
    let faults = body.parse().map_err(|error| (StatusCode::BAD_REQUEST, error))?;
    shared.set_faults(faults);
    Ok(shared.faults().faults.to_string())
}

async fn add_dataset(State(shared): State<Arc<Shared>>, Json(add): Json<AddDataset>) -> Answer {
    let read = tokio::task::spawn_blocking(move || crate::file::read(&add.path)).await;
    let refuse = |error: anyhow::Error| (StatusCode::BAD_REQUEST, Json(json!({"error": format!("{error:#}")})));
    let dataset = read.map_err(|error| refuse(error.into()))?.map_err(|error| refuse(error.into()))?;
    let month = ServedMonth::from(&dataset);
    shared.add(dataset);
    Ok(Json(json!(month)))
}
