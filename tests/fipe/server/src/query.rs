//! The fields of a call, from a JSON or a form body; numbers may come as numbers or as texts.
//! Refuses to guess: a field that does not parse is a field that is missing.

use serde_json::{Map, Value};

/// All fields that any endpoint asks for, under our names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// `codigoTabelaReferencia`
    pub(crate) reference: Option<u32>,
    /// `codigoTipoVeiculo`
    pub(crate) vehicle_type: Option<u32>,
    /// `codigoMarca`
    pub(crate) brand: Option<u32>,
    /// `codigoModelo`
    pub(crate) model: Option<u32>,
    /// `anoModelo`
    pub(crate) model_year: Option<u32>,
    /// `codigoTipoCombustivel`
    pub(crate) fuel: Option<u32>,
    /// `tipoVeiculo`: carro, moto or caminhao
    pub(crate) kind: Option<String>,
    /// `tipoConsulta`: tradicional
    pub(crate) search: Option<String>,
}

impl Query {
    /// A body that is neither JSON nor a form has no fields.
    pub(crate) fn parse(body: &[u8]) -> Self {
        if body.trim_ascii_start().starts_with(b"{") {
            let fields: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
            return Self::from_fields(fields.into_iter().map(|(name, value)| match value {
                Value::String(text) => (name, text),
                other => (name, other.to_string()),
            }));
        }
        Self::from_fields(form_urlencoded::parse(body).into_owned())
    }

    fn from_fields(fields: impl Iterator<Item = (String, String)>) -> Self {
        let mut query = Self::default();
        for (name, value) in fields {
            let number = || value.trim().parse().ok();
            match name.as_str() {
                "codigoTabelaReferencia" => query.reference = number(),
                "codigoTipoVeiculo" => query.vehicle_type = number(),
                "codigoMarca" => query.brand = number(),
                "codigoModelo" => query.model = number(),
                "anoModelo" => query.model_year = number(),
                "codigoTipoCombustivel" => query.fuel = number(),
                "tipoVeiculo" => query.kind = Some(value),
                "tipoConsulta" => query.search = Some(value),
                _ => {}
            }
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_form_bodies_say_the_same() {
        let json = Query::parse(br#" {"codigoTabelaReferencia":336,"codigoMarca":"59","tipoVeiculo":"carro","x":[1]}"#);
        let form = Query::parse(b"codigoTabelaReferencia=336&codigoMarca=5%39&tipoVeiculo=carro&x=%5b1%5D");
        assert_eq!(json, form);
        assert_eq!((json.reference, json.brand, json.kind.as_deref()), (Some(336), Some(59), Some("carro")));
    }

    #[test]
    fn what_does_not_parse_is_missing() {
        assert_eq!(Query::parse(b"codigoMarca=&codigoModelo=abc&%"), Query::default());
        assert_eq!(Query::parse(b"{broken"), Query::default());
        assert_eq!(Query::parse(b""), Query::default());
    }
}
