//! The five FIPE endpoints: their requests and how their responses are read. Sends nothing.

use std::collections::HashSet;
use std::fmt;

use fipe_contract::VehicleType;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::Fault;
use crate::fipe_code::is_fipe_code;
use crate::garbled::is_garbled;
use crate::message::{Brand, Model, Price, Reference, YearFuel};
use crate::month::Month;

/// One request to FIPE. `Display` names it for logs and errors.
pub trait Call: fmt::Display {
    /// Path below the base address.
    const ENDPOINT: &'static str;
    /// The JSON of a successful response.
    type Json: DeserializeOwned;
    /// What it means.
    type Answer;

    /// The JSON body to send.
    fn body(&self) -> Value;

    /// The meaning of a response; `None` is FIPE's "nothing found".
    ///
    /// # Errors
    /// The response is for another month, contradicts the request or cannot be read.
    fn read(&self, answer: Option<Self::Json>) -> Result<Self::Answer, Fault>;
}

/// `ConsultarTabelaDeReferencia`: the available months.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceTables;

/// `ConsultarMarcas`: the brands of a vehicle type.
#[derive(Debug, Clone, Copy)]
pub struct Brands {
    pub reference_code: i32,
    pub vehicle_type: i16,
}

/// `ConsultarModelos`: the models of a brand.
#[derive(Debug, Clone, Copy)]
pub struct Models<'a> {
    pub reference_code: i32,
    pub vehicle_type: i16,
    pub brand_code: &'a str,
}

/// `ConsultarAnoModelo`: the model years and fuels of a model that exist.
#[derive(Debug, Clone, Copy)]
pub struct YearFuels<'a> {
    pub of: Models<'a>,
    pub model_code: i32,
}

/// `ConsultarValorComTodosParametros`: one price.
#[derive(Debug, Clone, Copy)]
pub struct PriceOf<'a> {
    pub of: YearFuels<'a>,
    pub year_fuel: YearFuel,
    /// The month that the response must be for.
    pub month: Month,
}

#[derive(Debug, Deserialize)]
pub struct TableJson {
    #[serde(rename = "Codigo")]
    code: i32,
    #[serde(rename = "Mes")]
    month: String,
}

/// FIPE writes `Value` as text or as a number, depending on the endpoint.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Code {
    Number(i64),
    Text(String),
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text.trim()),
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct ItemJson {
    #[serde(rename = "Label")]
    label: String,
    #[serde(rename = "Value")]
    value: Code,
}

#[derive(Debug, Deserialize)]
pub struct ModelsJson {
    #[serde(rename = "Modelos")]
    models: Vec<ItemJson>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PriceJson {
    valor: String,
    ano_modelo: i32,
    combustivel: String,
    codigo_fipe: String,
    mes_referencia: String,
    #[serde(default)]
    tipo_veiculo: Option<i16>,
}

impl Call for ReferenceTables {
    const ENDPOINT: &'static str = "ConsultarTabelaDeReferencia";
    type Json = Vec<TableJson>;
    type Answer = Vec<Reference>;

    fn body(&self) -> Value {
        json!({})
    }

    fn read(&self, answer: Option<Self::Json>) -> Result<Self::Answer, Fault> {
        let unknown = |excerpt: String| Fault::UnknownShape { excerpt };
        let answer = answer.filter(|tables| !tables.is_empty()).ok_or_else(|| unknown("no month at all".to_owned()))?;
        let read = |table: TableJson| match Month::from_portuguese(&table.month) {
            Ok(month) => Ok(Reference { code: table.code, month }),
            Err(error) => Err(unknown(error.to_string())),
        };
        answer.into_iter().map(read).collect()
    }
}

impl Call for Brands {
    const ENDPOINT: &'static str = "ConsultarMarcas";
    type Json = Vec<ItemJson>;
    type Answer = Vec<Brand>;

    fn body(&self) -> Value {
        json!({"codigoTabelaReferencia": self.reference_code, "codigoTipoVeiculo": self.vehicle_type})
    }

    fn read(&self, answer: Option<Self::Json>) -> Result<Self::Answer, Fault> {
        let mut seen = HashSet::new();
        let brands = answer.unwrap_or_default();
        if brands.is_empty() {
            // Every vehicle type has brands, so this is no fact.
            return Err(Fault::UnknownShape { excerpt: "a vehicle type without brands".to_owned() });
        }
        let brands = brands.into_iter();
        let brands = brands.map(|item| Brand { code: item.value.to_string(), name: item.label });
        let brands: Vec<Brand> = brands.filter(|brand| seen.insert(brand.code.clone())).collect();
        brands.iter().try_for_each(|brand| check_text(&brand.name))?;
        Ok(brands)
    }
}

impl Call for Models<'_> {
    const ENDPOINT: &'static str = "ConsultarModelos";
    type Json = ModelsJson;
    type Answer = Vec<Model>;

    fn body(&self) -> Value {
        json!({
            "codigoTabelaReferencia": self.reference_code,
            "codigoTipoVeiculo": self.vehicle_type,
            "codigoMarca": self.brand_code,
        })
    }

    fn read(&self, answer: Option<Self::Json>) -> Result<Self::Answer, Fault> {
        let mut seen = HashSet::new();
        let mut models = Vec::new();
        for item in answer.map(|answer| answer.models).unwrap_or_default() {
            let code = item.value.to_string();
            let code = code.parse().map_err(|_| Fault::UnknownShape { excerpt: format!("model code {code:?}") })?;
            check_text(&item.label)?;
            if seen.insert(code) {
                models.push(Model { code, name: item.label });
            }
        }
        Ok(models)
    }
}

impl Call for YearFuels<'_> {
    const ENDPOINT: &'static str = "ConsultarAnoModelo";
    type Json = Vec<ItemJson>;
    type Answer = Vec<YearFuel>;

    fn body(&self) -> Value {
        let mut body = self.of.body();
        body["codigoModelo"] = json!(self.model_code);
        body
    }

    /// Reads `Value` and never `Label`, which for motorcycles and trucks can be a bare year.
    fn read(&self, answer: Option<Self::Json>) -> Result<Self::Answer, Fault> {
        let mut seen = HashSet::new();
        let mut pairs = Vec::new();
        for item in answer.unwrap_or_default() {
            let pair: YearFuel = item
                .value
                .to_string()
                .parse()
                .map_err(|error: crate::Error| Fault::UnknownShape { excerpt: error.to_string() })?;
            if seen.insert(pair) {
                pairs.push(pair);
            }
        }
        Ok(pairs)
    }
}

impl Call for PriceOf<'_> {
    const ENDPOINT: &'static str = "ConsultarValorComTodosParametros";
    type Json = PriceJson;
    type Answer = Option<Price>;

    fn body(&self) -> Value {
        let mut body = self.of.body();
        body["anoModelo"] = json!(self.year_fuel.model_year);
        body["codigoTipoCombustivel"] = json!(self.year_fuel.fuel_code);
        body["tipoVeiculo"] = json!(match VehicleType::of_code(self.of.of.vehicle_type) {
            Some(VehicleType::Car) => "carro",
            Some(VehicleType::Motorcycle) => "moto",
            Some(VehicleType::Truck) | None => "caminhao",
        });
        body["tipoConsulta"] = json!("tradicional");
        body
    }

    fn read(&self, answer: Option<Self::Json>) -> Result<Self::Answer, Fault> {
        let Some(answer) = answer else { return Ok(None) };
        match Month::from_portuguese(&answer.mes_referencia) {
            Ok(month) if month == self.month => {}
            _ => {
                return Err(Fault::OtherMonth { asked: self.month.to_string(), answered: answer.mes_referencia });
            }
        }
        check_text(&answer.combustivel)?;
        let contradiction = |what: String| Err(Fault::Contradiction { what });
        if answer.ano_modelo != self.year_fuel.model_year {
            return contradiction(format!("model year {}, not {}", answer.ano_modelo, self.year_fuel.model_year));
        }
        if answer.tipo_veiculo.is_some_and(|vehicle_type| vehicle_type != self.of.of.vehicle_type) {
            return contradiction(format!("vehicle type {:?}, not {}", answer.tipo_veiculo, self.of.of.vehicle_type));
        }
        if fuel_code(&answer.combustivel).is_some_and(|code| code != self.year_fuel.fuel_code) {
            return contradiction(format!("fuel {:?}, not code {}", answer.combustivel, self.year_fuel.fuel_code));
        }
        if !is_fipe_code(&answer.codigo_fipe) {
            return contradiction(format!("FIPE code {:?} has a wrong check digit or form", answer.codigo_fipe));
        }
        let Some(price) = reais(&answer.valor) else {
            return contradiction(format!("price {:?} is not an amount in reais above 0", answer.valor));
        };
        Ok(Some(Price { year_fuel: self.year_fuel, fuel: answer.combustivel, fipe_code: answer.codigo_fipe, price }))
    }
}

impl fmt::Display for ReferenceTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ENDPOINT)
    }
}

impl fmt::Display for Brands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of reference {} type {}", Self::ENDPOINT, self.reference_code, self.vehicle_type)
    }
}

impl fmt::Display for Models<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference_code, vehicle_type, brand_code } = self;
        write!(f, "{} of reference {reference_code} type {vehicle_type} brand {brand_code}", Self::ENDPOINT)
    }
}

impl fmt::Display for YearFuels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of reference {} model {}", Self::ENDPOINT, self.of.reference_code, self.model_code)
    }
}

impl fmt::Display for PriceOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reference, model) = (self.of.of.reference_code, self.of.model_code);
        write!(f, "{} of reference {reference} model {model} {}", Self::ENDPOINT, self.year_fuel)
    }
}

/// A text as FIPE writes it, and not one that was decoded twice on the way.
fn check_text(text: &str) -> Result<(), Fault> {
    if is_garbled(text) { Err(Fault::Garbled { text: text.to_owned() }) } else { Ok(()) }
}

/// The code of a fuel by its name; `None` for an unknown name, which then proves nothing.
fn fuel_code(name: &str) -> Option<i16> {
    Some(match name.trim().to_lowercase().as_str() {
        "gasolina" => 1,
        "álcool" | "alcool" => 2,
        "diesel" => 3,
        "elétrico" | "eletrico" => 4,
        "flex" => 5,
        "híbrido" | "hibrido" => 6,
        "gás natural" | "gas natural" => 7,
        _ => return None,
    })
}

/// Reads `R$ 39.225,00`; `None` when it is not an amount above 0 with two places.
fn reais(text: &str) -> Option<Decimal> {
    let amount = text.trim().strip_prefix("R$")?.trim();
    let (whole, cents) = amount.split_once(',')?;
    let mut groups = whole.split('.');
    let first = groups.next()?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(cents) || cents.len() != 2 || !groups.all(|group| group.len() == 3 && digits(group)) {
        return None;
    }
    let whole: i64 = whole.replace('.', "").parse().ok()?;
    let cents: i64 = whole.checked_mul(100)?.checked_add(cents.parse().ok()?)?;
    (cents > 0).then(|| Decimal::new(cents, 2))
}

#[cfg(test)]
mod tests;
