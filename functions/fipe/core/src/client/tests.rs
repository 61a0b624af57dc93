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
    assert!(matches!(&error, Error::OutOfTime { last: Some(Fault::Throttled { .. }), .. }), "{error:?}");
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
    let fipe = FakeFipe::with_trouble(|_, _, _| Some(Ok(status(200)))).client();
    let error = fipe.ask(&BRANDS, in_seconds(600), &mut Calls::default()).await.unwrap_err();
    assert!(matches!(error, Error::Call { attempts: ATTEMPTS, fault: Fault::NotJson { .. }, .. }), "{error:?}");

    let fipe = FakeFipe::with_trouble(|call, _, _| (call <= 20).then(|| Ok(status(429)))).client();
    let mut calls = Calls::default();
    fipe.ask(&BRANDS, in_seconds(3_600), &mut calls).await.unwrap();
    assert_eq!(calls, Calls { made: 21, retried: 20 });
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_ends_with_the_time_there_is() {
    let fipe = FakeFipe { latency: Duration::from_secs(3_600), ..FakeFipe::default() }.client();
    let until = in_seconds(10);
    let error = fipe.ask(&BRANDS, until, &mut Calls::default()).await.unwrap_err();
    assert!(error.is_upstreams() && error.is_transient(), "{error:?}");
    assert!(Instant::now() <= until);
}
