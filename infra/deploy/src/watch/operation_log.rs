//! What the events of one operation say: its end, its failures, what was rolled back. Makes no calls.

use crate::ports::NESTED_STACK;
use crate::{Cause, Leftover, RolledBack, StackEvent};

/// The conclusions from the events of one operation so far.
#[derive(Default)]
pub(crate) struct OperationLog {
    pub(crate) begun_ms: Option<i64>,
    pub(crate) end: Option<String>,
    pub(crate) failures: Vec<Cause>,
    /// A rollback that no resource caused: the stack's policy, a timeout, a user.
    own: Option<Cause>,
    is_rolling_back: bool,
    pub(crate) rolled_back: RolledBack,
}

impl OperationLog {
    pub(crate) fn note(&mut self, stack_id: &str, path: &[String], event: &StackEvent) {
        let own = path.is_empty() && event.is_of_stack(stack_id);
        if own {
            self.begun_ms.get_or_insert(event.timestamp_ms);
            self.is_rolling_back |= event.status.contains("ROLLBACK");
            if event.is_end() && self.end.is_none() {
                self.end = Some(event.status.clone());
            }
            if event.status.contains("ROLLBACK") && !event.reason.is_empty() {
                self.own.get_or_insert_with(|| cause(path, event));
            }
            return;
        }
        // A nested stack reports itself, too; its parent says the same.
        if !path.is_empty()
            && event.resource_type == NESTED_STACK
            && event.physical_id.contains(&format!("/{}/", event.logical_id))
        {
            return;
        }
        if event.is_cause() {
            self.failures.push(cause(path, event));
        }
        let name = path.iter().chain([&event.logical_id]).cloned().collect::<Vec<_>>().join("/");
        let stays = match event.status.as_str() {
            "DELETE_SKIPPED" | "DELETE_FAILED" => true,
            "UPDATE_FAILED" => self.is_rolling_back && !event.is_cancelled(),
            _ => false,
        };
        let is_over = matches!(event.status.as_str(), "DELETE_COMPLETE" | "UPDATE_COMPLETE");
        if stays || is_over {
            self.rolled_back.left.retain(|left| left.logical_id != name);
        }
        if stays {
            self.rolled_back.left.push(Leftover {
                logical_id: name,
                resource_type: event.resource_type.clone(),
                physical_id: event.physical_id.clone(),
                status: event.status.clone(),
                reason: event.reason.clone(),
            });
        } else if is_over && self.is_rolling_back && !self.rolled_back.undone.contains(&name) {
            self.rolled_back.undone.push(name);
        }
    }

    /// The first failure; for a nested stack, that of the resource in it that failed first.
    pub(crate) fn cause(&self) -> Option<Cause> {
        let first = |within: &[String]| {
            let inside = self.failures.iter().filter(|failure| failure.path.starts_with(within));
            inside.min_by_key(|failure| failure.timestamp_ms)
        };
        let mut cause = first(&[]).or(self.own.as_ref())?;
        while cause.resource_type == NESTED_STACK {
            let within = [cause.path.as_slice(), std::slice::from_ref(&cause.logical_id)].concat();
            match first(&within) {
                Some(deeper) => cause = deeper,
                None => break,
            }
        }
        Some(cause.clone())
    }
}

fn cause(path: &[String], event: &StackEvent) -> Cause {
    Cause {
        path: path.to_vec(),
        logical_id: event.logical_id.clone(),
        physical_id: event.physical_id.clone(),
        resource_type: event.resource_type.clone(),
        status: event.status.clone(),
        reason: event.reason.clone(),
        property: property(&event.reason),
        timestamp_ms: event.timestamp_ms,
    }
}

/// The property that a message of CloudFormation blames, with dots between: `RedrivePolicy.maxReceiveCount`.
fn property(reason: &str) -> Option<String> {
    let path = |text: &str| {
        let end =
            text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '_' | '-' | '.'))).unwrap_or(text.len());
        let path = text[..end].trim_matches(|c| c == '/' || c == '.').replace('/', ".");
        (!path.is_empty()).then_some(path)
    };
    // "Properties validation failed for resource Queue with message: [#/RedrivePolicy/maxReceiveCount: 0 is not ..]"
    if let Some((_, rest)) = reason.split_once("#/") {
        return path(rest);
    }
    for before in ["Encountered unsupported property ", "Value of property ", "#: required key [", "Property "] {
        if let Some((_, rest)) = reason.split_once(before) {
            return path(rest);
        }
    }
    // "1 validation error detected: Value 'x' at 'memorySize' failed to satisfy constraint: .."
    reason.split_once("' at '").and_then(|(_, rest)| path(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_property_is_read_out_of_the_sentences_that_name_one() {
        for (reason, expected) in [
            (
                "Properties validation failed for resource Queue with message: [#/RedrivePolicy/maxReceiveCount: 0 is not greater or equal to 1]",
                Some("RedrivePolicy.maxReceiveCount"),
            ),
            ("#/DelaySeconds: 901 is not less or equal to 900", Some("DelaySeconds")),
            ("Resource of type 'X' #: required key [RoleArn] not found", Some("RoleArn")),
            ("Encountered unsupported property DelaySecond", Some("DelaySecond")),
            ("Value of property Tags must be a list", Some("Tags")),
            ("Property Runtime cannot be empty.", Some("Runtime")),
            (
                "1 validation error detected: Value '1' at 'memorySize' failed to satisfy constraint: Member must be >= 128",
                Some("memorySize"),
            ),
            ("Queue name is taken", None),
        ] {
            assert_eq!(property(reason).as_deref(), expected, "{reason}");
        }
    }
}
