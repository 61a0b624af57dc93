//! The statements that change which uploads count, and the version that grows with each change.

pub(crate) const SUPERSEDE_OLDER: &str = "
    UPDATE upload AS older SET state = 'superseded', finished_at = clock_timestamp()
    FROM upload AS u
    WHERE u.upload_number = $1 AND older.state = 'applied' AND older.upload_number <> u.upload_number
        AND (older.object_key, older.bucket) = (u.object_key, u.bucket)
    RETURNING older.upload_id, older.rows_taken";
pub(crate) const APPLY: &str =
    "UPDATE upload SET state = 'applied', finished_at = clock_timestamp(), checkpoint = NULL WHERE upload_number = $1";
/// Waits for whoever changes what counts at the moment.
pub(crate) const LOCK_VERSION: &str = "SELECT version FROM data_version FOR UPDATE";
pub(crate) const NEXT_VERSION: &str = "UPDATE data_version SET version = version + 1, changed_at = now()";
