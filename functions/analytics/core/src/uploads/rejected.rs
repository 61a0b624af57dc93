//! The rejected rows of a file as CSV, as they came, but for longer ones than are kept, with a last column `error`: mend them, and upload them again. In UTF-8 with a byte
//! order mark, without which spreadsheets take it for something else.

use analytics_contract::Fault;

use crate::csv::{field, fields};
use crate::ports::RejectedRecord;

/// Of a row with more bytes the first are kept: 64 KiB.
const RECORD_BYTES: usize = 64 * 1024;
/// The most bytes of a character in UTF-8.
const CHARACTER_BYTES: usize = 4;
const TOO_LONG: &str = "record_too_long";

/// Whether only the row's beginning was kept. One with an open quote has the same fault, and is kept to the end of its line.
pub(crate) fn is_cut(record: &RejectedRecord) -> bool {
    record.text.len() > RECORD_BYTES - CHARACTER_BYTES && record.faults.iter().any(|fault| fault.code == TOO_LONG)
}

/// The header, with the further column.
pub(crate) fn header(header: &str, delimiter: char) -> String {
    format!("\u{FEFF}{header}{delimiter}error\r\n")
}

/// A row, with what is wrong with it in the column `error`. A row with too few fields gets empty ones, one with too many has its error
/// further right, and a quote that it leaves open is closed.
pub(crate) fn row(record: &RejectedRecord, header: &str, delimiter: char) -> String {
    let mut line = record.text.clone();
    match fields(&line, delimiter) {
        Some(count) => {
            let wanted = fields(header, delimiter).unwrap_or(count);
            (count..wanted).for_each(|_| line.push(delimiter));
        }
        None => line.push('"'),
    }
    let faults: Vec<String> = record.faults.iter().map(told).collect();
    line.push(delimiter);
    line + &field(&faults.join("; "), delimiter) + "\r\n"
}

fn told(fault: &Fault) -> String {
    match &fault.column {
        Some(column) => format!("{column}: {}", fault.message),
        None => fault.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_it_came_with_its_errors_in_the_column_behind() {
        let fault = |column: Option<&str>, message: &str| Fault {
            column: column.map(str::to_owned),
            code: "c".to_owned(),
            value: String::new(),
            message: message.to_owned(),
        };
        let of = |text: &str, faults: Vec<Fault>| {
            row(&RejectedRecord { record: 1, text: text.to_owned(), faults }, "a;b;c", ';')
        };
        assert_eq!(header("a;b;c", ';'), "\u{FEFF}a;b;c;error\r\n");
        assert_eq!(of("1;\"x;y\"; 3", vec![fault(Some("a"), "must be 2")]), "1;\"x;y\"; 3;a: must be 2\r\n");
        let two = vec![fault(Some("a"), "is \"1\""), fault(None, "is short")];
        assert_eq!(of("1", two), "1;;;\"a: is \"\"1\"\"; is short\"\r\n");
        assert_eq!(of("1;2;3;4", vec![fault(None, "is long")]), "1;2;3;4;is long\r\n");
        assert_eq!(of("1;\"2", vec![fault(None, "a quote is open")]), "1;\"2\";a quote is open\r\n");
    }
}
