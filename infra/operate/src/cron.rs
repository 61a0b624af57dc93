//! When a schedule expression of EventBridge Scheduler is due next. An expression that it cannot parse has no next run.
//!
//! Supported are `at(..)` and `cron(minutes hours day-of-month month day-of-week year)` with `*`, `?`, lists, ranges, steps, names of
//! months and days, and `L` as day of month. `rate(..)` counts from an unknown moment, and `W`, `#` and `5L` are not supported.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// A day that does not occur within eight years, such as a 29 February around 2100, never occurs.
const DAYS_AHEAD: i64 = 8 * 366;

/// The first time after `now` that matches the expression, in a time zone such as `America/Sao_Paulo`.
pub fn next_run(expression: &str, time_zone: &str, now: Timestamp) -> Option<Timestamp> {
    let zone = TimeZone::get(if time_zone.is_empty() { "UTC" } else { time_zone }).ok()?;
    let (kind, inner) = expression.trim().strip_suffix(')')?.split_once('(')?;
    match kind {
        "at" => {
            let at: DateTime = inner.trim().parse().ok()?;
            let at = at.to_zoned(zone).ok()?.timestamp();
            (at > now).then_some(at)
        }
        "cron" => Cron::parse(inner)?.next(&zone, now),
        _ => None,
    }
}

struct Cron {
    minutes: BTreeSet<u16>,
    hours: BTreeSet<u16>,
    days: DayOfMonth,
    months: BTreeSet<u16>,
    /// 1 is Sunday.
    weekdays: BTreeSet<u16>,
    years: BTreeSet<u16>,
}

enum DayOfMonth {
    Of(BTreeSet<u16>),
    Last,
}

impl Cron {
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays, years] = fields[..] else { return None };
        Some(Self {
            minutes: set(minutes, 0, 59, &[])?,
            hours: set(hours, 0, 23, &[])?,
            days: if days == "L" { DayOfMonth::Last } else { DayOfMonth::Of(set(days, 1, 31, &[])?) },
            months: set(months, 1, 12, &MONTHS)?,
            weekdays: set(weekdays, 1, 7, &DAYS)?,
            years: set(years, 1970, 2199, &[])?,
        })
    }

    fn next(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let today = zone.to_datetime(now).date();
        (0..DAYS_AHEAD)
            .map_while(|ahead| today.checked_add(ahead.days()).ok())
            .filter(|day| self.has(*day))
            .flat_map(|day| {
                self.hours.iter().flat_map(move |hour| self.minutes.iter().map(move |minute| (day, *hour, *minute)))
            })
            .filter_map(|(day, hour, minute)| {
                let time = day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
                Some(time.to_zoned(zone.clone()).ok()?.timestamp())
            })
            .find(|time| *time > now)
    }

    fn has(&self, day: Date) -> bool {
        let is_in = |set: &BTreeSet<u16>, number: i16| u16::try_from(number).is_ok_and(|number| set.contains(&number));
        let is_day = match &self.days {
            DayOfMonth::Of(days) => is_in(days, day.day().into()),
            DayOfMonth::Last => day == day.last_of_month(),
        };
        let weekday = day.weekday().since(Weekday::Sunday) + 1;
        is_day
            && is_in(&self.months, day.month().into())
            && is_in(&self.weekdays, weekday.into())
            && is_in(&self.years, day.year())
    }
}

/// The numbers of a field.
fn set(field: &str, least: u16, most: u16, names: &[&str]) -> Option<BTreeSet<u16>> {
    let number = |text: &str| {
        let named =
            names.iter().position(|name| name.eq_ignore_ascii_case(text)).and_then(|at| u16::try_from(at + 1).ok());
        named.or_else(|| text.parse().ok()).filter(|number| (least..=most).contains(number))
    };
    let mut all = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if step.is_some() => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from <= to {
            all.extend((from..=to).step_by(step.unwrap_or(1)));
        } else {
            // Wraps around the end, such as FRI-MON.
            all.extend((from..=most).chain(least..=to));
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_run_follows_the_expression_and_its_time_zone() {
        let now = "2026-11-22T12:00:30Z";
        for (expression, zone, next) in [
            ("cron(0 3 5 * ? *)", "America/Sao_Paulo", Some("2026-12-05T06:00:00Z")),
            ("cron(0 3 5 * ? *)", "", Some("2026-12-05T03:00:00Z")),
            ("cron(*/15 * * * ? *)", "UTC", Some("2026-11-22T12:15:00Z")),
            ("cron(0 12 * * ? *)", "UTC", Some("2026-11-23T12:00:00Z")),
            // 22 November 2026 is a Sunday.
            ("cron(30 8 ? * MON-FRI *)", "UTC", Some("2026-11-23T08:30:00Z")),
            ("cron(30 8 ? * SAT,1 *)", "UTC", Some("2026-11-28T08:30:00Z")),
            ("cron(0 0 ? * FRI-SUN *)", "UTC", Some("2026-11-27T00:00:00Z")),
            ("cron(0 18 L * ? *)", "UTC", Some("2026-11-30T18:00:00Z")),
            ("cron(0 0 29 FEB ? *)", "UTC", Some("2028-02-29T00:00:00Z")),
            ("cron(0 0 1 1 ? 2026)", "UTC", None),
            ("at(2026-11-22T09:30:00)", "America/Sao_Paulo", Some("2026-11-22T12:30:00Z")),
            ("at(2026-11-22T08:30:00)", "America/Sao_Paulo", None),
        ] {
            let expected: Option<Timestamp> = next.map(|next| next.parse().unwrap());
            assert_eq!(next_run(expression, zone, now.parse().unwrap()), expected, "{expression} {zone}");
        }
    }

    #[test]
    fn what_cannot_be_read_has_no_next_run() {
        for expression in
            ["rate(5 minutes)", "cron(0 3 15W * ? *)", "cron(0 3 ? * 6#3 *)", "cron(61 * * * ? *)", "cron(0 3)", "x"]
        {
            assert_eq!(next_run(expression, "UTC", Timestamp::UNIX_EPOCH), None, "{expression}");
        }
        assert_eq!(next_run("cron(0 3 5 * ? *)", "Mars/Olympus", Timestamp::UNIX_EPOCH), None);
    }
}
