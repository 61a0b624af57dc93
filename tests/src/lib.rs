//! End to end on the local cloud.
