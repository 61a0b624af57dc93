//! Ports of 127.0.0.1 for servers that need to be given one. Two tests never get the same one, even from two clones.

use std::net::{Ipv4Addr, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that Linux gives to clients (32768 and up), so that no connection takes one before its server does.
const FIRST: u32 = 20_000;
const NUMBER: u32 = 12_000;

/// A port reserved for this process until it is dropped, or the process ends.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// An abstract socket name stands for the port: one process has it, in the same network namespace, without a file.
    _name: UnixListener,
}

impl Port {
    /// Reserves a port that no other test has reserved and on which nothing listens.
    ///
    /// # Panics
    /// When none is left.
    #[must_use]
    pub fn reserve() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Processes start at different ports; where they meet, the name decides.
        let begin = std::process::id().wrapping_mul(97);
        for _ in 0..NUMBER {
            let offset = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % NUMBER;
            let number = u16::try_from(FIRST + offset).expect("below 65536");
            if let Some(port) = Self::take(number) {
                return port;
            }
        }
        panic!("no port from {FIRST} to {} is free", FIRST + NUMBER - 1);
    }

    fn take(number: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("test-port-{number}")).ok()?;
        let name = UnixListener::bind_addr(&name).ok()?;
        // Not by listening: a child that another thread forks at this moment would go on listening until it runs its program.
        let is_free = TcpStream::connect((Ipv4Addr::LOCALHOST, number)).is_err();
        is_free.then_some(Self { number, _name: name })
    }

    /// The port's number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_had_once_until_it_is_given_back() {
        let port = Port::reserve();
        let number = port.number();
        assert!(Port::take(number).is_none(), "it is reserved, though nobody listens yet");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap();
        drop(port);
        assert!(Port::take(number).is_none(), "somebody listens");
        drop(listener);
    }
}
