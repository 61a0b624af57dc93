//! Responses as FIPE sends them, in hand-written fixtures.

use jiff::Timestamp;

use super::*;
use crate::answer::RawAnswer;

fn answer<C: Call>(call: &C, body: &str) -> Result<C::Answer, Fault> {
    let raw = RawAnswer { status: 200, retry_after: None, body: body.as_bytes().to_vec() };
    call.read(raw.read(Timestamp::UNIX_EPOCH)?)
}

fn year_fuel(text: &str) -> YearFuel {
    text.parse().unwrap()
}

const MODELS: Models<'_> = Models { reference_code: 336, vehicle_type: 1, brand_code: "26" };
const YEARS: YearFuels<'_> = YearFuels { of: MODELS, model_code: 4403 };

fn price_of(pair: &str, month: &str) -> PriceOf<'static> {
    PriceOf { of: YEARS, year_fuel: year_fuel(pair), month: month.parse().unwrap() }
}

fn price_json(change: impl FnOnce(&mut Value)) -> String {
    let mut json = json!({
        "Valor": "R$ 41.007,00", "Marca": "Marca", "Modelo": "Modelo 2.0", "AnoModelo": 2011, "Combustivel": "Flex",
        "CodigoFipe": "015069-0", "MesReferencia": "agosto de 2026 ", "Autenticacao": "abc", "TipoVeiculo": 1,
        "SiglaCombustivel": "F", "DataConsulta": "sábado, 1 de agosto de 2026 12:00",
    });
    change(&mut json);
    json.to_string()
}

#[test]
fn a_price_is_decimal_and_keeps_fipes_fuel_name() {
    let price = answer(&price_of("2011-5", "2026-08"), &price_json(|_| ())).unwrap().unwrap();
    assert_eq!(price.price, Decimal::new(4_100_700, 2));
    assert_eq!(price.price.to_string(), "41007.00");
    assert_eq!((price.fuel.as_str(), price.fipe_code.as_str()), ("Flex", "015069-0"));
}

#[test]
fn a_price_of_another_month_is_rejected() {
    let fault = answer(&price_of("2011-5", "2026-07"), &price_json(|_| ())).unwrap_err();
    assert!(matches!(fault, Fault::OtherMonth { .. }) && fault.is_transient(), "{fault}");
}

#[test]
fn an_answer_that_contradicts_the_question_is_rejected() {
    let changes: [(&str, Value); 8] = [
        ("AnoModelo", json!(2012)),
        ("Combustivel", json!("Diesel")),
        ("TipoVeiculo", json!(2)),
        ("CodigoFipe", json!("015069-1")),
        ("CodigoFipe", json!("")),
        ("Valor", json!("R$ 0,00")),
        ("Valor", json!("R$ 41.00,00")),
        ("Valor", json!("")),
    ];
    for (field, value) in changes {
        let fault =
            answer(&price_of("2011-5", "2026-08"), &price_json(|json| json[field] = value.clone())).unwrap_err();
        assert!(matches!(fault, Fault::Contradiction { .. }), "{field} {value}: {fault}");
    }
}

#[test]
fn an_error_body_is_never_a_price() {
    let call = price_of("2011-5", "2026-08");
    assert_eq!(answer(&call, r#"{"codigo":"0","erro":"nadaencontrado"}"#), Ok(None));
    assert!(answer(&call, r#"{"codigo":"2","erro":"Parâmetros inválidos"}"#).is_err());
}

#[test]
fn lists_that_are_not_found_are_empty_and_repeated_entries_count_once() {
    let nothing = r#"{"codigo":"0","erro":"nadaencontrado"}"#;
    assert_eq!(answer(&MODELS, nothing), Ok(Vec::new()));
    assert_eq!(answer(&YEARS, nothing), Ok(Vec::new()));
    let brands = answer(&Brands { reference_code: 336, vehicle_type: 1 }, nothing);
    assert!(brands.unwrap_err().is_transient(), "every vehicle type has brands");
    assert!(answer(&ReferenceTables, nothing).is_err(), "there is always a month");

    let models = answer(&MODELS, r#"{"Modelos":[{"Label":" A  B ","Value":7},{"Label":"A","Value":"7"}],"Anos":[]}"#);
    assert_eq!(models.unwrap(), [Model { code: 7, name: " A  B ".to_owned() }], "names stay as they are");
    let pairs = answer(&YEARS, r#"[{"Label":"2012","Value":"2012-3"},{"Label":"2012 Diesel","Value":"2012-3"}]"#);
    assert_eq!(pairs.unwrap(), [year_fuel("2012-3")], "the label is not read");
}

#[test]
fn amounts_are_reais_with_two_places() {
    for (text, cents) in [("R$ 39.225,00", 3_922_500), ("R$ 874,00", 87_400), ("R$ 9.765.744,50", 976_574_450)] {
        assert_eq!(reais(text), Some(Decimal::new(cents, 2)), "{text}");
    }
    for text in ["39.225,00", "R$ 39225", "R$ 39,225.00", "R$ 3.9225,00", "R$ ,00", "R$ -1,00", "R$ 1,0", "R$ .100,00"]
    {
        assert_eq!(reais(text), None, "{text}");
    }
}

#[test]
fn the_bodies_carry_fipes_field_names() {
    assert_eq!(
        price_of("32000-5", "2026-08").body(),
        json!({
            "codigoTabelaReferencia": 336, "codigoTipoVeiculo": 1, "codigoMarca": "26", "codigoModelo": 4403,
            "anoModelo": 32000, "codigoTipoCombustivel": 5, "tipoVeiculo": "carro", "tipoConsulta": "tradicional",
        })
    );
}

/// Responses in FIPE's shapes, written by hand: its byte order, trailing blanks, numbers as text and bare years.
#[test]
fn whole_answers_in_fipes_shapes_are_understood() {
    let tables = r#"[{"Codigo":336,"Mes":"agosto/2026 "},{"Codigo":86,"Mes":"janeiro/2003 "},{"Codigo":73,"Mes":"mar\u00e7o/2003 "}]"#;
    let tables = answer(&ReferenceTables, tables).unwrap();
    let read: Vec<(i32, String)> = tables.iter().map(|table| (table.code, table.month.to_string())).collect();
    let expected = [(336, "2026-08"), (86, "2003-01"), (73, "2003-03")];
    assert_eq!(read, expected.map(|(code, month)| (code, month.to_owned())));

    let brands = r#"[{"Label":"Citroën","Value":"13"},{"Label":"VW - VolksWagen","Value":"59"}]"#;
    let brands = answer(&Brands { reference_code: 336, vehicle_type: 1 }, brands).unwrap();
    let names: Vec<(&str, &str)> = brands.iter().map(|brand| (brand.code.as_str(), brand.name.as_str())).collect();
    assert_eq!(names, [("13", "Citroën"), ("59", "VW - VolksWagen")]);

    let models = r#"{"Modelos":[{"Label":"UP! 1.0 12V  Flex\u00a0","Value":6001}],"Anos":[{"Label":"32000 Flex","Value":"32000-5"}]}"#;
    let models = answer(&MODELS, models).unwrap();
    assert_eq!(models, [Model { code: 6001, name: "UP! 1.0 12V  Flex\u{a0}".to_owned() }]);

    let pairs = r#"[{"Label":"32000 Gasolina","Value":"32000-1"},{"Label":"2012","Value":"2012-1"},{"Label":"2012","Value":"2012-3"}]"#;
    assert_eq!(answer(&YEARS, pairs).unwrap(), ["32000-1", "2012-1", "2012-3"].map(year_fuel));

    let price = r#"{"Valor":"R$ 9.765,00","Marca":"Marca","Modelo":"Modelo","AnoModelo":32000,"Combustivel":"Álcool","CodigoFipe":"004360-5","MesReferencia":"março de 2019 ","Autenticacao":"0","TipoVeiculo":1,"SiglaCombustivel":"Á","DataConsulta":"sexta-feira, 1 de março de 2019 09:00"}"#;
    let price = answer(&price_of("32000-2", "2019-03"), price).unwrap().unwrap();
    assert_eq!((price.fuel.as_str(), price.price.to_string()), ("Álcool", "9765.00".to_owned()));
}

#[test]
fn text_that_was_decoded_twice_is_a_sick_answer() {
    let brands = Brands { reference_code: 336, vehicle_type: 1 };
    let price = r#"{"Valor":"R$ 9.765,00","Marca":"Marca","Modelo":"Modelo","AnoModelo":32000,"Combustivel":"ElÃ©trico","CodigoFipe":"004360-5","MesReferencia":"março de 2019 ","Autenticacao":"0","TipoVeiculo":1,"SiglaCombustivel":"E","DataConsulta":"sexta-feira, 1 de março de 2019 09:00"}"#;
    for outcome in [
        answer(&price_of("32000-4", "2019-03"), price).map(|_| ()),
        answer(&brands, r#"[{"Label":"CitroÃ«n","Value":"13"}]"#).map(|_| ()),
        answer(&MODELS, r#"{"Modelos":[{"Label":"FURGÃƒO","Value":7}],"Anos":[]}"#).map(|_| ()),
    ] {
        let fault = outcome.unwrap_err();
        assert!(matches!(&fault, Fault::Garbled { .. }) && fault.is_transient(), "{fault}");
    }
}
