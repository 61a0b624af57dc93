//! Findings of the category exposure.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];
