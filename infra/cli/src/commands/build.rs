//! `infra build`: the functions of a stage for AWS, as `target/lambda/<function>/bootstrap.zip`, or with --archives all that `infra deploy
//! --archives` uploads.

use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use system::StageName;

use crate::args::stage::stage_names;
use crate::exit::{Context, Failure};
use crate::project::archives::{architecture, archive, assets, binaries, prebuilt_path, release};
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
    /// Write the archives of all assets of the stage, also of layers, into this folder, for `infra deploy --archives`. Several stages may
    /// share it.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) archives: Option<PathBuf>,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Build) -> Result<(), Failure> {
    let stage = templates::stage(repository, arguments.stage.as_str())?;
    let plan = stacks_of(&templates::synthesize(&stage)?);
    let names: Vec<String> = plan.iter().flat_map(asset_names).collect();
    let architecture = arguments.architecture.clone().unwrap_or_else(|| architecture(&stage.stage));
    let mut assets = assets(repository, &names)?;
    assets.retain(|asset| asset.binary.is_some() || arguments.archives.is_some());
    release(repository, terminal, &binaries(&assets), &architecture).await?;
    for asset in &assets {
        let archive = archive(repository, asset, false)?;
        let path = match &arguments.archives {
            Some(folder) => prebuilt_path(folder, &architecture, &asset.name),
            None => repository.target().join("lambda").join(&asset.name).join("bootstrap.zip"),
        };
        let unwritable = || format!("cannot write {}", path.display());
        std::fs::create_dir_all(path.parent().unwrap_or(&path)).with_context(unwritable)?;
        let mut file = File::create(&path).with_context(unwritable)?;
        archive.write_zip(&mut file).with_context(|| format!("cannot pack {}", asset.name))?;
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
