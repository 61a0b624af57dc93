//! Which media type a client wants, by its header `Accept` (RFC 9110, 12.5.1). Never refuses: a client that wants none of what there is
//! gets what everybody gets.

use crate::request::Request;

/// The offered media type that the client prefers; the first for a client that names none of them. Of two with the same quality the one
/// that is named exactly, then the one that is named first.
pub fn preferred<'t>(request: &Request, offered: &[&'t str]) -> Option<&'t str> {
    let first = offered.first().copied();
    let Some(accept) = request.header("accept") else { return first };
    let ranges: Vec<Range<'_>> = ranges(accept).collect();
    let mut best = None;
    for offer in offered {
        // The most exact range counts: `text/csv;q=0, */*` refuses text/csv.
        let Some((place, range)) = ranges
            .iter()
            .enumerate()
            .filter(|(_, range)| range.matches(offer))
            .max_by_key(|(place, range)| (range.exactness(), std::cmp::Reverse(*place)))
        else {
            continue;
        };
        let rank = (range.quality, range.exactness(), std::cmp::Reverse(place));
        if range.quality > 0 && best.is_none_or(|(highest, _)| rank > highest) {
            best = Some((rank, *offer));
        }
    }
    best.map(|(_, offer)| offer).or(first)
}

/// Whether the client names this media type exactly, with any quality above 0.
pub(crate) fn asks_for(request: &Request, media_type: &str) -> bool {
    let mut ranges = ranges(request.header("accept").unwrap_or_default());
    ranges.any(|range| range.quality > 0 && range.name.eq_ignore_ascii_case(media_type))
}

struct Range<'a> {
    /// Such as `text/csv`, `text/*` or `*/*`.
    name: &'a str,
    /// In thousandths.
    quality: u16,
}

impl Range<'_> {
    fn exactness(&self) -> u8 {
        match self.name.strip_suffix("/*") {
            Some("*") => 0,
            Some(_) => 1,
            None => 2,
        }
    }

    fn matches(&self, media_type: &str) -> bool {
        match self.name.strip_suffix("/*") {
            Some("*") => true,
            Some(kind) => media_type.split_once('/').is_some_and(|(given, _)| given.eq_ignore_ascii_case(kind)),
            None => self.name.eq_ignore_ascii_case(media_type),
        }
    }
}

fn ranges(accept: &str) -> impl Iterator<Item = Range<'_>> {
    accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().filter(|name| name.contains('/'))?;
        let quality =
            parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let quality = quality.map_or(Some(1.0), |(_, text)| text.trim().parse::<f64>().ok());
        let quality = quality.filter(|quality| (0.0..=1.0).contains(quality))?;
        Some(Range { name, quality: (quality * 1_000.0).round() as u16 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [&str; 3] = ["application/json", "text/csv", "application/x-ndjson"];

    fn chosen(accept: &str) -> &'static str {
        preferred(&Request::new("GET", "/").with_header("accept", accept), &OFFERED).unwrap()
    }

    #[test]
    fn the_client_chooses_by_quality_then_by_name() {
        for (accept, expected) in [
            ("text/csv", "text/csv"),
            ("Text/CSV; charset=utf-8", "text/csv"),
            ("application/json, text/csv", "application/json"),
            ("text/csv, application/json", "text/csv"),
            ("application/json;q=0.8, application/x-ndjson; q=0.9", "application/x-ndjson"),
            ("*/*, text/csv", "text/csv"),
            ("text/*", "text/csv"),
            ("text/csv;q=0, */*", "application/json"),
            ("application/json;q=0, */*;q=0.1", "text/csv"),
        ] {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
    }

    #[test]
    fn whoever_names_none_of_them_gets_the_first() {
        for accept in [
            "",
            "*/*",
            "image/png",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/csv;q=2",
            "text/csv;q=x",
            "csv",
            ",;,",
        ] {
            assert_eq!(chosen(accept), "application/json", "{accept}");
        }
        assert_eq!(preferred(&Request::new("GET", "/"), &OFFERED), Some("application/json"));
        assert_eq!(preferred(&Request::new("GET", "/"), &[]), None);
    }

    #[test]
    fn a_wildcard_asks_for_nothing_by_name() {
        let asks = |accept: &str| {
            asks_for(&Request::new("GET", "/").with_header("accept", accept), "application/problem+json")
        };
        assert!(asks("application/json, application/problem+json;q=0.1"));
        for accept in ["", "*/*", "application/*", "application/problem+json;q=0", "application/json"] {
            assert!(!asks(accept), "{accept}");
        }
    }
}
