//! The library without the command line: `cargo run -p local-cloud --example cloud -- up|down|status ROOT FIRST_PORT`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::PathBuf;

use local_cloud::{Config, Database, Ports, Program};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, root, first_port] = arguments.as_slice() else { return Err("up|down|status ROOT FIRST_PORT".into()) };
    let (root, first_port) = (PathBuf::from(root), first_port.parse::<u16>()?);
    let mut progress = |event: local_cloud::Event| println!("{event}");
    match command.as_str() {
        "up" => {
            local_cloud::install(&root, &root.join("infra/local/requirements.txt"), "local").await?;
            let upstream = Program {
                name: "upstream",
                title: "the sample upstream",
                program: std::env::current_exe()?.with_file_name("upstream"),
                build: "cargo build -p local-cloud --example upstream",
                port: first_port + 2,
                port_flag: "FIRST_PORT",
                port_variable: "FIRST_PORT",
                arguments: Vec::new(),
                health: "/health",
                data: None,
            };
            let ports = Ports { ministack: first_port, postgres: first_port + 1 };
            let databases = vec![Database { name: "sampledata", owner: "sample_owner" }];
            let config = Config { root, ports, programs: vec![upstream], databases, functions_endpoint: None };
            println!("{:#?}", local_cloud::up(&config, &mut progress).await?);
        }
        "down" => local_cloud::down(&root, &mut progress).await?,
        _ => println!("{:#?}", local_cloud::status(&root)?),
    }
    Ok(())
}
