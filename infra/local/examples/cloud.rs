//! The library without the command line: `cargo run -p local-cloud --example cloud -- up|down|status ROOT FIRST_PORT`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::PathBuf;

use local_cloud::{Config, FipeData, Ports};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, root, first_port] = arguments.as_slice() else { return Err("up|down|status ROOT FIRST_PORT".into()) };
    let (root, first_port) = (PathBuf::from(root), first_port.parse::<u16>()?);
    let mut progress = |event: local_cloud::Event| println!("{event}");
    match command.as_str() {
        "up" => {
            local_cloud::install(&root, &root.join("infra/local/requirements.txt"), "local").await?;
            let fipe_server = std::env::current_exe()?.with_file_name("../fipe-server");
            let ports = Ports { ministack: first_port, postgres: first_port + 1, fipe: first_port + 2 };
            let config = Config { root, ports, fipe: FipeData::default(), fipe_server };
            println!("{:#?}", local_cloud::up(&config, &mut progress).await?);
        }
        "down" => local_cloud::down(&root, &mut progress).await?,
        _ => println!("{:#?}", local_cloud::status(&root)?),
    }
    Ok(())
}
