//! The only list of systems. A new one is a line here.

use system::{Operator, System};

/// Every system, each after those whose stacks it looks at.
pub const SYSTEMS: &[&dyn System] =
    &[&system_network::Network, &system_fipe::Fipe, &system_catalog::Catalog, &system_delivery::Delivery];

/// The side of each system that people work with.
pub fn operators() -> impl Iterator<Item = &'static dyn Operator> {
    SYSTEMS.iter().filter_map(|system| system.operator())
}
