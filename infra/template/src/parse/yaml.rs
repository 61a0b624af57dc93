//! YAML events to a tree: tags, anchors, aliases, merge keys; bounded in depth and size.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::limits::{MAX_DEPTH, MAX_NODES};
use super::scalar;
use crate::intrinsics::{canonical, key_of_tag, nearest_tag};
use crate::node::{Entry, Node, Value};
use crate::position::{Position, Refusal};

/// The tree of a text with one document.
pub(super) fn parse(text: &str) -> Result<Node, Refusal> {
    let mut builder = Builder { text, parser: Parser::new_from_str(text), anchors: HashMap::new(), nodes: 0 };
    let mut root = None;
    loop {
        let (event, span) = builder.next()?;
        match event {
            Event::StreamEnd => break,
            Event::DocumentStart(_) if root.is_some() => {
                return Err(Refusal::new(position(&span.start), "a second document: a template is one"));
            }
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => root = Some(builder.node(event, &span, 0)?.node),
        }
    }
    Ok(root.unwrap_or_else(|| Node::new(Value::Null, Position { line: 1, column: 1 })))
}

struct Builder<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Built>,
    /// Created so far, including those from aliases.
    nodes: usize,
}

#[derive(Clone)]
struct Built {
    node: Node,
    size: usize,
    depth: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Refusal> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(refusal(&error, self.text)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Built, Refusal> {
        let at = position(&span.start);
        if depth > MAX_DEPTH {
            return Err(Refusal::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.grow(1, at)?;
        let (built, anchor, tag) = match event {
            Event::Alias(anchor) => {
                let built = self.anchors.get(&anchor).cloned();
                let built = built.ok_or_else(|| Refusal::new(at, "an alias inside its own anchor"))?;
                self.grow(built.size, at)?;
                if depth + built.depth > MAX_DEPTH {
                    return Err(Refusal::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
                }
                return Ok(built);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar_value(text, style, tag.as_deref());
                (Built { node: Node::new(value, at), size: 1, depth: 0 }, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => (self.sequence(at, depth)?, anchor, tag),
            Event::MappingStart(anchor, tag) => (self.mapping(at, depth)?, anchor, tag),
            _ => return Err(Refusal::new(at, "a value is missing")),
        };
        let built = Built { node: tagged(built.node, tag.as_deref(), at)?, ..built };
        if anchor > 0 {
            self.anchors.insert(anchor, built.clone());
        }
        Ok(built)
    }

    fn grow(&mut self, by: usize, at: Position) -> Result<(), Refusal> {
        self.nodes += by;
        if self.nodes > MAX_NODES {
            return Err(Refusal::new(at, format!("aliases make more than {MAX_NODES} values of this text")));
        }
        Ok(())
    }

    fn sequence(&mut self, at: Position, depth: usize) -> Result<Built, Refusal> {
        let mut items = Vec::new();
        let (mut size, mut below) = (1, 0);
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Built { node: Node::new(Value::List(items), at), size, depth: below + 1 });
            }
            let built = self.node(event, &span, depth + 1)?;
            size += built.size;
            below = below.max(built.depth);
            items.push(built.node);
        }
    }

    fn mapping(&mut self, at: Position, depth: usize) -> Result<Built, Refusal> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Node> = Vec::new();
        let mut known: HashSet<String> = HashSet::new();
        let (mut size, mut below) = (1, 0);
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key_at = position(&span.start);
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = match &event {
                Event::Scalar(text, ..) => text.to_string(),
                Event::Alias(_) => String::new(),
                _ => return Err(Refusal::new(key_at, "a key that is a list or a map: keys are text")),
            };
            let key = match self.node(event, &span, depth + 1)?.node.text() {
                Some(text) if key.is_empty() => text.into_owned(),
                _ => key,
            };
            let (event, span) = self.next()?;
            let built = self.node(event, &span, depth + 1)?;
            size += built.size + 1;
            below = below.max(built.depth);
            if is_merge {
                merged.push(built.node);
                continue;
            }
            if !known.insert(key.clone()) {
                let first = entries.iter().find(|entry| entry.key == key).map_or(0, |entry| entry.at.line);
                return Err(Refusal::new(key_at, format!("`{key}` is there twice, first in line {first}: keep one")));
            }
            entries.push(Entry { key, at: key_at, value: built.node });
        }
        for source in merged.iter().flat_map(Node::items) {
            if !matches!(source.value, Value::Map(_)) {
                return Err(Refusal::new(source.at, "`<<` merges maps only"));
            }
            for entry in source.entries() {
                if known.insert(entry.key.clone()) {
                    entries.push(entry.clone());
                }
            }
        }
        Ok(Built { node: canonical(Node::new(Value::Map(entries), at)), size, depth: below + 1 })
    }
}

fn scalar_value(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let core = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
    match core {
        Some("int" | "float") => scalar::number(&text).map_or_else(|| Value::String(text.into_owned()), Value::Number),
        Some("bool" | "null") => scalar::plain(&text),
        Some(_) => Value::String(text.into_owned()),
        // A short tag takes text: `!Ref 123` and `!Sub 10` are names.
        None if style == ScalarStyle::Plain && tag.is_none() => scalar::plain(&text),
        None => Value::String(text.into_owned()),
    }
}

fn tagged(node: Node, tag: Option<&Tag>, at: Position) -> Result<Node, Refusal> {
    let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) else { return Ok(node) };
    let name = if tag.handle == "!" {
        tag.suffix.clone()
    } else {
        format!("{}{}", tag.handle.trim_start_matches('!'), tag.suffix)
    };
    if name.is_empty() {
        return Ok(node);
    }
    match key_of_tag(&name) {
        Some(key) => Ok(canonical(Node::new(Value::Map(vec![Entry { key, at, value: node }]), at))),
        None => Err(Refusal::new(
            at,
            match nearest_tag(&name) {
                Some(near) => format!("`!{name}` is no intrinsic function: write `!{near}`"),
                None => format!("`!{name}` is no intrinsic function of CloudFormation"),
            },
        )),
    }
}

fn position(marker: &Marker) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position { line: number(marker.line().max(1)), column: number(marker.col() + 1) }
}

/// The parser's message, completed with what it omits: the name of an alias, a tab, the end of the text.
fn refusal(error: &ScanError, text: &str) -> Refusal {
    let mut at = position(error.marker());
    let lines: Vec<&str> = text.split('\n').collect();
    let last = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    if at.line > last {
        let column = lines.last().map_or(0, |line| line.chars().count());
        at = Position { line: last, column: u32::try_from(column + 1).unwrap_or(u32::MAX) };
    }
    let line = lines.get(at.line as usize - 1).copied().unwrap_or_default();
    let rest: String = line.chars().skip(at.column as usize - 1).collect();
    let info = error.info();
    let message = if info.contains("unknown anchor") {
        let name: String = rest
            .trim_start_matches('*')
            .chars()
            .take_while(|letter| !letter.is_whitespace() && !",]}".contains(*letter))
            .collect();
        format!("the alias `*{name}` has no anchor `&{name}` before it")
    } else if line.chars().take_while(|letter| letter.is_whitespace()).any(|letter| letter == '\t') {
        format!("a tab in the indentation: use spaces ({info})")
    } else {
        info.to_owned()
    };
    Refusal::new(at, message)
}
