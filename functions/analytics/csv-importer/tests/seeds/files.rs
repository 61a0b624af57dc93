//! Versions of a few keys, with rows that overlap, rows that are wrong, and files that nobody can read.

use std::fmt::Write as _;

use analytics_core::{CreatedObject, Sequencer};
use jiff::Timestamp;

use crate::random::Random;

/// What a row counts for: program, signal and day, and for slots the n-th of the day.
pub(crate) type Key = (String, String, String, u8);

/// One version of one key.
pub(crate) struct Version {
    pub(crate) object: CreatedObject,
    pub(crate) text: String,
    /// The good rows in their order.
    pub(crate) rows: Vec<(Key, i64)>,
    pub(crate) is_audience: bool,
    /// Why it can never count.
    pub(crate) poison: Option<&'static str>,
}

pub(crate) struct Files(pub(crate) Vec<Version>);

impl Files {
    /// One version of one key.
    pub(crate) fn of(key: &str, text: &str) -> Self {
        let (object, text) = (object(key, 0, text.len()), text.to_owned());
        Self(vec![Version { object, text, rows: Vec::new(), is_audience: false, poison: None }])
    }

    pub(crate) fn some(random: &mut Random) -> Self {
        let mut versions = Vec::new();
        for key in ["a.csv", "b.csv", "folder/slots 1.csv", "slots 2.csv"] {
            for _ in 0..=random.below(3) {
                versions.push(key);
            }
        }
        random.shuffle(&mut versions);
        Self(versions.iter().enumerate().map(|(at, key)| version(key, at, random)).collect())
    }
}

fn version(key: &str, at: usize, random: &mut Random) -> Version {
    let is_audience = !key.contains("slots");
    let (header, delimiter) = match is_audience {
        true => ("signal,program_code,exhibition_date,program_start_time,average_audience", ','),
        false => ("signal;program_code;date;available_time", ';'),
    };
    let mut poison = None;
    let mut text = match random.below(10) {
        0 => {
            poison = Some("unknown_header");
            "signal,program,day\n".to_owned()
        }
        _ => format!("{header}\n"),
    };
    let bad_percent = [0, 0, 10, 80][random.below(4)];
    let (mut rows, mut bad) = (Vec::new(), 0_usize);
    let mut of_day = std::collections::BTreeMap::<(String, String, String), u8>::new();
    for _ in 0..random.below(25) {
        let signal = ["RJ", "SP1"][random.below(2)];
        let program = ["NOVA", "ALFA", "São"][random.below(3)];
        let day = 1 + random.below(9);
        let value = i64::try_from(random.below(1_000)).unwrap_or_default();
        let is_bad = random.percent(bad_percent);
        let fields = match (is_audience, is_bad) {
            (true, false) => format!("{signal},{program},2021-03-0{day},2021-03-0{day}T20:00:00Z,{value}"),
            (true, true) => format!("{signal},{program},2021-02-3{day},2021-03-0{day}T20:00:00Z,-{value}"),
            (false, false) => format!("{signal};{program};0{day}/03/2021;{value}"),
            (false, true) => format!("{signal};{program};0{day}/03/2021{delimiter}{value}.5"),
        };
        let _ = writeln!(text, "{fields}");
        if is_bad {
            bad += 1;
            continue;
        }
        let day = format!("2021-03-0{day}");
        let nth = of_day.entry((program.to_owned(), signal.to_owned(), day.clone())).or_default();
        // Of two equal exhibitions the later row counts; equal slots count each.
        let nth = if is_audience { 0 } else { std::mem::replace(nth, *nth + 1) };
        rows.push(((program.to_owned(), signal.to_owned(), day, nth), value));
    }
    if poison.is_none() && bad > 0 && rows.is_empty() {
        poison = Some("no_good_row");
    } else if poison.is_none() && bad * 2 > bad + rows.len() {
        poison = Some("too_many_rejected_rows");
    }
    if random.percent(8) {
        poison = Some("object_gone");
    }
    Version { object: object(key, at, text.len()), text, rows, is_audience, poison }
}

fn object(key: &str, at: usize, size: usize) -> CreatedObject {
    CreatedObject {
        bucket: "uploads".to_owned(),
        key: key.to_owned(),
        version_id: Some(format!("v{at}")),
        e_tag: None,
        size: Some(size as u64),
        sequencer: Some(Sequencer(format!("00{at:02X}"))),
        event_time: Timestamp::from_second(1_790_000_000 + i64::try_from(at).unwrap_or_default()).unwrap(),
    }
}
