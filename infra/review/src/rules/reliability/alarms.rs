//! Alarms: removed, silenced, or no longer sensitive to what they alerted on.

use template::Node;

use super::{Context, is_false, is_nothing, push};
use crate::change::{Action, Finding};
use crate::rules::values::{number, texts, weakened};

fn is_alarm(context: &Context<'_>) -> bool {
    matches!(context.resource_type(), "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm")
}

pub(super) fn removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !is_alarm(context) || context.change.action != Action::Remove || context.after.is_none() {
        return;
    }
    if let Some(id) = context.change.renamed_to.as_ref() {
        findings.push(
            context.notice("", format!("the alarm goes and comes back as {id}: what it knows of the past is lost")),
        );
        return;
    }
    // What it watched was removed as well.
    let watched: Vec<String> = (context.leaves.before().iter())
        .filter(|leaf| leaf.key == "Value")
        .filter_map(|leaf| leaf.value)
        .map(|value| crate::policy::text::text(&value.to_json()))
        .collect();
    let is_gone =
        watched.iter().any(|text| crate::policy::text::referred(text).is_some_and(|id| context.evidence.is_gone(id)));
    if is_gone {
        findings.push(context.notice("", "the alarm goes with what it watched"));
    } else {
        let what = texts(context.old, "MetricName").join(", ");
        let what = if what.is_empty() { "this".to_owned() } else { what };
        findings.push(context.danger("", format!("{what} is no longer alerted on: the alarm is removed")));
    }
}

pub(super) fn silenced(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !is_alarm(context) {
        return;
    }
    let says = "the alarm tells nobody";
    push(context, findings, weakened(context, "ActionsEnabled", is_false), says);
    if context.is_modified() {
        let had = !texts(context.old, "AlarmActions").is_empty();
        let weaker = weakened(context, "AlarmActions", is_nothing).filter(|_| had);
        push(context, findings, weaker, says);
    }
}

pub(super) fn loosened(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_type("AWS::CloudWatch::Alarm") || !context.is_modified() {
        return;
    }
    let says = "the alarm goes off later, or not for the same";
    let operators = (texts(context.old, "ComparisonOperator"), texts(context.new, "ComparisonOperator"));
    let rises = |operators: &[String]| operators.iter().any(|operator| operator.starts_with("Greater"));
    if operators.0 != operators.1 && rises(&operators.0) != rises(&operators.1) {
        let reason =
            format!("{says}: ComparisonOperator was {}, is now {}", operators.0.join(", "), operators.1.join(", "));
        findings.push(context.danger("ComparisonOperator", reason));
    } else if let (Some(before), Some(after)) = (number(context.old, "Threshold"), number(context.new, "Threshold")) {
        let looser = if rises(&operators.1) { after > before } else { after < before };
        if looser && !operators.1.is_empty() {
            let reason = format!("{says}: Threshold was {before}, is now {after}");
            // Up to a half is tuning.
            let is_tuned = (after - before).abs() <= before.abs() / 2.0;
            findings.push(if is_tuned {
                context.notice("Threshold", reason)
            } else {
                context.danger("Threshold", reason)
            });
        }
    }
    let count = |resource, path: &str| number(resource, path);
    // How many bad periods it takes: DatapointsToAlarm out of EvaluationPeriods, all of them by default.
    let needed = |resource| {
        let periods = count(resource, "EvaluationPeriods")?;
        Some(count(resource, "DatapointsToAlarm").unwrap_or(periods) * count(resource, "Period").unwrap_or(60.0))
    };
    if let (Some(before), Some(after)) = (needed(context.old), needed(context.new))
        && after > before
    {
        findings.push(
            context.danger("EvaluationPeriods", format!("{says}: it took {before} s of bad values, now {after} s")),
        );
    }
    let ignores = |value: Option<&Node>| super::is_text(value, &["notBreaching", "ignore"]);
    let was = texts(context.old, "TreatMissingData");
    // By default missing data puts the alarm into INSUFFICIENT_DATA.
    if was.iter().any(|was| was == "breaching") {
        push(
            context,
            findings,
            weakened(context, "TreatMissingData", |value| {
                value.is_none() || ignores(value) || super::is_text(value, &["missing"])
            }),
            says,
        );
    }
}
