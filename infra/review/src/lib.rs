//! Two sets of templates in, a verdict out: what changes, what is dangerous, and why.
//!
//! Pure: no AWS, no network, no files, no clock. Refuses templates it cannot read, with line and column.
