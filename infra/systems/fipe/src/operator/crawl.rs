//! A crawl as the ingestor reports it, and its presentation. Counts nothing by itself.

use fipe_contract::{CrawlStatus, Progress, VehicleType};
use jiff::Timestamp;

use system::{Table, grouped};

/// The ingestor's response.
pub(crate) type Crawl = CrawlStatus<String, Timestamp>;

/// From the start to the end, or to `now`; in seconds.
pub(crate) fn seconds(crawl: &Crawl, now: Timestamp) -> f64 {
    crawl.completed_at.unwrap_or(now).duration_since(crawl.started_at).as_secs_f64()
}

/// What is expected and not there, for people.
pub(crate) fn missing(crawl: &Crawl) -> String {
    let total = crawl.total();
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
pub(crate) fn table(crawl: &Crawl) -> Vec<String> {
    let head = ["", "brands", "models", "prices", "without price", "missing"];
    let mut table = Table::new(&head, &[1, 2, 3, 4, 5]);
    let mut row = |name: &str, part: &Progress| {
        let numbers =
            [part.brands_loaded, part.models_loaded, part.prices_loaded, part.prices_absent, part.prices_missing()];
        table.row(std::iter::once(name.to_owned()).chain(numbers.map(grouped)).collect());
    };
    for part in &crawl.by_vehicle_type {
        row(name(part), part);
    }
    row("total", &crawl.total());
    table.lines()
}

fn name(part: &Progress) -> &'static str {
    match VehicleType::of_code(part.vehicle_type) {
        Some(VehicleType::Car) => "cars",
        Some(VehicleType::Motorcycle) => "motorcycles",
        Some(VehicleType::Truck) => "trucks",
        None => "others",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crawl() -> Crawl {
        serde_json::from_str(
            r#"{"crawl_id": "0b0e7a52-43a5-4d1e-9f0d-6f2f3f9e1c11", "reference_code": 336, "reference_month": "2026-08",
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
        assert_eq!(missing(&crawl()), "10 models missing, 496 prices missing");
    }

    #[test]
    fn the_table_has_a_row_a_vehicle_type_and_their_sum() {
        let table = table(&crawl());
        assert_eq!(table[0], "        brands  models  prices  without price  missing");
        assert_eq!(table[1], "cars         2   1,190   1,500              4      496");
        assert_eq!(table[3], "total        3   1,193   1,509              4      496");
    }

    #[test]
    fn a_crawl_lasts_until_now_while_it_is_not_complete() {
        let mut crawl = crawl();
        let now = "2026-09-01T03:00:30Z".parse().unwrap();
        assert_eq!(seconds(&crawl, now), 30.0);
        crawl.completed_at = Some("2026-09-01T03:00:10.5Z".parse().unwrap());
        assert_eq!(seconds(&crawl, now), 10.5);
    }
}
