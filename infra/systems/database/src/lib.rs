//! **What systems with an Aurora database share**: the cluster with its secrets and its schema, who may reach it, and how functions of
//! other stacks connect. No system itself; it names none.

mod access;
mod connection;
mod data;
mod definition;
mod monitoring;

pub use access::{Access, subnet_ids};
pub use connection::Connection;
pub use data::{DatabaseSettings, RDS_CA_BUNDLE, add_database};
pub use definition::{Definition, Descriptions};
pub use monitoring::{add_alarms, widgets};
