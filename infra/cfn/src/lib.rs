//! Typed CloudFormation: templates, intrinsics, generated resources and their property facts.
