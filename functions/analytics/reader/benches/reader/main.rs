//! How fast files are read on one thread: about 200 MB of each sort, in pieces of 64 KiB, as they come from S3. And the whole way from a file to its
//! predictions, beside pandas, which fails below its limits.
//!
//! `cargo bench -p analytics-reader [-- NAME]`. What is read only is the same 4 MB again and again, so that no more is held.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

mod pandas;
mod predictions;
mod whole_way;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use analytics_reader::{Exhibition, Reader, Rejected, Sink, Slot};

const BYTES: usize = 200_000_000;
const BLOCK: usize = 4_000_000;
const PIECE: usize = 64 * 1024;

#[derive(Default)]
struct Sum {
    rows: u64,
    rejected: u64,
    audience: f64,
    days: i64,
}

impl Sink for Sum {
    fn audience(&mut self, row: Exhibition<'_>) {
        self.rows += 1;
        self.audience += black_box(row).average_audience;
    }

    fn availability(&mut self, row: Slot<'_>) {
        self.rows += 1;
        self.days += i64::from(black_box(row).date.0);
    }

    fn rejected(&mut self, row: Rejected<'_>) {
        self.rejected += 1;
        black_box(row);
    }
}

fn main() -> ExitCode {
    let audience = "signal,program_code,exhibition_date,program_start_time,average_audience\r\n";
    let row = |index: usize| {
        let (signal, code) = (["SP1", "RJ", "BH", "DF"][index % 4], ["NOVA", "HUCK", "CASA"][index % 3]);
        let (month, day, minute) = (index % 12 + 1, index % 28 + 1, index % 60);
        let value = 4_438.0 + (index * 7_919 % 35_000_000) as f64 / 7.0;
        (signal, code, month, day, minute, value)
    };
    run("audience", audience, |index| {
        let (signal, code, month, day, minute, value) = row(index);
        format!(
            "{signal},{code},2020-{month:02}-{day:02},2020-{month:02}-{day:02}T15:{minute:02}:00.000Z,{value:.10}\r\n"
        )
    });
    run("audience, quoted", audience, |index| {
        let (signal, code, month, day, minute, value) = row(index);
        format!(
            "\"{signal}\",\"{code}\",\"2020-{month:02}-{day:02}\",\"2020-{month:02}-{day:02}T15:{minute:02}:00.000Z\",\"{value:.10}\"\n"
        )
    });
    run("audience, not ASCII", audience, |index| {
        let (_, code, month, day, minute, value) = row(index);
        format!("São,{code},2020-{month:02}-{day:02},2020-{month:02}-{day:02}T15:{minute:02}:00.000Z,{value:.10}\n")
    });
    run("availability", "signal;program_code;date;available_time\r\n", |index| {
        let (signal, code, month, day, minute, _) = row(index);
        format!("{signal};{code};{day:02}/{month:02}/2020;{minute}\r\n")
    });
    run("audience, each row rejected", audience, |index| {
        let (signal, code, month, _, minute, value) = row(index);
        format!("{signal},{code},2020-{month:02}-32,2020-{month:02}-01T15:{minute:02}:00.000Z,{value:.10}\r\n")
    });
    match is_wanted(whole_way::NAME) && !whole_way::is_fast_enough() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn is_wanted(name: &str) -> bool {
    std::env::args().skip(1).all(|wanted| wanted.starts_with('-') || name.contains(&wanted))
}

fn run(name: &str, header: &str, row: impl Fn(usize) -> String) {
    if !is_wanted(name) {
        return;
    }
    let mut block = String::new();
    for index in 0.. {
        if block.len() >= BLOCK {
            break;
        }
        block += &row(index);
    }
    let row_bytes = block.len() / block.lines().count();
    let (mut sum, mut reader, mut bytes) = (Sum::default(), Reader::new(), 0);
    let start = Instant::now();
    let read = reader.feed(header.as_bytes(), &mut sum);
    assert_eq!(read, Ok(()));
    while bytes < BYTES {
        for piece in block.as_bytes().chunks(PIECE) {
            assert_eq!(reader.feed(piece, &mut sum), Ok(()));
        }
        bytes += block.len();
    }
    let end = reader.finish(&mut sum);
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(end.map(|end| end.records), Ok(sum.rows + sum.rejected));
    black_box((sum.audience, sum.days));
    let records = sum.rows + sum.rejected;
    println!(
        "{name}: {:.2} million rows/s, {:.0} MB/s ({row_bytes} bytes a row, {records} rows, {} rejected)",
        records as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e6,
        sum.rejected
    );
}
