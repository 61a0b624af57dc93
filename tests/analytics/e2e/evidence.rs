//! What plain sorting says, and what is behind the numbers.

use std::collections::BTreeMap;

use analytics_tests::truth::{Program, Truth, compare, is_near, weekday};
use analytics_tests::{Analytics, encoded, files};
use anyhow::{Context, ensure};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

/// Generated files and what they amount to.
struct Generated {
    truth: Truth,
    /// The lines of each file, by its key.
    lines: BTreeMap<String, Vec<String>>,
}

fn generated(analytics: &Analytics, seed: u64, prefix: &str, weeks: u64) -> anyhow::Result<Generated> {
    let (exhibitions, slots) = (files::exhibitions(seed, prefix, weeks), files::slots(seed, prefix, 1_500));
    let mut lines = BTreeMap::new();
    for (name, text) in [("audience", files::audience(&exhibitions)), ("slots", files::availability(&slots))] {
        let key = format!("{prefix}/{name}.csv");
        lines.insert(key.clone(), text.lines().map(str::to_owned).collect());
        let found = analytics.apply(&key, text)?;
        ensure!(found.rejected == 0, "{key}: {found:?}");
    }
    let mut truth = Truth::default();
    truth.exhibitions(&exhibitions).slots(&slots);
    ensure!(analytics.rows(prefix)? == truth.rows(), "{:?} and not {:?}", analytics.rows(prefix)?, truth.rows());
    Ok(Generated { truth, lines })
}

/// Every program; days with and without an exhibition, and what is no midnight; periods of all lengths.
pub(crate) fn every_answer(analytics: &mut Analytics) -> anyhow::Result<()> {
    let (prefix, seed) = ("TRUE", 11);
    let Generated { truth, .. } = generated(analytics, seed, prefix, 20)?;
    let mut random = files::Random(seed);
    let (mut questions, mut listing) = (0, 0);
    let mut ask = |path: String, program: &str, expected: &[_]| {
        let answer = analytics.get(&path)?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
        questions += 1;
        listing += usize::from(!expected.is_empty());
        compare(&path, &answer.json()?, program, expected)
    };
    for nth in 0..=6 {
        let code = format!("{prefix}{nth}");
        let of = format!("/analytics/program?program_code={code}");
        ask(of.clone(), &code, &truth.all(&code))?;
        let days = truth.days(&code);
        let first = days.first().copied().unwrap_or(Date::constant(2020, 5, 4));
        let some = |random: &mut files::Random| first.saturating_add((random.below(150) as i64 - 5).days());
        for _ in 0..8 {
            let day = some(&mut random);
            ask(format!("{of}&exhibition_date={day}"), &code, &truth.of_days(&code, |shown| shown == day))?;
        }
        ask(format!("{of}&exhibition_date={first}T00:00:01"), &code, &[])?;
        for length in [0, 0, 1, 6, 7, 13, 28, 60, 200, 4_000] {
            let start = some(&mut random).saturating_sub((length / 3).days());
            let end = start.saturating_add(length.days());
            let path = format!("/analytics/period?program_code={code}&start_date={start}&end_date={end}T23:59:59");
            ask(path, &code, &truth.of_days(&code, |shown| start <= shown && shown <= end))?;
            let path =
                format!("/analytics/period?program_code={code}&start_date={start}T00:00:01&end_date={end}T23:59:59");
            ask(path, &code, &truth.of_days(&code, |shown| start < shown && shown <= end))?;
        }
    }
    // The generated files have both: answers that list something, and days and programs without any.
    ensure!(listing >= 73 && listing < questions, "{listing} of {questions} answers list something");
    Ok(())
}

/// The list of programs, the values and slots behind each number with the line they came from, and how good predictions were.
pub(crate) fn behind_the_numbers(analytics: &mut Analytics) -> anyhow::Result<()> {
    let prefix = "WHY";
    let Generated { truth, lines } = generated(analytics, 12, prefix, 12)?;
    let mut listed = programs(analytics)?;
    listed.retain(|code, _| code.starts_with(prefix));
    let expected: BTreeMap<String, Program> =
        truth.programs().into_iter().map(|(code, program)| (code.to_owned(), program)).collect();
    ensure!(listed == expected, "{listed:?} and not {expected:?}");

    for code in expected.keys() {
        let answer = analytics.get(&format!("/analytics/explain?program_code={code}"))?.json()?;
        let groups = answer["groups"].as_array().cloned().unwrap_or_default();
        let expected = truth.all(code);
        ensure!(groups.len() == expected.len() && answer["next_cursor"].is_null(), "{code}: {answer}");
        for (group, expected) in groups.iter().zip(&expected) {
            ensure!(group["signal"] == expected.signal && group["weekday"] == expected.weekday, "{group}");
            ensure!(is_near(&group["predicted_audience"], expected.predicted_audience), "{group} and not {expected:?}");
            explained(group, &truth, code, &lines).with_context(|| format!("{code}: {group}"))?;
        }
        accurate(analytics, &truth, code)?;
    }
    Ok(())
}

/// All pages of the list.
fn programs(analytics: &Analytics) -> anyhow::Result<BTreeMap<String, Program>> {
    let (mut found, mut path) = (BTreeMap::new(), "/analytics/programs?limit=4".to_owned());
    loop {
        let answer = analytics.get(&path)?;
        let page = answer.json()?;
        for row in page["programs"].as_array().context("no programs")? {
            let text = |name: &str| row[name].as_str().map(str::to_owned);
            let day = |name: &str| text(name).map(|day| day.parse()).transpose();
            let program = Program {
                signals: serde_json::from_value(row["signals"].clone())?,
                first_day: day("first_day")?,
                last_day: day("last_day")?,
                first_slot_day: day("first_slot_day")?,
                last_slot_day: day("last_slot_day")?,
            };
            let code = text("program_code").unwrap_or_default();
            ensure!(found.last_key_value().is_none_or(|(last, _)| *last < code), "{code} is out of order");
            found.insert(code, program);
        }
        match page["next_cursor"].as_str() {
            None => return Ok(found),
            Some(next) => {
                path = format!("/analytics/programs?limit=4&cursor={}", encoded(next));
                let link = answer.header("link");
                ensure!(link.starts_with("<?limit=4&cursor=") && link.ends_with(">; rel=\"next\""), "{link}");
            }
        }
    }
}

/// The parts of an explanation make up the whole, and each is in the file and line that it says it is from.
fn explained(group: &Value, truth: &Truth, code: &str, lines: &BTreeMap<String, Vec<String>>) -> anyhow::Result<()> {
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let signal = group["signal"].as_str().unwrap_or_default();
    let line = |part: &Value| {
        let line = part["line"].as_u64().unwrap_or_default() as usize;
        let of = lines.get(part["key"].as_str().unwrap_or_default()).context("of another file")?;
        let text = line.checked_sub(1).and_then(|index| of.get(index)).context("no such line")?;
        ensure!(text.contains(signal) && text.contains(code), "not line {line}: {text}");
        Ok(text.clone())
    };
    let slots = array(&group["slots"]);
    let time: i64 = slots.iter().filter_map(|slot| slot["available_time"].as_i64()).sum();
    ensure!(!slots.is_empty() && group["available_time"] == time, "the slots are {time}");
    for slot in &slots {
        ensure!(line(slot)?.ends_with(&format!(";{}", slot["available_time"])), "another slot: {slot}");
    }
    let exhibitions = array(&group["exhibitions"]);
    let Some(first) = exhibitions.first() else { return Ok(()) };
    let day: Date = first["exhibition_date"].as_str().unwrap_or_default().parse()?;
    let expected = truth.predictions(code, signal, weekday(day));
    ensure!(expected.len() == exhibitions.len(), "{} exhibitions are expected", expected.len());
    for (at, (exhibition, expected)) in exhibitions.iter().zip(&expected).enumerate() {
        ensure!(exhibition["exhibition_date"] == expected.day.to_string(), "{exhibition}: {expected:?}");
        ensure!(is_near(&exhibition["predicted_audience"], Some(expected.prediction)), "{exhibition}: {expected:?}");
        let values = array(&exhibition["values"]);
        ensure!(values.len() == (at + 1).min(4), "{exhibition}");
        let is_own = |own: &Value| is_near(&own["average_audience"], Some(expected.audience));
        ensure!(values.last().is_some_and(is_own), "{exhibition}: {expected:?}");
        for value in &values {
            let text = line(value)?;
            let audience: f64 = text.rsplit(',').next().unwrap_or_default().parse()?;
            ensure!(is_near(&value["average_audience"], Some(audience)), "{text} is not {value}");
        }
    }
    Ok(())
}

fn accurate(analytics: &Analytics, truth: &Truth, code: &str) -> anyhow::Result<()> {
    let answer = analytics.get(&format!("/analytics/accuracy?program_code={code}"))?.json()?;
    let groups = answer["groups"].as_array().context("no groups")?;
    ensure!(groups.is_empty() == truth.days(code).is_empty(), "{answer}");
    for group in groups {
        let name = group["weekday"].as_str().unwrap_or_default();
        let nth = analytics_tests::truth::WEEKDAYS.iter().position(|weekday| *weekday == name).context("no weekday")?;
        let shown = truth.predictions(code, group["signal"].as_str().unwrap_or_default(), nth);
        let compared: Vec<f64> = shown
            .windows(2)
            .filter(|pair| pair[1].audience > 0.0)
            .map(|pair| 100.0 * (pair[0].prediction - pair[1].audience) / pair[1].audience)
            .collect();
        ensure!(group["predictions"] == shown.len() - 1, "{group}: {shown:?}");
        let mean = |of: &dyn Fn(f64) -> f64| {
            (!compared.is_empty()).then(|| compared.iter().map(|error| of(*error)).sum::<f64>() / compared.len() as f64)
        };
        // Differences cancel out, so the absolute one counts.
        let near = |name: &str, expected: Option<f64>| match (group[name].as_f64(), expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(100.0),
            (found, expected) => found == expected,
        };
        let mut sorted = compared.clone();
        sorted.sort_by(f64::total_cmp);
        let percentile = |share: f64| {
            let at = share * (sorted.len().checked_sub(1)? as f64);
            let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
            Some(low + (high - low) * at.fract())
        };
        let all = near("mape", mean(&f64::abs))
            && near("bias", mean(&|error| error))
            && near("p10", percentile(0.1))
            && near("p50", percentile(0.5))
            && near("p90", percentile(0.9));
        ensure!(all, "{code}: {group} and not {compared:?}");
    }
    Ok(())
}
