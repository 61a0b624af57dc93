//! Prices of models with faults, too little time and failing queues: nothing is lost, invented or mixed up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::error::Fault;
use crate::fakes::{FakeFipe, Queues, good, in_seconds, invalid_parameters, model_task, status};
use crate::message::Price;

async fn load(fipe: &Fipe<FakeFipe>, queues: &Queues, task: ModelTask, until: Instant) -> Result<Priced, Error> {
    load_prices(fipe, &queues.queue("prices"), &queues.queue("handed on"), task, until).await
}

/// Everything that the messages say, combined as the ingestor does.
#[derive(Debug, Default, PartialEq)]
struct Stored {
    expected: BTreeMap<i32, Vec<YearFuel>>,
    prices: BTreeSet<(i32, YearFuel, String)>,
    without_price: BTreeSet<(i32, YearFuel)>,
    calls: BTreeMap<i32, i32>,
}

impl Stored {
    fn add(&mut self, queues: &Queues) {
        for load in queues.take::<Load>("prices") {
            let Load::Prices { models, .. } = load else { panic!("no prices: {load:?}") };
            for model in models {
                if let Some(expected) = model.expected {
                    self.expected.insert(model.code, expected);
                }
                let price = |price: Price| (model.code, price.year_fuel, price.price.to_string());
                self.prices.extend(model.prices.into_iter().map(price));
                self.without_price.extend(model.without_price.into_iter().map(|pair| (model.code, pair)));
                let calls = self.calls.entry(model.code).or_default();
                *calls = model.calls.made.max(*calls);
            }
        }
    }
}

fn pair(text: &str) -> YearFuel {
    text.parse().unwrap()
}

/// The contents of the fake FIPE.
fn everything() -> Stored {
    Stored {
        expected: [(1, vec![pair("32000-5"), pair("2020-5")]), (2, vec![pair("2012-3"), pair("2011-3")]), (3, vec![])]
            .into(),
        prices: [(1, "32000-5", "90000.00"), (1, "2020-5", "80000.00"), (2, "2012-3", "40000.00")]
            .map(|(code, text, price)| (code, pair(text), price.to_owned()))
            .into(),
        without_price: [(2, pair("2011-3"))].into(),
        calls: [(1, 3), (2, 4), (3, 3)].into(),
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_pairs_that_exist_are_asked_and_what_has_no_price_is_a_fact() {
    let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
    let priced = load(&fipe, &queues, model_task([1, 2, 3]), in_seconds(60)).await.unwrap();
    assert_eq!(priced, Priced { prices: 3, without_price: 1, handed_on: 0 });
    assert_eq!(
        fipe.http.calls.get(),
        10,
        "no years and no price are asked for twice, and a model without years is looked up in its brand"
    );
    assert!(fipe.http.asked.borrow().iter().all(|(_, body, _)| body["codigoTabelaReferencia"] == 73));
    assert_eq!(queues.order(), ["prices"], "several models in one message");
    let mut stored = Stored::default();
    stored.add(&queues);
    assert_eq!(stored, everything());
}

#[tokio::test(start_paused = true)]
async fn a_price_that_is_absent_once_is_asked_for_again() {
    let seen = std::cell::Cell::new(false);
    let nothing = json!({"codigo": "0", "erro": "nadaencontrado"});
    let fipe = FakeFipe::with_trouble(move |_, _, body| {
        let first = body["anoModelo"] == 2012 && !seen.replace(body["anoModelo"] == 2012 || seen.get());
        first.then(|| Ok(good(&nothing)))
    })
    .client();
    let queues = Queues::default();
    let priced = load(&fipe, &queues, model_task([2]), in_seconds(60)).await.unwrap();
    assert_eq!((priced.prices, priced.without_price), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn faults_cost_calls_and_nothing_else() {
    let fipe = FakeFipe::with_trouble(|call, endpoint, body| match call % 4 {
        0 => Some(Ok(status(503))),
        1 => Some(Ok(good(&json!("")))),
        2 if endpoint == "ConsultarValorComTodosParametros" => Some(Ok(good(&json!({
            "Valor": "R$ 1.000,00", "AnoModelo": body["anoModelo"], "Combustivel": "Flex", "CodigoFipe": "015069-0",
            "MesReferencia": "setembro de 2026 ", "TipoVeiculo": 1,
        })))),
        _ => None,
    });
    let (fipe, queues) = (fipe.client(), Queues::default());
    let mut stored = Stored::default();
    let mut tasks = vec![model_task([1, 2, 3])];
    while let Some(task) = tasks.pop() {
        let _ = load(&fipe, &queues, task, in_seconds(600)).await.unwrap();
        stored.add(&queues);
        tasks.extend(queues.take::<ModelTask>("handed on"));
    }
    assert_eq!(stored.calls.values().sum::<i32>(), i32::try_from(fipe.http.calls.get()).unwrap());
    assert_eq!(Stored { calls: everything().calls, ..stored }, everything(), "no price of another month");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_finish_in_time_is_handed_on_behind_what_is_done() {
    let queues = Queues::default();
    let mut stored = Stored::default();
    let mut tasks = vec![model_task([1, 2, 3])];
    let mut rounds = 0;
    while let Some(task) = tasks.pop() {
        rounds += 1;
        assert!(rounds < 10, "it comes to an end");
        // Three calls fit into each invocation.
        let fipe = FakeFipe::default().client_at(60.0, 1);
        let priced = load(&fipe, &queues, task, Instant::now() + Duration::from_millis(2_500)).await.unwrap();
        let order = queues.order();
        assert_eq!(order.iter().filter(|name| **name == "handed on").count(), usize::from(priced.handed_on > 0));
        assert!(order.is_sorted_by_key(|name| *name == "handed on"), "{order:?}");
        stored.add(&queues);
        tasks.extend(queues.take::<ModelTask>("handed on"));
    }
    assert!(rounds > 2, "{rounds}");
    // The time was over between the two questions for the price that is absent, and between those for the years of the last model, so an
    // invocation asks them again.
    let calls = [(1, 3), (2, 5), (3, 4)].into();
    assert_eq!(
        stored,
        Stored { calls, ..everything() },
        "calls add up over invocations, and the pairs are listed once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_others_left_no_time_for_is_handed_on_as_it_is() {
    // One call a second: the first task takes the only one that fits.
    let (fipe, queues) = (FakeFipe::default().client_at(60.0, 1), Queues::default());
    let until = Instant::now() + Duration::from_millis(500);
    let both = futures_util::future::join(
        load(&fipe, &queues, model_task([1]), until),
        load(&fipe, &queues, model_task([2, 3]), until),
    );
    let (first, second) = both.await;
    assert_eq!((first.unwrap().handed_on, second.unwrap().handed_on), (1, 2));
    let codes = |task: &ModelTask| -> BTreeSet<i32> { task.models.iter().map(|model| model.code).collect() };
    let mut tasks = queues.take::<ModelTask>("handed on");
    tasks.sort_by_key(|task| task.models.len());
    assert_eq!(tasks.iter().map(codes).collect::<Vec<_>>(), [[1].into(), [2, 3].into()]);
    assert!(tasks[1].models.iter().all(|model| model.pending.is_none() && model.calls.made == 0));
}

#[tokio::test(start_paused = true)]
async fn a_task_without_time_where_nothing_else_got_on_either_comes_back() {
    let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
    let until = Instant::now() + Duration::from_millis(10);
    let error = load(&fipe, &queues, model_task([1, 2]), until).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(queues.order().is_empty(), "it may be an outage, which must not circle for ever");
}

#[tokio::test(start_paused = true)]
async fn an_outage_postpones_the_task_as_it_is() {
    for (fault, kind) in [(503, "outage"), (429, "throttled"), (403, "outage")] {
        let fault = status(fault);
        let queues = Queues::default();
        let fipe = FakeFipe::with_trouble(move |_, _, _| Some(Ok(fault.clone()))).client();
        let error = load(&fipe, &queues, model_task([1, 2, 3]), in_seconds(280)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{error:?}");
        assert!(error.wait().is_some_and(|wait| wait > Duration::from_secs(30)), "{error:?}");
        assert_eq!(error.to_string(), "no call for any of 3 models succeeded");
        assert!(queues.order().is_empty());
    }
}

#[test]
fn of_several_errors_the_one_that_says_how_long_to_wait_is_reported() {
    let sick = || Fault::Unavailable { reason: "HTTP 503".to_owned() };
    let call = String::new;
    let ordered = [
        Error::NoModel,
        Error::OutOfTime { call: call(), last: None },
        Error::Call { call: call(), attempts: 8, fault: sick() },
        Error::Paused { call: call(), wait: Duration::from_secs(60), fault: sick() },
    ];
    assert_eq!(ordered.each_ref().map(weight), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_never_answered_is_no_outage() {
    let trouble = |_: usize, _: &str, body: &serde_json::Value| (body["codigoModelo"] == 2).then(|| Ok(status(503)));
    let (fipe, queues) = (FakeFipe::with_trouble(trouble).client(), Queues::default());
    for _ in 0..3 {
        let error = load(&fipe, &queues, model_task([2]), in_seconds(280)).await.unwrap_err();
        assert_eq!((error.kind(), error.wait()), ("upstream", None), "so it ends in the dead-letter queue: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hopeless_model_is_split_off_and_then_fails_alone() {
    let trouble =
        |_: usize, _: &str, body: &serde_json::Value| (body["codigoModelo"] == 2).then(|| Ok(invalid_parameters()));
    let (fipe, queues) = (FakeFipe::with_trouble(trouble).client(), Queues::default());
    let priced = load(&fipe, &queues, model_task([1, 2, 3]), in_seconds(60)).await.unwrap();
    assert_eq!(priced, Priced { prices: 2, without_price: 0, handed_on: 1 });
    let mut split = queues.take::<ModelTask>("handed on");
    assert_eq!(split.len(), 1);
    let error = load(&fipe, &queues, split.remove(0), in_seconds(60)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), ("invalid_parameters", false));

    // The same where nothing else succeeds: two hopeless models become two tasks, and each fails for good.
    let fipe = FakeFipe::with_trouble(|_, _, _| Some(Ok(invalid_parameters()))).client();
    let queues = Queues::default();
    load(&fipe, &queues, model_task([1, 2]), in_seconds(60)).await.unwrap();
    let split = queues.take::<ModelTask>("handed on");
    assert_eq!(split.len(), 2);
    for task in split {
        assert!(!load(&fipe, &queues, task, in_seconds(60)).await.unwrap_err().is_transient());
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_contradicts_fipes_lists_fails_for_good_and_sends_nothing() {
    let other_month = Crawl { month: "2026-07".parse().unwrap(), ..model_task([]).crawl };
    let other_code = Crawl { reference_code: 999, ..model_task([]).crawl };
    for (task, kind) in [
        (ModelTask { crawl: other_month, ..model_task([1]) }, "other_month"),
        (ModelTask { crawl: other_code, ..model_task([1]) }, "unlisted"),
        (model_task([404]), "unlisted"),
        (model_task([]), "no_model"),
    ] {
        let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
        let error = load(&fipe, &queues, task, in_seconds(60)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, false), "{error}");
        assert!(queues.order().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_calls_for_the_months_count_to_the_first_model() {
    let (fipe, queues) = (Fipe::new(FakeFipe::default(), 600_000.0, 4), Queues::default());
    load(&fipe, &queues, model_task([1, 2, 3]), in_seconds(60)).await.unwrap();
    let mut stored = Stored::default();
    stored.add(&queues);
    assert_eq!(stored.calls, [(1, 4), (2, 4), (3, 3)].into());
}

#[tokio::test(start_paused = true)]
async fn a_lost_queue_fails_the_task_and_running_again_only_repeats() {
    let (fipe, queues) = (FakeFipe::default().client(), Queues::default());
    queues.broken.set("prices");
    let error = load(&fipe, &queues, model_task([1, 2, 3]), in_seconds(60)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), ("send", true));
    assert!(queues.order().is_empty(), "nothing is handed on before the prices are safe");

    queues.broken.set("handed on");
    let slow = FakeFipe::default().client_at(60.0, 1);
    let soon = Instant::now() + Duration::from_millis(1_500);
    assert_eq!(load(&slow, &queues, model_task([1, 2, 3]), soon).await.unwrap_err().kind(), "send");
    queues.broken.set("");
    load(&fipe, &queues, model_task([1, 2, 3]), in_seconds(60)).await.unwrap();
    let mut stored = Stored::default();
    stored.add(&queues);
    assert_eq!(stored, everything(), "the part that was sent twice is the same");
}

#[tokio::test(start_paused = true)]
async fn messages_carry_about_a_thousand_prices_at_most() {
    const YEARS: [&str; 8] = ["2010-5", "2011-5", "2012-5", "2013-5", "2014-5", "2015-5", "2016-5", "2017-5"];
    let models = (1..=300).map(|code| (code, YEARS.map(|pair| (pair, 50_000)).to_vec())).collect();
    let fipe = FakeFipe { models, latency: Duration::from_millis(1), ..FakeFipe::default() }.client();
    let queues = Queues::default();
    let priced = load(&fipe, &queues, model_task(1..=300), in_seconds(60)).await.unwrap();
    assert_eq!(priced.prices, 2_400);
    let sizes: Vec<usize> = queues.sent.borrow().iter().map(|(_, body)| body.len()).collect();
    assert!(sizes.iter().all(|size| *size < 300_000), "{sizes:?}");
    let counts: Vec<usize> = queues
        .take::<Load>("prices")
        .iter()
        .map(|load| match load {
            Load::Prices { models, .. } => models.iter().map(|model| model.prices.len()).sum(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(counts.iter().all(|count| *count <= PRICES_PER_MESSAGE) && counts.len() <= 4, "{counts:?}");
}
