//! The bucket of reports on S3. The rules are in `catalog-core`.

mod reports;

pub use reports::ReportsBucket;
