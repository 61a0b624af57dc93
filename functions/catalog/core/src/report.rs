//! A product's report: text for people, with every field. A field cannot pose as another: characters that would break
//! its line or change its direction are escaped.

use std::fmt::Write;

use crate::product::Product;

/// The report; the same bytes for the same product.
pub fn report(product: &Product) -> String {
    let draft = &product.draft;
    let mut text = String::new();
    let _ = writeln!(text, "Product report\n");
    for (label, value) in [
        ("Id", product.id.to_string()),
        ("Name", visible(&draft.name)),
        ("Price", draft.price.to_string()),
        ("Accepted at", product.accepted_at.to_string()),
    ] {
        let _ = writeln!(text, "{label:<13}{value}");
    }
    let _ = writeln!(text, "Description");
    for line in draft.description.replace("\r\n", "\n").split(['\n', '\r']) {
        let line = visible(line);
        let _ = writeln!(text, "{}", format!("    {line}").trim_end_matches(' '));
    }
    text
}

fn visible(text: &str) -> String {
    let hides = |c: char| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::new(), |mut shown, c| {
        if hides(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Price;
    use crate::product::Draft;
    use uuid::Uuid;

    #[test]
    fn a_report_shows_every_field_on_its_own_line() {
        let draft = Draft {
            name: "Cup\nPrice        0.00\u{202E}".to_owned(),
            description: "First line\r\nAccepted at  never\n\n\ttab \u{1B}[31m".to_owned(),
            price: Price::from_text("19.9").unwrap(),
        };
        let accepted_at = "2026-08-01T10:20:30Z".parse().unwrap();
        let product = Product { id: Uuid::from_u128(7), draft, accepted_at };
        assert_eq!(
            report(&product),
            "Product report\n\
             \n\
             Id           00000000-0000-0000-0000-000000000007\n\
             Name         Cup\\nPrice        0.00\\u{202e}\n\
             Price        19.90\n\
             Accepted at  2026-08-01T10:20:30Z\n\
             Description\n    First line\n    Accepted at  never\n\n    \\ttab \\u{1b}[31m\n"
        );
    }
}
