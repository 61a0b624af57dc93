//! Findings of the category encryption.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];
