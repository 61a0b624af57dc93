//! Which headers are recognised, and what is said of the others.

use crate::support::{AUDIENCE, AVAILABILITY, Calls, go_on, read, rows};
use analytics_reader::{Checkpoint, Delimiter, Encoding, FileFault, Guess, Kind, RECORD_BYTES, Reader};

const AUDIENCE_ROW: &str = "RJ,NOVA,2021-03-01,2021-03-01T23:05:00.000Z,1.25E6";

fn fault(bytes: impl AsRef<[u8]>) -> FileFault {
    let (calls, end) = read(bytes);
    assert_eq!(calls, Calls::default());
    end.expect_err("no header")
}

#[test]
fn the_delimiter_is_the_one_under_which_all_columns_are_there() {
    for delimiter in Delimiter::ALL {
        for (kind, header, row) in [
            (Kind::Audience, AUDIENCE, AUDIENCE_ROW),
            (Kind::Availability, &AVAILABILITY.replace(';', ","), "RJ,NOVA,05/04/2021,30"),
        ] {
            let text = format!("{header}{row}").replace(',', delimiter.as_str());
            let (calls, end) = read(text);
            let end = end.unwrap();
            assert_eq!((end.kind, end.delimiter, calls.good()), (kind, delimiter, 1));
        }
    }
}

#[test]
fn the_kind_is_known_as_soon_as_the_header_is_complete() {
    let (mut reader, mut calls) = (Reader::new(), Calls::default());
    let (start, rest) = AUDIENCE.split_at(AUDIENCE.len() - 1);
    reader.feed(start.as_bytes(), &mut calls).unwrap();
    assert_eq!((reader.kind(), reader.checkpoint()), (None, None));
    reader.feed(rest.as_bytes(), &mut calls).unwrap();
    assert_eq!(reader.kind(), Some(Kind::Audience));
    let Checkpoint { delimiter, encoding, next_byte, .. } = reader.checkpoint().unwrap();
    assert_eq!((delimiter, encoding, next_byte), (Delimiter::Comma, Encoding::Utf8, AUDIENCE.len() as u64));
}

#[test]
fn bom_blanks_case_order_quotes_and_further_columns_do_not_matter() {
    for header in [
        "\u{FEFF}signal;program_code;date;available_time",
        "SIGNAL;Program_Code; date ;\tavailable_time\t",
        "\u{FEFF}\"signal\";\"program_code\";\"date\";\" available_time \"",
        "\n  \r\n\rsignal;program_code;date;available_time",
    ] {
        assert_eq!(rows(format!("{header}\r\nRJ;NOVA;05/04/2021;30\r\n")).program_codes(), ["NOVA"], "{header}");
    }
    let text = "note;available_time;\"a \"\";\"\"\nb\";date;program_code;signal;note;\n1;30;2;05/04/2021;NOVA;RJ;3;4\n";
    let calls = rows(text);
    assert_eq!(calls.program_codes(), ["NOVA"]);
    assert_eq!(calls.lines(), [(1, 3, vec![])], "the header has two lines");
}

#[test]
fn a_checkpoint_has_the_header_as_it_came() {
    let header = |bytes: &[u8]| read(bytes).1.unwrap().header;
    assert_eq!(
        header(b"\xEF\xBB\xBF\"Signal\";program_code;date ;available_time;a\xE7\r\n"),
        "\"Signal\";program_code;date ;available_time;aç"
    );
}

#[test]
fn the_columns_of_both_kinds_make_an_audience_file() {
    let text = format!("date,available_time,{AUDIENCE}x,y,{AUDIENCE_ROW}");
    assert_eq!(read(text).1.unwrap().kind, Kind::Audience);
}

#[test]
fn a_header_without_rows_is_an_empty_file_that_is_fine() {
    for text in [AUDIENCE, AUDIENCE.trim_end(), &format!("{AUDIENCE}\r\n\r\n \n")] {
        let end = read(text).1.unwrap();
        assert_eq!((end.records, end.next_byte), (0, text.len() as u64));
    }
}

#[test]
fn a_file_without_a_header_is_empty() {
    for text in ["", "\u{FEFF}", "\r\n\n", "  \n "] {
        assert_eq!(fault(text), FileFault::EmptyFile, "{text:?}");
        assert_eq!(fault(text).kind(), "empty_file");
    }
}

#[test]
fn an_unknown_header_says_what_was_found_what_is_missing_and_what_was_meant() {
    let fault = fault("sinal;Program Code;date;time\r\nRJ;NOVA;05/04/2021;30\r\n");
    assert_eq!(
        fault.to_string(),
        "line 1: no kind of file has the columns \"sinal\", \"Program Code\", \"date\", \"time\"; \
         nearest is availability, which lacks signal, program_code, available_time; \"sinal\": did you mean signal?; \
         \"Program Code\": did you mean program_code?; \
         audience needs signal, program_code, exhibition_date, program_start_time, average_audience; \
         availability needs signal, program_code, date, available_time; separated by a comma, a semicolon, a tab or |"
    );
    assert_eq!(fault.kind(), "unknown_header");
    let FileFault::UnknownHeader(header) = fault else { panic!("{fault:?}") };
    assert_eq!((header.line, header.nearest), (1, Kind::Availability));
    assert_eq!(header.did_you_mean[0], Guess { found: "sinal".to_owned(), column: "signal" });
}

#[test]
fn a_header_of_something_else_is_told_what_is_needed_and_not_what_it_resembles() {
    let needs = "audience needs signal, program_code, exhibition_date, program_start_time, average_audience; \
        availability needs signal, program_code, date, available_time; separated by a comma, a semicolon, a tab or |";
    let told = fault("customer,data,amount\n1,2,3\n").to_string();
    assert_eq!(told, format!("line 1: no kind of file has the columns \"customer\", \"data\", \"amount\"; {needs}"));
    // Two that are misspelt are no chance.
    let told = fault("signals,programcode,data,amount\n").to_string();
    assert!(told.contains("\"signals\": did you mean signal?; \"programcode\": did you mean program_code?"), "{told}");
}

#[test]
fn an_unknown_header_names_a_few_columns_only() {
    let FileFault::UnknownHeader(header) = fault(format!("\n{}", "x,".repeat(999) + &"y".repeat(500))) else {
        panic!()
    };
    assert_eq!((header.line, header.found.len(), header.more), (2, 40, 960));
    let FileFault::UnknownHeader(header) = fault("é".repeat(500)) else { panic!() };
    assert_eq!(header.found, ["é".repeat(60)]);
    assert_eq!(header.missing.len(), 4);
}

#[test]
fn a_header_whose_quote_is_not_closed_is_unknown() {
    let fault = fault("signal;program_code;date;\"available_time\nRJ;NOVA;05/04/2021;30");
    assert_eq!(fault.kind(), "unknown_header");
    let fault = self::fault("signal;program_code;date;\"available_time");
    assert!(fault.to_string().contains("the last quote is not closed"), "{fault}");
}

#[test]
fn a_column_that_is_needed_must_be_there_once() {
    let fault = fault("signal,program_code,Signal,exhibition_date,program_start_time,average_audience\n");
    assert_eq!(fault, FileFault::RepeatedColumn { line: 1, column: "signal" });
    assert_eq!(fault.kind(), "repeated_column");
    assert!(read(format!("note,note,date,date,{AUDIENCE}")).1.is_ok(), "others are ignored");
}

#[test]
fn a_header_of_more_than_64_kib_is_too_long() {
    let long = |length: usize| format!("{},{AUDIENCE}", "x".repeat(length - AUDIENCE.len()));
    assert!(read(long(RECORD_BYTES)).1.is_ok());
    let fault = fault(long(RECORD_BYTES + 1));
    assert_eq!((fault.kind(), fault), ("header_too_long", FileFault::HeaderTooLong { line: 1 }));
}

#[test]
fn other_formats_are_named() {
    for (bytes, found) in [
        (&b"PK\x03\x04\x14\0\x06\0\n"[..], "a ZIP archive or an Excel workbook"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1", "an Excel workbook"),
        (b"\xFF\xFEs\0i\0g\0\n\0", "text in UTF-16"),
        (b"s\0i\0g\0n\0a\0l\0", "binary, or text in UTF-16"),
        (b"\x1F\x8B\x08", "a gzip archive"),
        (b"PAR1", "a Parquet file"),
    ] {
        let fault = fault(bytes);
        assert_eq!((fault.kind(), &fault), ("not_csv", &FileFault::NotCsv { found }));
    }
}

#[test]
fn text_is_windows_1252_where_it_is_not_utf8() {
    let text = |code: &[u8]| [AVAILABILITY.as_bytes(), b"RJ;A;05/04/2021;1\nRJ;", code, b";05/04/2021;1\n"].concat();
    let end = |code: &[u8]| read(text(code)).1.unwrap().encoding;
    assert_eq!(rows(text("São €".as_bytes())).program_codes(), ["A", "São €"]);
    assert_eq!(end("São".as_bytes()), Encoding::Utf8);
    assert_eq!(rows(text(b"S\xE3o \x80\x81")).program_codes(), ["A", "São €\u{81}"]);
    assert_eq!(end(b"S\xE3o"), Encoding::Windows1252);
    // A BOM does not count as text.
    assert_eq!(rows([b"\xEF\xBB\xBF", &*text(b"\xE3")].concat()).program_codes(), ["A", "ã"]);
    // Also where a header's other column is the first that is not ASCII.
    let header = b"signal;program_code;date;available_time;pra\xE7a\nRJ;\xC3\xA3;05/04/2021;1;x";
    assert_eq!(rows(header).program_codes(), ["Ã£"]);
}

#[test]
fn a_file_that_turns_out_not_to_be_utf8_is_read_again_from_the_start() {
    let bytes = [AVAILABILITY.as_bytes(), "RJ;é;05/04/2021;1\n".as_bytes(), b"RJ;\xE9;05/04/2021;1\n"].concat();
    let (calls, end) = read(&bytes);
    assert_eq!((calls.good(), end), (1, Err(FileFault::OtherEncoding { line: 3 })));
    assert_eq!(FileFault::OtherEncoding { line: 3 }.kind(), "other_encoding");
    let (calls, end) = go_on(Reader::new_in(Encoding::Windows1252), &bytes);
    assert_eq!((calls.program_codes(), end.unwrap().encoding), (vec!["Ã©", "é"], Encoding::Windows1252));
}
