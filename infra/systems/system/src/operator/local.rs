//! What the local cloud runs for a system, as far as it is known without arguments.

/// A service of a system on the local cloud, such as a stand-in for an API on the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalService {
    /// As in `infra local logs <name>`; lowercase.
    pub name: &'static str,
    /// With its article, as messages use it.
    pub title: &'static str,
    /// Its default port.
    pub port: u16,
    /// The flag for another port: `--orders-port`.
    pub port_flag: &'static str,
    /// The variable for another port: `ORDERS_PORT`.
    pub port_variable: &'static str,
}
