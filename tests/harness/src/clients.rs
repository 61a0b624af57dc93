//! Many clients at once, and what they wait for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

/// Sends `number` requests from so many clients, and answers with the time that each took, sorted, and what `call` answered.
///
/// # Errors
/// The first failure of a call.
pub async fn from_clients<T, F>(
    clients: usize,
    number: usize,
    call: impl Fn(usize) -> F + Clone + Send + Sync + 'static,
) -> anyhow::Result<(Vec<Duration>, Vec<T>)>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<(Duration, T)>> + Send + 'static,
{
    let next = Arc::new(AtomicUsize::new(0));
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (next, call) = (Arc::clone(&next), call.clone());
        running.spawn(async move {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= number {
                    return anyhow::Ok(done);
                }
                done.push(call(index).await?);
            }
        });
    }
    let (mut times, mut answers) = (Vec::new(), Vec::new());
    while let Some(done) = running.join_next().await {
        for (time, answer) in done?? {
            times.push(time);
            answers.push(answer);
        }
    }
    times.sort();
    Ok((times, answers))
}

/// The time that so many in a hundred stay below; of sorted times.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
