//! A program as a system gives it to the local cloud, for the tests and the example: its health response lists its arguments.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(reason) = arguments.iter().find_map(|argument| refused(argument)) {
        eprintln!("error: {reason}");
        return ExitCode::from(64);
    }
    if arguments.iter().any(|argument| argument == "--check") {
        return ExitCode::SUCCESS;
    }
    let port = arguments.iter().find_map(|argument| argument.strip_prefix("--port=")?.parse().ok());
    let Some(listener) = port.and_then(|port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()) else {
        eprintln!("error: --port=<a free port> is needed");
        return ExitCode::FAILURE;
    };
    println!("listening on http://127.0.0.1:{}", port.unwrap_or_default());
    for stream in listener.incoming().flatten() {
        // A client that disconnected needs no response.
        let _ = answer(stream, &arguments);
    }
    ExitCode::SUCCESS
}

/// A data file starts with the line `data`, and a rate is at most 1.
fn refused(argument: &str) -> Option<String> {
    if let Some(path) = argument.strip_prefix("--dataset=") {
        let is_data = std::fs::read_to_string(path).is_ok_and(|text| text.starts_with("data\n"));
        return (!is_data).then(|| format!("{path}, line 1: not data"));
    }
    let rate: f64 = argument.strip_prefix("--faults=429=")?.parse().ok()?;
    (rate > 1.0).then(|| format!("the rate of 429 is {rate}, at most 1 is possible"))
}

fn answer(mut stream: TcpStream, arguments: &[String]) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut part)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&part[..length]),
        }
    }
    let body = format!(r#"{{"version":"1.0.0","arguments":{arguments:?}}}"#);
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}
