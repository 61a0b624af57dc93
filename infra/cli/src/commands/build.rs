//! `infra build`: the functions of a stage as they go to AWS, as `target/lambda/<function>/bootstrap.zip`.

use std::fs::File;

use clap::Args;
use deploy::{Archive, Compression, Content};
use system::StageName;

use crate::args::stage::stage_names;
use crate::exit::{Context, Failure};
use crate::project::archives::{self, architecture, release, unreadable};
use crate::project::repository::Repository;
use crate::project::templates;
use crate::run::plan::stacks_of;
use crate::ui::terminal::Terminal;

/// What is built.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The stage whose architecture the archives are for.
    #[arg(long, value_parser = stage_names(), default_value = "dev")]
    pub(crate) stage: StageName,
    /// Another architecture than the stage's.
    #[arg(long, value_parser = ["arm64", "x86_64"])]
    pub(crate) architecture: Option<String>,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Build) -> Result<(), Failure> {
    let stage = templates::stage(repository, arguments.stage.as_str())?;
    let plan = stacks_of(&templates::synthesize(&stage)?);
    let assets: Vec<String> = plan.iter().flat_map(asset_names).collect();
    let architecture = arguments.architecture.clone().unwrap_or_else(|| architecture(&stage.stage));
    let functions = archives::functions(&assets);
    release(repository, terminal, &functions, &architecture).await?;
    for function in &functions {
        let folder = repository.target().join("lambda").join(function);
        let executable = folder.join("bootstrap");
        let archive = Archive::of_function(function, Content::File(executable.clone()), Compression::Deflated)
            .with_context(|| unreadable(&executable))?;
        let path = folder.join("bootstrap.zip");
        let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        archive.write_zip(&mut file).with_context(|| format!("cannot pack {function}"))?;
        terminal.data(&format!("{} {} bytes", path.display(), file.metadata()?.len()));
    }
    Ok(())
}

fn asset_names(stack: &deploy::Stack) -> Vec<String> {
    let names = stack.parameters.iter().filter_map(|parameter| match &parameter.source {
        deploy::Source::AssetKey { asset } => Some(asset.clone()),
        _ => None,
    });
    names.collect()
}
