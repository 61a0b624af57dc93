//! What functions logged about the same work, for people.

use operate::{Line, Source};

use super::Table;

/// A table with the time since the first line.
pub fn trace_lines(sources: &[Source], lines: &[(usize, Line)]) -> Vec<String> {
    let Some((_, first)) = lines.first() else { return Vec::new() };
    let mut table = Table::new(&["time (UTC)", "ms", "function", "level", "what", ""], &[1]);
    for (place, line) in lines {
        let since = line.at.duration_since(first.at).as_millis();
        let fields: Vec<String> = line.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
        table.row(vec![
            line.at.strftime("%H:%M:%S%.3f").to_string(),
            format!("+{since}"),
            sources[*place].function.clone(),
            line.level.clone(),
            line.message.clone(),
            fields.join("  "),
        ]);
    }
    table.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_counts_from_its_first_line() {
        let line = |time: &str, action: &str| {
            let text =
                format!(r#"{{"timestamp":"{time}","level":"INFO","action":"{action}","details":{{"status":202}}}}"#);
            Line::parse(&text, time.parse().unwrap())
        };
        let sources = ["Create", "Worker"].map(|name| Source { function: name.to_owned(), group: name.to_owned() });
        let lines = [(0, line("2026-08-01T10:20:30.500Z", "answer")), (1, line("2026-08-01T10:20:30.742Z", "save"))];
        assert_eq!(
            trace_lines(&sources, &lines),
            [
                "time (UTC)      ms  function  level  what",
                "10:20:30.500    +0  Create    INFO   answer  status=202",
                "10:20:30.742  +242  Worker    INFO   save    status=202",
            ]
        );
    }
}
