//! The SDK's resource changes in the words of the preview. Refuses to interpret.

use aws_sdk_cloudformation::types;

use crate::{ChangeAction, PropertyDetail, Replacement, ResourceChange};

pub(super) fn resource_change(change: &types::ResourceChange) -> ResourceChange {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    ResourceChange {
        action: match change.action() {
            Some(types::ChangeAction::Add) => ChangeAction::Add,
            Some(types::ChangeAction::Import) => ChangeAction::Import,
            Some(types::ChangeAction::Remove) => ChangeAction::Remove,
            Some(types::ChangeAction::Modify | types::ChangeAction::SyncWithActual) => ChangeAction::Modify,
            // What a newer AWS calls otherwise is not known, either.
            _ => ChangeAction::Dynamic,
        },
        logical_id: text(change.logical_resource_id()),
        physical_id: change.physical_resource_id().filter(|id| !id.is_empty()).map(str::to_owned),
        resource_type: text(change.resource_type()),
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
    }
}

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
