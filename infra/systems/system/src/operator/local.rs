//! What the local cloud runs for a system, as far as it is known before anything is asked for.

/// A service of a system on the local cloud, such as a stand-in for an API on the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalService {
    /// As in `infra local logs <name>`; lowercase.
    pub name: &'static str,
    /// With its article, as messages call it.
    pub title: &'static str,
    /// Where it listens unless another port is given.
    pub port: u16,
    /// How to give another port: `--orders-port`.
    pub port_flag: &'static str,
    /// The same by the environment: `ORDERS_PORT`.
    pub port_variable: &'static str,
}
