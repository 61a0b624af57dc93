//! The product table on DynamoDB: items, conditions, and the meaning of a failed condition. The rules are in `catalog-core`.
//! Needs only `PutItem` and `GetItem`.

mod item;
mod table;

pub use table::ProductTable;
