//! Listens to what functions, or deployers, call: a proxy between them and MiniStack that passes every byte on as it is, and keeps each call with
//! whoever made it.
//!
//! A function is known by its process, at the other end of the connection; a call of somebody unknown is not passed on. A deployer is known by its account.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use test_permissions::{Call, Caller, Request, Unreadable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

/// Bodies of calls are far shorter; of longer ones, which are objects, nothing is kept.
const KEPT: usize = 4 << 20;
const HEAD: usize = 64 << 10;

/// Whose calls they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callers {
    Functions,
    Deployers,
}

/// A proxy, until it is dropped.
#[derive(Debug)]
pub(crate) struct Recorder {
    endpoint: String,
    heard: Arc<Mutex<Heard>>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// What was called, each call once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) calls: BTreeSet<Call>,
    /// What nothing can be said about.
    pub(crate) unreadable: BTreeSet<String>,
}

impl Recorder {
    /// In front of the MiniStack that listens, or will listen, on this port.
    pub(crate) fn start(ministack: u16, callers: Callers) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let heard = Arc::new(Mutex::new(Heard::default()));
        runtime.spawn(listen(listener, (ministack, callers), Arc::clone(&heard)));
        Ok(Self { endpoint, heard, runtime: Some(runtime) })
    }

    /// Where functions call AWS.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn heard(&self) -> Heard {
        lock(&self.heard).clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn listen(listener: TcpListener, to: (u16, Callers), heard: Arc<Mutex<Heard>>) {
    while let Ok((client, peer)) = listener.accept().await {
        let heard = Arc::clone(&heard);
        tokio::spawn(async move {
            // Either side may end a connection whenever it likes, as without a proxy.
            pass(client, peer, to, &heard).await.ok();
        });
    }
}

async fn pass(
    client: TcpStream,
    peer: SocketAddr,
    (ministack, callers): (u16, Callers),
    heard: &Mutex<Heard>,
) -> std::io::Result<()> {
    let connection = (peer, client.local_addr()?);
    let function = function_at(connection).filter(|_| callers == Callers::Functions);
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, ministack)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        tokio::io::copy(&mut from_server, &mut to_client).await.ok();
        to_client.shutdown().await.ok();
    });
    let mut read = Vec::new();
    while let Some((mut request, length)) = head(&mut from_client, &mut read).await? {
        let caller = match (callers, &function) {
            (Callers::Deployers, _) => request.access_key().map(Caller::Account),
            (Callers::Functions, _) if request.is_presigned() => Some(Caller::Address),
            (Callers::Functions, function) => function.clone().map(Caller::Function),
        };
        let Some(caller) = caller else {
            // A function that was killed has nobody to ask any more.
            if is_alive(connection) {
                let what = format!("{} {} of a process that is no function", request.method, request.target);
                lock(heard).unreadable.insert(what);
            }
            break;
        };
        let (head, mut left) = length;
        to_server.write_all(&read[..head]).await?;
        read.drain(..head);
        let is_kept = left <= KEPT;
        while left > 0 {
            if read.is_empty() && from_client.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
            let part = left.min(read.len());
            to_server.write_all(&read[..part]).await?;
            let part = read.drain(..part);
            left -= part.len();
            if is_kept {
                request.body.extend(part);
            }
        }
        note(heard, request.calls(caller));
    }
    to_server.shutdown().await?;
    answers.await.ok();
    Ok(())
}

fn note(heard: &Mutex<Heard>, calls: Result<Vec<Call>, Unreadable>) {
    let mut heard = lock(heard);
    match calls {
        Ok(calls) => heard.calls.extend(calls),
        Err(unreadable) => drop(heard.unreadable.insert(unreadable.to_string())),
    }
}

/// The head of the next request, and the lengths of the head and of the body. Clients here never send a body in chunks.
async fn head(client: &mut OwnedReadHalf, read: &mut Vec<u8>) -> std::io::Result<Option<(Request, (usize, usize))>> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if read.len() > HEAD || client.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&read[..end]);
    let mut lines = text.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
    if headers.contains_key("transfer-encoding") {
        return Err(std::io::Error::other("a body in chunks"));
    }
    let body = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    Ok(Some((Request { method, target, headers, body: Vec::new() }, (end, body))))
}

/// The function whose process has this end of a connection.
fn function_at(connection: (SocketAddr, SocketAddr)) -> Option<String> {
    let socket = format!("socket:[{}]", inode(connection)?);
    let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
    let mut functions = processes.filter(|process| {
        fs::read_link(process.join("exe")).is_ok_and(|program| program.to_string_lossy().contains("bootstrap"))
    });
    let process = functions.find(|process| {
        let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        open.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|link| link.to_string_lossy() == socket))
    })?;
    let environment = fs::read(process.join("environ")).ok()?;
    let environment = String::from_utf8_lossy(&environment);
    environment.split('\0').find_map(|one| one.strip_prefix("AWS_LAMBDA_FUNCTION_NAME=").map(str::to_owned))
}

/// Whether some process still has it: Linux forgets the inode with the process.
fn is_alive(connection: (SocketAddr, SocketAddr)) -> bool {
    inode(connection).is_some_and(|inode| inode != "0")
}

/// The inode of a connection's other end. Both ends count: Linux gives one port to connections of several processes, each to another server.
fn inode((peer, own): (SocketAddr, SocketAddr)) -> Option<String> {
    let ends = [peer, own].map(|end| match end {
        SocketAddr::V4(end) => format!("{:08X}:{:04X}", u32::from_ne_bytes(end.ip().octets()), end.port()),
        SocketAddr::V6(end) => end.to_string(),
    });
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields.get(1..3)? == ends).then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    })
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
