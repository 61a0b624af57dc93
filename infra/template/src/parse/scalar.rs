//! What a plain YAML scalar is, as CloudFormation reads it: YAML 1.1, except that dates and sexagesimals stay text.

use crate::node::Value;

/// The value of a plain (unquoted) scalar.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// Decimal digits of a YAML 1.1 number.
pub(super) fn number(text: &str) -> Option<String> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        b'0'..=b'9' | b'.' => ("", text),
        _ => return None,
    };
    let plain: String = digits.chars().filter(|letter| *letter != '_').collect();
    let radix = |digits: &str, radix| u128::from_str_radix(digits, radix).ok();
    if !digits.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.') {
        return None;
    }
    let whole = if let Some(hexadecimal) = plain.strip_prefix("0x") {
        Some(radix(hexadecimal, 16)?)
    } else if let Some(binary) = plain.strip_prefix("0b") {
        Some(radix(binary, 2)?)
    } else if plain.len() > 1 && plain.starts_with('0') && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        // Neither octal nor decimal, such as the account id 012345678901: text.
        Some(radix(&plain, 8)?)
    } else if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        Some(plain.parse().ok()?)
    } else {
        None
    };
    if let Some(whole) = whole {
        return Some(format!("{sign}{whole}"));
    }
    let letters_allowed =
        plain.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !letters_allowed || !plain.contains('.') || !plain.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: f64 = plain.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(format!("{sign}{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(plain_text: &str) -> String {
        format!("{:?}", plain(plain_text))
    }

    #[test]
    fn dates_versions_of_three_parts_and_times_stay_text() {
        for each in [
            "2012-10-17",
            "2010-09-09",
            "1.2.3",
            "12:30",
            "-",
            "+",
            ".",
            "1e3",
            "0x",
            "1-2",
            "--1",
            "+-1",
            "y",
            "n",
            ".inf",
            "10.0.0.0/8",
        ] {
            assert_eq!(plain(each), Value::String(each.to_owned()), "{each}");
        }
    }

    #[test]
    fn numbers_are_read_as_yaml_1_1_reads_them() {
        for (written, read) in [
            ("10", "10"),
            ("-3", "-3"),
            ("017", "15"),
            ("0x1F", "31"),
            ("1_000", "1000"),
            ("1.10", "1.1"),
            ("1.0", "1.0"),
            ("0", "0"),
            ("123456789012", "123456789012"),
        ] {
            assert_eq!(text(written), format!("Number({read:?})"), "{written}");
        }
    }

    #[test]
    fn an_account_id_with_a_leading_zero_that_is_not_octal_stays_text() {
        assert_eq!(plain("012345678901"), Value::String("012345678901".to_owned()));
    }

    #[test]
    fn yes_and_on_are_true() {
        assert_eq!(plain("yes"), Value::Bool(true));
        assert_eq!(plain("Off"), Value::Bool(false));
    }
}
