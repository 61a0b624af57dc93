//! Which values are good, what they are read as, and the codes of the others.

use crate::support::{AUDIENCE, AVAILABILITY, Call, rows};
use analytics_reader::{Day, Micros, code};

/// What becomes of an audience row with this start time, date and audience.
fn audience(date: &str, time: &str, audience: &str) -> Call {
    rows(format!("{AUDIENCE}RJ,NOVA,{date},{time},{audience}\n")).0.remove(0)
}

fn slot(signal: &str, program_code: &str, date: &str, time: &str) -> Call {
    rows(format!("{AVAILABILITY}{signal};{program_code};{date};{time}\n")).0.remove(0)
}

/// The codes by column.
fn faults(call: Call) -> Vec<(&'static str, &'static str)> {
    match call {
        Call::Rejected { faults, .. } => {
            faults.iter().map(|fault| (fault.column.expect("of a column"), fault.code)).collect()
        }
        _ => Vec::new(),
    }
}

fn days(date: jiff::civil::Date) -> i32 {
    jiff::civil::date(1970, 1, 1).until(date).expect("within the calendar").get_days()
}

#[test]
fn a_row_of_each_kind_is_read() {
    let Call::Audience { record, line, signal, program_code, day: read, micros, audience } =
        audience("2021-03-01", "2021-03-01T23:05:00.000Z", "1.25E6")
    else {
        panic!()
    };
    assert_eq!((record, line, signal.as_str(), program_code.as_str()), (1, 2, "RJ", "NOVA"));
    assert_eq!((read, micros, audience), (days(jiff::civil::date(2021, 3, 1)), 1_614_639_900_000_000, 1_250_000.0));
    let Call::Availability { day: read, time, .. } = slot("RJ", "NOVA", "05/04/2021", "30") else { panic!() };
    assert_eq!((read, time), (days(jiff::civil::date(2021, 4, 5)), 30));
    assert_eq!((Day(0) < Day(1), Micros(0) < Micros(1)), (true, true), "they are ordered");
}

#[test]
fn each_day_of_the_calendar_is_read_as_itself() {
    for (year, month) in [1, 4, 100, 400, 1600, 1899, 1900, 1970, 2000, 2020, 2021, 2100, 9999]
        .into_iter()
        .flat_map(|year| (1..=13).map(move |month| (year, month)))
    {
        for number in 0..=32 {
            let real = jiff::civil::Date::new(year, month, number).ok();
            let expected = real.map(days);
            let date = format!("{year:04}-{month:02}-{number:02}");
            let slashed = format!("{number:02}/{month:02}/{year:04}");
            match (audience(&date, "2021-03-01T23:05:00Z", "1"), slot("RJ", "NOVA", &slashed, "1"), expected) {
                (Call::Audience { day, .. }, Call::Availability { day: other, .. }, Some(expected)) => {
                    assert_eq!((day, other), (expected, expected), "{date}");
                }
                (iso, slashed, None) => {
                    assert_eq!(faults(iso), [("exhibition_date", code::NO_SUCH_DAY)]);
                    assert_eq!(faults(slashed), [("date", code::NO_SUCH_DAY)]);
                }
                other => panic!("{date}: {other:?}"),
            }
        }
    }
}

#[test]
fn dates_have_one_form() {
    let of_audience = |text| faults(audience(text, "2021-03-01T23:05:00Z", "1"));
    let of_slot = |text| faults(slot("RJ", "NOVA", text, "1"));
    for text in ["01/03/2021", "2021-3-01", "20210301", "2021/03/01", "2021-03-01T00:00:00", "x", "-021-03-01", "٢٠٢١"]
    {
        assert_eq!(of_audience(text), [("exhibition_date", code::NOT_A_DATE)], "{text}");
    }
    for text in ["2021-04-05", "5/4/2021", "05/04/21", "05.04.2021", "05/04/2021 00:00", "x"] {
        assert_eq!(of_slot(text), [("date", code::NOT_A_DATE)], "{text}");
    }
    assert_eq!(of_audience("0000-01-01"), [("exhibition_date", code::NO_SUCH_DAY)]);
    assert_eq!(
        (of_audience(" "), of_slot("")),
        (vec![("exhibition_date", code::MISSING)], vec![("date", code::MISSING)])
    );
}

#[test]
fn start_times_are_those_of_rfc_3339() {
    for text in [
        "2021-03-01T23:05:00Z",
        "2021-03-01t23:05:00.5z",
        "2021-03-01 23:05:00.123456Z",
        "2021-03-01T23:05:00.123456999-03:00",
        "2021-03-01T00:05:59+14:00",
        "2021-03-01T00:05:59-00:00",
        "1969-12-31T23:59:59.9999999Z",
        "0001-01-01T00:00:00Z",
        "9999-12-30T21:59:59.999999Z",
        "2024-02-29T12:00:00+23:59",
    ] {
        let Call::Audience { micros, .. } = audience("2021-03-01", text, "1") else { panic!("{text}") };
        let time: jiff::Timestamp = text.parse().unwrap();
        let floor = time.as_nanosecond().div_euclid(1_000);
        assert_eq!(i128::from(micros), floor, "{text}: finer fractions are cut off");
    }
    let of = |text: &str| faults(audience("2021-03-01", text, "1"));
    for text in [
        "2021-03-01T23:05:00",
        "2021-03-01T23:05Z",
        "2021-03-01T24:00:00Z",
        "2021-03-01T23:60:00Z",
        "2021-03-01T23:59:60Z",
        "2021-03-01T23:05:00.Z",
        "2021-03-01T23:05:00,5Z",
        "2021-03-01T23:05:00+0300",
        "2021-03-01T23:05:00+24:00",
        "2021-03-01T23:05:00Z ago",
        "2021-03-01",
        "23:05:00Z",
        "01/03/2021T23:05:00Z",
        "1614639900",
        "2021-03-01T23:05:00é",
    ] {
        let quoted = format!("\"{text}\"");
        assert_eq!(of(&quoted), [("program_start_time", code::NOT_A_TIME)], "{text}");
    }
    assert_eq!(of("2021-02-29T23:05:00Z"), [("program_start_time", code::NO_SUCH_DAY)]);
    assert_eq!(of("9999-12-30T22:00:00Z"), [("program_start_time", code::OUT_OF_RANGE)]);
    assert_eq!(of("0001-01-01T00:00:00+00:01"), [("program_start_time", code::OUT_OF_RANGE)]);
    assert_eq!(of(""), [("program_start_time", code::MISSING)]);
}

#[test]
fn an_audience_is_a_finite_decimal_of_at_least_0() {
    for (text, value) in [
        ("0", 0.0),
        ("-0.0", 0.0),
        ("+1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("007", 7.0),
        ("1.25E6", 1_250_000.0),
        ("1e-3", 0.001),
        ("2958759.3243243243", 2_958_759.324_324_324_3),
        ("1e-999", 0.0),
        ("1.7976931348623157E308", f64::MAX),
    ] {
        let Call::Audience { audience, .. } = audience("2021-03-01", "2021-03-01T23:05:00Z", text) else {
            panic!("{text}")
        };
        assert_eq!(audience.to_bits(), value.to_bits(), "{text}");
    }
    let of = |text: &str| faults(audience("2021-03-01", "2021-03-01T23:05:00Z", text));
    for text in
        ["inf", "-Infinity", "nan", "NaN", "0x10", "1_000", "1e", "e5", ".", "-", "1 2", "\"1,5\"", "1.5.2", "x", "١"]
    {
        assert_eq!(of(text), [("average_audience", code::NOT_A_NUMBER)], "{text}");
    }
    assert_eq!(of("-0.1"), [("average_audience", code::NEGATIVE)]);
    assert_eq!(of("-1e999"), [("average_audience", code::NEGATIVE)]);
    assert_eq!(of("1e999"), [("average_audience", code::OUT_OF_RANGE)]);
    assert_eq!(of(""), [("average_audience", code::MISSING)]);
}

#[test]
fn an_available_time_is_an_integer_from_0_to_2147483647() {
    for (text, value) in [("0", 0), ("-0", 0), ("+30", 30), ("0000000000030", 30), ("2147483647", i32::MAX)] {
        let Call::Availability { time, .. } = slot("RJ", "NOVA", "05/04/2021", text) else { panic!("{text}") };
        assert_eq!(time, value);
    }
    let of = |text: &str| faults(slot("RJ", "NOVA", "05/04/2021", text));
    for text in ["1.0", "1e3", "x", "--1", "+", "-", "30 min", "0x1", "3O"] {
        assert_eq!(of(text), [("available_time", code::NOT_A_NUMBER)], "{text}");
    }
    assert_eq!(of("-1"), [("available_time", code::NEGATIVE)]);
    assert_eq!(of("2147483648"), [("available_time", code::OUT_OF_RANGE)]);
    assert_eq!(of("99999999999999999999"), [("available_time", code::OUT_OF_RANGE)]);
    assert_eq!(of(" "), [("available_time", code::MISSING)]);
}

#[test]
fn codes_have_1_to_50_and_1_to_100_characters() {
    let of = |signal: &str, code: &str| faults(slot(signal, code, "05/04/2021", "1"));
    assert_eq!(of(&"é".repeat(50), &"€".repeat(100)), []);
    assert_eq!(of(&format!("\"{}\"", "\"\"".repeat(50)), "A"), [], "doubled quotes are one character");
    assert_eq!(of(&"é".repeat(51), "A"), [("signal", code::TOO_LONG)]);
    assert_eq!(of("A", &"é".repeat(101)), [("program_code", code::TOO_LONG)]);
    assert_eq!(of("", "\" \""), [("signal", code::MISSING), ("program_code", code::MISSING)]);
    assert_eq!(of("A\0", "A"), [("signal", code::NUL_CHARACTER)]);
    let Call::Availability { signal, .. } = slot("rj", "A", "05/04/2021", "1") else { panic!() };
    assert_eq!(signal, "rj", "case is kept");
}

#[test]
fn all_faults_of_a_row_are_told_with_their_values() {
    let long = "x".repeat(300);
    let Call::Rejected { record, line, raw, faults } =
        rows(format!("{AUDIENCE},{long},2021-02-30,yesterday,-1\n")).0.remove(0)
    else {
        panic!()
    };
    assert_eq!((record, line), (1, 2));
    assert_eq!(raw, format!(",{long},2021-02-30,yesterday,-1"));
    let told: Vec<_> = faults.iter().map(|fault| (fault.column.unwrap(), fault.code, fault.value.as_str())).collect();
    assert_eq!(
        told,
        [
            ("signal", code::MISSING, ""),
            ("program_code", code::TOO_LONG, &long[..100]),
            ("exhibition_date", code::NO_SUCH_DAY, "2021-02-30"),
            ("program_start_time", code::NOT_A_TIME, "yesterday"),
            ("average_audience", code::NEGATIVE, "-1"),
        ]
    );
    assert_eq!(faults[2].message, "must be a day that the calendar has");
}
