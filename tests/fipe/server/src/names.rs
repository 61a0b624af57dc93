//! Invented names in FIPE's manner: abbreviations, accents, `&`, commas, double and edge blanks, a no-break space now and then.
//! Refuses real makers and models: every word is a Brazilian plant, animal or river.

use std::collections::HashSet;

use crate::dataset::VehicleType;
use crate::random::Random;

const WORDS: [&str; 48] = [
    "Aroeira",
    "Araçá",
    "Arara",
    "Baobá",
    "Buriti",
    "Caju",
    "Capivara",
    "Cedro",
    "Cutia",
    "Embaúba",
    "Gavião",
    "Guará",
    "Harpia",
    "Ipê",
    "Irapuru",
    "Jabuti",
    "Jacarandá",
    "Jatobá",
    "Jequitibá",
    "Juriti",
    "Lontra",
    "Maçaranduba",
    "Mandacaru",
    "Maracá",
    "Mico",
    "Murici",
    "Ouriço",
    "Paineira",
    "Pequi",
    "Pitanga",
    "Quati",
    "Sabiá",
    "Saíra",
    "Sagui",
    "Sucupira",
    "Tamanduá",
    "Tapajós",
    "Tatu",
    "Tietê",
    "Tocantins",
    "Tucano",
    "Umbu",
    "Uirapuru",
    "Urutau",
    "Xingu",
    "Xaxim",
    "Zabelê",
    "Zorrilho",
];
const MAKERS: [&str; 14] = [
    "",
    "Motors",
    "Motores",
    "do Brasil",
    "& Filhos",
    "Automóveis",
    "Nacional",
    "Ibérica",
    "& Cia",
    "Industrial",
    "Elétrica",
    "Sul",
    "Importação",
    "Special",
];
const TRIMS: [&str; 16] = [
    "",
    "GL",
    "GLS",
    "LX",
    "EX",
    "Sport",
    "Adv.",
    "Comfort",
    "Limited",
    "Furgão",
    "Conv./Cab.",
    "Cross",
    "Premiér",
    "SE/ SEL",
    "R&T",
    "Edição Esp.",
];

/// A brand's name that no other brand has.
pub(crate) fn brand(random: &mut Random, vehicle_type: VehicleType, taken: &mut HashSet<String>) -> String {
    for attempt in 0_u32.. {
        let maker = if attempt == 0 && taken.len() < 40 { "" } else { random.pick(&MAKERS) };
        let mut name = format!("{} {maker}", random.pick(&WORDS)).trim_end().to_owned();
        if attempt > 50 {
            name = format!("{name} {attempt}");
        }
        // The fifth brand of every data set is one with an ampersand, so that small ones have it too.
        if taken.len() == 4 {
            name = format!("{} & Irmãos", name.split(' ').next().unwrap_or_default());
        }
        if random.chance(0.3) {
            name = name.to_uppercase();
        }
        if vehicle_type == 2 && random.chance(0.02) {
            name.push(' ');
        }
        if taken.insert(name.trim().to_uppercase()) {
            return name;
        }
    }
    unreachable!("attempts are numbered, so a free name comes")
}

/// A model's name; two models may share one, as they do in real months.
pub(crate) fn model(random: &mut Random, vehicle_type: VehicleType, fuel_code: u8) -> String {
    let word = random.pick(&WORDS);
    let word = if random.chance(0.4) { word.to_uppercase() } else { word.to_owned() };
    let trim = random.pick(&TRIMS);
    let mut parts = vec![word];
    match vehicle_type {
        1 => {
            parts.push(trim.to_owned());
            parts.push(format!("{}.{}", 1 + random.below(4), random.below(10)));
            parts.push(format!("{}V", [8, 12, 16, 20, 24][random.below(5)]));
            parts.push(
                ["", "Alc.", "TDI Diesel", "(Elétrico)", "Total Flex", "(Híb.)", "GNV"][usize::from(fuel_code) - 1]
                    .into(),
            );
            parts.push(random.pick(&["2p", "3p", "4p", "5p", ""]).to_owned());
            parts.push(random.pick(&["", "Aut.", "Mec.", "CVT"]).to_owned());
        }
        2 => {
            parts.push([50, 125, 150, 160, 250, 300, 500, 650, 1000][random.below(9)].to_string());
            parts.push(trim.to_owned());
            parts.push(random.pick(&["", "ABS", "i.e.", "/ CBS"]).to_owned());
        }
        _ => {
            parts.push(format!("{}-{}", 6 + random.below(30), 110 + 10 * random.below(40)));
            parts.push(random.pick(&["4x2", "6x2", "6x4", "8x2"]).to_owned());
            parts.push(random.pick(&["2p", "3-Eixos 2p", "Basculante 2p", "T-Alto 2p"]).to_owned());
            parts.push(format!("({}) (E{})", random.pick(&["dies.", "diesel"]), 5 + random.below(2)));
        }
    }
    let mut name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    match random.below(200) {
        0..=5 => name = name.replacen(' ', "  ", 1),
        6 => name = name.replacen(' ', "\u{a0}", 1),
        7 => name.push(' '),
        8 => name.insert(0, ' '),
        9 => name = name.replacen('.', ",", 1),
        10 => name = name.replacen(' ', " \"S\" ", 1),
        11 => name = name.replacen(' ', " / ", 1),
        _ => {}
    }
    name
}
