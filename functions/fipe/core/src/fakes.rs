//! A FIPE and queues with behaviour for the tests of the rules: faults on demand, a clock that tests move, and a record of calls.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::answer::RawAnswer;
use crate::client::{Fipe, Http};
use crate::error::Fault;
use crate::message::{Calls, Crawl, ModelTask, ModelWork};
use crate::queue::SendFault;

/// How a call goes wrong: by number (from 1), endpoint and body; `None` is a successful response.
pub(crate) type Trouble = Box<dyn Fn(usize, &str, &Value) -> Option<Result<RawAnswer, Fault>>>;

pub(crate) struct FakeFipe {
    /// Model code to year and fuel to price in reais; 0 is a pair that is listed without a price.
    pub(crate) models: BTreeMap<i64, Vec<(&'static str, u32)>>,
    pub(crate) trouble: Trouble,
    pub(crate) latency: Duration,
    pub(crate) calls: Cell<usize>,
    pub(crate) asked: RefCell<Vec<(&'static str, Value, Instant)>>,
    pub(crate) in_flight: Cell<usize>,
    pub(crate) most_in_flight: Cell<usize>,
}

impl Default for FakeFipe {
    fn default() -> Self {
        Self {
            models: [
                (1, vec![("32000-5", 90_000), ("2020-5", 80_000)]),
                (2, vec![("2012-3", 40_000), ("2011-3", 0)]),
                (3, vec![]),
            ]
            .into(),
            trouble: Box::new(|_, _, _| None),
            latency: Duration::from_millis(100),
            calls: Cell::new(0),
            asked: RefCell::default(),
            in_flight: Cell::new(0),
            most_in_flight: Cell::new(0),
        }
    }
}

pub(crate) fn good(body: &Value) -> RawAnswer {
    RawAnswer { status: 200, retry_after: None, body: body.to_string().into_bytes() }
}

pub(crate) fn status(status: u16) -> RawAnswer {
    RawAnswer { status, retry_after: None, body: b"<html>error</html>".to_vec() }
}

pub(crate) fn invalid_parameters() -> RawAnswer {
    good(&json!({"codigo": "2", "erro": "Parâmetros inválidos"}))
}

impl FakeFipe {
    pub(crate) fn with_trouble(
        trouble: impl Fn(usize, &str, &Value) -> Option<Result<RawAnswer, Fault>> + 'static,
    ) -> Self {
        Self { trouble: Box::new(trouble), ..Self::default() }
    }

    /// A client without rate limit.
    pub(crate) fn client(self) -> Fipe<Self> {
        self.client_at(600_000.0, 4)
    }

    /// A client that has already fetched the months.
    pub(crate) fn client_at(self, calls_per_minute: f64, calls_in_flight: u16) -> Fipe<Self> {
        let mut fipe = Fipe::new(self, calls_per_minute, calls_in_flight);
        *fipe.months.get_mut() = [(73, crawl().month)].into();
        fipe
    }

    fn answer(&self, endpoint: &str, body: &Value) -> Value {
        let nothing = json!({"codigo": "0", "erro": "nadaencontrado"});
        let model = body["codigoModelo"].as_i64().and_then(|code| self.models.get(&code));
        match endpoint {
            "ConsultarTabelaDeReferencia" => json!([
                {"Codigo": 73, "Mes": "agosto/2026 "}, {"Codigo": 86, "Mes": "julho/2026 "},
                {"Codigo": 334, "Mes": "junho/2026 "}, {"Codigo": 333, "Mes": "maio/2026 "},
            ]),
            "ConsultarMarcas" => {
                let kind = &body["codigoTipoVeiculo"];
                json!([{"Label": "Agrale", "Value": format!("{kind}1")}, {"Label": "AGRALE", "Value": format!("{kind}2")}])
            }
            "ConsultarModelos" if body["codigoMarca"] == "12" || body["codigoMarca"] == "404" => nothing,
            "ConsultarModelos" => {
                let item = |code: &i64| json!({"Label": format!("Modelo {code}"), "Value": code});
                json!({"Modelos": self.models.keys().map(item).collect::<Vec<_>>(), "Anos": []})
            }
            "ConsultarAnoModelo" => match model {
                Some(pairs) if !pairs.is_empty() => {
                    pairs.iter().map(|(pair, _)| json!({"Label": "a label", "Value": pair})).collect()
                }
                _ => nothing,
            },
            _ => {
                let pair = format!("{}-{}", body["anoModelo"], body["codigoTipoCombustivel"]);
                match model.and_then(|pairs| pairs.iter().find(|(known, _)| *known == pair)) {
                    Some((_, price)) if *price > 0 => json!({
                        "Valor": format!("R$ {}.{:03},00", price / 1000, price % 1000), "AnoModelo": body["anoModelo"],
                        "Combustivel": if body["codigoTipoCombustivel"] == 5 { "Flex" } else { "Diesel" },
                        "CodigoFipe": "015069-0", "MesReferencia": "agosto de 2026 ", "TipoVeiculo": body["codigoTipoVeiculo"],
                    }),
                    _ => nothing,
                }
            }
        }
    }
}

impl Http for FakeFipe {
    async fn post(&self, endpoint: &'static str, body: String, timeout: Duration) -> Result<RawAnswer, Fault> {
        let body: Value = serde_json::from_str(&body).expect("the client sends JSON");
        self.calls.set(self.calls.get() + 1);
        let call = self.calls.get();
        self.asked.borrow_mut().push((endpoint, body.clone(), Instant::now()));
        self.in_flight.set(self.in_flight.get() + 1);
        self.most_in_flight.set(self.most_in_flight.get().max(self.in_flight.get()));
        tokio::time::sleep(self.latency.min(timeout)).await;
        self.in_flight.set(self.in_flight.get() - 1);
        if self.latency > timeout {
            return Err(Fault::Unavailable { reason: "timed out".to_owned() });
        }
        (self.trouble)(call, endpoint, &body).unwrap_or_else(|| Ok(good(&self.answer(endpoint, &body))))
    }
}

/// What was sent where, in order.
#[derive(Default)]
pub(crate) struct Queues {
    pub(crate) sent: RefCell<Vec<(&'static str, String)>>,
    /// The queue that accepts nothing.
    pub(crate) broken: Cell<&'static str>,
}

impl Queues {
    pub(crate) fn queue(&self, name: &'static str) -> impl AsyncFn(Vec<String>) -> Result<(), SendFault> {
        async move |bodies: Vec<String>| {
            tokio::task::yield_now().await;
            if self.broken.get() == name {
                return Err("the queue is gone".into());
            }
            self.sent.borrow_mut().extend(bodies.into_iter().map(|body| (name, body)));
            Ok(())
        }
    }

    /// Takes everything that was sent to a queue.
    pub(crate) fn take<M: DeserializeOwned>(&self, name: &str) -> Vec<M> {
        let mut sent = self.sent.borrow_mut();
        let (taken, kept) = sent.drain(..).partition(|(queue, _)| *queue == name);
        *sent = kept;
        let taken: Vec<(&str, String)> = taken;
        taken.into_iter().map(|(_, body)| serde_json::from_str(&body).expect("messages read back")).collect()
    }

    /// Names of the queues, in the order of what was sent.
    pub(crate) fn order(&self) -> Vec<&'static str> {
        self.sent.borrow().iter().map(|(name, _)| *name).collect()
    }
}

pub(crate) fn crawl() -> Crawl {
    Crawl {
        id: "7a2f4c1e-0000-4000-8000-000000000001".parse().expect("an id"),
        reference_code: 73,
        month: "2026-08".parse().expect("a month"),
        started_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

pub(crate) fn model_task(codes: impl IntoIterator<Item = i32>) -> ModelTask {
    let models = codes.into_iter().map(|code| ModelWork { code, pending: None, calls: Calls::default() }).collect();
    ModelTask { crawl: crawl(), vehicle_type: 1, brand_code: "26".to_owned(), models }
}

pub(crate) fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}
