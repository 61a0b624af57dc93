//! What is read does not depend on how the bytes come, and agrees with the `csv` crate.

use crate::support::{AVAILABILITY, Call, Numbers, file, read, read_cut};
use analytics_reader::{Encoding, RECORD_BYTES};

fn assert_cuts_do_not_matter(name: &str, bytes: &[u8], seed: u64) {
    let whole = read(bytes);
    for round in 0..6 {
        let cut = read_cut(bytes, &mut Numbers(seed * 1_000 + round));
        assert_eq!(cut, whole, "{name}, seed {seed}, round {round}");
    }
}

#[test]
fn files_are_read_the_same_however_they_are_cut() {
    for seed in 0..60 {
        let mut numbers = Numbers(seed);
        let rows = numbers.below(300);
        let text = file(&mut numbers, rows);
        assert_cuts_do_not_matter("file", text.as_bytes(), seed);
        let bytes: Vec<u8> = text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect();
        assert_cuts_do_not_matter("latin-1", &bytes, seed);
        assert_cuts_do_not_matter("returns", text.replace("\r\n", "\n").replace('\n', "\r").as_bytes(), seed);
    }
}

#[test]
fn records_that_are_too_long_are_read_the_same_however_they_are_cut() {
    let row = "RJ;NOVA;05/04/2021;30\r\n";
    let header = AVAILABILITY;
    let cases = [
        ("open quote", format!("{header}{row}RJ;\"NOVA;05/04/2021;30\r\n{}", row.repeat(9_000))),
        ("open quote at the end", format!("{header}{}RJ;\"NOVA;05/04/2021;30\r\n{}", row.repeat(9), row.repeat(90))),
        ("quotes that open again", format!("{header}{}{row}", "a\";x;\"\n".repeat(40_000))),
        ("one line", format!("{header}{row}{}\r\n{row}", "x".repeat(200_000))),
        ("one line in quotes", format!("{header}{row}\"{}\r\n{row}", "x".repeat(200_000))),
        ("lines in quotes", format!("{header}{row}\"{}\";NOVA;05/04/2021;30\n{row}", "x\n".repeat(50_000))),
        ("no line end", format!("{header}{row}{}", "x".repeat(200_000))),
        ("the longest", format!("{header}RJ;NOVA;05/04/2021;{}30\r\n{row}", " ".repeat(RECORD_BYTES - 21))),
        ("header", "x".repeat(200_000)),
        ("header in quotes", format!("\"{}", "x\n".repeat(200_000))),
    ];
    for (seed, (name, text)) in (0..).zip(&cases) {
        assert_cuts_do_not_matter(name, text.as_bytes(), seed);
    }
}

#[test]
fn records_are_those_that_the_csv_crate_finds() {
    for seed in 0..200 {
        let mut numbers = Numbers(seed);
        let rows = numbers.below(200);
        let text = file(&mut numbers, rows);
        let (calls, end) = read(&text);
        let end = end.unwrap();
        let body = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.delimiter(end.delimiter.as_str().as_bytes()[0]).flexible(true);
        let mut reader = reader.from_reader(body.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let place = |column: &str| header.iter().position(|name| name == column).unwrap();
        let (signal_at, code_at) = (place("signal"), place("program_code"));
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len() as u64, end.records, "seed {seed}");
        for (record, call) in records.iter().zip(&calls.0) {
            match call {
                Call::Audience { signal, program_code, .. } | Call::Availability { signal, program_code, .. } => {
                    assert_eq!(record.len(), header.len(), "seed {seed}");
                    assert_eq!(
                        (record[signal_at].trim(), record[code_at].trim()),
                        (signal.as_str(), program_code.as_str())
                    );
                    if let Call::Audience { audience, micros, day, .. } = call {
                        assert_eq!(record[place("average_audience")].parse(), Ok(*audience));
                        let time: jiff::Timestamp = record[place("program_start_time")].parse().unwrap();
                        assert_eq!(time.as_microsecond(), *micros);
                        let date: jiff::civil::Date = record[place("exhibition_date")].parse().unwrap();
                        assert_eq!(
                            i64::from(*day),
                            i64::from(jiff::civil::date(1970, 1, 1).until(date).unwrap().get_days())
                        );
                    }
                }
                Call::Rejected { faults, .. } if record.len() != header.len() => {
                    assert_eq!(faults[0].code, "field_count");
                }
                Call::Rejected { .. } => {}
            }
        }
        assert_eq!(end.records, rows as u64, "seed {seed}");
        assert_eq!(end.next_byte, text.len() as u64);
        assert_eq!(end.encoding, Encoding::Utf8);
        assert!(calls.good() * 2 >= rows, "seed {seed}: most rows are good");
    }
}
