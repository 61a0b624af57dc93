//! Findings of the category reliability.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];
