//! The file names of the migrations in `sql/analytics`, read when this crate is built: a new file changes the template.

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));
