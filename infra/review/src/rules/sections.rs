//! The sections next to the resources: outputs that another stack uses, secrets that no longer are, macros. Looks at all stacks of a stage.

use template::{Node, Template};

use crate::change::{Action, Category, Finding, SectionChange, Severity};
use crate::pair::Pair;

/// Something that must not happen unnoticed to a parameter, an output or another section.
#[derive(Clone, Copy, Debug)]
pub struct SectionRule {
    /// `category/name`, such as `reliability/output-taken`.
    pub id: &'static str,
    pub category: Category,
    /// What it finds, in one sentence.
    pub says: &'static str,
    /// Whole templates before and after, of a stack next to one with the parameter `Endpoint`.
    pub example: (&'static str, &'static str),
    pub check: fn(&SectionContext<'_>, &mut Vec<Finding>),
}

/// What such a rule sees: one difference, its stack, and all stacks under review.
#[derive(Clone, Copy, Debug)]
pub struct SectionContext<'a> {
    /// The rule being applied.
    pub rule: &'static SectionRule,
    pub change: &'a SectionChange,
    pub pair: &'a Pair,
    pub pairs: &'a [Pair],
}

/// The rules about sections.
pub static SECTION_RULES: &[SectionRule] = &[
    SectionRule {
        id: "reliability/output-taken",
        category: Category::Reliability,
        says: "an output or export is gone, and another stack takes it",
        example: (
            "{Resources: {T: {Type: 'AWS::SNS::Topic'}}, Outputs: {Endpoint: {Value: {Ref: T}}}}",
            "{Resources: {T: {Type: 'AWS::SNS::Topic'}}}",
        ),
        check: output_taken,
    },
    SectionRule {
        id: "exposure/no-echo-dropped",
        category: Category::Exposure,
        says: "the value of a secret parameter can be read by anyone who may describe the stack",
        example: (
            "{Parameters: {Password: {Type: String, NoEcho: true}}, Resources: {T: {Type: 'AWS::SNS::Topic'}}}",
            "{Parameters: {Password: {Type: String}}, Resources: {T: {Type: 'AWS::SNS::Topic'}}}",
        ),
        check: no_echo_dropped,
    },
    SectionRule {
        id: "exposure/secret-told",
        category: Category::Exposure,
        says: "an output or the template's metadata reveals the value of a secret parameter",
        example: (
            "{Parameters: {Password: {Type: String, NoEcho: true}}, Resources: {T: {Type: 'AWS::SNS::Topic'}}}",
            "{Parameters: {Password: {Type: String, NoEcho: true}}, Resources: {T: {Type: 'AWS::SNS::Topic'}}, Outputs: {P: {Value: {Ref: Password}}}}",
        ),
        check: secret_told,
    },
    SectionRule {
        id: "permissions/macro",
        category: Category::Permissions,
        says: "a macro rewrites the template when it is deployed: what comes out is not what is reviewed",
        example: (
            "{Resources: {T: {Type: 'AWS::SNS::Topic'}}}",
            "{Transform: OurMacro, Resources: {T: {Type: 'AWS::SNS::Topic'}}}",
        ),
        check: macro_added,
    },
];

impl SectionContext<'_> {
    fn finding(&self, severity: Severity, reason: String) -> Finding {
        let SectionRule { id, category, .. } = *self.rule;
        Finding { category, rule: id, severity, path: String::new(), reason, accepted: None }
    }

    /// The other stacks of the same stage after the change.
    fn others(&self) -> impl Iterator<Item = (&str, &Template)> {
        let is_other = |pair: &&Pair| pair.stage == self.pair.stage && pair.stack != self.pair.stack;
        self.pairs.iter().filter(is_other).filter_map(|pair| Some((pair.stack.as_str(), pair.after.as_ref()?)))
    }
}

/// What all rules except those switched off say about a difference in a section.
pub(crate) fn findings(change: &SectionChange, pair: &Pair, pairs: &[Pair], without: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in SECTION_RULES.iter().filter(|rule| !without.contains(&rule.id)) {
        (rule.check)(&SectionContext { rule, change, pair, pairs }, &mut findings);
    }
    findings
}

/// Our stacks use an output through a parameter of its name, others an export through `Fn::ImportValue`. An output that another stack of
/// the stage has as well is still available.
fn output_taken(context: &SectionContext<'_>, findings: &mut Vec<Finding>) {
    let SectionChange { section, name, action, .. } = context.change;
    if section != "Outputs" {
        return;
    }
    let output = |template: &Option<Template>| template.as_ref()?.section("Outputs")?.get(name).cloned();
    let export = |output: Option<Node>| Some(output?.get("Export")?.get("Name")?.render());
    let (was, is) = (export(output(&context.pair.before)), export(output(&context.pair.after)));
    let lost = was.filter(|was| is.as_ref() != Some(was));
    let gives = |template: &Template| template.section("Outputs").is_some_and(|all| all.get(name).is_some());
    let is_given = context.others().any(|(_, template)| gives(template));
    for (stack, template) in context.others() {
        let takes = template.section("Parameters").is_some_and(|all| all.get(name).is_some());
        if *action == Action::Remove && takes && !is_given {
            let reason = format!("the output {name} is gone, and {stack}'s parameter {name} takes it");
            findings.push(context.finding(Severity::Danger, reason));
        }
        if let Some(lost) = lost.as_ref().filter(|lost| imports(template, lost)) {
            let reason = format!("the export {lost} is gone, and {stack} imports it: the deployment fails");
            findings.push(context.finding(Severity::Danger, reason));
        }
    }
}

fn imports(template: &Template, export: &str) -> bool {
    fn inside(node: &Node, export: &str) -> bool {
        let is_it = node.intrinsic().is_some_and(|(name, what)| name == "Fn::ImportValue" && what.render() == export);
        is_it
            || node.as_list().is_some_and(|items| items.iter().any(|item| inside(item, export)))
            || node.entries().iter().any(|entry| inside(&entry.value, export))
    }
    template.resources().iter().any(|resource| inside(&resource.node, export)) || inside(template.root(), export)
}

fn is_secret(template: Option<&Template>, parameter: &str) -> bool {
    let no_echo = |template: &Template| template.section("Parameters")?.get(parameter)?.get("NoEcho")?.as_bool();
    template.and_then(no_echo) == Some(true)
}

fn no_echo_dropped(context: &SectionContext<'_>, findings: &mut Vec<Finding>) {
    let SectionChange { section, name, action, .. } = context.change;
    let Pair { before, after, .. } = context.pair;
    let is_dropped = is_secret(before.as_ref(), name) && !is_secret(after.as_ref(), name);
    if section == "Parameters" && *action == Action::Modify && is_dropped {
        let reason = format!("{name} is no longer NoEcho: whoever may describe the stack reads its value");
        findings.push(context.finding(Severity::Danger, reason));
    }
}

/// Neither is masked: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>
fn secret_told(context: &SectionContext<'_>, findings: &mut Vec<Finding>) {
    let SectionChange { section, name, .. } = context.change;
    if !matches!(section.as_str(), "Outputs" | "Metadata") {
        return;
    }
    let told = |template: &Option<Template>| -> Vec<String> {
        let Some(template) = template else { return Vec::new() };
        let node = template.section(section).and_then(|all| all.get(name));
        let names = node.map(Node::references).unwrap_or_default().into_iter().map(|(_, name)| name);
        names.filter(|name| is_secret(Some(template), name)).collect()
    };
    let before = told(&context.pair.before);
    if let Some(secret) = told(&context.pair.after).into_iter().find(|name| !before.contains(name)) {
        let reason = format!("{section}.{name} tells the value of {secret}, which is NoEcho");
        findings.push(context.finding(Severity::Danger, reason));
    }
}

fn macro_added(context: &SectionContext<'_>, findings: &mut Vec<Finding>) {
    let is_transform = matches!(context.change.section.as_str(), "Transform" | "Fn::Transform");
    if !is_transform || context.change.action == Action::Remove {
        return;
    }
    let names = |template: &Option<Template>| -> Vec<String> {
        let node = template.as_ref().and_then(|template| template.section(&context.change.section));
        let name = |node: &Node| node.get("Name").unwrap_or(node).render();
        node.map(|node| node.items().iter().map(name).collect()).unwrap_or_default()
    };
    let before = names(&context.pair.before);
    // Loops and lengths: it creates nothing that is not written in the template.
    let is_new = |name: &String| name != "AWS::LanguageExtensions" && !before.contains(name);
    for name in names(&context.pair.after).iter().filter(|name| is_new(name)) {
        let reason = format!(
            "the macro {name} rewrites the template when it is deployed: it can add anything, with any permission"
        );
        findings.push(context.finding(Severity::Notice, reason));
    }
}
