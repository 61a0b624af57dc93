//! Common mistakes as synth errors: each rule is data with a check over finished templates, so a hand-written resource is
//! held to the same rules. Owns the rules and their wording. Never judges a value that is only known at deployment.

mod connections;
mod databases;
mod examples;
mod exceptions;
mod functions;
mod http_apis;
mod links;
mod mappings;
mod notifications;
mod page;
mod permissions;
mod queues;
mod read;
mod secrets;
mod settings;
mod stateful;
mod upstream;

pub use page::page;

use cfn::{Diagnostic, ResourceEntry, Template};

/// A design that is rejected.
#[derive(Debug)]
pub struct Rule {
    /// Stable name, kebab-case.
    pub id: &'static str,
    pub refuses: &'static str,
    /// A value that is rejected.
    pub example: &'static str,
    pub fix: &'static str,
    /// The smallest rejected example, for [`page`].
    refused: fn() -> Template,
    check: fn(&Stage<'_>, &mut Vec<Diagnostic>),
}

/// All rules, in the order in which they report.
pub const RULES: &[Rule] = &[
    queues::VISIBILITY_TIMEOUT,
    queues::MAX_RECEIVE_COUNT,
    queues::DEAD_LETTER_QUEUE,
    queues::DEAD_LETTER_KIND,
    queues::DEAD_LETTER_RETENTION,
    queues::FIFO_NAME,
    mappings::PARTIAL_FAILURES,
    mappings::MAXIMUM_CONCURRENCY,
    mappings::BATCHING_WINDOW,
    mappings::FIFO_BATCH,
    notifications::KEY,
    notifications::WITHOUT_POLICY,
    notifications::SUBSCRIBED_QUEUE,
    notifications::SUBSCRIPTION_DEAD_LETTERS,
    notifications::ALARM_SUBSCRIBER,
    functions::LOG_RETENTION,
    functions::SECRET_IN_ENVIRONMENT,
    functions::ENVIRONMENT_WITHOUT_GRANT,
    functions::INVOKE_SOURCE,
    functions::RECURSIVE_LOOP,
    settings::REPEATED,
    permissions::WILDCARD,
    http_apis::THROTTLING,
    http_apis::ACCESS_LOG,
    http_apis::CORS,
    http_apis::PERMISSION,
    http_apis::TIMEOUT,
    http_apis::AUTHORIZATION,
    http_apis::ADDRESSES,
    secrets::SECRET_IN_TEMPLATE,
    stateful::RETENTION_POLICY,
    stateful::DATA_KEPT,
    links::RETAINED,
    connections::DATABASE_CONNECTIONS,
    databases::ENGINE_VERSION,
    databases::LOG_RETENTION,
    upstream::UPSTREAM_BUDGET,
    exceptions::WITHOUT_REASON,
    exceptions::WITHOUT_EXPIRY,
];

/// What the rules examine: all templates of one stage, and what the stage allows.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    pub templates: &'a [&'a Template],
    /// Outputs, of whatever stacks of the stage, that other stacks take as parameters.
    pub links: &'a [Link<'a>],
    /// How often the functions may call outside systems.
    pub budgets: &'a [Budget],
    /// Whether the stage is protected: nobody deletes its stacks, or their data, by accident.
    pub protected: bool,
}

/// An output that another stack takes as a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// Of the stack that makes it, such as `ShopData-dev`.
    pub stack_name: &'a str,
    pub output: &'a str,
}

/// How often all functions together may call one outside system.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// The variable with one instance's calls per minute.
    pub variable: &'static str,
    pub calls_per_minute: f64,
}

/// Checks every rule; an empty list means no findings.
pub fn check(stage: &Stage<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for rule in RULES {
        (rule.check)(stage, &mut diagnostics);
    }
    diagnostics
}

impl Rule {
    /// A template that this rule rejects, containing only what the rule needs.
    pub fn refused_example(&self) -> Template {
        (self.refused)()
    }

    /// A rejected place: what is there, and what is allowed.
    fn at(&self, template: &Template, entry: &ResourceEntry, path: &str, what: String, allowed: String) -> Diagnostic {
        Diagnostic::on(template, entry, self.id, path, format!("{what}; allowed: {allowed}"), self.fix)
    }
}

#[cfg(test)]
#[path = "rules/tests.rs"]
mod tests;
