//! Where records end, what quotes do, and how reading goes on after a record that is none.

use crate::support::{AVAILABILITY, Call, Calls, rows};
use analytics_reader::{RECORD_BYTES, code};

const ROW: &str = "RJ;NOVA;05/04/2021;30\n";
const GOOD: Vec<&str> = Vec::new();

fn availability(text: &str) -> Calls {
    rows(format!("{AVAILABILITY}{text}"))
}

fn raw(call: &Call) -> &str {
    match call {
        Call::Rejected { raw, .. } => raw,
        _ => panic!("{call:?}"),
    }
}

fn message(call: &Call) -> &str {
    match call {
        Call::Rejected { faults, .. } => &faults[0].message,
        _ => panic!("{call:?}"),
    }
}

#[test]
fn lines_end_with_lf_crlf_or_cr_and_the_last_need_not() {
    for text in ["1\n2\n3\n", "1\r\n2\r\n3", "1\r2\r3\r", "1\r\n2\n3", "1\n2\r3\r\n"] {
        let calls = availability(&text.replace(char::is_numeric, ROW.trim_end()));
        assert_eq!(calls.lines(), [(1, 2, GOOD), (2, 3, GOOD), (3, 4, GOOD)], "{text:?}");
    }
}

#[test]
fn blank_lines_are_no_rows_but_lines() {
    let calls = availability(&format!("\n{ROW}\r\n  \t\n\r{ROW}\n\n"));
    assert_eq!(calls.lines(), [(1, 3, GOOD), (2, 7, GOOD)]);
    assert_eq!(availability(&format!(";;;\n\"\"\n{ROW}")).good(), 1, "delimiters and quotes make a row");
}

#[test]
fn quoted_fields_hold_delimiters_quotes_and_line_ends() {
    let calls = availability("\"RJ\";\"A;\"\"B\"\"\r\nC\";\"05/04/2021\";\"30\"\nRJ;\"\"\"\";05/04/2021;1\n");
    assert_eq!(calls.program_codes(), ["A;\"B\"\r\nC", "\""]);
    assert_eq!(calls.lines(), [(1, 2, GOOD), (2, 4, GOOD)], "a record has the line that it starts on");
}

#[test]
fn blanks_around_values_and_after_closing_quotes_do_not_count() {
    let calls = availability(" RJ ;\tNOVA ; 05/04/2021;30 \n\"RJ\" ;\" NOVA\"\t;05/04/2021;30\n");
    assert_eq!(calls.program_codes(), ["NOVA", "NOVA"]);
}

#[test]
fn a_row_has_as_many_fields_as_the_header() {
    let calls = availability(&format!("RJ;NOVA;05/04/2021\n{ROW}RJ;NOVA;05/04/2021;30;\nx\n"));
    let rejected = vec![code::FIELD_COUNT];
    assert_eq!(calls.lines(), [(1, 2, rejected.clone()), (2, 3, GOOD), (3, 4, rejected.clone()), (4, 5, rejected)]);
    assert_eq!(raw(&calls.0[0]), "RJ;NOVA;05/04/2021");
    assert_eq!(message(&calls.0[0]), "must have 4 fields like the header, has 3");
}

#[test]
fn a_quote_inside_an_unquoted_code_is_a_fault() {
    for code in ["TV \"A\"", "A\"", " \"NOVA\""] {
        let calls = availability(&format!("RJ;{code};05/04/2021;30\n{ROW}"));
        assert_eq!(calls.lines(), [(1, 2, vec![code::STRAY_QUOTE]), (2, 3, GOOD)], "{code}");
        let Call::Rejected { faults, .. } = &calls.0[0] else { panic!() };
        assert_eq!((faults[0].column, faults[0].value.as_str()), (Some("program_code"), code.trim()));
    }
}

#[test]
fn a_quote_inside_an_unquoted_value_of_another_column_is_text() {
    assert_eq!(rows("signal;program_code;date;available_time;title\nRJ;NOVA;05/04/2021;30;5\" \"x\n").good(), 1);
}

#[test]
fn text_after_a_closing_quote_is_a_fault_in_any_column() {
    let header = "signal;program_code;date;available_time;title\n";
    let calls = rows(format!("{header}RJ;\"NO\"VA;05/04/2021;x;t\nRJ;NOVA;05/04/2021;30;\"a \"b\"\n"));
    assert_eq!(calls.lines(), [(1, 2, vec![code::STRAY_QUOTE, code::NOT_A_NUMBER]), (2, 3, vec![code::STRAY_QUOTE])]);
    let Call::Rejected { faults, .. } = &calls.0[1] else { panic!() };
    assert_eq!((faults[0].column, faults[0].value.as_str()), (None, "\"a \"b\""));
    assert!(faults[0].message.starts_with("column 5 "), "{}", faults[0].message);
}

#[test]
fn a_record_may_have_64_kib_and_no_byte_more() {
    let record = |bytes: usize| format!("RJ;NOVA;05/04/2021;{}30\r\n{ROW}", " ".repeat(bytes - 21));
    assert_eq!(availability(&record(RECORD_BYTES)).lines(), [(1, 2, GOOD), (2, 3, GOOD)]);
    let calls = availability(&record(RECORD_BYTES + 1));
    assert_eq!(calls.lines(), [(1, 2, vec![code::RECORD_TOO_LONG]), (2, 3, GOOD)]);
    assert_eq!(raw(&calls.0[0]).len(), RECORD_BYTES);
    assert_eq!(message(&calls.0[0]), "the row in line 2 has more than 65,536 bytes");
}

#[test]
fn a_quote_that_swallows_more_than_64_kib_costs_one_row() {
    let calls = availability(&format!("{ROW}RJ;\"NOVA;05/04/2021;30\n{}", ROW.repeat(9_000)));
    assert_eq!((calls.0.len(), calls.good()), (9_002, 9_001));
    assert_eq!(calls.lines()[1], (2, 3, vec![code::RECORD_TOO_LONG]));
    assert_eq!(calls.lines()[9_001], (9_002, 9_003, GOOD));
    assert_eq!(raw(&calls.0[1]), "RJ;\"NOVA;05/04/2021;30");
    assert!(message(&calls.0[1]).contains("opens in line 3"));
}

#[test]
fn after_such_a_quote_64_kib_are_read_line_by_line_and_then_quotes_count_again() {
    let spanning = "RJ;\"NO\nVA\";05/04/2021;30\n";
    // Its first quote closes what is open, its second opens it again.
    let again = "a\";x;\"\n";
    let calls = availability(&format!("RJ;\"NOVA;05/04/2021;30\n{ROW}{again}{}{spanning}", ROW.repeat(9_000)));
    let lines = calls.lines();
    let start = [(1, 2, vec![code::RECORD_TOO_LONG]), (2, 3, GOOD), (3, 4, vec![code::OPEN_QUOTE]), (4, 5, GOOD)];
    assert_eq!(lines[..4], start);
    assert_eq!((lines.len(), calls.good()), (9_004, 9_002));
    assert_eq!(calls.program_codes().last(), Some(&"NO\nVA"));
}

#[test]
fn a_missing_quote_that_the_next_row_closes_costs_both() {
    let quoted = "\"RJ\";\"NOVA\";\"05/04/2021\";\"30\"\n";
    let calls = availability(&format!("\"RJ\";\"NOVA;05/04/2021;30\n{quoted}{quoted}"));
    assert_eq!(calls.lines(), [(1, 2, vec![code::STRAY_QUOTE, code::FIELD_COUNT]), (2, 4, GOOD)]);
}

#[test]
fn a_quote_that_is_open_at_the_end_costs_one_row() {
    let calls = availability(&format!("{ROW}RJ;\"NOVA;05/04/2021;30\n{ROW}{ROW}"));
    assert_eq!(calls.lines(), [(1, 2, GOOD), (2, 3, vec![code::OPEN_QUOTE]), (3, 4, GOOD), (4, 5, GOOD)]);
    let calls = availability("RJ;\"NOVA;05/04/2021;30");
    assert_eq!(calls.lines(), [(1, 2, vec![code::OPEN_QUOTE])]);
    assert_eq!(
        message(&calls.0[0]),
        "the quote that opens in line 2 is never closed; the row is taken to end with its line"
    );
}

#[test]
fn quotes_that_open_again_and_again_are_not_read_again_and_again() {
    let calls = availability(&"a\";x;\"\n".repeat(300_000));
    assert_eq!((calls.0.len(), calls.good()), (300_000, 0));
}

#[test]
fn a_rejected_row_comes_as_it_was_in_utf8() {
    let bytes = [AVAILABILITY.as_bytes(), b"\"S\xE3o\"; NO\"\"VA;32/01/2021;-1\r\n"].concat();
    let calls = rows(bytes);
    assert_eq!(raw(&calls.0[0]), "\"São\"; NO\"\"VA;32/01/2021;-1");
}
