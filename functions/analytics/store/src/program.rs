//! The predictions of a program, all of them at once: from them every selection of days is answered. They are kept as long as the data has the same version,
//! since most questions are about a few programs. Bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use analytics_core::{Group, GroupQuestion};
use deadpool_postgres::ClientWrapper;
use jiff::civil::{Date, Weekday};

use crate::Error;
use crate::questions::{days, weekday};

/// Both sides are computed once: the planner takes either for a single row, and would compute one for each row of the other.
const PROGRAM: &str = "
    WITH slots AS MATERIALIZED (
        SELECT signal, extract(isodow FROM day)::integer AS weekday, sum(available_time)::bigint AS available_time
        FROM current_slot WHERE program_code = $1 GROUP BY 1, 2
    ), predictions AS MATERIALIZED (
        SELECT signal, weekday, array_agg(exhibition_date) AS days, array_agg(predicted_audience) AS predicted
        FROM exhibition_prediction WHERE program_code = $1 GROUP BY 1, 2
    )
    SELECT signal, weekday, available_time, days, predicted FROM slots LEFT JOIN predictions USING (signal, weekday)";
/// Bytes that all programs that are kept take at most.
const KEPT_BYTES: usize = 8 * 1024 * 1024;
/// What an exhibition takes, and what a program or a group takes beside its exhibitions: also codes that no program has are bounded.
const EXHIBITION_BYTES: usize = size_of::<Date>() + size_of::<f64>();
const ENTRY_BYTES: usize = 256;

/// The groups of a program that have slots.
#[derive(Debug)]
pub(crate) struct Program(Vec<Predictions>);

#[derive(Debug)]
struct Predictions {
    signal: String,
    weekday: Weekday,
    available_time: i64,
    /// The days of its exhibitions, and the prediction of each.
    days: Vec<Date>,
    predicted: Vec<f64>,
}

impl Program {
    async fn load(client: &ClientWrapper, program_code: &str) -> Result<Self, Error> {
        let statement = client.prepare_cached(PROGRAM).await?;
        let rows = client.query(&statement, &[&program_code]).await?;
        let groups = rows.iter().map(|row| Predictions {
            signal: row.get("signal"),
            weekday: weekday(row),
            available_time: row.get("available_time"),
            days: row.get::<_, Option<_>>("days").unwrap_or_default(),
            predicted: row.get::<_, Option<_>>("predicted").unwrap_or_default(),
        });
        Ok(Self(groups.collect()))
    }

    fn bytes(&self) -> usize {
        let groups = self.0.iter().map(|group| ENTRY_BYTES + group.days.len() * EXHIBITION_BYTES);
        ENTRY_BYTES + groups.sum::<usize>()
    }

    /// The groups, with the means over the selected exhibitions.
    fn groups(&self, question: &GroupQuestion) -> Vec<Group> {
        let (first, last) = days(question.selection);
        let is_selected = |day: &Date| first.is_none_or(|first| first <= *day) && last.is_none_or(|last| *day <= last);
        let groups = self.0.iter().map(|group| {
            let both = group.days.iter().zip(&group.predicted);
            let selected: Vec<f64> =
                both.filter(|(day, _)| is_selected(day)).map(|(_, predicted)| *predicted).collect();
            let mean = (!selected.is_empty()).then(|| selected.iter().sum::<f64>() / selected.len() as f64);
            Group {
                signal: group.signal.clone(),
                weekday: group.weekday,
                available_time: group.available_time,
                predicted_audience: mean,
            }
        });
        groups.filter(|group| first.is_none() || group.predicted_audience.is_some()).collect()
    }
}

/// Programs that were asked for, of the latest version of the data that anybody asked with. A version is read before the rows, so they are never older.
#[derive(Debug, Default)]
pub(crate) struct Programs(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    version: i64,
    bytes: usize,
    programs: HashMap<String, Arc<Program>>,
}

impl Programs {
    /// The answer from what is kept.
    pub(crate) fn known(&self, version: i64, question: &GroupQuestion) -> Option<Vec<Group>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let program = (kept.version == version).then(|| kept.programs.get(&question.program_code).cloned()).flatten();
        drop(kept);
        program.map(|program| program.groups(question))
    }

    pub(crate) async fn groups(
        &self,
        client: &ClientWrapper,
        version: i64,
        question: &GroupQuestion,
    ) -> Result<Vec<Group>, Error> {
        if let Some(groups) = self.known(version, question) {
            return Ok(groups);
        }
        let program = Arc::new(Program::load(client, &question.program_code).await?);
        let groups = program.groups(question);
        self.keep(version, &question.program_code, program);
        Ok(groups)
    }

    /// Keeps a program unless others of a later version are kept. Those of an earlier one go; when there is no room, all others go, which is
    /// simple and rare.
    fn keep(&self, version: i64, program_code: &str, program: Arc<Program>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if version < kept.version {
            return;
        }
        let bytes = program_code.len() + program.bytes();
        if kept.version < version || kept.bytes + bytes > KEPT_BYTES {
            *kept = Kept { version, ..Kept::default() };
        }
        if kept.programs.insert(program_code.to_owned(), program).is_none() {
            kept.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use analytics_core::Selection;

    use super::*;

    #[test]
    fn codes_that_no_program_has_take_no_more_than_there_is_room_for() {
        let programs = Programs::default();
        for number in 0..2 * KEPT_BYTES / ENTRY_BYTES {
            programs.keep(1, &number.to_string(), Arc::new(Program(Vec::new())));
        }
        let kept = programs.0.lock().unwrap();
        assert!(!kept.programs.is_empty() && kept.programs.len() < KEPT_BYTES / ENTRY_BYTES);
    }

    #[test]
    fn what_is_kept_is_of_the_latest_version_that_was_asked_with() {
        let (programs, nothing) = (Programs::default(), || Arc::new(Program(Vec::new())));
        let question = |code: &str| GroupQuestion { program_code: code.to_owned(), selection: Selection::All };
        programs.keep(2, "NOVA", nothing());
        programs.keep(1, "OLD", nothing());
        assert!(programs.known(2, &question("NOVA")).is_some() && programs.known(1, &question("NOVA")).is_none());
        assert!(programs.known(1, &question("OLD")).is_none() && programs.known(2, &question("OLD")).is_none());
        programs.keep(3, "OLD", nothing());
        assert!(programs.known(3, &question("NOVA")).is_none() && programs.known(3, &question("OLD")).is_some());
    }
}
