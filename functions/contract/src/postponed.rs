//! What says that a message was postponed: put back on its queue because what it needs is away for a while.

/// The message attribute with the time at which it was put back first, in RFC 3339.
pub const SINCE: &str = "postponed_since";
/// The field among [`DETAILS`](crate::log::DETAILS) of the line that says so: when it is worth another try, in RFC 3339.
pub const UNTIL: &str = "postponed_until";
