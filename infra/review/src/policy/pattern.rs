//! Text with `*` and `?` as IAM interprets it, and with unknown parts (`${Queue.Arn}`) that equal only themselves.

use std::fmt;

/// A pattern of an action, an ARN or a principal. Compares case-insensitively when it was [`Pattern::folded`].
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Any,
    /// A value that CloudFormation fills in, such as `${Queue.Arn}`.
    Unknown(String),
}

impl Pattern {
    /// For ARNs, which are case-sensitive.
    pub(crate) fn new(text: &str) -> Pattern {
        Pattern { text: text.to_owned(), tokens: tokens(&canonical(text), true) }
    }

    /// For actions, which are case-insensitive.
    pub(crate) fn folded(text: &str) -> Pattern {
        Pattern { text: text.to_owned(), tokens: tokens(&text.to_ascii_lowercase(), true) }
    }

    /// For values that `StringEquals` compares: `*` is an asterisk.
    pub(crate) fn literal(text: &str) -> Pattern {
        Pattern { text: text.to_owned(), tokens: tokens(&canonical(text), false) }
    }

    /// As written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_anything(&self) -> bool {
        !self.tokens.is_empty() && self.tokens.iter().all(|token| *token == Token::Any)
    }

    /// Whether this one matches everything that the other one matches. Never a false positive; may miss exotic cases of `?` next to `*`.
    pub(crate) fn covers(&self, other: &Pattern) -> bool {
        let (wide, narrow) = (&self.tokens, &other.tokens);
        let (mut at, mut place) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while place < narrow.len() {
            let fits = wide.get(at).is_some_and(|token| match (token, &narrow[place]) {
                (Token::Any, _) => false,
                (Token::One, Token::One | Token::Char(_)) => true,
                (wide, narrow) => wide == narrow,
            });
            if wide.get(at) == Some(&Token::Any) {
                star = Some((at, place));
                at += 1;
            } else if fits {
                at += 1;
                place += 1;
            } else if let Some((star_at, star_place)) = star {
                at = star_at + 1;
                place = star_place + 1;
                star = Some((star_at, star_place + 1));
            } else {
                return false;
            }
        }
        wide[at..].iter().all(|token| *token == Token::Any)
    }

    /// Whether some text may match both. An unknown part may be anything.
    pub(crate) fn meets(&self, other: &Pattern) -> bool {
        let width = other.tokens.len() + 1;
        let mut row = vec![false; width];
        for (at, left) in self.tokens.iter().map(Some).chain([None]).enumerate().collect::<Vec<_>>().into_iter().rev() {
            let below = row;
            row = vec![false; width];
            for (place, right) in (0..width).rev().map(|place| (place, other.tokens.get(place))) {
                row[place] = match (left, right) {
                    (None, None) => true,
                    (Some(left), None) => left.is_open() && below[place],
                    (None, Some(right)) => right.is_open() && row[place + 1],
                    (Some(left), Some(right)) if left.is_open() || right.is_open() => {
                        below[place] || row[place + 1] || below[place + 1]
                    }
                    (Some(left), Some(right)) => {
                        (left == right || *left == Token::One || *right == Token::One) && below[place + 1]
                    }
                };
            }
            if at == 0 {
                break;
            }
        }
        row[0]
    }
}

impl Token {
    fn is_open(&self) -> bool {
        matches!(self, Token::Any | Token::Unknown(_))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.tokens == other.tokens
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn tokens(text: &str, wildcards: bool) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("${")
            && let Some(end) = rest.find('}')
        {
            tokens.push(Token::Unknown(rest[2..end].to_owned()));
            rest = &rest[end + 1..];
            continue;
        }
        tokens.push(match first {
            '*' if wildcards => Token::Any,
            '?' if wildcards => Token::One,
            other => Token::Char(other),
        });
        rest = &rest[first.len_utf8()..];
    }
    tokens
}

/// Normalizes different spellings of one ARN: the partition, `Ref` where it is the ARN, a bucket's ARN by its name.
fn canonical(text: &str) -> String {
    let mut text = text
        .replace("${AWS::Partition}", "aws")
        .replace("${AWS::URLSuffix}", "amazonaws.com")
        .replace(".TopicArn}", "}")
        .replace(".PolicyArn}", "}");
    if let Some(rest) = text.strip_prefix("arn:aws:s3:::${")
        && let Some(end) = rest.find('}')
        && !rest[..end].contains(['.', ':'])
    {
        text = format!("${{{}.Arn}}{}", &rest[..end], &rest[end + 1..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(wide: &str, narrow: &str) -> bool {
        Pattern::new(wide).covers(&Pattern::new(narrow))
    }

    #[test]
    fn a_star_covers_what_it_stands_for_and_nothing_else() {
        for (wide, narrow) in [
            ("*", "s3:GetObject"),
            ("s3:*", "s3:Get*"),
            ("s3:Get*", "s3:GetObject"),
            ("s3:*Object", "s3:GetAnyObject"),
            ("a?c", "abc"),
            ("*", ""),
            ("${Bucket.Arn}/*", "${Bucket.Arn}/reports/*"),
            ("*a*b", "aab"),
        ] {
            assert!(covers(wide, narrow), "{wide} covers {narrow}");
        }
        for (wide, narrow) in [
            ("s3:Get*", "s3:*"),
            ("s3:GetObject", "s3:GetObjectAcl"),
            ("a?c", "a*c"),
            ("${Queue.Arn}", "${OtherQueue.Arn}"),
            ("arn:aws:sqs:*:1:a", "${Queue.Arn}"),
            ("", "*"),
        ] {
            assert!(!covers(wide, narrow), "{wide} does not cover {narrow}");
        }
    }

    #[test]
    fn spellings_of_one_arn_are_equal() {
        assert!(covers("arn:aws:s3:::${Reports}/*", "${Reports.Arn}/a"));
        assert!(covers("arn:${AWS::Partition}:iam::aws:policy/X", "arn:aws:iam::aws:policy/X"));
        assert!(covers("${Topic}", "${Topic.TopicArn}"));
    }

    #[test]
    fn patterns_meet_where_one_text_matches_both() {
        let meets = |left: &str, right: &str| Pattern::new(left).meets(&Pattern::new(right));
        assert!(meets("iam:*", "*:PassRole"));
        assert!(meets("s3:Get*", "s3:*Object"));
        assert!(meets("${A}", "anything"));
        assert!(!meets("iam:*", "s3:*"));
        assert!(!meets("s3:Get?", "s3:Get"));
    }
}
