//! The text of `Fn::Sub`: `${Name}`, `${Name.Attribute}`, and `${!Literal}`.

/// A piece of the text.
pub(crate) enum Piece<'a> {
    Text(&'a str),
    /// `${!Name}` is the text `${Name}`.
    Escaped(&'a str),
    Variable(&'a str),
}

pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let name = rest[start + 2..start + length].trim();
        if start > 0 {
            pieces.push(Piece::Text(&rest[..start]));
        }
        pieces.push(match name.strip_prefix('!') {
            Some(literal) => Piece::Escaped(literal),
            None => Piece::Variable(name),
        });
        rest = &rest[start + length + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The variables in a text: `${A}`, `${A.B}`; not `${!Literal}`.
pub fn variables(text: &str) -> Vec<&str> {
    let name = |piece| if let Piece::Variable(name) = piece { Some(name) } else { None };
    pieces(text).into_iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_and_literals_are_not() {
        assert_eq!(variables("a${B}c${ D.E }${!F}${open"), ["B", "D.E"]);
        assert_eq!(variables("$ {A} {B}"), [""; 0]);
    }
}
