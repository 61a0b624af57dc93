//! The store on a real PostgreSQL, with the privileges of the application role alone.

mod complete;
mod status;
mod support;
mod write;
