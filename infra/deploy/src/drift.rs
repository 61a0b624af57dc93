//! What was changed outside CloudFormation: detection, and the differences property by property. Repairs nothing.

use std::time::Duration;

use futures_util::future::try_join_all;
use serde::Serialize;

use aws_access::{CallError, CallErrorKind, Pace};

pub use crate::ports::{Detection, Difference, DriftDetection, DriftStatus, ResourceDrift};

/// The drift of one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackDrift {
    /// Physical name.
    pub stack_name: String,
    /// `IN_SYNC`, `DRIFTED`, `UNKNOWN`, or `NOT_DEPLOYED`.
    pub status: String,
    /// How many resources were compared.
    pub checked: usize,
    /// What AWS cannot compare: logical ids and types.
    pub not_checked: Vec<(String, String)>,
    /// What differs from the template, or could not be compared although AWS can; by logical id.
    pub drifted: Vec<ResourceDrift>,
    /// CloudFormation's message about a detection that failed in part.
    pub failure: Option<String>,
}

impl StackDrift {
    /// Whether something was changed or deleted.
    pub fn has_drifted(&self) -> bool {
        self.drifted.iter().any(|resource| matches!(resource.status, DriftStatus::Modified | DriftStatus::Deleted))
    }
}

/// Detection on the largest stack that AWS allows takes minutes; one that takes longer is stuck.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Detects drift in several stacks at the same time. `is_write_only` says for a resource type and a property path whether
/// the value must not be shown.
///
/// # Errors
/// When a call fails, or a detection does not finish.
pub async fn drift(
    cloudformation: &impl DriftDetection,
    stack_names: &[String],
    pace: Pace,
    is_write_only: &dyn Fn(&str, &str) -> bool,
) -> Result<Vec<StackDrift>, CallError> {
    try_join_all(stack_names.iter().map(|name| of_stack(cloudformation, name, pace, is_write_only))).await
}

async fn of_stack(
    cloudformation: &impl DriftDetection,
    stack: &str,
    pace: Pace,
    is_write_only: &dyn Fn(&str, &str) -> bool,
) -> Result<StackDrift, CallError> {
    let Some(id) = cloudformation.detect_stack_drift(stack).await? else {
        return Ok(StackDrift {
            stack_name: stack.to_owned(),
            status: "NOT_DEPLOYED".to_owned(),
            checked: 0,
            not_checked: Vec::new(),
            drifted: Vec::new(),
            failure: None,
        });
    };
    let (status, failure) = wait(cloudformation, stack, &id, pace).await?;
    let (mut drifts, types) =
        (cloudformation.resource_drifts(stack).await?, cloudformation.resource_types(stack).await?);
    let mut not_checked = types;
    not_checked.retain(|(logical_id, _)| !drifts.iter().any(|drift| drift.logical_id == *logical_id));
    not_checked.sort();
    let checked = drifts.iter().filter(|drift| drift.status != DriftStatus::Unknown).count();
    drifts.retain(|drift| drift.status != DriftStatus::InSync);
    drifts.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
    for resource in &mut drifts {
        for difference in &mut resource.differences {
            if is_write_only(&resource.resource_type, &difference.path) {
                (difference.masked, difference.expected, difference.actual) = (true, None, None);
            }
        }
    }
    Ok(StackDrift { stack_name: stack.to_owned(), status, checked, not_checked, drifted: drifts, failure })
}

async fn wait(
    cloudformation: &impl DriftDetection,
    stack: &str,
    id: &str,
    pace: Pace,
) -> Result<(String, Option<String>), CallError> {
    let (started, mut pause, mut refused) = (tokio::time::Instant::now(), pace.first, 0);
    loop {
        match cloudformation.detection(id).await {
            Ok(Detection::Done { status, failure }) => return Ok((status, failure)),
            Ok(Detection::InProgress) if started.elapsed() > LONGEST => {
                return Err(CallError {
                    operation: "DescribeStackDriftDetectionStatus",
                    code: None,
                    message: format!(
                        "the detection of {stack} has not ended within {} minutes",
                        LONGEST.as_secs() / 60
                    ),
                    kind: CallErrorKind::Transient,
                    source: None,
                });
            }
            Ok(Detection::InProgress) => refused = 0,
            // The detection continues even while its status cannot be read.
            Err(error) if error.is_retryable() && refused < pace.retries => refused += 1,
            Err(error) => return Err(error),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(pace.most);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A stack with a changed queue, a deleted secret, a role in sync and a resource AWS cannot check; the
    /// detection takes three polls, the second of which is throttled `throttled` times.
    struct Cloud {
        looks: Cell<u32>,
        throttled: u32,
    }

    impl DriftDetection for Cloud {
        async fn detect_stack_drift(&self, stack: &str) -> Result<Option<String>, CallError> {
            Ok((stack == "Shop-dev").then(|| "d-1".to_owned()))
        }

        async fn detection(&self, id: &str) -> Result<Detection, CallError> {
            assert_eq!(id, "d-1");
            let look = self.looks.replace(self.looks.get() + 1);
            match look {
                0 => Ok(Detection::InProgress),
                _ if look <= self.throttled => Err(CallError {
                    operation: "DescribeStackDriftDetectionStatus",
                    code: Some("Throttling".to_owned()),
                    message: "Rate exceeded".to_owned(),
                    kind: CallErrorKind::Throttled,
                    source: None,
                }),
                _ => Ok(Detection::Done { status: "DRIFTED".to_owned(), failure: None }),
            }
        }

        async fn resource_drifts(&self, _stack: &str) -> Result<Vec<ResourceDrift>, CallError> {
            assert!(self.looks.get() > 1, "asked before the detection was done");
            let difference = |path: &str| Difference {
                path: path.to_owned(),
                kind: "NOT_EQUAL".to_owned(),
                expected: Some("60".to_owned()),
                actual: Some("61".to_owned()),
                masked: false,
            };
            let resource = |logical_id: &str, status, differences| ResourceDrift {
                logical_id: logical_id.to_owned(),
                physical_id: String::new(),
                resource_type: "AWS::SQS::Queue".to_owned(),
                status,
                reason: None,
                differences,
            };
            Ok(vec![
                resource("Role", DriftStatus::InSync, Vec::new()),
                resource(
                    "Queue",
                    DriftStatus::Modified,
                    vec![difference("/VisibilityTimeout"), difference("/Password")],
                ),
                resource("Deleted", DriftStatus::Deleted, Vec::new()),
            ])
        }

        async fn resource_types(&self, _stack: &str) -> Result<Vec<(String, String)>, CallError> {
            let of = |id: &str, kind: &str| (id.to_owned(), kind.to_owned());
            let queue = "AWS::SQS::Queue";
            Ok(vec![of("Role", queue), of("Queue", queue), of("Deleted", queue), of("Schema", "Custom::Schema")])
        }
    }

    const PACE: Pace = Pace { first: Duration::from_millis(1), most: Duration::from_millis(2), retries: 3 };

    async fn of(throttled: u32) -> Result<Vec<StackDrift>, CallError> {
        let stacks = ["Shop-dev", "Absent-dev"].map(str::to_owned);
        let cloud = Cloud { looks: Cell::new(0), throttled };
        drift(&cloud, &stacks, PACE, &|kind, path| kind == "AWS::SQS::Queue" && path == "/Password").await
    }

    #[tokio::test]
    async fn changed_and_deleted_resources_are_told_and_what_cannot_be_checked_is_counted() {
        let drifts = of(0).await.unwrap();
        let [shop, absent] = &drifts[..] else { panic!("{drifts:?}") };
        assert_eq!((shop.checked, shop.not_checked.len(), shop.has_drifted()), (3, 1, true));
        assert_eq!(shop.not_checked[0].0, "Schema");
        let told: Vec<_> =
            shop.drifted.iter().map(|resource| (resource.logical_id.as_str(), resource.status)).collect();
        assert_eq!(told, [("Deleted", DriftStatus::Deleted), ("Queue", DriftStatus::Modified)]);
        assert_eq!((absent.status.as_str(), absent.has_drifted()), ("NOT_DEPLOYED", false));
    }

    #[tokio::test]
    async fn values_that_aws_never_gives_back_are_masked() {
        let drifts = of(0).await.unwrap();
        let [timeout, password] = &drifts[0].drifted[1].differences[..] else { panic!("{drifts:?}") };
        assert_eq!(
            (timeout.expected.as_deref(), timeout.actual.as_deref(), timeout.masked),
            (Some("60"), Some("61"), false)
        );
        assert_eq!((password.expected.as_deref(), password.actual.as_deref(), password.masked), (None, None, true));
    }

    #[tokio::test]
    async fn a_throttled_question_is_asked_again_but_not_for_ever() {
        assert!(of(3).await.is_ok());
        assert!(of(4).await.unwrap_err().is_retryable());
    }
}
