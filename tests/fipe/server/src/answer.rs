//! What FIPE answers to which call: the recorded shapes, byte order and error bodies, without HTTP.
//! Refuses to be cleverer than FIPE: an unknown combination is HTTP 200 with an error body, in place of lists too.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use serde::Serialize;

use crate::dataset::{Dataset, Model, Price, VehicleType};
use crate::month::Month;
use crate::query::Query;

/// FIPE's two error bodies, both sent with HTTP 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `codigo 0`: no such combination.
    NothingFound,
    /// `codigo 2`: a parameter is missing or makes no sense.
    InvalidParameters,
}

impl Refusal {
    pub(crate) fn body(self) -> Bytes {
        Bytes::from_static(match self {
            Self::NothingFound => br#"{"codigo":"0","erro":"nadaencontrado"}"#,
            Self::InvalidParameters => "{\"codigo\":\"2\",\"erro\":\"Parâmetros inválidos\"}".as_bytes(),
        })
    }
}

/// The months that are served, newest first by the calendar, with the long answers kept ready.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    months: Vec<Arc<Served>>,
}

#[derive(Debug)]
struct Served {
    dataset: Dataset,
    brands: [Bytes; 3],
    /// By brand; rendered when first asked for.
    models: Vec<OnceLock<Bytes>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReferenceEntry {
    codigo: u32,
    mes: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item<L, V> {
    label: L,
    value: V,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ModelsAndYears<'a> {
    modelos: Vec<Item<&'a str, u32>>,
    anos: Vec<Item<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PriceAnswer<'a> {
    valor: String,
    marca: &'a str,
    modelo: &'a str,
    ano_modelo: u16,
    combustivel: &'a str,
    codigo_fipe: &'a str,
    mes_referencia: String,
    autenticacao: String,
    tipo_veiculo: VehicleType,
    sigla_combustivel: &'a str,
    data_consulta: String,
}

impl Catalog {
    pub(crate) fn new(datasets: impl IntoIterator<Item = Dataset>) -> Self {
        datasets.into_iter().fold(Self::default(), |catalog, dataset| catalog.with(dataset))
    }

    /// The same months and this one; a month that was there already is replaced.
    pub(crate) fn with(&self, dataset: Dataset) -> Self {
        let mut months: Vec<_> =
            self.months.iter().filter(|m| m.dataset.reference.month != dataset.reference.month).cloned().collect();
        months.push(Arc::new(Served::new(dataset)));
        months.sort_by_key(|served| std::cmp::Reverse(served.dataset.reference.month));
        Self { months }
    }

    /// Newest first.
    pub(crate) fn datasets(&self) -> impl Iterator<Item = &Dataset> {
        self.months.iter().map(|served| &served.dataset)
    }

    /// `ConsultarTabelaDeReferencia`.
    pub(crate) fn references(&self) -> Bytes {
        let entry = |dataset: &Dataset| ReferenceEntry {
            codigo: dataset.reference.code,
            mes: dataset.reference.month.in_reference_table(),
        };
        json(&self.datasets().map(entry).collect::<Vec<_>>())
    }

    /// `ConsultarMarcas`.
    pub(crate) fn brands(&self, query: &Query) -> Result<Bytes, Refusal> {
        let (served, vehicle_type) = self.served(query)?;
        Ok(served.brands[usize::from(vehicle_type) - 1].clone())
    }

    /// `ConsultarModelos`.
    pub(crate) fn models(&self, query: &Query) -> Result<Bytes, Refusal> {
        let (served, vehicle_type) = self.served(query)?;
        let brand = given(query.brand)?;
        let brand = served.dataset.brand(vehicle_type, brand).ok_or(Refusal::NothingFound)?;
        Ok(served.models[brand].get_or_init(|| models_and_years(&served.dataset, brand)).clone())
    }

    /// `ConsultarAnoModelo`.
    pub(crate) fn years(&self, query: &Query) -> Result<Bytes, Refusal> {
        let (served, vehicle_type) = self.served(query)?;
        let model = served.model(vehicle_type, query)?;
        if model.prices.is_empty() {
            return Err(Refusal::NothingFound);
        }
        Ok(json(&years(model.prices.iter().map(|price| (key(price), label(model, price))))))
    }

    /// `ConsultarValorComTodosParametros`; `rolled_over` writes the next month into the answer.
    pub(crate) fn price(&self, query: &Query, rolled_over: bool, asked_at: String) -> Result<Bytes, Refusal> {
        let (served, vehicle_type) = self.served(query)?;
        let kinds = ["carro", "moto", "caminhao"];
        if query.kind.as_deref() != Some(kinds[usize::from(vehicle_type) - 1])
            || query.search.as_deref() != Some("tradicional")
        {
            return Err(Refusal::InvalidParameters);
        }
        let (year, fuel) = (given(query.model_year)?, given(query.fuel)?);
        let model = served.model(vehicle_type, query)?;
        let price = model
            .prices
            .iter()
            .find(|price| u32::from(price.model_year) == year && u32::from(price.fuel_code) == fuel)
            .ok_or(Refusal::NothingFound)?;
        let month = served.dataset.reference.month;
        let month = if rolled_over { month.next() } else { month };
        Ok(json(&PriceAnswer {
            valor: reais(price.reais),
            marca: &served.dataset.brands[model.brand].name,
            modelo: &model.name,
            ano_modelo: price.model_year,
            combustivel: &price.fuel_name,
            codigo_fipe: &price.fipe_code,
            mes_referencia: month.in_price(),
            autenticacao: authentication(month, model.code, price),
            tipo_veiculo: vehicle_type,
            sigla_combustivel: ["G", "A", "D", "E", "F", "H", "N"][usize::from(price.fuel_code) - 1],
            data_consulta: asked_at,
        }))
    }

    fn served(&self, query: &Query) -> Result<(&Served, VehicleType), Refusal> {
        let reference = given(query.reference)?;
        let vehicle_type = match given(query.vehicle_type)? {
            kind @ 1..=3 => kind as VehicleType,
            _ => return Err(Refusal::InvalidParameters),
        };
        let served = self.months.iter().find(|served| served.dataset.reference.code == reference);
        Ok((served.ok_or(Refusal::NothingFound)?, vehicle_type))
    }
}

impl Served {
    fn new(dataset: Dataset) -> Self {
        let brands = [1, 2, 3].map(|vehicle_type| {
            let mut brands: Vec<_> = dataset.brands.iter().filter(|b| b.vehicle_type == vehicle_type).collect();
            brands.sort_by_cached_key(|brand| (brand.name.trim().to_lowercase(), brand.code));
            let items = brands.iter().map(|brand| Item { label: &*brand.name, value: brand.code.to_string() });
            json(&items.collect::<Vec<_>>())
        });
        let models = dataset.brands.iter().map(|_| OnceLock::new()).collect();
        Self { dataset, brands, models }
    }

    fn model(&self, vehicle_type: VehicleType, query: &Query) -> Result<&Model, Refusal> {
        let (brand, model) = (given(query.brand)?, given(query.model)?);
        self.dataset.model(vehicle_type, brand, model).ok_or(Refusal::NothingFound)
    }
}

fn given(value: Option<u32>) -> Result<u32, Refusal> {
    value.ok_or(Refusal::InvalidParameters)
}

fn models_and_years(dataset: &Dataset, brand: usize) -> Bytes {
    let mut models: Vec<&Model> = dataset.brands[brand].models.iter().map(|&model| &dataset.models[model]).collect();
    models.sort_by_cached_key(|model| (model.name.trim().to_lowercase(), model.code));
    let of_model =
        |model: &&Model| model.prices.iter().map(|price| (key(price), label(model, price))).collect::<Vec<_>>();
    let anos: BTreeMap<_, _> = models.iter().flat_map(of_model).collect();
    let modelos = models.iter().map(|model| Item { label: &*model.name, value: model.code }).collect();
    json(&ModelsAndYears { modelos, anos: years(anos.into_iter()) })
}

fn key(price: &Price) -> (u16, u8) {
    (price.model_year, price.fuel_code)
}

/// Zero kilometres (32000) first, then the newest year first.
fn years(ascending: impl DoubleEndedIterator<Item = ((u16, u8), String)>) -> Vec<Item<String, String>> {
    ascending.rev().map(|((year, fuel), label)| Item { label, value: format!("{year}-{fuel}") }).collect()
}

/// `2014 Gasolina`; half of the motorcycles and trucks say the bare year, as FIPE does for some.
fn label(model: &Model, price: &Price) -> String {
    if price.fipe_code.starts_with(['5', '8']) && model.code % 2 == 1 {
        return price.model_year.to_string();
    }
    format!("{} {}", price.model_year, price.fuel_name)
}

/// `R$ 39.225,00`.
fn reais(value: u32) -> String {
    let digits = value.to_string();
    let mut text = String::from("R$ ");
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text.push_str(",00");
    text
}

/// FIPE's code of the query, 12 characters that nobody interprets; here always the same for the same price.
fn authentication(month: Month, model_code: u32, price: &Price) -> String {
    let mut random = crate::random::Random(
        u64::from(month.year()) << 48
            ^ u64::from(model_code) << 24
            ^ u64::from(price.model_year) << 4
            ^ u64::from(price.fuel_code),
    );
    (0..12).map(|_| char::from(b"0123456789bcdfghjklmnpqrstvwxyz"[random.below(31)])).collect()
}

fn json(value: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(value).expect("structs of texts and numbers are JSON"))
}
