//! Our stacks, one file a stack, and the stages they are deployed to.
//!
//! Pure: [`synth`] is a function of a [`Stage`]; the same stage gives the same bytes everywhere. Refuses, with every
//! finding at once, what a rule of [`constructs::rules`] or the templates' own validation turns down.

mod catalog;
mod delivery;
mod fipe_api;
mod fipe_data;
mod migrations;
mod pacing;
mod stage;

use std::fmt;

use constructs::rules;

pub use cfn::Diagnostic;
pub use constructs::rules::{RULES, Rule};
pub use constructs::{Architecture, Asked, DatabaseCapacity, ParameterSource, Protection, SynthesizedStack};
pub use pacing::{Pace, Pacing, PacingError};
pub use stage::{
    ApiAddress, Catalog, ConsumerSize, Database, Delivery, Endpoint, Fipe, FunctionSize, Functions, MonthlySchedule,
    Network, Safeguards, Stage, StageError, StageFault, StageName, Tls,
};

/// The value of the tag `Application` on the FIPE system.
const APPLICATION: &str = "fipe";
/// Where the layer rds-ca puts the certificate authorities.
const RDS_CA_BUNDLE: &str = "/opt/rds-ca-bundle.pem";

/// Everything that is refused about a stage's stacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthError {
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for SynthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SynthError {}

/// Draws all stacks of a stage, in the order in which they can be deployed.
///
/// # Errors
/// Holds every finding of the templates' validation and of the rules, the loader whose FIPE budget is too small, and what the
/// delivery roles do not cover.
pub fn synth(stage: &Stage) -> Result<Vec<SynthesizedStack>, SynthError> {
    let pacing = Pacing::of(stage).map_err(|error| SynthError { diagnostics: vec![error.into_diagnostic(stage)] })?;
    let mut stacks = vec![fipe_data::fipe_data(stage), fipe_api::fipe_api(stage, &pacing), catalog::catalog(stage)];
    if let Some(delivery) = &stage.delivery {
        let made = delivery::delivery(stage, delivery, &stacks);
        stacks.push(made.map_err(|diagnostics| SynthError { diagnostics })?);
    }
    let templates: Vec<_> = stacks.iter().map(|stack| &stack.template).collect();
    let calls_per_minute = f64::from(stage.fipe.calls_per_minute);
    let budgets = [rules::Budget { variable: "FIPE_CALLS_PER_MINUTE", calls_per_minute }];
    let invalid = templates.iter().flat_map(|template| template.validate());
    let refused = rules::check(&rules::Stage {
        templates: &templates,
        budgets: &budgets,
        protected: stage.protection.termination,
    });
    let diagnostics: Vec<_> = invalid.chain(refused).collect();
    if diagnostics.is_empty() { Ok(stacks) } else { Err(SynthError { diagnostics }) }
}
