//! The client against a FIPE with faults, on a clock that only moves while a task waits.

use super::*;
use crate::call::{Brands, ReferenceTables};
use crate::fakes::{FakeFipe, in_seconds, invalid_parameters, status};

const BRANDS: Brands = Brands { reference_code: 73, vehicle_type: 1 };

#[tokio::test(start_paused = true)]
async fn transient_faults_are_asked_again_and_counted() {
    let faults = [
        Ok(status(503)),
        Ok(RawAnswer { status: 200, retry_after: None, body: Vec::new() }),
        Err(Fault::Unavailable { reason: "connection reset".to_owned() }),
        Ok(status(429)),
        Ok(status(200)),
    ];
    let fipe = FakeFipe::with_trouble(move |call, _, _| faults.get(call - 1).cloned()).client();
    let mut calls = Calls::default();
    let brands = fipe.ask(&BRANDS, in_seconds(60), &mut calls).await.unwrap();
    assert_eq!(brands.len(), 2);
    assert_eq!(calls, Calls { made: 6, retried: 5 });
    assert_eq!(fipe.take_counts(), Counts { calls: 6, retries: 5, throttled: 1, blocked: 0 });
    assert_eq!(fipe.take_counts(), Counts::default());
}

#[tokio::test(start_paused = true)]
async fn invalid_parameters_are_not_asked_again() {
    let fipe = FakeFipe::with_trouble(|_, _, _| Some(Ok(invalid_parameters()))).client();
    let error = fipe.ask(&BRANDS, in_seconds(60), &mut Calls::default()).await.unwrap_err();
    assert!(!error.is_transient());
    assert_eq!(error.kind(), "invalid_parameters");
    assert_eq!(error.to_string(), "ConsultarMarcas of reference 73 type 1 failed after 1 calls");
    assert_eq!(fipe.http.calls.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for() {
    let throttled = RawAnswer { status: 429, retry_after: Some("7".to_owned()), body: Vec::new() };
    let fipe = FakeFipe::with_trouble(move |call, _, _| (call == 1).then(|| Ok(throttled.clone()))).client();
    let begun = Instant::now();
    fipe.ask(&ReferenceTables, in_seconds(60), &mut Calls::default()).await.unwrap();
    let second = fipe.http.asked.borrow()[1].2 - begun;
    assert!(second >= Duration::from_secs(7) && second < Duration::from_secs(10), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_holds_for_every_call_of_the_instance() {
    let throttled = RawAnswer { status: 429, retry_after: Some("7".to_owned()), body: Vec::new() };
    let fipe = FakeFipe::with_trouble(move |call, _, _| (call == 1).then(|| Ok(throttled.clone()))).client();
    let begun = Instant::now();
    let first = async { fipe.ask(&ReferenceTables, in_seconds(60), &mut Calls::default()).await.map(|_| ()) };
    let another = async {
        sleep_until(begun + Duration::from_secs(1)).await;
        fipe.ask(&BRANDS, in_seconds(60), &mut Calls::default()).await.map(|_| ())
    };
    let (first, another) = tokio::join!(first, another);
    first.and(another).unwrap();
    let starts: Vec<Duration> = fipe.http.asked.borrow().iter().map(|(_, _, at)| *at - begun).collect();
    assert!(starts.len() == 3 && starts[1..].iter().all(|at| *at >= Duration::from_secs(7)), "{starts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_cannot_end_in_time_is_not_begun() {
    let throttled = RawAnswer { status: 429, retry_after: Some("30".to_owned()), body: Vec::new() };
    let fipe = FakeFipe::with_trouble(move |_, _, _| Some(Ok(throttled.clone()))).client();
    let begun = Instant::now();
    let error = fipe.ask(&ReferenceTables, in_seconds(20), &mut Calls::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.wait().map(|wait| wait.as_secs_f64().round())), ("throttled", Some(30.0)));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_call_is_begun_that_the_pace_does_not_allow_in_time() {
    let fipe = Fipe::new(FakeFipe::default(), 6.0, 4);
    let until = in_seconds(25);
    let mut answered = 0;
    let error = loop {
        match fipe.ask(&BRANDS, until, &mut Calls::default()).await {
            Ok(_) => answered += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(answered, 3, "at 0, 10 and 20 seconds");
    assert!(matches!(error, Error::OutOfTime { last: None, .. }), "{error:?}");
    assert!(!error.is_upstreams());
}

#[tokio::test(start_paused = true)]
async fn calls_stay_within_the_budget_and_the_width() {
    let fipe = Fipe::new(FakeFipe { latency: Duration::from_secs(5), ..FakeFipe::default() }, 60.0, 3);
    let until = in_seconds(600);
    let work = (0..30).map(async |_| fipe.ask(&BRANDS, until, &mut Calls::default()).await.map(|_| ()));
    let begun = Instant::now();
    let answers = futures_util::future::join_all(work).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(fipe.http.most_in_flight.get(), 3);
    assert!(begun.elapsed() >= Duration::from_secs(50), "30 calls of 5 s, 3 at once: {:?}", begun.elapsed());
    let starts: Vec<Duration> = fipe.http.asked.borrow().iter().map(|(_, _, at)| *at - begun).collect();
    for window in starts.windows(4) {
        assert!(window[3] - window[0] >= Duration::from_millis(2_970), "{starts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sick_answer_is_given_up_but_throttling_is_waited_out() {
    let fipe =
        FakeFipe::with_trouble(|_, endpoint, _| (endpoint == Brands::ENDPOINT).then(|| Ok(status(200)))).client();
    let error = fipe.ask(&BRANDS, in_seconds(600), &mut Calls::default()).await.unwrap_err();
    assert!(matches!(error, Error::Call { attempts: ATTEMPTS, fault: Fault::NotJson { .. }, .. }), "{error:?}");

    let throttled = |call, endpoint: &str| (call <= 20 && endpoint == Brands::ENDPOINT).then(|| Ok(status(429)));
    let fipe = FakeFipe::with_trouble(move |call, endpoint, _| throttled(call, endpoint)).client();
    let mut calls = Calls::default();
    fipe.ask(&BRANDS, in_seconds(3_600), &mut calls).await.unwrap();
    assert_eq!(calls, Calls { made: 21, retried: 18 }, "two of them for the table, after eight failures each");
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_ends_with_the_time_there_is() {
    let fipe = FakeFipe { latency: Duration::from_secs(3_600), ..FakeFipe::default() }.client();
    let until = in_seconds(10);
    let error = fipe.ask(&BRANDS, until, &mut Calls::default()).await.unwrap_err();
    assert!(error.is_upstreams() && error.is_transient(), "{error:?}");
    assert!(Instant::now() <= until);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_does_not_answer_its_table_either_is_left_alone_and_then_asked_for_it_first() {
    let is_down = std::rc::Rc::new(std::cell::Cell::new(true));
    let down = is_down.clone();
    let fipe = FakeFipe::with_trouble(move |_, _, _| down.get().then(|| Ok(status(503)))).client();
    let ask = async |seconds| fipe.ask(&BRANDS, in_seconds(seconds), &mut Calls::default()).await;
    let error = ask(280).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), ("outage", true));
    assert_eq!(error.wait().map(|wait| wait.as_secs_f64().round()), Some(60.0));
    let endpoints = |from: usize| -> Vec<&str> { fipe.http.asked.borrow()[from..].iter().map(|call| call.0).collect() };
    let first = endpoints(0);
    assert_eq!((first.len(), first[8]), (9, ReferenceTables::ENDPOINT), "eight attempts, then the table");

    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(ask(280).await.unwrap_err().wait().map(|wait| wait.as_secs_f64().round()), Some(40.0));
    assert_eq!(endpoints(9), [""; 0], "nothing is called");
    tokio::time::advance(Duration::from_secs(40)).await;
    assert_eq!(ask(280).await.unwrap_err().wait().map(|wait| wait.as_secs_f64().round()), Some(120.0));
    assert_eq!(endpoints(9), [ReferenceTables::ENDPOINT]);

    is_down.set(false);
    tokio::time::advance(Duration::from_secs(120)).await;
    ask(30).await.unwrap();
    assert_eq!(endpoints(10), [ReferenceTables::ENDPOINT, Brands::ENDPOINT]);
}

#[tokio::test(start_paused = true)]
async fn the_daily_limit_stops_every_call_until_then() {
    let limit = RawAnswer { status: 429, retry_after: Some("86400".to_owned()), body: Vec::new() };
    let fipe = FakeFipe::with_trouble(move |call, _, _| (call == 2).then(|| Ok(limit.clone()))).client();
    let ask = async || fipe.ask(&BRANDS, in_seconds(280), &mut Calls::default()).await;
    ask().await.unwrap();
    for hours in [24.0, 18.0, 12.0, 6.0] {
        let error = ask().await.unwrap_err();
        assert_eq!(error.kind(), "daily_limit");
        assert_eq!(error.wait().map(|wait| (wait.as_secs_f64() / 3_600.0).round()), Some(hours));
        tokio::time::advance(Duration::from_secs(6 * 3_600)).await;
    }
    assert_eq!(fipe.http.calls.get(), 2, "nothing was called meanwhile");
    ask().await.unwrap();
}
