//! What the deployer would change, combined with the review's judgement. Never shows a value that the template
//! keeps secret. Pure: the date is an argument.

use std::collections::{BTreeMap, BTreeSet};

use deploy::{Basis, ChangeAction, Preview, PropertyDetail, ResourceChange};
use review::{Action, Category, MASK, Observed, ObservedProperty, Pair, Replacement, Review, Template};

/// A stage's changes, judged.
#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    pub(crate) previews: &'a [Preview],
    pub(crate) review: Review,
}

/// A parameter, or a tag, whose value changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueChange {
    pub(crate) name: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl<'a> Verdict<'a> {
    /// Judges what `previews` would change on `today` (year, month, day).
    ///
    /// # Errors
    /// When a template cannot be parsed.
    pub(crate) fn of(stage: &str, previews: &'a [Preview], today: (i32, u8, u8)) -> Result<Self, review::ParseError> {
        let mut pairs = Vec::new();
        let mut options = review::Options { today, ..review::Options::default() };
        for preview in previews.iter().filter(|preview| preview.basis != Basis::NoChanges) {
            let after = read(&preview.stack, &preview.template, &preview.parameters, &preview.unknown_parameters)?;
            let before = match &preview.live_template {
                Some(text) => Some(read(&preview.stack, text, &preview.live_parameters, &[])?),
                None => None,
            };
            if let Basis::ChangeSet { .. } = preview.basis {
                options.observed.insert(preview.stack.clone(), observed(&preview.changes));
            }
            let stage = Some(stage.to_owned());
            pairs.push(Pair { stage, stack: preview.stack.clone(), before, after: Some(after) });
        }
        Ok(Self { previews, review: review::review(&pairs, &options) })
    }

    /// The exit code of `infra diff`: 0 no changes, 2 changes, 3 a replacement, 4 any other danger, 5 data loss. The highest
    /// that applies.
    pub(crate) fn code(&self) -> u8 {
        let is_replaced = |change: &review::Change| change.replacement != Replacement::No;
        if self.previews.iter().any(|preview| !preview.data_loss.is_empty()) || self.has_danger(&[Category::DataLoss]) {
            5
        } else if !self.dangers().is_empty() {
            4
        } else if self.review.changes.iter().any(is_replaced) {
            3
        } else if self.previews.iter().any(Preview::has_changes) {
            2
        } else {
            0
        }
    }

    /// One sentence for each danger that needs approval.
    pub(crate) fn dangers(&self) -> Vec<String> {
        let dangers = self.review.findings().filter(|(_, finding)| finding.is_dangerous());
        dangers.map(|(place, finding)| format!("{place}: {} ({})", finding.reason, finding.rule)).collect()
    }

    fn has_danger(&self, categories: &[Category]) -> bool {
        self.review.findings().any(|(_, finding)| finding.is_dangerous() && categories.contains(&finding.category))
    }
}

/// Parameters whose values change, in the template's order; secret ones masked.
pub(crate) fn parameters(preview: &Preview) -> Vec<ValueChange> {
    let secret =
        |text: &str| review::parse(&preview.stack, text).map(|template| no_echo(&template)).unwrap_or_default();
    let mut secrets = secret(&preview.template);
    secrets.extend(preview.live_template.iter().flat_map(|text| secret(text)));
    let template = review::parse(&preview.stack, &preview.template);
    let after =
        template.map_or_else(|_| preview.parameters.clone(), |template| settled(&template, &preview.parameters));
    let changes = values(&preview.live_parameters, &after).into_iter().filter_map(|change| {
        if secrets.contains(&change.name) {
            // CloudFormation does not show the live value, so whether it changes is unknown, unless it is added or removed.
            let is_known = change.before.is_none() || change.after.is_none();
            let mask = |value: Option<String>| value.map(|_| MASK.to_owned());
            return is_known.then(|| ValueChange {
                name: change.name,
                before: mask(change.before),
                after: mask(change.after),
            });
        }
        let is_unknown = preview.unknown_parameters.contains(&change.name);
        let after = if is_unknown { Some("(not known yet)".to_owned()) } else { change.after };
        Some(ValueChange { after, ..change })
    });
    changes.collect()
}

/// Tags of the stack whose values change.
pub(crate) fn tags(preview: &Preview) -> Vec<ValueChange> {
    values(&preview.live_tags, &preview.tags)
}

fn values(before: &[(String, String)], after: &[(String, String)]) -> Vec<ValueChange> {
    let value = |all: &[(String, String)], name: &str| {
        all.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let mut seen = BTreeSet::new();
    let names = after.iter().chain(before).map(|(name, _)| name).filter(|name| seen.insert(name.as_str()));
    let changes =
        names.map(|name| ValueChange { name: name.clone(), before: value(before, name), after: value(after, name) });
    changes.filter(|change| change.before != change.after).collect()
}

/// Parses a template and fills in the values of its parameters, except secret and unknown ones: those stay references.
fn read(
    stack: &str,
    text: &str,
    parameters: &[(String, String)],
    unknown: &[String],
) -> Result<Template, review::ParseError> {
    let template = review::parse(stack, text)?;
    let secrets = no_echo(&template);
    let is_open = |name: &String| !secrets.contains(name) && !unknown.contains(name);
    let parameters = settled(&template, parameters).into_iter();
    let values: BTreeMap<String, String> = parameters.filter(|(name, _)| is_open(name)).collect();
    Ok(review::with_parameters(&template, &values))
}

/// The effective values: those given, and the template's defaults for the rest.
fn settled(template: &Template, given: &[(String, String)]) -> Vec<(String, String)> {
    let entries = template.section("Parameters").into_iter().flat_map(review::Node::entries);
    let is_given = |name: &str| given.iter().any(|(known, _)| known == name);
    let defaults = entries.filter(|entry| !is_given(&entry.key)).filter_map(|entry| {
        let default = entry.value.get("Default")?.text()?.into_owned();
        Some((entry.key.clone(), default))
    });
    given.iter().cloned().chain(defaults).collect()
}

/// Parameters that CloudFormation does not show either.
fn no_echo(template: &Template) -> BTreeSet<String> {
    let parameters = template.section("Parameters").into_iter().flat_map(review::Node::entries);
    let is_secret = |node: &review::Node| node.get("NoEcho").and_then(review::Node::as_bool) == Some(true);
    parameters.filter(|entry| is_secret(&entry.value)).map(|entry| entry.key.clone()).collect()
}

/// What the change set said, in the review's terms.
fn observed(changes: &[ResourceChange]) -> BTreeMap<String, Observed> {
    let of = |change: &ResourceChange| Observed {
        resource_type: change.resource_type.clone(),
        action: match change.action {
            ChangeAction::Add | ChangeAction::Import => Action::Add,
            ChangeAction::Modify | ChangeAction::Dynamic => Action::Modify,
            ChangeAction::Remove => Action::Remove,
        },
        replacement: match change.replacement {
            deploy::Replacement::No => Replacement::No,
            deploy::Replacement::Conditional => Replacement::Maybe,
            deploy::Replacement::Yes => Replacement::Yes,
        },
        properties: change.details.iter().filter_map(property).collect(),
    };
    changes.iter().map(|change| (change.logical_id.clone(), of(change))).collect()
}

fn property(detail: &PropertyDetail) -> Option<ObservedProperty> {
    let attribute = detail.attribute != "Properties";
    Some(ObservedProperty {
        path: if attribute { detail.attribute.clone() } else { detail.path.clone()? },
        attribute,
        before: detail.before.clone(),
        after: detail.after.clone(),
        replacement: match detail.requires_recreation.as_str() {
            "Always" => Replacement::Yes,
            "Conditionally" => Replacement::Maybe,
            _ => Replacement::No,
        },
    })
}

/// The values of a detail as they may be shown: masked if the property is write-only.
pub(crate) fn shown(resource_type: &str, detail: &PropertyDetail) -> (Option<String>, Option<String>) {
    let facts = facts::resource_type(resource_type);
    let path = detail.path.as_deref().unwrap_or_default();
    let is_secret = facts.and_then(|facts| facts.is_write_only(path)).unwrap_or(false);
    let mask =
        |value: &Option<String>| value.as_ref().map(|value| if is_secret { MASK.to_owned() } else { value.clone() });
    (mask(&detail.before), mask(&detail.after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_holds_where_nothing_is_given_and_settles_conditions() {
        let text = "\
Parameters:
  Ip: {Type: String, Default: ''}
  Size: {Type: Number, Default: 5}
Conditions:
  Open: !Not [!Equals [!Ref Ip, '']]
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !If [Open, open, shut]
";
        let template = review::parse("Data", text).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(settled(&template, &[pair("Size", "7")]), [pair("Size", "7"), pair("Ip", "")]);
        let read = read("Data", text, &[], &[]).unwrap();
        let shown = read.resource("Topic").unwrap().property("DisplayName").unwrap().render();
        assert_eq!(shown, "shut");
    }
}
