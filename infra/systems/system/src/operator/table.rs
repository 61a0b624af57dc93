//! Plain tables, and numbers, ages and times as they stand in them: columns padded to their widest cell, numbers right-aligned. No rules and no colours.

use console::{Alignment, measure_text_width, pad_str};
use jiff::{SignedDuration, Timestamp, Unit};

/// Rows under a head; columns are text, except for those in `numbers`, which are right-aligned.
pub struct Table {
    rows: Vec<Vec<String>>,
    numbers: Vec<usize>,
}

impl Table {
    /// An empty table under `head`.
    pub fn new(head: &[&str], numbers: &[usize]) -> Self {
        Self { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()], numbers: numbers.to_vec() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table's lines, without trailing spaces.
    pub fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| measure_text_width(cell))
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().enumerate().map(|(column, cell)| match self.numbers.contains(&column) {
                true => pad_str(cell, widths[column], Alignment::Right, None),
                false => pad_str(cell, widths[column], Alignment::Left, None),
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// For how long something has been: `12s`, `3m12s`, `1h04m`, `9d03h`; nothing yet where the clock there is ahead.
pub fn age(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A time to the second; what is none, as it is.
pub fn to_the_second(text: &str) -> String {
    let time = text.parse::<Timestamp>().ok().and_then(|time| time.round(Unit::Second).ok());
    time.map_or_else(|| text.to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use contract::grouped;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_numbers_stand_to_the_right() {
        let mut table = Table::new(&["vehicle", "prices"], &[1]);
        table.row(vec!["cars".to_owned(), grouped(47_883)]);
        table.row(vec!["motorcycles".to_owned(), grouped(12)]);
        assert_eq!(table.lines(), ["vehicle      prices", "cars         47,883", "motorcycles      12"]);
    }

    #[test]
    fn a_wide_character_takes_two_columns() {
        let mut table = Table::new(&["product", "prices"], &[1]);
        table.row(vec!["茶碗".to_owned(), grouped(1)]);
        table.row(vec!["cup".to_owned(), grouped(2)]);
        assert_eq!(table.lines(), ["product  prices", "茶碗          1", "cup           2"]);
    }

    #[test]
    fn an_age_has_two_units_at_most() {
        for (seconds, text) in [(-3, "0s"), (4, "4s"), (192, "3m12s"), (3_840, "1h04m"), (788_400, "9d03h")] {
            assert_eq!(age(SignedDuration::from_secs(seconds)), text);
        }
    }
}
