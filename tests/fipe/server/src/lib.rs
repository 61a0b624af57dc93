//! A FIPE server for tests and the local cloud: FIPE's endpoints, JSON, errors and quirks over real or generated months.
//! Refuses any interface but loopback, and data that it cannot read to the last row.

mod admin;
mod answer;
mod api;
mod connection;
mod dataset;
mod fault;
mod file;
mod generate;
mod month;
mod names;
mod query;
mod random;
mod rate_limit;
mod server;
mod shared;
mod stats;

pub use admin::ServedMonth;
pub use dataset::{Brand, Contradiction, Dataset, Model, Price, Row, VehicleType};
pub use fault::{Fault, Faults};
pub use file::{FileError, read, write};
pub use generate::{Generated, SHIPPED, generate};
pub use month::{Month, Reference};
pub use server::{FipeServer, Options};
pub use stats::Stats;
