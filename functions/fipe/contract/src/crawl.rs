//! The progress of a crawl: the operator's request to the ingestor, and its response. Leaves the types of ids and times
//! open; both are text in JSON, and each side reads them as the types it needs.

use serde::{Deserialize, Serialize};

/// The month in a [`StatusQuestion`] that stands for the newest of FIPE's table, as the database has it.
pub const NEWEST_MONTH: &str = "newest";

/// The request, as the ingestor's event: `{"status": {"crawl_id": null}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRequest<Id> {
    pub status: StatusQuestion<Id>,
}

/// Which crawl to report: the one with this id, or the newest of this month, or the newest of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusQuestion<Id> {
    #[serde(default = "none")]
    pub crawl_id: Option<Id>,
    /// `YYYY-MM`, or [`NEWEST_MONTH`]; not asked for when there is an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
}

/// The response; `null` when there is no such crawl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlStatus<Id, Time> {
    pub crawl_id: Id,
    pub reference_code: i32,
    /// `YYYY-MM`.
    pub reference_month: String,
    /// When the first function started it.
    pub started_at: Time,
    /// When nothing expected was missing any more.
    pub completed_at: Option<Time>,
    /// The types whose manifest has arrived, by type.
    pub by_vehicle_type: Vec<Progress>,
    /// Calls made to FIPE, retries included.
    pub calls: u64,
    /// Calls that were repeated after a transient failure.
    pub retries: u64,
}

/// The progress of one vehicle type. Models and prices are expected from the moment their manifest arrives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// 1 car, 2 motorcycle, 3 truck; 0 in a total.
    pub vehicle_type: i32,
    pub brands_expected: u64,
    pub brands_loaded: u64,
    pub models_expected: u64,
    pub models_loaded: u64,
    pub prices_expected: u64,
    pub prices_loaded: u64,
    /// Pairs of model year and fuel that FIPE lists but has no price for.
    pub prices_absent: u64,
}

impl<Id, Time> CrawlStatus<Id, Time> {
    /// The sum over all vehicle types.
    pub fn total(&self) -> Progress {
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
}

impl Progress {
    /// Prices that are expected, and neither loaded nor known not to exist.
    pub fn prices_missing(&self) -> u64 {
        self.prices_expected.saturating_sub(self.prices_loaded + self.prices_absent)
    }
}

/// serde's own default would require one for the id type.
fn none<Id>() -> Option<Id> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_a_crawl_or_means_the_newest() {
        let read = serde_json::from_str::<StatusRequest<String>>;
        let asked = |text| read(text).map(|request| request.status.crawl_id).ok();
        assert_eq!(asked(r#"{"status": {}}"#), Some(None));
        assert_eq!(asked(r#"{"status": {"crawl_id": null}}"#), Some(None));
        assert_eq!(asked(r#"{"status": {"crawl_id": "a"}}"#), Some(Some("a".to_owned())));
        assert_eq!(asked(r#"{"status": {"crawl": "a"}}"#), None);
        let of_month = read(r#"{"status": {"month": "2026-08"}}"#).expect("a question").status;
        assert_eq!((of_month.crawl_id, of_month.month.as_deref()), (None, Some("2026-08")));
        let request = StatusRequest::<&str> { status: StatusQuestion { crawl_id: None, month: None } };
        assert_eq!(serde_json::to_string(&request).expect("JSON"), r#"{"status":{"crawl_id":null}}"#);
    }

    #[test]
    fn a_sum_counts_every_vehicle_type() {
        let part = |vehicle_type, prices_loaded| Progress {
            vehicle_type,
            prices_expected: 10,
            prices_loaded,
            prices_absent: 1,
            ..Progress::default()
        };
        let status = CrawlStatus {
            crawl_id: "a",
            reference_code: 1,
            reference_month: "2026-08".to_owned(),
            started_at: "2026-09-01T03:00:00Z",
            completed_at: None,
            by_vehicle_type: vec![part(1, 9), part(3, 5)],
            calls: 0,
            retries: 0,
        };
        let total = status.total();
        assert_eq!((total.prices_expected, total.prices_loaded, total.prices_missing()), (20, 14, 4));
        let text = serde_json::to_string(&status).expect("JSON");
        assert!(text.starts_with(r#"{"crawl_id":"a","reference_code":1,"reference_month":"2026-08","#), "{text}");
    }
}
