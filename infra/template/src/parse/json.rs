//! JSON with positions. Stricter than YAML's flow style: no trailing comma, no bare words.

use super::limits::MAX_DEPTH;
use crate::intrinsics::canonical;
use crate::node::{Entry, Node, Value};
use crate::position::{Position, Refusal};

/// The tree of a whole JSON text.
pub(super) fn parse(text: &str) -> Result<Node, Refusal> {
    let mut reader = Reader { rest: text, at: Position { line: 1, column: 1 } };
    let node = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(node),
        Some(letter) => Err(reader.refuse(format!("`{letter}` after the end of the template"))),
    }
}

struct Reader<'a> {
    rest: &'a str,
    at: Position,
}

impl Reader<'_> {
    fn refuse(&self, message: impl Into<String>) -> Refusal {
        Refusal::new(self.at, message)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.rest = &self.rest[letter.len_utf8()..];
        if letter == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(letter)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Refusal> {
        self.space();
        let at = self.at;
        if depth > MAX_DEPTH {
            return Err(self.refuse(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let value = match self.peek() {
            Some('{') => return self.object(at, depth),
            Some('[') => self.list(depth)?,
            Some('"') => Value::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('a'..='z' | 'A'..='Z') => self.word()?,
            Some(letter) => return Err(self.refuse(format!("`{letter}` where a value should stand"))),
            None => return Err(self.refuse("the text ends where a value should stand")),
        };
        Ok(Node::new(value, at))
    }

    fn object(&mut self, at: Position, depth: usize) -> Result<Node, Refusal> {
        self.next();
        let mut entries: Vec<Entry> = Vec::new();
        self.space();
        if self.peek() == Some('}') {
            self.next();
            return Ok(Node::new(Value::Map(entries), at));
        }
        loop {
            self.space();
            let key_at = self.at;
            match self.peek() {
                Some('"') => {}
                Some('}') => return Err(self.refuse("`}` after a comma: remove the comma")),
                Some(letter) => {
                    return Err(self.refuse(format!("`{letter}` where a key in double quotes should stand")));
                }
                None => return Err(self.refuse("the text ends inside an object")),
            }
            let key = self.string()?;
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                return Err(Refusal::new(
                    key_at,
                    format!("`{key}` is there twice, first in line {}: keep one", first.at.line),
                ));
            }
            self.space();
            match self.peek() {
                Some(':') => self.next(),
                Some(letter) => {
                    return Err(self.refuse(format!("`{letter}` where a colon should follow the key `{key}`")));
                }
                None => return Err(self.refuse(format!("the text ends after the key `{key}`"))),
            };
            let value = self.value(depth + 1)?;
            entries.push(Entry { key, at: key_at, value });
            self.space();
            match self.peek() {
                Some(',') => self.next(),
                Some('}') => {
                    self.next();
                    return Ok(canonical(Node::new(Value::Map(entries), at)));
                }
                Some(letter) => return Err(self.refuse(format!("`{letter}` where a comma or `}}` should stand"))),
                None => return Err(self.refuse("the text ends inside an object: a `}` is missing")),
            };
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Refusal> {
        self.next();
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(']') {
            self.next();
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            if self.peek() == Some(']') {
                return Err(self.refuse("`]` after a comma: remove the comma"));
            }
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(',') => self.next(),
                Some(']') => {
                    self.next();
                    return Ok(Value::List(items));
                }
                Some(letter) => return Err(self.refuse(format!("`{letter}` where a comma or `]` should stand"))),
                None => return Err(self.refuse("the text ends inside a list: a `]` is missing")),
            };
        }
    }

    fn string(&mut self) -> Result<String, Refusal> {
        let start = self.at;
        self.next();
        let mut text = String::new();
        loop {
            // Most of a text is plain letters: consume them in one go.
            let plain = self
                .rest
                .bytes()
                .take_while(|byte| byte.is_ascii() && !byte.is_ascii_control() && !matches!(byte, b'"' | b'\\'))
                .count();
            text.push_str(&self.rest[..plain]);
            self.rest = &self.rest[plain..];
            self.at.column += u32::try_from(plain).unwrap_or(u32::MAX);
            match self.peek() {
                Some('"') => {
                    self.next();
                    return Ok(text);
                }
                Some('\\') => {
                    self.next();
                    text.push(self.escape()?);
                }
                Some('\n' | '\r') | None => {
                    return Err(Refusal::new(start, "a string that is not closed: a double quote is missing"));
                }
                Some(letter) if letter < ' ' && letter != '\t' => {
                    return Err(self.refuse("a control character inside a string: write it as \\u00XX"));
                }
                Some(letter) => {
                    self.next();
                    text.push(letter);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Refusal> {
        let at = self.at;
        Ok(match self.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some(letter @ ('"' | '\\' | '/')) => letter,
            Some('u') => {
                let unit = self.unit(at)?;
                let code = if (0xD800..0xDC00).contains(&unit) && self.rest.starts_with("\\u") {
                    self.next();
                    self.next();
                    let low = self.unit(at)?;
                    0x10000 + ((unit - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF)
                } else {
                    unit
                };
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => {
                return Err(Refusal::new(
                    at,
                    "an unknown escape in a string: JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
                ));
            }
        })
    }

    fn unit(&mut self, at: Position) -> Result<u32, Refusal> {
        let digits: String = self.rest.chars().take(4).collect();
        let unit = (digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| u32::from_str_radix(&digits, 16).ok())
            .flatten();
        for _ in 0..digits.chars().count() {
            self.next();
        }
        unit.ok_or_else(|| Refusal::new(at, "\\u needs four hexadecimal digits"))
    }

    fn number(&mut self) -> Result<Value, Refusal> {
        let start = self.at;
        let length = self
            .rest
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let text = &self.rest[..length];
        let valid = serde_json::from_str::<serde_json::Number>(text).is_ok();
        let digits = if text.contains(['.', 'e', 'E']) {
            text.parse::<f64>().map_or_else(|_| text.to_owned(), |number| format!("{number:?}"))
        } else {
            text.to_owned()
        };
        self.rest = &self.rest[length..];
        self.at.column += u32::try_from(length).unwrap_or(u32::MAX);
        if valid { Ok(Value::Number(digits)) } else { Err(Refusal::new(start, "not a number as JSON writes it")) }
    }

    fn word(&mut self) -> Result<Value, Refusal> {
        let at = self.at;
        let length = self.rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let word = self.rest[..length].to_owned();
        self.rest = &self.rest[length..];
        self.at.column += u32::try_from(length).unwrap_or(u32::MAX);
        match word.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            _ => Err(Refusal::new(at, format!("`{word}` without quotes: put it in double quotes"))),
        }
    }
}
