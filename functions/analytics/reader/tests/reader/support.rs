//! What the tests share: a sink that keeps all, a seeded source of numbers, and files made from them.

use std::fmt::Write as _;

use analytics_reader::{Checkpoint, Exhibition, Fault, FileFault, RECORD_BYTES, Reader, Rejected, Sink, Slot};

pub(crate) const AUDIENCE: &str = "signal,program_code,exhibition_date,program_start_time,average_audience\n";
pub(crate) const AVAILABILITY: &str = "signal;program_code;date;available_time\n";

/// What a sink was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Audience { record: u64, line: u64, signal: String, program_code: String, day: i32, micros: i64, audience: f64 },
    Availability { record: u64, line: u64, signal: String, program_code: String, day: i32, time: i32 },
    Rejected { record: u64, line: u64, raw: String, faults: Vec<Fault> },
}

#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Calls(pub(crate) Vec<Call>);

impl Sink for Calls {
    fn audience(&mut self, row: Exhibition<'_>) {
        self.0.push(Call::Audience {
            record: row.record,
            line: row.line,
            signal: row.signal.to_owned(),
            program_code: row.program_code.to_owned(),
            day: row.exhibition_date.0,
            micros: row.program_start_time.0,
            audience: row.average_audience,
        });
    }

    fn availability(&mut self, row: Slot<'_>) {
        self.0.push(Call::Availability {
            record: row.record,
            line: row.line,
            signal: row.signal.to_owned(),
            program_code: row.program_code.to_owned(),
            day: row.date.0,
            time: row.available_time,
        });
    }

    fn rejected(&mut self, row: Rejected<'_>) {
        assert!(!row.faults.is_empty(), "a rejected row has a fault");
        for fault in row.faults {
            assert!(analytics_reader::code::ALL.contains(&fault.code), "{fault:?}");
            assert!(fault.value.chars().count() <= analytics_reader::VALUE_CHARACTERS, "{fault:?}");
            assert!(!fault.message.is_empty(), "{fault:?}");
        }
        self.0.push(Call::Rejected {
            record: row.record,
            line: row.line,
            raw: row.raw.to_owned(),
            faults: row.faults.to_vec(),
        });
    }
}

impl Calls {
    /// Record, line, and the codes of one that is rejected.
    pub(crate) fn lines(&self) -> Vec<(u64, u64, Vec<&'static str>)> {
        let line = |call: &Call| match call {
            Call::Audience { record, line, .. } | Call::Availability { record, line, .. } => {
                (*record, *line, Vec::new())
            }
            Call::Rejected { record, line, faults, .. } => {
                (*record, *line, faults.iter().map(|fault| fault.code).collect())
            }
        };
        self.0.iter().map(line).collect()
    }

    pub(crate) fn good(&self) -> usize {
        self.0.iter().filter(|call| !matches!(call, Call::Rejected { .. })).count()
    }

    pub(crate) fn program_codes(&self) -> Vec<&str> {
        let mut codes = Vec::new();
        for call in &self.0 {
            if let Call::Audience { program_code, .. } | Call::Availability { program_code, .. } = call {
                codes.push(program_code.as_str());
            }
        }
        codes
    }
}

/// Reads a file in one piece.
pub(crate) fn read(bytes: impl AsRef<[u8]>) -> (Calls, Result<Checkpoint, FileFault>) {
    go_on(Reader::new(), bytes.as_ref())
}

/// Reads a file that is fine.
pub(crate) fn rows(bytes: impl AsRef<[u8]>) -> Calls {
    let (calls, end) = read(bytes);
    let end = end.expect("a file that is fine");
    assert_eq!(end.records, calls.0.len() as u64, "each record is handed over once");
    calls
}

pub(crate) fn go_on(mut reader: Reader, bytes: &[u8]) -> (Calls, Result<Checkpoint, FileFault>) {
    let mut calls = Calls::default();
    let end = reader.feed(bytes, &mut calls).and_then(|()| reader.finish(&mut calls));
    (calls, end)
}

/// Reads a file in random pieces, and goes on with a fresh reader from a checkpoint, as it is stored, now and then.
pub(crate) fn read_cut(bytes: &[u8], numbers: &mut Numbers) -> (Calls, Result<Checkpoint, FileFault>) {
    let (mut reader, mut calls, mut at, mut resumed) = (Reader::new(), Calls::default(), 0, 0);
    let longest = [1, 7, 100, 5_000, 70_000][numbers.below(5)];
    while at < bytes.len() {
        let end = bytes.len().min(at + numbers.below(longest + 1));
        if let Err(fault) = reader.feed(&bytes[at..end], &mut calls) {
            assert_eq!(reader.feed(b"x", &mut calls), Err(fault.clone()), "it stays so");
            return (calls, Err(fault));
        }
        at = end;
        // Each may go back by 64 KiB.
        if numbers.chance(if longest < 100 { 2 } else { 30 })
            && resumed < 20
            && let Some(checkpoint) = reader.checkpoint()
        {
            assert!(at as u64 - checkpoint.next_byte <= RECORD_BYTES as u64 + 1, "{at} {checkpoint:?}");
            assert_eq!(checkpoint.records, calls.0.len() as u64);
            let text = serde_json::to_string(&checkpoint).expect("it is data");
            at = checkpoint.next_byte as usize;
            resumed += 1;
            reader = Reader::resume(serde_json::from_str(&text).expect("it was written so"));
        }
    }
    let end = reader.finish(&mut calls);
    (calls, end)
}

/// SplitMix64: small, seeded, the same everywhere.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `end` - 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

/// A file of either kind: any delimiter, line ends, column order, quotes, further columns, blank lines, and some bad values.
pub(crate) fn file(numbers: &mut Numbers, rows: usize) -> String {
    let delimiter = numbers.of(&[",", ";", "\t", "|"]);
    let line_end = numbers.of(&["\n", "\r\n"]);
    let mut columns = if numbers.chance(50) {
        vec!["signal", "program_code", "exhibition_date", "program_start_time", "average_audience"]
    } else {
        vec!["signal", "program_code", "date", "available_time"]
    };
    for extra in ["title", "note"] {
        if numbers.chance(40) {
            columns.insert(numbers.below(columns.len() + 1), extra);
        }
    }
    if numbers.chance(50) {
        let last = columns.len() - 1;
        columns.swap(numbers.below(last), last);
    }
    let mut text = if numbers.chance(50) { "\u{FEFF}".to_owned() } else { String::new() };
    let header: Vec<String> = columns.iter().map(|column| field(numbers, column, delimiter)).collect();
    text += &header.join(delimiter);
    for _ in 0..rows {
        text += line_end;
        if numbers.chance(5) {
            text += line_end;
        }
        let values: Vec<String> = columns
            .iter()
            .map(|column| {
                let value = value(numbers, column, delimiter, line_end);
                field(numbers, &value, delimiter)
            })
            .collect();
        text += &values.join(delimiter);
        if numbers.chance(1) {
            text += delimiter;
        }
    }
    if numbers.chance(50) {
        text += line_end;
    }
    text
}

fn value(numbers: &mut Numbers, column: &str, delimiter: &str, line_end: &str) -> String {
    if numbers.chance(3) {
        return numbers.of(&["", " ", "x", "2021-02-30", "30/02/2021", "-1", "1e999", "é"]).to_owned();
    }
    let (year, month, day) = (1990 + numbers.below(60), 1 + numbers.below(12), 1 + numbers.below(28));
    match column {
        "signal" => numbers.of(&["SP1", "RJ", "São", "DF"]).to_owned(),
        "program_code" => match numbers.below(12) {
            0 => format!("A{delimiter}B"),
            1 => "TV \"A\"".to_owned(),
            2 => format!("A{line_end}B"),
            _ => numbers.of(&["NOVA", "HUCK", "CASA"]).to_owned(),
        },
        "exhibition_date" => format!("{year}-{month:02}-{day:02}"),
        "date" => format!("{day:02}/{month:02}/{year}"),
        "program_start_time" => {
            let mut text = format!("{year}-{month:02}-{day:02}T{:02}:{:02}:59", numbers.below(24), numbers.below(60));
            if numbers.chance(50) {
                let _ = write!(text, ".{}", numbers.below(1_000_000_000));
            }
            text + numbers.of(&["Z", "-03:00", "+05:30"])
        }
        "average_audience" => match numbers.below(3) {
            0 => format!("{}E{}", numbers.below(1000), numbers.below(9)),
            _ => format!("{}.{}", numbers.below(40_000_000), numbers.next() % 10_000_000_000),
        },
        "available_time" => numbers.below(400).to_string(),
        _ => {
            let lines = numbers.below(4);
            format!("{}{}", "x".repeat(numbers.below(20)), format!("{line_end}\"y\"{delimiter}").repeat(lines))
        }
    }
}

/// As CSV, in quotes if it must be and sometimes if not.
fn field(numbers: &mut Numbers, value: &str, delimiter: &str) -> String {
    if value.contains(['"', '\r', '\n']) || value.contains(delimiter) || numbers.chance(20) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}
