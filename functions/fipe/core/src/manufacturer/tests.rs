//! Which month, which crawl, and what is sent in which order.

use serde_json::json;

use super::*;
use crate::error::Fault;
use crate::fakes::{FakeFipe, Queues, in_seconds, status};

const REQUEST: &str = "0b0e5c57-2d9a-4f3e-8d3c-6f1f5a1c9e21";

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

async fn start(fipe: &Fipe<FakeFipe>, queues: &Queues, event: Value) -> Result<Started, Error> {
    let (manifests, tasks) = (queues.queue("manifests"), queues.queue("tasks"));
    let found = find_crawl(fipe, &event, REQUEST, Timestamp::UNIX_EPOCH, in_seconds(60)).await?;
    start_crawl(fipe, &manifests, &tasks, found, in_seconds(60)).await
}

#[test]
fn an_event_names_a_month_or_none() {
    for newest in
        [json!({}), json!({"mes": 0, "ano": 0}), json!({"mes": null}), json!(null), json!({"source": "aws.scheduler"})]
    {
        assert_eq!(wanted_month(&newest).unwrap(), None, "{newest}");
    }
    assert_eq!(wanted_month(&json!({"mes": 8, "ano": 2026})).unwrap(), Some(month("2026-08")));
    for wrong in [
        json!({"mes": 8}),
        json!({"ano": 2026}),
        json!({"mes": 13, "ano": 2026}),
        json!({"mes": -1, "ano": 2026}),
        json!({"mes": 8, "ano": 26}),
        json!({"mes": 8, "ano": 99_999}),
        json!({"mes": "8", "ano": 2026}),
        json!({"mes": 8.5, "ano": 2026}),
        json!([8, 2026]),
    ] {
        let error = wanted_month(&wrong).unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), ("event", false), "{wrong}");
    }
}

#[test]
fn the_newest_month_is_newest_by_calendar_and_not_by_code() {
    let tables = [(86, "2003-01"), (73, "2003-02"), (85, "2002-12")];
    let tables = tables.map(|(code, text)| Reference { code, month: month(text) });
    assert_eq!(table_of(None, &tables).unwrap().code, 73);
    assert_eq!(table_of(Some(month("2002-12")), &tables).unwrap().code, 85);
    let error = table_of(Some(month("1999-01")), &tables).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1999-01 is not a month of the FIPE table; the newest ones are 2003-02, 2003-01, 2002-12"
    );
    assert!(!error.is_transient());
}

#[test]
fn a_retried_invocation_is_the_same_crawl_and_another_month_is_not() {
    assert_eq!(crawl_id(REQUEST, 336), crawl_id(REQUEST, 336));
    assert_ne!(crawl_id(REQUEST, 336), crawl_id(REQUEST, 337));
    assert_ne!(crawl_id("local", 336), crawl_id("local", 336), "an id that is none says nothing");
}

#[tokio::test(start_paused = true)]
async fn each_type_sends_its_manifest_before_its_tasks() {
    let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
    let started = start(&fipe, &queues, json!({})).await.unwrap();
    assert_eq!((started.reference_code, started.reference_month), (73, month("2026-08")));
    assert_eq!(
        json!(started),
        json!({"crawl_id": started.crawl_id, "reference_code": 73, "reference_month": "2026-08", "brands": {"1": 2, "2": 2, "3": 2}})
    );
    let mut order = ["manifests", "tasks", "tasks"].repeat(3);
    order.insert(0, "manifests");
    assert_eq!(queues.order(), order, "the table of references first");
    let tasks: Vec<BrandTask> = queues.take("tasks");
    assert_eq!((tasks[2].vehicle_type, tasks[2].brand.code.as_str()), (2, "21"));
    assert!(tasks.iter().all(|task| task.crawl.id == started.crawl_id && task.crawl.month == month("2026-08")));
    let calls: i32 = queues
        .take::<Load>("manifests")
        .iter()
        .map(|load| match load {
            Load::References { references, .. } if references.len() == 4 => 0,
            Load::Brands { calls, brands, .. } if brands.len() == 2 => calls.made,
            other => panic!("no manifest of two brands: {other:?}"),
        })
        .sum();
    assert_eq!(calls, 4, "the call for the months is counted too");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_all_types_are_listed() {
    let fipe = FakeFipe::with_trouble(|_, _, body| (body["codigoTipoVeiculo"] == 2).then(|| Ok(status(503)))).client();
    let queues = Queues::default();
    let error = start(&fipe, &queues, json!({})).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        "brands of vehicle types 2 are not listed, and the crawl was not started; invoke again"
    );
    assert!(queues.order().is_empty(), "{:?}", queues.order());
}

#[tokio::test(start_paused = true)]
async fn a_vehicle_type_without_brands_is_a_sick_answer() {
    let nothing = || Ok(crate::fakes::good(&json!({"codigo": "0", "erro": "nadaencontrado"})));
    let fipe = FakeFipe::with_trouble(move |_, _, body| (body["codigoTipoVeiculo"] == 3).then(nothing)).client();
    let queues = Queues::default();
    let error = start(&fipe, &queues, json!({})).await.unwrap_err();
    assert!(error.is_transient() && queues.order().is_empty(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_or_a_lost_queue_fails_the_invocation() {
    let fipe =
        FakeFipe::with_trouble(|_, _, _| Some(Err(Fault::Unavailable { reason: "refused".to_owned() }))).client();
    assert!(start(&fipe, &Queues::default(), json!({})).await.unwrap_err().is_transient());

    let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
    queues.broken.set("manifests");
    let error = start(&fipe, &queues, json!({})).await.unwrap_err();
    assert_eq!(error.kind(), "send");
    assert!(queues.order().is_empty(), "no tasks without their manifest: {:?}", queues.order());
}
