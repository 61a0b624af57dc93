//! A crawl as the ingestor tells it, and what people want to know of it. Refuses to count by itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ui::table::{Table, grouped};

/// Answer of the ingestor to `{"status": {"crawl_id": ..}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Crawl {
    pub(crate) crawl_id: String,
    /// `YYYY-MM`.
    pub(crate) reference_month: String,
    pub(crate) started_at: Timestamp,
    pub(crate) completed_at: Option<Timestamp>,
    pub(crate) by_vehicle_type: Vec<Progress>,
    /// Calls to FIPE.
    pub(crate) calls: u64,
    /// Calls that were repeated.
    pub(crate) retries: u64,
}

/// One vehicle type of a crawl.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// 1 car, 2 motorcycle, 3 truck.
    pub(crate) vehicle_type: u8,
    pub(crate) brands_expected: u64,
    pub(crate) brands_loaded: u64,
    pub(crate) models_expected: u64,
    pub(crate) models_loaded: u64,
    pub(crate) prices_expected: u64,
    pub(crate) prices_loaded: u64,
    /// Expected prices that FIPE says it does not have.
    pub(crate) prices_absent: u64,
}

impl Crawl {
    /// The sum over all vehicle types.
    pub(crate) fn total(&self) -> Progress {
        self.by_vehicle_type.iter().fold(Progress::default(), |sum, part| Progress {
            vehicle_type: 0,
            brands_expected: sum.brands_expected + part.brands_expected,
            brands_loaded: sum.brands_loaded + part.brands_loaded,
            models_expected: sum.models_expected + part.models_expected,
            models_loaded: sum.models_loaded + part.models_loaded,
            prices_expected: sum.prices_expected + part.prices_expected,
            prices_loaded: sum.prices_loaded + part.prices_loaded,
            prices_absent: sum.prices_absent + part.prices_absent,
        })
    }

    /// From the start to the end, or to `now`; in seconds.
    pub(crate) fn seconds(&self, now: Timestamp) -> f64 {
        self.completed_at.unwrap_or(now).duration_since(self.started_at).as_secs_f64()
    }

    /// What is expected and not there, for people.
    pub(crate) fn missing(&self) -> String {
        let total = self.total();
        let parts = [
            ("brands", total.brands_expected.saturating_sub(total.brands_loaded)),
            ("models", total.models_expected.saturating_sub(total.models_loaded)),
            ("prices", total.prices_missing()),
        ];
        let parts: Vec<String> = (parts.into_iter().filter(|(_, number)| *number > 0))
            .map(|(name, number)| format!("{} {name} missing", grouped(number)))
            .collect();
        if parts.is_empty() { "manifests missing".to_owned() } else { parts.join(", ") }
    }

    /// A table of what was loaded by vehicle type.
    pub(crate) fn table(&self) -> Vec<String> {
        let head = ["", "brands", "models", "prices", "without price", "missing"];
        let mut table = Table::new(&head, &[1, 2, 3, 4, 5]);
        let mut row = |name: &str, part: &Progress| {
            let numbers =
                [part.brands_loaded, part.models_loaded, part.prices_loaded, part.prices_absent, part.prices_missing()];
            table.row(std::iter::once(name.to_owned()).chain(numbers.map(grouped)).collect());
        };
        for part in &self.by_vehicle_type {
            row(part.name(), part);
        }
        row("total", &self.total());
        table.lines()
    }
}

impl Progress {
    pub(crate) fn prices_missing(&self) -> u64 {
        self.prices_expected.saturating_sub(self.prices_loaded + self.prices_absent)
    }

    fn name(&self) -> &'static str {
        match self.vehicle_type {
            1 => "cars",
            2 => "motorcycles",
            3 => "trucks",
            _ => "others",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crawl() -> Crawl {
        serde_json::from_str(
            r#"{"crawl_id": "0b0e7a52-43a5-4d1e-9f0d-6f2f3f9e1c11", "reference_month": "2026-08",
                "started_at": "2026-09-01T03:00:00Z", "completed_at": null, "calls": 120, "retries": 3,
                "by_vehicle_type": [
                  {"vehicle_type": 1, "brands_expected": 2, "brands_loaded": 2, "models_expected": 1200, "models_loaded": 1190,
                   "prices_expected": 2000, "prices_loaded": 1500, "prices_absent": 4},
                  {"vehicle_type": 3, "brands_expected": 1, "brands_loaded": 1, "models_expected": 3, "models_loaded": 3,
                   "prices_expected": 9, "prices_loaded": 9, "prices_absent": 0}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn what_is_missing_is_told_in_numbers() {
        assert_eq!(crawl().missing(), "10 models missing, 496 prices missing");
    }

    #[test]
    fn the_table_has_a_row_a_vehicle_type_and_their_sum() {
        let table = crawl().table();
        assert_eq!(table[0], "        brands  models  prices  without price  missing");
        assert_eq!(table[1], "cars         2   1,190   1,500              4      496");
        assert_eq!(table[3], "total        3   1,193   1,509              4      496");
    }

    #[test]
    fn a_crawl_lasts_until_now_while_it_is_not_complete() {
        let mut crawl = crawl();
        let now = "2026-09-01T03:00:30Z".parse().unwrap();
        assert_eq!(crawl.seconds(now), 30.0);
        crawl.completed_at = Some("2026-09-01T03:00:10.5Z".parse().unwrap());
        assert_eq!(crawl.seconds(now), 10.5);
    }
}
