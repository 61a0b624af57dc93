//! The bucket of reports on S3. The rules are catalog-core's.

mod reports;

pub use reports::ReportsBucket;
