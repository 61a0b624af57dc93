//! Writes rows as CSV (RFC 4180) with a header, in UTF-8, with CRLF behind each row.

/// The media type.
pub(crate) const CSV: &str = "text/csv";

/// A field, in quotes where it needs them.
pub(crate) fn field(text: &str, delimiter: char) -> String {
    let needs_quotes = text.contains([delimiter, '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ');
    if needs_quotes { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A whole table.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = header.join(",") + "\r\n";
    for row in rows {
        text += &row.map(|value| field(&value, ',')).join(",");
        text += "\r\n";
    }
    text
}

/// How many fields a record has; none when a quote is open at its end.
pub(crate) fn fields(record: &str, delimiter: char) -> Option<usize> {
    #[derive(PartialEq)]
    enum At {
        Start,
        Plain,
        Quoted,
        /// Behind a quote in a quoted field, which ends it or is the first of two.
        Quote,
    }
    let (mut count, mut at) = (1, At::Start);
    for character in record.chars() {
        at = match (at, character) {
            (At::Start | At::Quote, '"') => At::Quoted,
            (At::Quoted, '"') => At::Quote,
            (At::Quoted, _) => At::Quoted,
            (_, character) if character == delimiter => {
                count += 1;
                At::Start
            }
            _ => At::Plain,
        };
    }
    (at != At::Quoted).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_where_it_would_be_read_otherwise() {
        for (text, expected) in [
            ("a", "a"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("a;b", "a;b"),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("a\nb", "\"a\nb\""),
            (" a", "\" a\""),
        ] {
            assert_eq!(field(text, ','), expected);
        }
        assert_eq!(table(["a", "b"], [["1".to_owned(), "x,y".to_owned()]]), "a,b\r\n1,\"x,y\"\r\n");
    }

    #[test]
    fn the_fields_of_a_record_are_counted_as_a_reader_reads_them() {
        for (record, expected) in [
            ("", Some(1)),
            ("a;b", Some(2)),
            (";;", Some(3)),
            ("\"a;b\";c", Some(2)),
            ("\"a\"\";b\";c", Some(2)),
            ("a\";b", Some(2)),
            ("\"a\nb\";", Some(2)),
            ("a;\"b;c", None),
            ("\"\"", Some(1)),
        ] {
            assert_eq!(fields(record, ';'), expected, "{record}");
        }
    }
}
