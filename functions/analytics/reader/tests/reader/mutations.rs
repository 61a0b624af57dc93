//! Nothing that is fed makes the reader panic, lose count or depend on cuts. Runs for `ANALYTICS_FUZZ_SECONDS` (2), from `ANALYTICS_FUZZ_SEED` (0) on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::support::{Numbers, file, go_on, read, read_cut};
use analytics_reader::{Encoding, FileFault, Reader};

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Pieces that are most likely to be mistaken.
const PIECES: [&[u8]; 22] = [
    b"\"",
    b"\"\"",
    b"\"\"\"",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\r",
    b",",
    b";",
    b"\t",
    b"|",
    b"\xEF\xBB\xBF",
    b"\0",
    b"\xFF",
    b"\xC3",
    b"\xE2\x82",
    b"\x80",
    b" ",
    b"\",\"",
    b"1e999",
    b"-",
    b"2021-02-29T23:59:60Z",
];

fn mutated(numbers: &mut Numbers) -> Vec<u8> {
    let rows = numbers.below(30);
    let mut bytes = file(numbers, rows).into_bytes();
    for _ in 0..numbers.below(12) {
        let at = numbers.below(bytes.len() + 1);
        let end = bytes.len().min(at + numbers.below(30));
        match numbers.below(8) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.truncate(at),
            2 => bytes[at..end].iter_mut().for_each(|byte| *byte = numbers.next() as u8),
            3 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            4 if numbers.chance(20) => {
                let (piece, times) = (numbers.of(&PIECES), numbers.below(70_000));
                bytes.splice(at..at, piece.repeat(times));
            }
            5 if numbers.chance(20) => {
                let times = numbers.below(100_000 / (bytes.len() + 1) + 2);
                bytes = bytes.repeat(times);
            }
            _ => {
                let piece = numbers.of(&PIECES);
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

fn check(seed: u64) {
    let mut numbers = Numbers(seed);
    let bytes = mutated(&mut numbers);
    let whole = read(&bytes);
    if let (calls, Ok(end)) = &whole {
        assert_eq!(end.records, calls.0.len() as u64);
        assert_eq!(end.next_byte, bytes.len() as u64);
        let numbers: Vec<u64> = calls.lines().iter().map(|(record, _, _)| *record).collect();
        assert!(numbers.iter().copied().eq(1..=end.records));
        assert!(calls.lines().windows(2).all(|pair| pair[0].1 < pair[1].1), "lines grow");
        let line_ends = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
        assert!(end.line <= line_ends + 2);
    }
    assert_eq!(read_cut(&bytes, &mut numbers), whole);
    let (_, other) = go_on(Reader::new_in(Encoding::Windows1252), &bytes);
    assert!(!matches!(other, Err(FileFault::OtherEncoding { .. })));
}

#[test]
fn whatever_is_fed_is_counted_and_nothing_panics() {
    let first = setting("ANALYTICS_FUZZ_SEED", 0);
    let end = Instant::now() + Duration::from_secs(setting("ANALYTICS_FUZZ_SECONDS", 2));
    let mut seed = first;
    while Instant::now() < end || seed < first + 20 {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(seed))) {
            eprintln!("failed with ANALYTICS_FUZZ_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
        seed += 1;
    }
    println!("{} files, seeds {first} to {}", seed - first, seed - 1);
}

#[test]
fn a_checkpoint_from_elsewhere_cannot_make_it_panic() {
    for seed in 0..2_000 {
        let mut numbers = Numbers(seed);
        let Some(mut checkpoint) = read(file(&mut numbers, 3)).1.ok() else { continue };
        let places = numbers.below(9);
        checkpoint.columns = (0..places).map(|_| [0, 1, 2, 3, 4, 7, u32::MAX][numbers.below(7)]).collect();
        checkpoint.width = [0, 1, 4, 5, u32::MAX][numbers.below(5)];
        checkpoint.line_by_line_until = numbers.next() >> numbers.below(64);
        checkpoint.is_skipping = numbers.chance(20);
        let (next_byte, bytes) = (checkpoint.next_byte, mutated(&mut numbers));
        let (_, end) = go_on(Reader::resume(checkpoint), &bytes);
        if let Ok(end) = end {
            assert_eq!(end.next_byte, next_byte + bytes.len() as u64);
        }
    }
}
