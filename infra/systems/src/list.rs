//! The only list of systems. A new system is a line here.

use system::{Operator, System};

/// Every system, each after those whose stacks it reads.
pub const SYSTEMS: &[&dyn System] = &[
    &system_network::Network,
    &system_fipe::Fipe,
    &system_catalog::Catalog,
    &system_analytics::Analytics,
    &system_messages::Messages,
    &system_delivery::Delivery,
];

/// The operator side of each system that has one.
pub fn operators() -> impl Iterator<Item = &'static dyn Operator> {
    SYSTEMS.iter().filter_map(|system| system.operator())
}
