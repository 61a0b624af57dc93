//! Whether a service responds yet, checked over its own protocol without a client library.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ONE_TRY: Duration = Duration::from_secs(2);

/// The body of an HTTP 200; anything else is an error.
pub(crate) async fn http(port: u16, path: &str) -> io::Result<String> {
    let ask = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
            _ => Err(io::Error::other(answer.lines().next().unwrap_or("no answer").to_owned())),
        }
    };
    tokio::time::timeout(ONE_TRY, ask).await?
}

/// Starts a login to PostgreSQL and disconnects: its request for a password means that it accepts logins. Until then it reports
/// that it is starting up.
pub(crate) async fn postgres(port: u16) -> io::Result<()> {
    let ask = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let mut startup = vec![0, 3, 0, 0];
        for text in ["user", "readiness", "database", "postgres", ""] {
            startup.extend_from_slice(text.as_bytes());
            startup.push(0);
        }
        stream.write_u32(startup.len() as u32 + 4).await?;
        stream.write_all(&startup).await?;
        let (kind, length) = (stream.read_u8().await?, stream.read_u32().await?);
        let mut message = vec![0; length.saturating_sub(4).min(64_000) as usize];
        stream.read_exact(&mut message).await?;
        match kind {
            b'R' => Ok(()),
            _ => Err(io::Error::other(String::from_utf8_lossy(&message).replace('\0', " "))),
        }
    };
    tokio::time::timeout(ONE_TRY, ask).await?
}
