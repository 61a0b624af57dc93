//! The rules over real HTTP: a whole generated month from the FIPE server with all its faults, and a server that
//! misbehaves below HTTP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use fipe_core::message::{BrandTask, Load, ModelTask};
use fipe_core::{Fault, Fipe, FipeHttp, Http, ModelQueues, find_crawl, list_models, load_prices, start_crawl};
use fipe_server::{FipeServer, Generated, Options, generate};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

fn read<M: DeserializeOwned>(queue: &RefCell<Vec<String>>) -> Vec<M> {
    queue.borrow_mut().drain(..).map(|body| serde_json::from_str(&body).unwrap()).collect()
}

/// Runs the chain with lists as queues; work that is handed over or fails as transient runs again.
async fn crawl(fipe: &Fipe<FipeHttp>, time: Duration) -> BTreeSet<(i32, String, String, String)> {
    let [loads, brands, models] = [const { RefCell::new(Vec::new()) }; 3];
    let to_loads = async |bodies: Vec<String>| {
        loads.borrow_mut().extend(bodies);
        Ok(())
    };
    let to_brands = async |bodies: Vec<String>| {
        brands.borrow_mut().extend(bodies);
        Ok(())
    };
    let to_models = async |bodies: Vec<String>| {
        models.borrow_mut().extend(bodies);
        Ok(())
    };

    let until = Instant::now() + Duration::from_secs(60);
    let now = jiff::Timestamp::now();
    let found = find_crawl(fipe, &json!({"mes": 8, "ano": 2026}), "local", now, until).await.unwrap();
    start_crawl(fipe, &to_loads, &to_brands, found, until).await.unwrap();
    let ports = ModelQueues { manifests: &to_loads, tasks: &to_models, handed_on: &to_brands };
    for task in read::<BrandTask>(&brands) {
        list_models(fipe, &ports, 20, task, until).await.unwrap();
    }
    let mut rounds = 0;
    loop {
        let tasks = read::<ModelTask>(&models);
        rounds += 1;
        assert!(rounds < 50, "{} tasks are left", tasks.len());
        if tasks.is_empty() {
            break;
        }
        let until = Instant::now() + time;
        let work = tasks.into_iter().map(async |task| {
            if let Err(error) = load_prices(fipe, &to_loads, &to_models, task.clone(), until).await {
                assert!(error.is_transient(), "{error:?}");
                models.borrow_mut().push(serde_json::to_string(&task).unwrap());
            }
        });
        futures_util::future::join_all(work).await;
    }
    let mut prices = BTreeSet::new();
    for load in read::<Load>(&loads) {
        let Load::Prices { models, .. } = load else { continue };
        for model in models {
            prices.extend(
                model
                    .prices
                    .into_iter()
                    .map(|price| (model.code, price.year_fuel.to_string(), price.fipe_code, price.price.to_string())),
            );
        }
    }
    prices
}

async fn generated_month(faults: &str) -> (FipeServer, BTreeSet<(i32, String, String, String)>) {
    let months = generate(Generated { seed: 7, prices: 600, months: 2 });
    let rows = months.iter().find(|month| month.reference.month.to_string() == "2026-08").unwrap().rows();
    let expected = rows
        .into_iter()
        .filter_map(|row| {
            let (code, price) = (i32::try_from(row.model_code).unwrap(), row.price?);
            let pair = format!("{}-{}", price.model_year, price.fuel_code);
            Some((code, pair, price.fipe_code.to_string(), format!("{}.00", price.reais)))
        })
        .collect();
    let faults = faults.parse().unwrap();
    (FipeServer::start(Options { months, faults, ..Options::default() }).await.unwrap(), expected)
}

fn client(server: &FipeServer) -> Fipe<FipeHttp> {
    Fipe::new(FipeHttp::new(&format!("{}/api/veiculos/", server.url())), 600_000.0, 8)
}

#[tokio::test]
async fn a_month_is_loaded_as_the_upstream_has_it() {
    let (server, expected) = generated_month("").await;
    let fipe = client(&server);
    assert_eq!(crawl(&fipe, Duration::from_secs(60)).await, expected);
    let counts = fipe.take_counts();
    assert_eq!((counts.calls, counts.retries), (server.stats().calls_total, 0));
    assert_eq!(server.stats().not_a_browser, 0);
}

#[tokio::test]
async fn every_fault_and_too_little_time_cost_calls_and_no_price() {
    let faults = "429=0.05,503=0.03,html=0.03,empty=0.03,reset=0.03,truncated=0.03,rollover=0.03,slow=0.01,slow-ms=300,retry-after=1";
    let (server, expected) = generated_month(faults).await;
    let fipe = client(&server);
    assert_eq!(crawl(&fipe, Duration::from_millis(1_500)).await, expected);
    let stats = server.stats();
    for fault in ["429", "503", "html", "empty", "reset", "truncated", "rollover"] {
        assert!(stats.faults[fault] > 0, "{fault} never came: {stats:?}");
    }
    assert!(fipe.take_counts().retries > 0);
}

/// Answers one connection with `answer` and returns the request.
async fn serve_once(answer: Vec<u8>) -> (FipeHttp, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = FipeHttp::new(&format!("http://{}/api/veiculos", listener.local_addr().unwrap()));
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"{\"a\":1}") {
            let mut buffer = [0; 1024];
            let count = stream.read(&mut buffer).await.unwrap();
            request.extend_from_slice(&buffer[..count]);
        }
        if answer.is_empty() {
            std::future::pending::<()>().await;
        }
        stream.write_all(&answer).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    (http, asked)
}

async fn post(http: &FipeHttp) -> Result<fipe_core::RawAnswer, Fault> {
    http.post("ConsultarMarcas", r#"{"a":1}"#.to_owned(), Duration::from_millis(500)).await
}

#[tokio::test]
async fn the_request_looks_like_a_browsers_and_a_compressed_answer_is_read() {
    let mut body = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    body.write_all("[\"ação\"]".as_bytes()).unwrap();
    let body = body.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    let (http, asked) = serve_once([head.as_bytes(), &body].concat()).await;
    assert_eq!(post(&http).await.unwrap().body, "[\"ação\"]".as_bytes());

    let asked = asked.await.unwrap().to_lowercase();
    assert!(asked.starts_with("post /api/veiculos/consultarmarcas http/1.1\r\n"), "{asked}");
    for header in [
        "referer: https://veiculos.fipe.org.br/\r\n",
        "user-agent: mozilla/5.0 ",
        "x-requested-with: xmlhttprequest\r\n",
        "content-type: application/json",
    ] {
        assert!(asked.contains(header), "no {header:?} in {asked}");
    }
    let encodings = asked.lines().find(|line| line.starts_with("accept-encoding")).unwrap();
    assert!(encodings.contains("gzip") && encodings.contains("br"), "{encodings}");
}

#[tokio::test]
async fn headers_of_an_error_answer_are_kept() {
    let answer = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    let (http, _asked) = serve_once(answer.to_vec()).await;
    let answer = post(&http).await.unwrap();
    assert_eq!((answer.status, answer.retry_after.as_deref()), (429, Some("7")));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_late_or_absent_is_no_answer() {
    let (http, _asked) = serve_once(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1,2".to_vec()).await;
    assert!(matches!(post(&http).await, Err(Fault::Unavailable { .. })));
    let (http, _asked) = serve_once(Vec::new()).await;
    let late = post(&http).await.unwrap_err();
    assert!(matches!(&late, Fault::Unavailable { reason } if reason.starts_with("timed out")), "{late:?}");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = post(&FipeHttp::new(&format!("http://{closed}"))).await;
    assert!(matches!(refused, Err(Fault::Unavailable { .. })), "{refused:?}");
}
