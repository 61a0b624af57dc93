//! A brand becomes a manifest and tasks, or is put back.

use std::time::Duration;

use super::*;
use crate::fakes::{FakeFipe, Queues, crawl, in_seconds, invalid_parameters, status};
use crate::message::Brand;

fn brand_task(code: &str) -> BrandTask {
    BrandTask { crawl: crawl(), vehicle_type: 1, brand: Brand { code: code.to_owned(), name: "Agrale".to_owned() } }
}

async fn list(fipe: &Fipe<FakeFipe>, queues: &Queues, code: &str, until: Instant) -> Result<Listed, Error> {
    let ports = ModelQueues {
        manifests: &queues.queue("manifests"),
        tasks: &queues.queue("tasks"),
        handed_on: &queues.queue("handed on"),
    };
    list_models(fipe, &ports, 2, brand_task(code), until).await
}

#[tokio::test(start_paused = true)]
async fn the_manifest_goes_first_and_the_tasks_in_chunks() {
    let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
    assert_eq!(list(&fipe, &queues, "26", in_seconds(60)).await.unwrap(), Listed::Models(3));
    assert_eq!(queues.order(), ["manifests", "tasks", "tasks"]);
    let codes: Vec<Vec<i32>> = queues
        .take::<ModelTask>("tasks")
        .iter()
        .map(|task| task.models.iter().map(|model| model.code).collect())
        .collect();
    assert_eq!(codes, [vec![1, 2], vec![3]]);
    let asked = fipe.http.asked.borrow();
    assert_eq!(asked.len(), 1, "nobody asks which month it is");
    assert_eq!(asked[0].1["codigoTabelaReferencia"], 73, "the month of the message");
}

#[tokio::test(start_paused = true)]
async fn a_brand_without_models_comes_back_and_leaves_no_trace() {
    let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
    let error = list(&fipe, &queues, "12", in_seconds(60)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), ("upstream", true), "{error}");
    assert!(queues.order().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_brand_that_others_left_no_time_for_is_handed_on() {
    // One call a second: one brand has its turn.
    let (fipe, queues) = (FakeFipe::default().client_at(60.0, 1), Queues::default());
    let until = Instant::now() + Duration::from_millis(500);
    let (first, second) =
        futures_util::future::join(list(&fipe, &queues, "26", until), list(&fipe, &queues, "27", until)).await;
    assert_eq!((first.unwrap(), second.unwrap()), (Listed::Models(3), Listed::HandedOn));
    assert_eq!(queues.take::<BrandTask>("handed on"), [brand_task("27")]);

    let error = list(&fipe, &queues, "26", Instant::now()).await.unwrap_err();
    assert!(error.is_transient(), "nothing got on, so it may be an outage: {error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_brand_that_fipe_does_not_list_leaves_no_trace() {
    let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
    let error = list(&fipe, &queues, "404", in_seconds(60)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), ("unlisted", false));
    assert!(queues.order().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_outage_comes_back_and_nonsense_does_not() {
    let queues = Queues::default();
    let fipe = FakeFipe::with_trouble(|_, _, _| Some(Ok(status(503)))).client();
    assert!(list(&fipe, &queues, "26", in_seconds(60)).await.unwrap_err().is_transient());
    let fipe = FakeFipe::with_trouble(|_, _, _| Some(Ok(invalid_parameters()))).client();
    assert!(!list(&fipe, &queues, "26", in_seconds(60)).await.unwrap_err().is_transient());
    assert!(queues.order().is_empty());
}
