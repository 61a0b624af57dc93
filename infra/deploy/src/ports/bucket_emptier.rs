//! The port to the buckets of stacks. Cannot delete a bucket.

use aws_access::CallError;

/// The port to the buckets of stacks.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait BucketEmptier {
    /// How many object versions and delete markers a bucket contains, at least, and whether there are more. A bucket that
    /// does not exist contains none.
    async fn objects(&self, bucket: &str) -> Result<(usize, bool), CallError>;

    /// Deletes a page of a bucket's object versions and delete markers.
    async fn empty_page(&self, bucket: &str) -> Result<Emptied, CallError>;
}

/// The result of deleting a page of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Emptied {
    /// How many were deleted.
    pub deleted: usize,
    /// Keys that were not, each with S3's message, for example because of an object lock.
    pub refused: Vec<String>,
    /// There are more.
    pub more: bool,
}
