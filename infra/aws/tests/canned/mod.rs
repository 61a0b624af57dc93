//! A service that gives one answer to everything, on a free port of this machine, so that adapters are tested with what AWS
//! might answer. Refuses to look at requests.

use std::net::Ipv4Addr;

use aws_access::Target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where to connect to get `body` with `status` for every call.
pub(crate) async fn answering(status: u16, body: &'static str) -> Target {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("a bound address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, status, body));
        }
    });
    Target::Local { endpoint, region: "sa-east-1".to_owned() }
}

async fn answer(mut stream: TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    // A request is whole when its head is there and as much of a body as the head says.
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}
