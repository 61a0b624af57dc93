//! The mapping from a queue to a function, which can be switched off for a while.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// Lets a function have messages of its queue, or none.
///
/// # Errors
/// It has no queue.
pub async fn enable(http: &reqwest::Client, endpoint: &str, function: &str, is_enabled: bool) -> anyhow::Result<()> {
    let mappings = format!("{endpoint}/2015-03-31/event-source-mappings/");
    let found = http.get(format!("{mappings}?FunctionName={function}")).send().await?.text().await?;
    let found: Value = serde_json::from_str(&found)?;
    let uuid = found["EventSourceMappings"][0]["UUID"].as_str().with_context(|| format!("no mapping: {found}"))?;
    let body = json!({"Enabled": is_enabled}).to_string();
    let put = http.put(format!("{mappings}{uuid}")).body(body).send().await?;
    ensure!(put.status().is_success(), "the mapping is not changed: {}", put.status());
    Ok(())
}
