//! Times as the API writes them: RFC 3339 in UTC with milliseconds, `2026-11-23T21:20:07.123Z`.

use std::fmt;
use std::str::FromStr;

use galen_core::UnixMs;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// A moment in the API's own spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub UnixMs);

impl From<UnixMs> for Time {
    fn from(at: UnixMs) -> Self {
        Self(at)
    }
}

const DAY_MS: i64 = 86_400_000;
/// 0000-01-01 and 9999-12-31T23:59:59.999 in milliseconds since 1970.
const RANGE_MS: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

/// What is said of a text that is no moment.
pub(crate) const WANTED: &str =
    "Expected a time: RFC 3339 (2026-11-23T21:20:07Z) or milliseconds since 1970.";

impl FromStr for Time {
    type Err = ();

    /// Reads RFC 3339 §5.6, with any offset and fractions of any length, of which milliseconds are
    /// kept; or a number of milliseconds since 1970.
    fn from_str(text: &str) -> Result<Self, ()> {
        let ms = match text.parse::<i64>() {
            // `parse` would take a plus sign, too.
            Ok(ms) if !text.starts_with('+') => Some(ms),
            _ => rfc_3339(text.as_bytes()),
        };
        ms.filter(|ms| (RANGE_MS.0..=RANGE_MS.1).contains(ms)).map(|ms| Self(UnixMs(ms))).ok_or(())
    }
}

/// Milliseconds since 1970 of a date and time. A leap second is the last moment of its minute.
fn rfc_3339(text: &[u8]) -> Option<i64> {
    let (begin, rest) = text.split_at_checked(19)?;
    let has_signs = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let separated = matches!(begin[10], b'T' | b't' | b' ');
    if !separated || has_signs.iter().any(|(at, sign)| begin[*at] != *sign) {
        return None;
    }
    let (year, month, day) = (number(&begin[0..4])?, number(&begin[5..7])?, number(&begin[8..10])?);
    let (hour, minute, second) =
        (number(&begin[11..13])?, number(&begin[14..16])?, number(&begin[17..19])?);
    let days = days_from_civil(year, month, day);
    let is_day = (1..=12).contains(&month) && day >= 1 && civil(days) == civil_of(year, month, day);
    if !is_day || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction_ms, offset) = match rest.first()? {
        b'.' if digits > 0 => {
            let (fraction, offset) = rest[1..].split_at(digits);
            let places = [100, 10, 1].iter().zip(fraction);
            (places.map(|(place, digit)| place * i64::from(digit - b'0')).sum(), offset)
        }
        _ => (0, rest),
    };
    let minute_ms = ((days * 24 + hour) * 60 + minute - offset_minutes(offset)?) * 60_000;
    Some(minute_ms + (second * 1_000 + fraction_ms).min(59_999))
}

fn civil_of(year: i64, month: i64, day: i64) -> (u32, u32, u32) {
    let small = |number: i64| u32::try_from(number).unwrap_or(0);
    (small(year), small(month), small(day))
}

/// The offset from UTC in minutes.
fn offset_minutes(text: &[u8]) -> Option<i64> {
    let sign = match text {
        b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let [_, hour @ .., b':', _, _] = text else {
        return None;
    };
    let minute = number(&text[text.len() - 2..])?;
    let hour = if hour.len() == 2 { number(hour)? } else { return None };
    (hour <= 23 && minute <= 59).then_some(sign * (hour * 60 + minute))
}

/// Decimal digits and nothing else, at most four.
fn number(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
    })
}

/// The day counted from 1970-01-01 of a date from 0000-01-01 on (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `days_from_civil`). A day that is not in its month gives one of the
/// next.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

impl Time {
    /// Writes the moment; years before 0000 and after 9999 are clamped, since RFC 3339 has none.
    fn write(self) -> [u8; 24] {
        let ms = self.0.0.clamp(RANGE_MS.0, RANGE_MS.1);
        let (year, month, day) = civil(ms.div_euclid(DAY_MS));
        // Less than a day, which fits.
        let rest = u32::try_from(ms.rem_euclid(DAY_MS)).unwrap_or(0);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        digits(&mut text[0..4], year);
        digits(&mut text[5..7], month);
        digits(&mut text[8..10], day);
        digits(&mut text[11..13], rest / 3_600_000);
        digits(&mut text[14..16], rest / 60_000 % 60);
        digits(&mut text[17..19], rest / 1_000 % 60);
        digits(&mut text[20..23], rest % 1_000);
        text
    }
}

/// Year, month and day of a day counted from 1970-01-01, from 0000-01-01 on, in the Gregorian calendar
/// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: i64) -> (u32, u32, u32) {
    // From here on counted from 0000-03-01 of an era earlier, so that nothing is negative.
    let z = u32::try_from(days + 719_468 + 146_097).unwrap_or(0);
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = (year_of_era + era * 400 + u32::from(month <= 2)).saturating_sub(400);
    (year, month, day)
}

/// Writes `number` in decimal, filled with zeros from the left.
fn digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        // The remainder of ten always fits a digit.
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.write();
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.write();
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time in RFC 3339")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
        let ms = rfc_3339(text.as_bytes());
        let within = ms.filter(|ms| (RANGE_MS.0..=RANGE_MS.1).contains(ms));
        let time = within.map(|ms| Time(UnixMs(ms)));
        time.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl utoipa::PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, milliseconds"))
            .into()
    }
}

impl utoipa::ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_rfc_3339_says() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_468_807_123, "2026-11-23T21:20:07.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
            (i64::MIN, "0000-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(Time(UnixMs(ms)).write(), text.as_bytes(), "{ms}");
        }
    }
    #[test]
    fn a_moment_is_read_as_rfc_3339_says_or_as_milliseconds() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("0", 0),
            ("-1", -1),
            ("1795468807123", 1_795_468_807_123),
            ("2000-02-29T00:00:00.000Z", 951_782_400_000),
            ("2000-02-29t00:00:00z", 951_782_400_000),
            ("2000-02-29 00:00:00Z", 951_782_400_000),
            ("2026-11-23T21:20:07.123Z", 1_795_468_807_123),
            ("2026-11-23T21:20:07.123999Z", 1_795_468_807_123),
            ("2026-11-23T21:20:07.1Z", 1_795_468_807_100),
            ("2026-11-23T23:20:07.123+02:00", 1_795_468_807_123),
            ("2026-11-23T15:50:07.123-05:30", 1_795_468_807_123),
            ("1990-12-31T23:59:60Z", 662_687_999_999),
            ("0000-01-01T00:00:00Z", RANGE_MS.0),
            ("9999-12-31T23:59:59.999Z", RANGE_MS.1),
        ] {
            assert_eq!(text.parse(), Ok(Time(UnixMs(ms))), "{text}");
        }
        // What is written is read again as the same, through leap years and centuries.
        for day in (-719_528..2_932_896).step_by(997) {
            let moment = Time(UnixMs(day * DAY_MS + 12_345));
            let text = String::from_utf8(moment.write().to_vec()).expect("text");
            assert_eq!(text.parse(), Ok(moment), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "now",
            "1h",
            "+1",
            "1.5",
            "99999999999999999",
            "2026-11-23",
            "2026-11-23T21:20Z",
            "2026-11-23T21:20:07",
            "2026-11-23T21:20:07.Z",
            "2026-11-23T21:20:07,5Z",
            "2026-11-23T21:20:07+02",
            "2026-11-23T21:20:07+0200",
            "2026-11-23T21:20:07+24:00",
            "2026-11-23T21:20:07+02:60",
            "2026-11-23T21:20:07+002:00",
            "2026-11-23T24:00:00Z",
            "2026-11-23T21:60:00Z",
            "2026-11-23T21:20:61Z",
            "2026-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-1-01T00:00:00Z1",
            "-026-01-01T00:00:00Z",
            "2026-11-23T21:20:07Zx",
        ] {
            assert_eq!(text.parse::<Time>(), Err(()), "{text}");
        }
    }
}
