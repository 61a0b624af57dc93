//! The data set file: CSV, plain or gzip, one row a model year, a model without prices as one row with empty price fields.
//! Refuses what it does not understand, naming file, line, field and value; writes the same bytes as it read.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use crate::dataset::{Contradiction, Dataset, Price, Row};
use crate::month::Reference;

const HEADER: [&str; 11] = [
    "vehicle_type",
    "brand_code",
    "brand_name",
    "model_code",
    "model_name",
    "year_code",
    "model_year",
    "fuel_code",
    "fuel_name",
    "fipe_code",
    "price_brl",
];

/// Why a data set file cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read data set {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("data set {} does not tell its month: name the file YYYY-MM-refNNN.csv.gz, as 2026-08-ref336.csv.gz", path.display())]
    Name { path: PathBuf },
    #[error("data set {}, line 1: the header is {found:?}, expected {:?}", path.display(), HEADER.join(","))]
    Header { path: PathBuf, found: String },
    #[error("data set {}, line {line}: not a CSV row", path.display())]
    Csv { path: PathBuf, line: u64, source: csv::Error },
    #[error("data set {}, line {line}: {field} is {value:?}, expected {expected}", path.display())]
    Field { path: PathBuf, line: u64, field: &'static str, value: String, expected: &'static str },
    #[error("data set {}, line {line}", path.display())]
    Contradiction { path: PathBuf, line: u64, source: Contradiction },
}

/// Reads one month. The file name tells the month and its reference; gzip is recognised by its first bytes.
///
/// # Errors
/// See [`FileError`]; every one names the file, those about a row its line and value.
pub fn read(path: &Path) -> Result<Dataset, FileError> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let reference = Reference::from_file_name(&name).ok_or_else(|| FileError::Name { path: path.to_owned() })?;
    let input = open(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(input);
    let mut record = csv::StringRecord::new();
    let mut dataset = Dataset::new(reference);
    let mut texts = Texts::default();
    let mut header_seen = false;
    let csv_error = |source: csv::Error| match source.kind() {
        csv::ErrorKind::Io(_) => FileError::Read { path: path.to_owned(), source: source.into() },
        _ => FileError::Csv { path: path.to_owned(), line: source.position().map_or(0, csv::Position::line), source },
    };
    while reader.read_record(&mut record).map_err(csv_error)? {
        if !header_seen {
            header_seen = true;
            if record.iter().ne(HEADER) {
                let found = record.iter().collect::<Vec<_>>().join(",");
                return Err(FileError::Header { path: path.to_owned(), found });
            }
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let row = parse(&record, &mut texts).map_err(|(field, value, expected)| {
            let (path, value) = (path.to_owned(), value.to_owned());
            FileError::Field { path, line, field: HEADER[field], value, expected }
        })?;
        dataset.push(row).map_err(|source| FileError::Contradiction { path: path.to_owned(), line, source })?;
    }
    if !header_seen {
        return Err(FileError::Header { path: path.to_owned(), found: String::new() });
    }
    Ok(dataset)
}

/// Writes a month as CSV, byte for byte as [`read`] takes it.
///
/// # Errors
/// Whatever writing to `output` says.
pub fn write(dataset: &Dataset, output: impl Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().from_writer(BufWriter::new(output));
    writer.write_record(HEADER)?;
    for row in dataset.rows() {
        let vehicle_type = row.vehicle_type.to_string();
        let (brand_code, model_code) = (row.brand_code.to_string(), row.model_code.to_string());
        let model = [&vehicle_type, &brand_code, &*row.brand_name, &model_code, &*row.model_name];
        match &row.price {
            None => writer.write_record(model.into_iter().chain([""; 6]))?,
            Some(price) => {
                let (year, fuel) = (price.model_year.to_string(), price.fuel_code.to_string());
                let (year_code, reais) = (format!("{year}-{fuel}"), price.reais.to_string());
                let price = [&year_code, &year, &fuel, &*price.fuel_name, &*price.fipe_code, &reais];
                writer.write_record(model.into_iter().chain(price))?;
            }
        }
    }
    writer.flush()
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    let mut magic = Vec::new();
    Read::by_ref(&mut file).take(2).read_to_end(&mut magic)?;
    let is_gzip = magic == [0x1f, 0x8b];
    let input = BufReader::new(io::Cursor::new(magic).chain(file));
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) })
}

/// Names and codes repeat in every row: each is kept once.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// The field's position, its value and what was expected instead.
type Wrong<'r> = (usize, &'r str, &'static str);

fn parse<'r>(record: &'r csv::StringRecord, texts: &mut Texts) -> Result<Row, Wrong<'r>> {
    let text = |field: usize| record.get(field).unwrap_or_default();
    let number = |field: usize, expected| text(field).parse::<u32>().map_err(|_| (field, text(field), expected));
    let filled = |field: usize| match text(field) {
        "" => Err((field, "", "a name")),
        name => Ok(name),
    };
    let vehicle_type = match text(0) {
        "1" => 1,
        "2" => 2,
        "3" => 3,
        other => return Err((0, other, "1 (car), 2 (motorcycle) or 3 (truck)")),
    };
    let mut row = Row {
        vehicle_type,
        brand_code: number(1, "a number")?,
        brand_name: texts.keep(filled(2)?),
        model_code: number(3, "a number")?,
        model_name: texts.keep(filled(4)?),
        price: None,
    };
    if (5..=10).all(|field| text(field).is_empty()) {
        return Ok(row);
    }
    let model_year = text(6).parse::<u16>().map_err(|_| (6, text(6), "a model year, 32000 for zero kilometres"))?;
    let Ok(fuel_code @ 1..=7) = text(7).parse::<u8>() else {
        return Err((7, text(7), "a fuel code, 1 to 7"));
    };
    if text(5).split_once('-') != Some((text(6), text(7))) {
        return Err((5, text(5), "model_year and fuel_code joined by a hyphen"));
    }
    if !is_fipe_code(text(9)) {
        return Err((9, text(9), "six digits, a hyphen and the check digit"));
    }
    let reais = number(10, "whole reais without separators")?;
    let (fuel_name, fipe_code) = (texts.keep(filled(8)?), texts.keep(text(9)));
    row.price = Some(Price { model_year, fuel_code, fuel_name, fipe_code, reais });
    Ok(row)
}

fn is_fipe_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 8 && bytes[6] == b'-' && bytes.iter().enumerate().all(|(i, b)| i == 6 || b.is_ascii_digit())
}
