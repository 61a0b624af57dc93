//! Reads a TOML table key by key and collects every fault, with its wording. Stops at nothing itself:
//! a faulty value reads as a default, and the caller rejects the whole when there are faults.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;

use toml::{Table, Value};

use crate::StageFault;

/// How similar a known name must be to an unknown one to be suggested, 0 to 1 (Jaro-Winkler).
const ALIKE: f64 = 0.7;

/// The known name that is most similar to `name`, if one is similar enough.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = known.into_iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let alike = likeness.filter(|(likeness, _)| *likeness >= ALIKE);
    alike.max_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, known)| known)
}

/// One table of a settings file.
pub struct Section<'a> {
    /// Such as `fipe.toml`, for faults.
    file: &'a str,
    path: String,
    table: Option<&'a Table>,
    known: Vec<&'static str>,
    faults: &'a RefCell<Vec<StageFault>>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub fn root(file: &'a str, table: &'a Table, faults: &'a RefCell<Vec<StageFault>>) -> Self {
        Self { file, path: String::new(), table: Some(table), known: Vec::new(), faults }
    }

    /// A required table.
    pub fn section(&mut self, key: &'static str) -> Section<'a> {
        let table = match self.take(key) {
            Some(Value::Table(table)) => Some(table),
            Some(other) => {
                self.fault(key, format!("{other} is not a table"));
                None
            }
            None => {
                self.missing(key, "a table");
                None
            }
        };
        Section { file: self.file, path: self.path_of(key), table, known: Vec::new(), faults: self.faults }
    }

    /// A table that may be left out.
    pub fn optional_section(&mut self, key: &'static str) -> Option<Section<'a>> {
        if self.has(key) {
            return Some(self.section(key));
        }
        self.known.push(key);
        None
    }

    /// True or false.
    pub fn flag(&mut self, key: &'static str) -> bool {
        match self.take(key) {
            Some(Value::Boolean(flag)) => *flag,
            other => self.refuse(key, other, "true or false").unwrap_or_default(),
        }
    }

    /// A whole number within `range`; `unit` is what it counts.
    pub fn whole(&mut self, key: &'static str, range: RangeInclusive<u32>, unit: &str) -> u32 {
        match self.take(key) {
            Some(Value::Integer(number)) if u32::try_from(*number).is_ok_and(|number| range.contains(&number)) => {
                u32::try_from(*number).unwrap_or(*range.start())
            }
            other => {
                let allowed = format!("a whole number of {unit} from {} to {}", range.start(), range.end());
                self.refuse(key, other, &allowed).unwrap_or(*range.start())
            }
        }
    }

    /// A number within `range`, in steps of `step`.
    pub fn number(&mut self, key: &'static str, range: RangeInclusive<f64>, step: f64) -> f64 {
        let value = self.take(key);
        let number = match value {
            Some(Value::Integer(number)) => u32::try_from(*number).ok().map(f64::from),
            Some(Value::Float(number)) => Some(*number),
            _ => None,
        };
        match number {
            Some(number) if range.contains(&number) && (number / step).fract() == 0.0 => number,
            _ => {
                let allowed = format!("a number from {} to {} in steps of {step}", range.start(), range.end());
                self.refuse(key, value, &allowed).unwrap_or(*range.start())
            }
        }
    }

    /// One of `choices`, by its name.
    pub fn one_of<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> T {
        let value = self.take(key);
        let text = value.and_then(Value::as_str);
        match choices.iter().find(|(name, _)| Some(*name) == text) {
            Some((_, choice)) => *choice,
            None => self.refuse(key, value, &quoted(choices)).unwrap_or(choices[0].1),
        }
    }

    /// Several of `choices`, each at most once.
    pub fn some_of<T: Copy + PartialEq>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Vec<T> {
        let value = self.take(key);
        let names = value.and_then(Value::as_array).map(|names| names.iter().map(Value::as_str).collect::<Vec<_>>());
        let mut chosen = Vec::new();
        for name in names.iter().flatten() {
            match choices.iter().find(|(known, _)| Some(*known) == *name) {
                Some((_, choice)) if !chosen.contains(choice) => chosen.push(*choice),
                _ => {
                    self.refuse(key, value, &format!("a list of {}, each at most once", quoted(choices))).unwrap_or(());
                    return chosen;
                }
            }
        }
        if names.is_none() {
            self.refuse(key, value, &format!("a list of {}", quoted(choices))).unwrap_or(());
        }
        chosen
    }

    /// A text that `accepts`; `allowed` says which texts those are.
    pub fn text(&mut self, key: &'static str, allowed: &str, accepts: impl Fn(&str) -> bool) -> String {
        let value = self.take(key);
        match value.and_then(Value::as_str) {
            Some(text) if accepts(text) => text.to_owned(),
            _ => self.refuse(key, value, allowed).unwrap_or_default(),
        }
    }

    /// Texts that `accepts`, each at most once; `allowed` says which those are.
    pub fn texts(&mut self, key: &'static str, allowed: &str, accepts: impl Fn(&str) -> bool) -> Vec<String> {
        let value = self.take(key);
        let mut texts = Vec::new();
        for item in value.and_then(Value::as_array).into_iter().flatten() {
            match item.as_str().filter(|text| accepts(text) && !texts.iter().any(|known| known == text)) {
                Some(text) => texts.push(text.to_owned()),
                None => return self.refuse(key, value, allowed).unwrap_or_default(),
            }
        }
        match value {
            Some(Value::Array(_)) => texts,
            other => self.refuse(key, other, allowed).unwrap_or_default(),
        }
    }

    /// Whether the table has this key; does not mark the key as known.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Every entry of a table with arbitrary keys.
    pub fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.table.into_iter().flatten()
    }

    /// Records a fault of this key.
    pub fn fault(&self, key: &str, what: impl Display) {
        self.faults.borrow_mut().push(StageFault {
            file: self.file.to_owned(),
            path: self.path_of(key),
            what: what.to_string(),
        });
    }

    /// Reports every key that was not read, with the nearest known one.
    pub fn refuse_unknown_keys(self) {
        for (key, _) in self.entries().filter(|(key, _)| !self.known.contains(&key.as_str())) {
            let nearest = nearest(key, self.known.iter().copied());
            self.fault(
                key,
                match nearest {
                    Some(known) => format!("is not a known key; did you mean {known:?}?"),
                    None => format!("is not a known key; allowed here: {}", self.known.join(", ")),
                },
            );
        }
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.table?.get(key)
    }

    fn refuse<T>(&self, key: &str, value: Option<&Value>, allowed: &str) -> Option<T> {
        match value {
            Some(value) => self.fault(key, format!("{value} is not {allowed}")),
            None => self.missing(key, allowed),
        }
        None
    }

    /// A key of a missing table is not reported in addition to the table.
    fn missing(&self, key: &str, allowed: &str) {
        if self.table.is_some() {
            self.fault(key, format!("is missing; it is {allowed}"));
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn quoted<T>(choices: &[(&str, T)]) -> String {
    let names: Vec<_> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
    match names.as_slice() {
        [only] => only.clone(),
        _ => format!("one of {}", names.join(", ")),
    }
}
