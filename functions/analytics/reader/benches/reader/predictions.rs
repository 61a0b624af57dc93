//! From rows to predictions in memory: what the database's views do for a program when it is asked for, here for all of a file.

use std::collections::HashMap;

use analytics_reader::{Exhibition, Rejected, Sink, Slot};

const WEEKDAYS: usize = 7;

/// An exhibition of a group: day, start, audience.
type Shown = (i32, i64, f64);

/// The exhibitions of each signal, program and weekday.
#[derive(Default)]
pub(crate) struct Groups {
    /// The place of a signal and program among the groups, by `signal`, NUL, `program_code`.
    places: HashMap<String, usize>,
    groups: Vec<[Vec<Shown>; WEEKDAYS]>,
    name: String,
}

impl Groups {
    /// How many exhibitions there are, and the sum of their predictions: the median of the audience and of up to three before it.
    pub(crate) fn predicted(self) -> (usize, f64) {
        let (mut count, mut sum) = (0, 0.0);
        for mut group in self.groups.into_iter().flatten() {
            group.sort_by_key(|(day, start, _)| (*day, *start));
            count += group.len();
            sum += (0..group.len()).map(|at| median(&group[at.saturating_sub(3)..=at])).sum::<f64>();
        }
        (count, sum)
    }
}

/// Of one to four.
fn median(shown: &[Shown]) -> f64 {
    let audience = |at: usize| shown[at].2;
    match shown.len() {
        1 => audience(0),
        2 => f64::midpoint(audience(0), audience(1)),
        3 => {
            let (low, high) = in_order(audience(0), audience(1));
            low.max(high.min(audience(2)))
        }
        _ => {
            let (first, second) = (in_order(audience(0), audience(1)), in_order(audience(2), audience(3)));
            f64::midpoint(first.0.max(second.0), first.1.min(second.1))
        }
    }
}

fn in_order(a: f64, b: f64) -> (f64, f64) {
    (a.min(b), a.max(b))
}

impl Sink for Groups {
    fn audience(&mut self, row: Exhibition<'_>) {
        self.name.clear();
        self.name.push_str(row.signal);
        self.name.push('\0');
        self.name.push_str(row.program_code);
        let place = match self.places.get(&self.name) {
            Some(place) => *place,
            None => {
                self.places.insert(self.name.clone(), self.groups.len());
                self.groups.push(Default::default());
                self.groups.len() - 1
            }
        };
        // The first of January 1970 was a Thursday; which weekday comes first does not matter.
        let weekday = row.exhibition_date.0.rem_euclid(WEEKDAYS as i32) as usize;
        self.groups[place][weekday].push((row.exhibition_date.0, row.program_start_time.0, row.average_audience));
    }

    fn availability(&mut self, _: Slot<'_>) {}

    fn rejected(&mut self, _: Rejected<'_>) {}
}
