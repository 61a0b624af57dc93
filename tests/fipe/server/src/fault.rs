//! Faults by rate: what the real service does on a bad day, drawn from a seed.
//! Refuses unknown kinds and rates that add up to more than one.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::random::Random;

/// What can go wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 429 with `Retry-After`.
    TooManyRequests,
    /// HTTP 403 with a page: the address is blocked.
    Forbidden,
    /// HTTP 503.
    Unavailable,
    /// HTTP 200 with a challenge page where JSON is expected.
    Html,
    /// HTTP 200 without a body.
    Empty,
    /// The right answer, late.
    Slow,
    /// The connection is reset before anything is answered.
    Reset,
    /// HTTP 200 with JSON cut off in the middle.
    Truncated,
    /// A price with the next month's `MesReferencia`; other calls are not touched.
    Rollover,
}

impl Fault {
    pub const ALL: [Self; 9] = [
        Self::TooManyRequests,
        Self::Forbidden,
        Self::Unavailable,
        Self::Html,
        Self::Empty,
        Self::Slow,
        Self::Reset,
        Self::Truncated,
        Self::Rollover,
    ];

    /// As written in `--faults` and in the statistics.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooManyRequests => "429",
            Self::Forbidden => "403",
            Self::Unavailable => "503",
            Self::Html => "html",
            Self::Empty => "empty",
            Self::Slow => "slow",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
            Self::Rollover => "rollover",
        }
    }
}

/// Rates of all faults, 0 to 1 each and together, and how they look.
///
/// Written `429=0.05,slow=0.01`, with the optional `retry-after=SECONDS` (1 unless told), `slow-ms=MILLISECONDS` (3000)
/// and `seed=N` (1) among them. The empty text means none.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    rates: [f64; Fault::ALL.len()],
    pub retry_after: Duration,
    pub slow: Duration,
    pub seed: u64,
}

impl Default for Faults {
    fn default() -> Self {
        let rates = [0.0; Fault::ALL.len()];
        Self { rates, retry_after: Duration::from_secs(1), slow: Duration::from_secs(3), seed: 1 }
    }
}

impl Faults {
    /// 0 to 1.
    pub fn rate(&self, fault: Fault) -> f64 {
        self.rates[fault as usize]
    }

    /// The fault of the `call`th call, the same for the same seed.
    fn of_call(&self, call: u64) -> Option<Fault> {
        let mut x = Random(self.seed ^ call.wrapping_mul(0x2545_f491_4f6c_dd1d)).fraction();
        Fault::ALL.into_iter().find(|&fault| {
            x -= self.rate(fault);
            x < 0.0
        })
    }
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("{part:?} is not KIND=RATE"))?;
            let whole = || value.parse::<u64>().map_err(|_| format!("{name} is {value:?}, expected a whole number"));
            match name {
                "retry-after" => faults.retry_after = Duration::from_secs(whole()?),
                "slow-ms" => faults.slow = Duration::from_millis(whole()?),
                "seed" => faults.seed = whole()?,
                _ => {
                    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(|| {
                        let known = Fault::ALL.map(Fault::name).join(", ");
                        format!("{name:?} is no fault, expected one of {known}, retry-after, slow-ms, seed")
                    })?;
                    faults.rates[fault as usize] = match value.parse::<f64>() {
                        Ok(rate) if (0.0..=1.0).contains(&rate) => rate,
                        _ => return Err(format!("the rate of {name} is {value:?}, expected 0 to 1")),
                    };
                }
            }
        }
        let sum: f64 = faults.rates.iter().sum();
        if sum > 1.0 + 1e-9 {
            return Err(format!("the rates add up to {sum}, at most 1 is possible"));
        }
        Ok(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in Fault::ALL.into_iter().filter(|&fault| self.rate(fault) > 0.0) {
            write!(f, "{}={},", fault.name(), self.rate(fault))?;
        }
        let (retry_after, slow) = (self.retry_after.as_secs(), self.slow.as_millis());
        write!(f, "retry-after={retry_after},slow-ms={slow},seed={}", self.seed)
    }
}

/// Draws one fault after the other.
#[derive(Debug, Default)]
pub(crate) struct FaultSource {
    pub(crate) faults: Faults,
    calls: AtomicU64,
}

impl FaultSource {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, calls: AtomicU64::new(0) }
    }

    pub(crate) fn draw(&self) -> Option<Fault> {
        self.faults.of_call(self.calls.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_kept_within_a_tenth() {
        let faults: Faults = "429=0.05, reset=0.01,seed=9".parse().unwrap();
        let drawn: Vec<Fault> = (0..200_000).filter_map(|call| faults.of_call(call)).collect();
        let count = |fault| drawn.iter().filter(|&&drawn| drawn == fault).count();
        assert!((9_000..11_000).contains(&count(Fault::TooManyRequests)), "{}", count(Fault::TooManyRequests));
        assert!((1_800..2_200).contains(&count(Fault::Reset)), "{}", count(Fault::Reset));
        assert_eq!(drawn.len(), count(Fault::TooManyRequests) + count(Fault::Reset));
    }

    #[test]
    fn what_is_shown_parses_back() {
        let faults: Faults = "403=0.25,rollover=0.001,slow-ms=20,retry-after=7".parse().unwrap();
        assert_eq!(faults.to_string().parse::<Faults>().unwrap(), faults);
        assert_eq!("".parse::<Faults>().unwrap(), Faults::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (text, named) in
            [("504=0.1", "504"), ("429=5", "\"5\""), ("429", "429"), ("429=0.6,503=0.6", "1.2"), ("seed=x", "\"x\"")]
        {
            let error = text.parse::<Faults>().unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
