//! The names of the migrations, read from `sql/fipe` when this crate is built: a new one changes the template.

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));
