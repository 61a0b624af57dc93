//! Rules out replacements that a change set calls possible and that cannot happen: a value that comes from another resource does
//! not change while that resource stays. Concludes nothing about types that AWS does not own, whose ids may change with any update.

use std::collections::BTreeSet;

use crate::{ChangeAction, PropertyDetail, Replacement, ResourceChange};

/// Rules out replacements whose every reason is the id or the ARN of a resource that is itself not replaced, and then those
/// that follow from them.
pub(super) fn rule_out(changes: &mut [ResourceChange]) {
    loop {
        let stay: BTreeSet<String> =
            changes.iter().filter(|change| stays(change)).map(|change| change.logical_id.clone()).collect();
        let possible = |change: &&mut ResourceChange| {
            change.action == ChangeAction::Modify && change.replacement == Replacement::Conditional
        };
        let mut is_news = false;
        for change in changes.iter_mut().filter(possible) {
            let mut is_less = false;
            for detail in change.details.iter_mut().filter(|detail| may_replace(detail) && is_from(detail, &stay)) {
                detail.requires_recreation = "Never".to_owned();
                is_less = true;
            }
            if is_less && !change.details.iter().any(may_replace) {
                change.replacement = Replacement::No;
                is_news = true;
            }
        }
        if !is_news {
            return;
        }
    }
}

/// It is the same resource afterwards, with the same id and ARN. What a custom resource returns is unpredictable.
fn stays(change: &ResourceChange) -> bool {
    change.action == ChangeAction::Modify
        && change.replacement == Replacement::No
        && change.resource_type.starts_with("AWS::")
        && change.resource_type != "AWS::CloudFormation::CustomResource"
}

fn may_replace(detail: &PropertyDetail) -> bool {
    detail.requires_recreation != "Never"
}

/// Whether the value is `Ref` or an ARN of one of `stay`.
fn is_from(detail: &PropertyDetail, stay: &BTreeSet<String>) -> bool {
    let entity = detail.causing_entity.as_deref().unwrap_or_default();
    let origin = match detail.change_source.as_deref() {
        Some("ResourceReference") => Some(entity),
        Some("ResourceAttribute") => entity.strip_suffix(".Arn"),
        _ => None,
    };
    detail.evaluation == "Dynamic" && origin.is_some_and(|origin| stay.contains(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: &str, kind: &str, replacement: Replacement, details: &[(&str, &str, &str)]) -> ResourceChange {
        let details = details.iter().map(|(evaluation, source, entity)| PropertyDetail {
            attribute: "Properties".to_owned(),
            path: Some("ServiceToken".to_owned()),
            requires_recreation: "Conditionally".to_owned(),
            evaluation: (*evaluation).to_owned(),
            change_source: Some((*source).to_owned()),
            causing_entity: Some((*entity).to_owned()),
            ..PropertyDetail::default()
        });
        ResourceChange {
            logical_id: id.to_owned(),
            resource_type: kind.to_owned(),
            replacement,
            details: details.collect(),
            ..ResourceChange::default()
        }
    }

    /// The resulting replacement of the second change.
    fn second(first: ResourceChange, details: &[(&str, &str, &str)]) -> Replacement {
        let mut changes = [first, change("Schema", "Custom::Schema", Replacement::Conditional, details)];
        rule_out(&mut changes);
        changes[1].replacement
    }

    fn function(replacement: Replacement) -> ResourceChange {
        change("Init", "AWS::Lambda::Function", replacement, &[])
    }

    const ARN: (&str, &str, &str) = ("Dynamic", "ResourceAttribute", "Init.Arn");
    const REF: (&str, &str, &str) = ("Dynamic", "ResourceReference", "Init");

    #[test]
    fn the_arn_and_the_id_of_a_resource_that_is_only_modified_replace_nothing() {
        assert_eq!(second(function(Replacement::No), &[ARN]), Replacement::No);
        assert_eq!(second(function(Replacement::No), &[ARN, REF]), Replacement::No);
    }

    #[test]
    fn those_of_one_that_is_or_may_be_replaced_do() {
        assert_eq!(second(function(Replacement::Yes), &[ARN]), Replacement::Conditional);
        assert_eq!(second(function(Replacement::Conditional), &[REF]), Replacement::Conditional);
        let removed = ResourceChange { action: ChangeAction::Remove, ..function(Replacement::No) };
        assert_eq!(second(removed, &[ARN]), Replacement::Conditional);
    }

    #[test]
    fn any_other_reason_keeps_a_replacement_possible() {
        for other in [
            ("Dynamic", "ResourceAttribute", "Init.Version"),
            ("Dynamic", "ResourceAttribute", "Nested.Outputs.Arn"),
            ("Dynamic", "ResourceReference", "Else"),
            ("Dynamic", "ParameterReference", "Init"),
            ("Static", "DirectModification", ""),
            ("Static", "ResourceAttribute", "Init.Arn"),
        ] {
            assert_eq!(second(function(Replacement::No), &[ARN, other]), Replacement::Conditional, "{other:?}");
        }
        assert_eq!(second(function(Replacement::No), &[]), Replacement::Conditional);
    }

    #[test]
    fn a_custom_resource_may_answer_with_another_id() {
        for kind in ["Custom::Init", "AWS::CloudFormation::CustomResource"] {
            assert_eq!(
                second(change("Init", kind, Replacement::No, &[]), &[ARN, REF]),
                Replacement::Conditional,
                "{kind}"
            );
        }
    }

    #[test]
    fn a_chain_is_followed_to_its_end() {
        let cluster = change("Cluster", "AWS::RDS::DBCluster", Replacement::No, &[]);
        let reference = |to| [("Dynamic", "ResourceReference", to)];
        let writer = change("Writer", "AWS::RDS::DBInstance", Replacement::Conditional, &reference("Cluster"));
        let proxy = change("Proxy", "AWS::RDS::DBProxy", Replacement::Conditional, &reference("Writer"));
        let mut changes = [proxy, writer, cluster];
        rule_out(&mut changes);
        assert_eq!(changes.map(|change| change.replacement), [Replacement::No; 3]);
    }
}
