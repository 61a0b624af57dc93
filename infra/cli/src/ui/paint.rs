//! Colours, on a terminal. Never the only carrier of a meaning: every coloured word says it too.

/// Whether text is coloured with ANSI codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    is_on: bool,
}

impl Paint {
    /// Colours if `is_terminal`, unless the environment disables them (<https://no-color.org>) or the terminal has none.
    pub(crate) fn of(is_terminal: bool) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { is_on: is_terminal && !is_set("NO_COLOR") && !is_dumb }
    }

    /// Lost or failed.
    pub(crate) fn red(self, text: &str) -> String {
        self.code("1;31", text)
    }

    /// Created or fine.
    pub(crate) fn green(self, text: &str) -> String {
        self.code("32", text)
    }

    /// Needs attention.
    pub(crate) fn yellow(self, text: &str) -> String {
        self.code("33", text)
    }

    /// Names and heads.
    pub(crate) fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    /// Secondary information.
    pub(crate) fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    fn code(self, code: &str, text: &str) -> String {
        match self.is_on && !text.is_empty() {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
impl Paint {
    /// Leaves every text as it is.
    pub(crate) const PLAIN: Self = Self { is_on: false };

    /// Colours whatever the environment says.
    pub(crate) const COLOURED: Self = Self { is_on: true };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_ends_where_its_text_ends_and_plain_text_has_none() {
        assert_eq!(Paint::COLOURED.red("lost"), "\u{1b}[1;31mlost\u{1b}[0m");
        assert_eq!(Paint::COLOURED.red(""), "");
        assert_eq!(Paint::PLAIN.red("lost"), "lost");
        assert_eq!(Paint::of(false), Paint::PLAIN);
    }
}
