//! `infra synth`: settings in, templates out, or a comparison. Refuses to write what has not changed.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context;
use clap::Args;
use constructs::SynthesizedStack;
use system::StageName;
use systems::ConfiguredStage;

use crate::commands::stage_names;
use crate::exit::{BadInput, StaleTemplates};
use crate::project::repository::Repository;
use crate::ui::terminal::Terminal;

/// Which stages, and whether to write.
#[derive(Debug, Args)]
pub(crate) struct Synth {
    /// Only this stage; may be given several times.
    #[arg(long, value_parser = stage_names())]
    stage: Vec<StageName>,
    /// Write nothing; fail with code 65 and name the files that are stale.
    #[arg(long)]
    check: bool,
}

/// A stack as it will be deployed: what was synthesized, and its template as text.
pub(crate) struct Synthesized {
    pub(crate) stack: SynthesizedStack,
    pub(crate) text: String,
}

/// Reads a stage's settings.
pub(crate) fn stage(repository: &Repository, name: &str) -> anyhow::Result<ConfiguredStage> {
    let files =
        systems::read(repository.root(), name).map_err(|error| BadInput(format!("{error}: {}", error.source)))?;
    Ok(ConfiguredStage::parse(name, &files)?)
}

/// Makes every template of a stage.
pub(crate) fn synthesize(stage: &ConfiguredStage) -> anyhow::Result<Vec<Synthesized>> {
    Ok((stage.synth()?.into_iter()).map(|stack| Synthesized { text: stack.template.to_yaml(), stack }).collect())
}

/// Writes the templates of the stages (all when none is named), or compares them with what is committed.
pub(crate) fn run(repository: &Repository, terminal: &Terminal, arguments: &Synth) -> anyhow::Result<()> {
    let check = arguments.check;
    let stages = if arguments.stage.is_empty() { &StageName::ALL[..] } else { &arguments.stage };
    let (mut stale, mut count) = (Vec::new(), 0);
    for name in stages {
        let synthesized = synthesize(&stage(repository, name.as_str())?)?;
        count += synthesized.len();
        let changed = changed(repository, *name, &synthesized);
        if !check {
            write(repository, *name, &synthesized, &changed)?;
        }
        stale.extend(changed);
    }
    if check && !stale.is_empty() {
        return Err(StaleTemplates(stale).into());
    }
    for path in &stale {
        terminal.data(path);
    }
    match (check, stale.len()) {
        (true, _) => terminal.note(&format!("{count} templates are up to date")),
        (false, 0) => terminal.note(&format!("{count} templates, none changed")),
        (false, changed) => terminal.note(&format!("{count} templates, {changed} changed")),
    }
    Ok(())
}

/// Paths below the root that differ from what was synthesized: changed, missing, or left over from a stack that is gone.
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

fn write(
    repository: &Repository,
    stage: StageName,
    synthesized: &[Synthesized],
    changed: &[String],
) -> anyhow::Result<()> {
    let folder = repository.templates(stage.as_str());
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for path in changed {
        let of_this =
            |made: &&Synthesized| Repository::template(stage.as_str(), made.stack.name).display().to_string() == *path;
        let full = repository.root().join(path);
        let written = match synthesized.iter().find(of_this) {
            Some(made) => fs::write(&full, &made.text),
            None => fs::remove_file(&full),
        };
        written.with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stage as it is committed, in a folder of its own, synthesized and written.
    fn written(folder: &std::path::Path) -> (Repository, Vec<Synthesized>) {
        let committed = Repository::find().unwrap();
        let repository = Repository::at(folder);
        let settings = folder.join("environments/local");
        fs::create_dir_all(&settings).unwrap();
        for (name, text) in systems::read(committed.root(), "local").unwrap() {
            fs::write(settings.join(name), text).unwrap();
        }
        let synthesized = synthesize(&stage(&repository, "local").unwrap()).unwrap();
        let missing = changed(&repository, StageName::Local, &synthesized);
        assert_eq!(missing.len(), synthesized.len(), "nothing is written yet");
        write(&repository, StageName::Local, &synthesized, &missing).unwrap();
        (repository, synthesized)
    }

    #[test]
    fn written_templates_are_up_to_date_until_a_byte_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (repository, synthesized) = written(folder.path());
        assert_eq!(changed(&repository, StageName::Local, &synthesized), [""; 0]);
        let path = repository.templates("local").join("FipeApi.yaml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text} ")).unwrap();
        assert_eq!(changed(&repository, StageName::Local, &synthesized), ["environments/local/templates/FipeApi.yaml"]);
    }

    #[test]
    fn the_template_of_a_stack_that_is_gone_is_stale_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (repository, synthesized) = written(folder.path());
        let path = repository.templates("local").join("FipeGone.yaml");
        fs::write(&path, "Resources: {}").unwrap();
        let stale = changed(&repository, StageName::Local, &synthesized);
        assert_eq!(stale, ["environments/local/templates/FipeGone.yaml"]);
        write(&repository, StageName::Local, &synthesized, &stale).unwrap();
        assert!(!path.exists());
    }
}
