//! `infra synth`: settings in, templates out, or a comparison. Never rewrites an unchanged file.

use std::fs;

use clap::Args;
use system::StageName;

use crate::args::stage::stage_names;
use crate::exit::{Context, Failure};
use crate::project::repository::Repository;
use crate::project::templates::{self, Synthesized};
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

/// Writes the templates of the stages (all by default), or compares them with the committed ones.
pub(crate) fn run(repository: &Repository, terminal: &Terminal, arguments: &Synth) -> Result<(), Failure> {
    let check = arguments.check;
    let stages = if arguments.stage.is_empty() { &StageName::ALL[..] } else { &arguments.stage };
    let (mut stale, mut count) = (Vec::new(), 0);
    for name in stages {
        let synthesized = templates::synthesize(&templates::stage(repository, name.as_str())?)?;
        count += synthesized.len();
        let changed = templates::changed(repository, *name, &synthesized);
        if !check {
            write(repository, *name, &synthesized, &changed)?;
        }
        stale.extend(changed);
    }
    if check && !stale.is_empty() {
        return Err(templates::stale(&stale));
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

fn write(
    repository: &Repository,
    stage: StageName,
    synthesized: &[Synthesized],
    changed: &[String],
) -> Result<(), Failure> {
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

    /// The committed stage, in a folder of its own, synthesized and written.
    fn written(folder: &std::path::Path) -> (Repository, Vec<Synthesized>) {
        let committed = Repository::find().unwrap();
        let repository = Repository::at(folder);
        let settings = folder.join("environments/local");
        fs::create_dir_all(&settings).unwrap();
        for (name, text) in systems::read(committed.root(), "local").unwrap() {
            fs::write(settings.join(name), text).unwrap();
        }
        let synthesized = templates::synthesize(&templates::stage(&repository, "local").unwrap()).unwrap();
        let missing = templates::changed(&repository, StageName::Local, &synthesized);
        assert_eq!(missing.len(), synthesized.len(), "nothing is written yet");
        write(&repository, StageName::Local, &synthesized, &missing).unwrap();
        (repository, synthesized)
    }

    #[test]
    fn written_templates_are_up_to_date_until_a_byte_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (repository, synthesized) = written(folder.path());
        assert_eq!(templates::changed(&repository, StageName::Local, &synthesized), [""; 0]);
        let path = repository.templates("local").join(format!("{}.yaml", synthesized[0].stack.name));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text} ")).unwrap();
        assert_eq!(
            templates::changed(&repository, StageName::Local, &synthesized),
            [format!("environments/local/templates/{}.yaml", synthesized[0].stack.name)]
        );
    }

    #[test]
    fn the_template_of_a_stack_that_is_gone_is_stale_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (repository, synthesized) = written(folder.path());
        let path = repository.templates("local").join("Gone.yaml");
        fs::write(&path, "Resources: {}").unwrap();
        let stale = templates::changed(&repository, StageName::Local, &synthesized);
        assert_eq!(stale, ["environments/local/templates/Gone.yaml"]);
        write(&repository, StageName::Local, &synthesized, &stale).unwrap();
        assert!(!path.exists());
    }
}
