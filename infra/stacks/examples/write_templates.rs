//! Writes the templates of all stages below `environments/`, for work on the stacks alone; `infra synth` does it for people.

use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments");
    for name in stacks::StageName::ALL {
        let folder = environments.join(name.as_str());
        let stage = stacks::Stage::parse(name.as_str(), &fs::read_to_string(folder.join("stage.toml"))?)?;
        for stack in stacks::synth(&stage)? {
            fs::write(folder.join("templates").join(format!("{}.yaml", stack.name)), stack.template.to_yaml())?;
        }
    }
    Ok(())
}
