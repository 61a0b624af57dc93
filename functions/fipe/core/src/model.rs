//! The second function's rules: the models of a brand. Does not determine the month.

use serde::Serialize;
use tokio::time::Instant;

use crate::call::Models;
use crate::client::{Fipe, Http};
use crate::error::Error;
use crate::message::{BrandTask, Calls, Load, ModelTask, ModelWork};
use crate::queue::{Queue, send};

/// Where a brand's models go.
#[derive(Debug)]
pub struct ModelQueues<'a, M, T, I> {
    /// The ingestor's queue.
    pub manifests: &'a M,
    /// The price loader's queue.
    pub tasks: &'a T,
    /// The queue that the brand came from, for work that there was no time for.
    pub handed_on: &'a I,
}

/// The outcome for a brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// This many models.
    Models(usize),
    /// There was no time to call FIPE; the task is on its queue again.
    HandedOn,
}

/// Lists the models of a brand: first the manifest, then tasks of at most `models_per_message` models.
///
/// # Errors
/// The task names what FIPE does not list, the upstream failed, or a queue did not accept everything; running again is harmless.
pub async fn list_models<H: Http>(
    fipe: &Fipe<H>,
    queues: &ModelQueues<'_, impl Queue, impl Queue, impl Queue>,
    models_per_message: u16,
    task: BrandTask,
    until: Instant,
) -> Result<Listed, Error> {
    let mut calls = Calls::default();
    let successes = fipe.successes();
    let BrandTask { crawl, vehicle_type, brand } = &task;
    let call = Models { reference_code: crawl.reference_code, vehicle_type: *vehicle_type, brand_code: &brand.code };
    let listed = async {
        fipe.check_month(crawl, until, &mut calls).await?;
        fipe.models(&call, until, &mut calls).await
    };
    let models = match listed.await {
        Ok(models) => models,
        // Other brands used the time successfully. Otherwise it may be an outage, and the task must not circulate forever.
        Err(error) if error.is_crowded_out() && fipe.successes() > successes => {
            send(queues.handed_on, "a brand task that there was no time for", &[&task]).await?;
            return Ok(Listed::HandedOn);
        }
        Err(error) => return Err(error),
    };
    let count = models.len();
    let tasks: Vec<ModelTask> = models
        .chunks(usize::from(models_per_message.max(1)))
        .map(|chunk| ModelTask {
            crawl: crawl.clone(),
            vehicle_type: *vehicle_type,
            brand_code: brand.code.clone(),
            models: chunk
                .iter()
                .map(|model| ModelWork { code: model.code, pending: None, calls: Calls::default() })
                .collect(),
        })
        .collect();
    let BrandTask { crawl, vehicle_type, brand } = task;
    let manifest = Load::Models { crawl, vehicle_type, brand, models, calls };
    send(queues.manifests, "the manifest of models", &[manifest]).await?;
    send(queues.tasks, "model tasks", &tasks).await?;
    Ok(Listed::Models(count))
}

#[cfg(test)]
mod tests;
