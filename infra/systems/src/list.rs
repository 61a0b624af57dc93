//! The only list of systems. A new one is a line here.

use system::System;

/// Every system, each after those whose stacks it looks at.
pub const SYSTEMS: &[&dyn System] = &[&system_fipe::Fipe, &system_catalog::Catalog, &system_delivery::Delivery];
