//! The SDK's resource changes in the terms of the ports. Does not interpret them.

use aws_access::{Answer, CallError};
use aws_sdk_cloudformation::types;

use crate::{ChangeAction, PropertyDetail, Replacement, ResourceChange};

pub(super) fn resource_change(change: &types::ResourceChange) -> Result<ResourceChange, CallError> {
    let answer = Answer("DescribeChangeSet");
    Ok(ResourceChange {
        action: match change.action() {
            Some(types::ChangeAction::Add) => ChangeAction::Add,
            Some(types::ChangeAction::Import) => ChangeAction::Import,
            Some(types::ChangeAction::Remove) => ChangeAction::Remove,
            Some(types::ChangeAction::Modify | types::ChangeAction::SyncWithActual) => ChangeAction::Modify,
            // A name that a newer AWS uses is not known, either.
            _ => ChangeAction::Dynamic,
        },
        logical_id: answer.text("LogicalResourceId", change.logical_resource_id())?,
        physical_id: change.physical_resource_id().filter(|id| !id.is_empty()).map(str::to_owned),
        resource_type: answer.text("ResourceType", change.resource_type())?,
        replacement: match change.replacement() {
            Some(types::Replacement::True) => Replacement::Yes,
            Some(types::Replacement::False) | None => Replacement::No,
            Some(_) => Replacement::Conditional,
        },
        policy_action: change.policy_action().map(|action| action.as_str().to_owned()),
        scope: change.scope().iter().map(|attribute| attribute.as_str().to_owned()).collect(),
        details: change.details().iter().map(detail).collect(),
        nested: change.change_set_id().filter(|id| !id.is_empty()).map(str::to_owned),
        children: Vec::new(),
    })
}

/// AWS documents every field of a detail as optional: missing ones stay empty. An empty `requires_recreation` counts
/// as "may be replaced" everywhere.
fn detail(detail: &types::ResourceChangeDetail) -> PropertyDetail {
    let target = detail.target();
    let path = target.and_then(|target| target.path()).map(|path| {
        // A JSON pointer below the resource: /Properties/RedrivePolicy/maxReceiveCount.
        let path = path.trim_start_matches('/');
        path.strip_prefix("Properties/").unwrap_or(path).replace('/', ".")
    });
    PropertyDetail {
        attribute: target.and_then(|target| target.attribute()).map(|it| it.as_str().to_owned()).unwrap_or_default(),
        path: path.or_else(|| target.and_then(|target| target.name()).map(str::to_owned)),
        before: target.and_then(|target| target.before_value()).map(str::to_owned),
        after: target.and_then(|target| target.after_value()).map(str::to_owned),
        requires_recreation: target
            .and_then(|target| target.requires_recreation())
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
        evaluation: detail.evaluation().map(|it| it.as_str().to_owned()).unwrap_or_default(),
        change_source: detail.change_source().map(|it| it.as_str().to_owned()),
        causing_entity: detail.causing_entity().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{
        ChangeAction as Action, ChangeSource, EvaluationType, PolicyAction, Replacement as Replaces,
        RequiresRecreation, ResourceAttribute, ResourceChangeDetail, ResourceTargetDefinition,
    };

    use super::*;

    fn of_queue() -> types::builders::ResourceChangeBuilder {
        types::ResourceChange::builder().logical_resource_id("Queue").resource_type("AWS::SQS::Queue")
    }

    #[test]
    fn an_import_is_told_and_loses_nothing() {
        let change = of_queue().action(Action::Import).physical_resource_id("q").build();
        let change = resource_change(&change).unwrap();
        assert_eq!((change.action, change.physical_id.as_deref()), (ChangeAction::Import, Some("q")));
        assert!(!change.loses_old());
    }

    #[test]
    fn a_replacement_that_depends_on_a_dynamic_value_is_possible_and_names_its_cause() {
        let target = ResourceTargetDefinition::builder()
            .attribute(ResourceAttribute::Properties)
            .path("/Properties/RedrivePolicy/deadLetterTargetArn")
            .before_value("{{resolve:ssm:/queue/arn:1}}")
            .after_value("{{resolve:ssm:/queue/arn:2}}")
            .requires_recreation(RequiresRecreation::Conditionally)
            .build();
        let detail = ResourceChangeDetail::builder()
            .target(target)
            .evaluation(EvaluationType::Dynamic)
            .change_source(ChangeSource::ResourceAttribute)
            .causing_entity("Queue.Arn")
            .build();
        let change = of_queue()
            .action(Action::Modify)
            .replacement(Replaces::Conditional)
            .policy_action(PolicyAction::ReplaceAndDelete)
            .details(detail);
        let change = resource_change(&change.build()).unwrap();
        assert_eq!(change.replacement, Replacement::Conditional);
        assert!(change.loses_old());
        let detail = &change.details[0];
        assert_eq!(detail.path.as_deref(), Some("RedrivePolicy.deadLetterTargetArn"));
        assert_eq!(detail.after.as_deref(), Some("{{resolve:ssm:/queue/arn:2}}"));
        assert_eq!((detail.evaluation.as_str(), detail.causing_entity.as_deref()), ("Dynamic", Some("Queue.Arn")));
    }

    #[test]
    fn what_a_newer_aws_calls_otherwise_is_taken_for_the_worst() {
        let change = of_queue().action(Action::from("Transmogrify")).build();
        assert_eq!(resource_change(&change).unwrap().action, ChangeAction::Dynamic);
        let change = of_queue().action(Action::Modify).replacement(Replaces::from("Perhaps")).build();
        assert!(resource_change(&change).unwrap().loses_old());
    }

    #[test]
    fn a_change_of_no_resource_is_refused() {
        let change = types::ResourceChange::builder().action(Action::Add).logical_resource_id("Queue").build();
        let error = resource_change(&change).unwrap_err();
        assert_eq!(error.to_string(), "DescribeChangeSet answered without ResourceType");
        let change = types::ResourceChange::builder().action(Action::Add).resource_type("AWS::SQS::Queue").build();
        assert!(resource_change(&change).is_err());
    }
}
