//! The product table on DynamoDB: items, conditions and what a refusal means. Refuses rules, which are catalog-core's, and
//! needs `PutItem` and `GetItem` alone.

mod item;
mod table;

pub use table::ProductTable;
