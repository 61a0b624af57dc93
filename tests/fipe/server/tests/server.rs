//! The server over HTTP, as a crawler meets it: shapes, error bodies, quirks and faults.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fipe_server::{Dataset, Faults, FipeServer, Generated, Options, generate};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

const FILE: &str = "\
vehicle_type,brand_code,brand_name,model_code,model_name,year_code,model_year,fuel_code,fuel_name,fipe_code,price_brl
1,7,Guará & Filhos,40,Sabiá  1.0\u{a0}Flex ,2014-1,2014,1,Gasolina,038003-2,39225
1,7,Guará & Filhos,40,Sabiá  1.0\u{a0}Flex ,2014-5,2014,5,Flex,038003-2,9765744
1,7,Guará & Filhos,40,Sabiá  1.0\u{a0}Flex ,32000-5,32000,5,Flex,038003-2,874
1,7,Guará & Filhos,41,\"Arara, a nova\",,,,,,
1,3,caju,50,Umbu,2020-3,2020,3,Diesel,015069-0,100000
2,9,CAJU,61,Tatu 125,2012-1,2012,1,Gasolina,811084-0,8629
";

fn write(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn small() -> Dataset {
    let (_dir, path) = write("2026-03-ref331.csv", FILE);
    fipe_server::read(&path).unwrap()
}

async fn start(options: Options) -> (FipeServer, Client) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().user_agent("Mozilla/5.0 (X11; Linux x86_64)").build().unwrap();
    (FipeServer::start(options).await.unwrap(), client)
}

async fn serve(months: Vec<Dataset>) -> (FipeServer, Client) {
    start(Options { months, ..Options::default() }).await
}

async fn post(server: &FipeServer, client: &Client, endpoint: &str, body: &Value) -> reqwest::Result<Response> {
    client.post(format!("{}/api/veiculos/{endpoint}", server.url())).json(body).send().await
}

async fn ask(server: &FipeServer, client: &Client, endpoint: &str, body: Value) -> Value {
    let response = post(server, client, endpoint, &body).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

fn price_query(reference: u32, brand: u32, model: u32, year: u32, fuel: u32) -> Value {
    json!({"codigoTabelaReferencia": reference, "codigoTipoVeiculo": 1, "codigoMarca": brand, "codigoModelo": model,
        "anoModelo": year, "codigoTipoCombustivel": fuel, "tipoVeiculo": "carro", "tipoConsulta": "tradicional"})
}

const PRICE: &str = "ConsultarValorComTodosParametros";

#[tokio::test]
async fn the_reference_table_is_newest_first_with_a_trailing_blank() {
    let (server, client) = serve(vec![small(), generate(Generated { seed: 1, prices: 1, months: 1 }).remove(0)]).await;
    let table = ask(&server, &client, "ConsultarTabelaDeReferencia", json!({})).await;
    assert_eq!(table, json!([{"Codigo": 336, "Mes": "agosto/2026 "}, {"Codigo": 331, "Mes": "março/2026 "}]));
}

#[tokio::test]
async fn lists_have_the_recorded_shapes() {
    let (server, client) = serve(vec![small()]).await;
    let brands =
        ask(&server, &client, "ConsultarMarcas", json!({"codigoTabelaReferencia": 331, "codigoTipoVeiculo": 1})).await;
    assert_eq!(brands, json!([{"Label": "caju", "Value": "3"}, {"Label": "Guará & Filhos", "Value": "7"}]));

    let mut query = json!({"codigoTabelaReferencia": 331, "codigoTipoVeiculo": 1, "codigoMarca": 7});
    let models = ask(&server, &client, "ConsultarModelos", query.clone()).await;
    let years = json!([{"Label": "32000 Flex", "Value": "32000-5"}, {"Label": "2014 Flex", "Value": "2014-5"},
        {"Label": "2014 Gasolina", "Value": "2014-1"}]);
    let names = json!([{"Label": "Arara, a nova", "Value": 41}, {"Label": "Sabiá  1.0\u{a0}Flex ", "Value": 40}]);
    assert_eq!(models, json!({"Modelos": names, "Anos": years}));

    query["codigoModelo"] = json!(40);
    assert_eq!(ask(&server, &client, "ConsultarAnoModelo", query).await, years);
}

#[tokio::test]
async fn the_year_of_a_motorcycle_can_be_bare() {
    let (server, client) = serve(vec![small()]).await;
    let query = json!({"codigoTabelaReferencia": 331, "codigoTipoVeiculo": 2, "codigoMarca": 9, "codigoModelo": 61});
    let years = ask(&server, &client, "ConsultarAnoModelo", query).await;
    assert_eq!(years, json!([{"Label": "2012", "Value": "2012-1"}]));
}

#[tokio::test]
async fn a_price_has_the_recorded_shape() {
    let (server, client) = serve(vec![small()]).await;
    let mut price = ask(&server, &client, PRICE, price_query(331, 7, 40, 2014, 5)).await;
    let (token, asked) = (price["Autenticacao"].take(), price["DataConsulta"].take());
    assert!(token.as_str().unwrap().len() == 12 && asked.as_str().unwrap().contains(" de "), "{token} {asked}");
    assert_eq!(
        price,
        json!({"Valor": "R$ 9.765.744,00", "Marca": "Guará & Filhos", "Modelo": "Sabiá  1.0\u{a0}Flex ",
            "AnoModelo": 2014, "Combustivel": "Flex", "CodigoFipe": "038003-2", "MesReferencia": "março de 2026 ",
            "Autenticacao": null, "TipoVeiculo": 1, "SiglaCombustivel": "F", "DataConsulta": null})
    );
    assert_eq!(server.stats().prices_served, 1);
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let (server, client) = serve(vec![small()]).await;
    let form = "codigoTabelaReferencia=331&codigoTipoVeiculo=1&codigoMarca=7&codigoModelo=40&anoModelo=2014\
        &codigoTipoCombustivel=1&tipoVeiculo=carro&tipoConsulta=tradicional";
    let response = client
        .post(format!("{}/api/veiculos/{PRICE}", server.url()))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form);
    let price: Value = response.send().await.unwrap().json().await.unwrap();
    assert_eq!(price["Valor"], "R$ 39.225,00");
}

#[tokio::test]
async fn what_is_not_there_is_an_error_body_with_status_200() {
    let (server, client) = serve(vec![small()]).await;
    let nothing = json!({"codigo": "0", "erro": "nadaencontrado"});
    let model = |code: u32| json!({"codigoTabelaReferencia": 331, "codigoTipoVeiculo": 1, "codigoMarca": 7, "codigoModelo": code});
    assert_eq!(ask(&server, &client, "ConsultarAnoModelo", model(41)).await, nothing, "a model without prices");
    assert_eq!(ask(&server, &client, "ConsultarAnoModelo", model(50)).await, nothing, "a model of another brand");
    assert_eq!(ask(&server, &client, PRICE, price_query(331, 7, 40, 32000, 1)).await, nothing, "no such pair");
    assert_eq!(ask(&server, &client, PRICE, price_query(330, 7, 40, 2014, 1)).await, nothing, "no such month");
    assert_eq!(server.stats().nothing_found, 4);

    let invalid = json!({"codigo": "2", "erro": "Parâmetros inválidos"});
    let mut query = price_query(331, 7, 40, 2014, 1);
    query["tipoVeiculo"] = json!("moto");
    assert_eq!(ask(&server, &client, PRICE, query).await, invalid, "the type twice, and different");
    assert_eq!(ask(&server, &client, "ConsultarMarcas", json!({"codigoTipoVeiculo": 1})).await, invalid);
    assert_eq!(server.stats().invalid_parameters, 2);
}

#[tokio::test]
async fn callers_that_are_no_browser_are_forbidden() {
    let (server, _) = serve(vec![small()]).await;
    let client = Client::builder().no_proxy().user_agent("python-requests/2.32").build().unwrap();
    let response = post(&server, &client, "ConsultarTabelaDeReferencia", &json!({})).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(server.stats().not_a_browser, 1);
}

#[tokio::test]
async fn long_answers_are_compressed_when_asked() {
    let (server, client) = serve(generate(Generated { seed: 1, prices: 30_000, months: 1 })).await;
    let query = json!({"codigoTabelaReferencia": 336, "codigoTipoVeiculo": 1});
    let plain = Client::builder().no_proxy().user_agent("Mozilla/5.0").no_gzip().no_brotli().build().unwrap();
    let request = plain.post(format!("{}/api/veiculos/ConsultarMarcas", server.url())).json(&query);
    let compressed = request.header(ACCEPT_ENCODING, "gzip, br").send().await.unwrap();
    assert_eq!(compressed.headers()[CONTENT_ENCODING], "gzip");
    let brands = ask(&server, &client, "ConsultarMarcas", query.clone()).await;
    let response = post(&server, &plain, "ConsultarMarcas", &query).await.unwrap();
    assert!(!response.headers().contains_key(CONTENT_ENCODING));
    assert_eq!(response.json::<Value>().await.unwrap(), brands);
}

async fn with_fault(faults: &str) -> (FipeServer, reqwest::Result<Response>) {
    let (server, client) =
        start(Options { months: vec![small()], faults: faults.parse().unwrap(), ..Options::default() }).await;
    let response = post(&server, &client, PRICE, &price_query(331, 7, 40, 2014, 1)).await;
    (server, response)
}

#[tokio::test]
async fn each_fault_looks_like_the_real_one() {
    let (_server, response) = with_fault("429=1,retry-after=7").await;
    let response = response.unwrap();
    assert_eq!(
        (response.status(), &response.headers()[RETRY_AFTER]),
        (StatusCode::TOO_MANY_REQUESTS, &"7".parse().unwrap())
    );
    for (fault, status) in
        [("403=1", StatusCode::FORBIDDEN), ("503=1", StatusCode::SERVICE_UNAVAILABLE), ("html=1", StatusCode::OK)]
    {
        let (_server, response) = with_fault(fault).await;
        let response = response.unwrap();
        assert_eq!(response.status(), status);
        assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    }
    let (_server, response) = with_fault("empty=1").await;
    let response = response.unwrap();
    assert_eq!((response.status(), response.text().await.unwrap()), (StatusCode::OK, String::new()));

    let (_server, response) = with_fault("truncated=1").await;
    let text = response.unwrap().text().await.unwrap();
    assert!(text.starts_with("{\"Valor\"") && serde_json::from_str::<Value>(&text).is_err(), "{text}");

    let (server, response) = with_fault("rollover=1").await;
    assert_eq!(response.unwrap().json::<Value>().await.unwrap()["MesReferencia"], "abril de 2026 ");
    assert_eq!(server.stats().prices_served, 0);

    let begin = Instant::now();
    let (server, response) = with_fault("slow=1,slow-ms=200").await;
    assert_eq!(response.unwrap().json::<Value>().await.unwrap()["Valor"], "R$ 39.225,00");
    assert!(begin.elapsed() >= Duration::from_millis(200));
    assert_eq!((server.stats().prices_served, server.stats().faults["slow"]), (1, 1));
}

#[tokio::test]
async fn a_reset_reaches_the_caller_as_a_reset() {
    let (server, response) = with_fault("reset=1").await;
    let mut error: &dyn std::error::Error = &response.unwrap_err();
    while let Some(source) = error.source() {
        error = source;
    }
    assert!(error.to_string().contains("reset by peer"), "{error}");
    assert_eq!(server.stats().faults["reset"], 1);
}

#[tokio::test]
async fn a_rollover_touches_prices_alone() {
    let options = Options { months: vec![small()], faults: "rollover=1".parse().unwrap(), ..Options::default() };
    let (server, client) = start(options).await;
    let table = ask(&server, &client, "ConsultarTabelaDeReferencia", json!({})).await;
    assert_eq!(table, json!([{"Codigo": 331, "Mes": "março/2026 "}]));
    assert_eq!(server.stats().faults["rollover"], 0);
}

#[tokio::test]
async fn beyond_the_rate_limit_a_caller_is_told_when_to_come_back() {
    let (server, client) = start(Options { months: vec![small()], rate_limit: Some(2), ..Options::default() }).await;
    for _ in 0..2 {
        ask(&server, &client, "ConsultarTabelaDeReferencia", json!({})).await;
    }
    let response = post(&server, &client, "ConsultarTabelaDeReferencia", &json!({})).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = response.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((55..=60).contains(&seconds), "{seconds}");
    assert_eq!(server.stats().rate_limited, 1);
}

#[tokio::test]
async fn faults_change_while_it_runs_and_are_counted() {
    let (server, client) = serve(vec![small()]).await;
    let faults = format!("{}/_fipe/faults", server.url());
    let set = client.put(&faults).body("503=1").send().await.unwrap();
    assert!(set.text().await.unwrap().parse::<Faults>().unwrap().to_string().starts_with("503=1,"));
    let response = post(&server, &client, "ConsultarTabelaDeReferencia", &json!({})).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let refused = client.put(&faults).body("504=1").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    client.put(&faults).send().await.unwrap();
    ask(&server, &client, "ConsultarTabelaDeReferencia", json!({})).await;

    let url = format!("{}/_fipe/stats", server.url());
    let stats: Value = client.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&stats["calls"]["ConsultarTabelaDeReferencia"], &stats["calls_total"]), (&json!(2), &json!(2)));
    assert_eq!(stats["faults"]["503"], 1);
    client.delete(&url).send().await.unwrap();
    assert_eq!(server.stats().calls_total, 0);
}

#[tokio::test]
async fn a_month_is_added_while_it_runs() {
    let (server, client) = serve(generate(Generated { seed: 1, prices: 1, months: 1 })).await;
    let (_dir, path) = write("2026-03-ref331.csv", FILE);
    let url = format!("{}/_fipe/datasets", server.url());
    let added: Value = client.post(&url).json(&json!({"path": path})).send().await.unwrap().json().await.unwrap();
    assert_eq!(added, json!({"month": "2026-03", "code": 331, "brands": 3, "models": 4, "prices": 5}));
    let table = ask(&server, &client, "ConsultarTabelaDeReferencia", json!({})).await;
    assert_eq!(table.as_array().unwrap().len(), 2);
    let refused = client.post(&url).json(&json!({"path": "/nowhere/2026-01-ref329.csv"})).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(refused.text().await.unwrap().contains("/nowhere/2026-01-ref329.csv"));
}

#[test]
fn a_malformed_file_is_refused_with_file_line_and_value() {
    let row = |row: &str| format!("{FILE}{row}\n");
    let cases = [
        ("2026-03.csv", FILE.to_owned(), vec!["2026-03.csv", "YYYY-MM-refNNN"]),
        (
            "2026-03-ref331.csv",
            FILE.replacen("brand_code", "brand", 1),
            vec!["line 1", "vehicle_type,brand,brand_name"],
        ),
        ("2026-03-ref331.csv", String::new(), vec!["line 1"]),
        ("2026-03-ref331.csv", row("4,1,A,9,B,,,,,,"), vec!["2026-03-ref331.csv", "line 8", "vehicle_type", "\"4\""]),
        (
            "2026-03-ref331.csv",
            row("1,1,A,9,B,2014-1,2014,1,Gasolina,038003-2,1.5"),
            vec!["line 8", "price_brl", "\"1.5\""],
        ),
        (
            "2026-03-ref331.csv",
            row("1,1,A,9,B,2015-1,2014,1,Gasolina,038003-2,1"),
            vec!["line 8", "year_code", "\"2015-1\""],
        ),
        (
            "2026-03-ref331.csv",
            row("1,1,A,9,B,2014-1,2014,1,Gasolina,38003-2,1"),
            vec!["line 8", "fipe_code", "\"38003-2\""],
        ),
        ("2026-03-ref331.csv", row("1,1,A"), vec!["line 8"]),
        (
            "2026-03-ref331.csv",
            row("1,3,caju,50,Umbu,2020-3,2020,3,Diesel,015069-0,1"),
            vec!["line 8", "50", "2020-3", "twice"],
        ),
        ("2026-03-ref331.csv", row("1,3,Caju,51,Umbu,,,,,,"), vec!["line 8", "Caju", "caju"]),
        (
            "2026-03-ref331.csv",
            row("1,7,Guará & Filhos,41,\"Arara, a nova\",2014-1,2014,1,Gasolina,038003-2,1"),
            vec!["line 8", "41"],
        ),
    ];
    for (name, text, named) in cases {
        let (_dir, path) = write(name, &text);
        let error = format!("{:#}", anyhow::Error::from(fipe_server::read(&path).unwrap_err()));
        for part in named {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
}

#[test]
fn a_month_is_written_as_it_was_read_byte_for_byte() {
    let mut generated = Vec::new();
    fipe_server::write(&generate(fipe_server::SHIPPED)[0], &mut generated).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&generated).unwrap();
    for (name, bytes) in [("2026-08-ref336.csv", &generated), ("2026-08-ref336.csv.gz", &packed.finish().unwrap())] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut written = Vec::new();
        fipe_server::write(&fipe_server::read(&path).unwrap(), &mut written).unwrap();
        assert!(written == generated, "{name} differs: {} bytes of {}", written.len(), generated.len());
    }
}

#[tokio::test]
async fn a_crawl_finds_exactly_the_rows_of_the_month() {
    let month = generate(Generated { seed: 11, prices: 300, months: 1 }).remove(0);
    let expected = month.rows();
    let (server, client) = serve(vec![month]).await;
    let mut found = Vec::new();
    for vehicle_type in 1..=3_u8 {
        let mut query = json!({"codigoTabelaReferencia": 336, "codigoTipoVeiculo": vehicle_type});
        for brand in ask(&server, &client, "ConsultarMarcas", query.clone()).await.as_array().unwrap() {
            query["codigoMarca"] = brand["Value"].clone();
            for model in ask(&server, &client, "ConsultarModelos", query.clone()).await["Modelos"].as_array().unwrap() {
                query["codigoModelo"] = model["Value"].clone();
                let years = ask(&server, &client, "ConsultarAnoModelo", query.clone()).await;
                let key = |rest: String| {
                    format!("{vehicle_type} {} {} {} {rest}", brand["Value"], brand["Label"], model["Label"])
                };
                if years["codigo"] == "0" {
                    found.push(key("-".to_owned()));
                    continue;
                }
                for year in years.as_array().unwrap() {
                    let (model_year, fuel) = year["Value"].as_str().unwrap().split_once('-').unwrap();
                    let mut query = query.clone();
                    query["anoModelo"] = json!(model_year);
                    query["codigoTipoCombustivel"] = json!(fuel);
                    query["tipoVeiculo"] = json!(["carro", "moto", "caminhao"][usize::from(vehicle_type) - 1]);
                    query["tipoConsulta"] = json!("tradicional");
                    let price = ask(&server, &client, PRICE, query).await;
                    let reais = price["Valor"].as_str().unwrap().replace(['R', '$', ' ', '.'], "").replace(",00", "");
                    found.push(key(format!("{} {model_year} {fuel} {reais}", price["CodigoFipe"])));
                }
            }
        }
    }
    let line = |row: &fipe_server::Row| {
        let head = format!(
            "{} \"{}\" {} {}",
            row.vehicle_type,
            row.brand_code,
            json!(*row.brand_name),
            json!(*row.model_name)
        );
        match &row.price {
            None => format!("{head} -"),
            Some(p) => format!("{head} {} {} {} {}", json!(*p.fipe_code), p.model_year, p.fuel_code, p.reais),
        }
    };
    let mut expected: Vec<String> = expected.iter().map(line).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}
