//! Findings of the category permissions.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];
