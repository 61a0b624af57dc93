//! The values of `--stage`: those of [`StageName`].

use clap::builder::{PossibleValuesParser, TypedValueParser};
use system::StageName;

/// One of the stages.
pub(crate) fn stage_names() -> impl TypedValueParser<Value = StageName> {
    let allowed = StageName::ALL.map(StageName::as_str);
    PossibleValuesParser::new(allowed).try_map(move |name| StageName::parse(&name).ok_or(allowed.join(", ")))
}
