//! The templates of a stage: synthesized from its settings, and compared with the committed ones. Writes nothing.

use std::collections::BTreeSet;
use std::fs;

use constructs::SynthesizedStack;
use system::StageName;
use systems::ConfiguredStage;

use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;

/// A stack as it will be deployed: what was synthesized, and its template as text.
pub(crate) struct Synthesized {
    pub(crate) stack: SynthesizedStack,
    pub(crate) text: String,
}

/// Reads a stage's settings.
pub(crate) fn stage(repository: &Repository, name: &str) -> Result<ConfiguredStage, Failure> {
    let files = systems::read(repository.root(), name)?;
    Ok(ConfiguredStage::parse(name, &files)?)
}

/// Synthesizes every template of a stage.
pub(crate) fn synthesize(stage: &ConfiguredStage) -> Result<Vec<Synthesized>, Failure> {
    Ok((stage.synth()?.into_iter()).map(|stack| Synthesized { text: stack.template.to_yaml(), stack }).collect())
}

/// Paths below the root that differ from what was synthesized: changed, missing, or left over from a deleted stack.
pub(crate) fn changed(repository: &Repository, stage: StageName, synthesized: &[Synthesized]) -> Vec<String> {
    let mut changed = Vec::new();
    let mut known = BTreeSet::new();
    for Synthesized { stack, text } in synthesized {
        let path = Repository::template(stage.as_str(), stack.name);
        if fs::read_to_string(repository.root().join(&path)).is_ok_and(|committed| committed == *text) {
            known.insert(path);
            continue;
        }
        changed.push(path.display().to_string());
        known.insert(path);
    }
    for entry in fs::read_dir(repository.templates(stage.as_str())).into_iter().flatten().flatten() {
        let path = Repository::template(stage.as_str(), "").with_file_name(entry.file_name());
        if path.extension().is_some_and(|extension| extension == "yaml") && !known.contains(&path) {
            changed.push(path.display().to_string());
        }
    }
    changed
}

/// Committed templates differ from what the code generates.
pub(crate) fn stale(paths: &[String]) -> Failure {
    let these = if paths.len() == 1 { "this template is" } else { "these templates are" };
    Failure::new(
        Exit::Stale,
        format!("{these} stale: {}; run `make synth` and look at the difference", paths.join(", ")),
    )
}
