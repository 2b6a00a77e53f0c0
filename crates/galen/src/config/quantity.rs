//! Durations and sizes as people write them, printed back exactly.

use std::time::Duration;

use serde_json::Value;

use super::value::{Given, Setting};

/// A length of time, kept in milliseconds: `"7d"`, `"1h 30m"`, `"250ms"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lapse {
    ms: u64,
}

/// The units of time a person may write, longest first, with their milliseconds.
const TIME_UNITS: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest time a setting may say: a thousand years, far inside every clock's range.
const LAPSE_MS_MAX: u64 = 1_000 * 366 * 86_400_000;

impl Lapse {
    /// So many milliseconds.
    pub const fn ms(ms: u64) -> Self {
        Self { ms }
    }

    /// So many seconds.
    pub const fn s(s: u64) -> Self {
        Self { ms: s * 1_000 }
    }

    /// So many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self { ms: minutes * 60_000 }
    }

    /// So many days.
    pub const fn days(days: u64) -> Self {
        Self { ms: days * 86_400_000 }
    }

    /// The time in milliseconds.
    pub const fn as_ms(self) -> u64 {
        self.ms
    }

    /// The time in milliseconds as a signed number, as stored times are reckoned.
    pub const fn as_signed_ms(self) -> i64 {
        self.ms.cast_signed()
    }

    /// The time as the standard library has it.
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.ms)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(String::new());
        }
        let mut sum_ms: u64 = 0;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number: u64 = rest[..digits].parse().map_err(|_| String::new())?;
            rest = rest[digits..].trim_start();
            let letters =
                rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let unit = &rest[..letters];
            if unit.is_empty() {
                return Err("say the unit".to_owned());
            }
            let (_, unit_ms) = TIME_UNITS
                .into_iter()
                .find(|(name, _)| *name == unit)
                .ok_or_else(|| format!("`{unit}` is not one of w, d, h, m, s, ms"))?;
            sum_ms = number
                .checked_mul(unit_ms)
                .and_then(|ms| ms.checked_add(sum_ms))
                .filter(|ms| *ms <= LAPSE_MS_MAX)
                .ok_or_else(|| "it is longer than a thousand years".to_owned())?;
            rest = rest[letters..].trim_start();
        }
        Ok(Self { ms: sum_ms })
    }
}

impl std::str::FromStr for Lapse {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|why| {
            if why.is_empty() { "write it as `30s`, `2h` or `1h 30m`".to_owned() } else { why }
        })
    }
}

impl std::fmt::Display for Lapse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.ms == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.ms;
        let mut space = "";
        // Weeks are read and never printed: "14d" is plainer than "2w".
        for (name, unit_ms) in TIME_UNITS.into_iter().skip(1) {
            let count = rest / unit_ms;
            if count > 0 {
                write!(f, "{space}{count}{name}")?;
                space = " ";
            }
            rest %= unit_ms;
        }
        Ok(())
    }
}

impl Setting for Lapse {
    const EXPECTED: &'static str = "a time such as `\"30s\"`, `\"7d\"` or `\"1h 30m\"`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        Self::parse(&String::read(given)?)
    }

    fn print(&self) -> Option<String> {
        Some(format!("\"{self}\""))
    }
}

/// An amount of data in bytes: `"64 KiB"`, `"1 MB"`, or a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    bytes: u64,
}

/// The units of size a person may write, in lower case, with their bytes.
const SIZE_UNITS: [(&str, u64); 8] = [
    ("b", 1),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
];

/// The binary units a size is printed in, largest first.
const SIZE_PRINTED: [(&str, u64); 4] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl Size {
    /// So many times 1024 bytes.
    pub const fn kib(kib: u64) -> Self {
        Self { bytes: kib << 10 }
    }

    /// So many times 1024 KiB.
    pub const fn mib(mib: u64) -> Self {
        Self { bytes: mib << 20 }
    }

    /// The size in bytes.
    pub const fn as_bytes(self) -> u64 {
        self.bytes
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = text[..digits].parse().map_err(|_| String::new())?;
        let unit = text[digits..].trim().to_ascii_lowercase();
        let unit = if unit.is_empty() { "b" } else { unit.as_str() };
        let (_, unit_bytes) = SIZE_UNITS
            .into_iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| "the units are B, KiB, MiB, GiB, TiB, kB, MB and GB".to_owned())?;
        let bytes = number.checked_mul(unit_bytes).filter(|bytes| *bytes <= 1 << 50);
        bytes.map(|bytes| Self { bytes }).ok_or_else(|| "it is more than 1024 TiB".to_owned())
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fits = |unit: &u64| self.bytes > 0 && self.bytes.is_multiple_of(*unit);
        match SIZE_PRINTED.into_iter().find(|(_, unit)| fits(unit)) {
            Some((name, unit)) => write!(f, "{} {name}", self.bytes / unit),
            None => write!(f, "{} B", self.bytes),
        }
    }
}

impl Setting for Size {
    const EXPECTED: &'static str = "a size such as `\"64 KiB\"`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        if let Ok(bytes) = u64::read(given) {
            return Ok(Self { bytes });
        }
        Self::parse(&String::read(given)?)
    }

    fn print(&self) -> Option<String> {
        Some(format!("\"{self}\""))
    }

    fn json(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// So many attempts in so long a time: `"10 / 5m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least 1.
    pub attempts: u32,
    /// In how long; more than nothing.
    pub per: Lapse,
}

impl Rate {
    /// So many in so long.
    pub const fn new(attempts: u32, per: Lapse) -> Self {
        Self { attempts, per }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (attempts, per) = text.split_once('/').ok_or_else(String::new)?;
        let attempts = attempts.trim().parse().map_err(|_| String::new())?;
        let per = Lapse::parse(per)?;
        if attempts == 0 || per.as_ms() == 0 {
            return Err("both the number and the time must be more than nothing".to_owned());
        }
        Ok(Self { attempts, per })
    }
}

impl Setting for Rate {
    const EXPECTED: &'static str = "a number of attempts in a time such as `\"10 / 5m\"`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        Self::parse(&String::read(given)?)
    }

    fn print(&self) -> Option<String> {
        Some(format!("\"{} / {}\"", self.attempts, self.per))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_people_write_it_and_printed_exactly() {
        for (text, ms, printed) in [
            ("7d", 604_800_000, "7d"),
            ("1h 30m", 5_400_000, "1h 30m"),
            ("90s", 90_000, "1m 30s"),
            ("250ms", 250, "250ms"),
            ("2w", 1_209_600_000, "14d"),
            ("0s", 0, "0s"),
        ] {
            assert_eq!(Lapse::parse(text), Ok(Lapse::ms(ms)), "{text}");
            assert_eq!(Lapse::ms(ms).to_string(), printed);
        }
    }

    #[test]
    fn a_time_without_a_unit_or_with_a_wrong_one_is_refused() {
        for text in ["", "30", "7 days", "-1s", "1.5h", "99999999999999999999d", "4000000000d"] {
            assert!(Lapse::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_is_a_number_in_a_time() {
        assert_eq!(Rate::parse("10/5m"), Ok(Rate::new(10, Lapse::minutes(5))));
        assert_eq!(Rate::new(10, Lapse::minutes(5)).print().as_deref(), Some("\"10 / 5m\""));
        for text in ["", "10", "0 / 5m", "10 / 0s", "10 / 5"] {
            assert!(Rate::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_size_is_read_as_people_write_it_and_printed_exactly() {
        for (text, bytes, printed) in [
            ("64 KiB", 65_536, "64 KiB"),
            ("64kib", 65_536, "64 KiB"),
            ("1 MB", 1_000_000, "1000000 B"),
            ("1048576", 1_048_576, "1 MiB"),
            ("0", 0, "0 B"),
        ] {
            assert_eq!(Size::parse(text), Ok(Size { bytes }), "{text}");
            assert_eq!(Size { bytes }.to_string(), printed);
        }
        for text in ["", "KiB", "1 KB/s", "1.5 MiB", "-3"] {
            assert!(Size::parse(text).is_err(), "{text}");
        }
    }
}
