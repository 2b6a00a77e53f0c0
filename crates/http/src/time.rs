//! Times as the API writes them: RFC 3339 in UTC with milliseconds, `2026-11-23T21:20:07.123Z`.

use galen_core::UnixMs;
use serde::{Serialize, Serializer};
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

impl Time {
    /// Writes the moment; years before 0000 and after 9999 are clamped, since RFC 3339 has none.
    fn write(self) -> [u8; 24] {
        const DAY_MS: i64 = 86_400_000;
        /// 0000-01-01 and 9999-12-31T23:59:59.999 in milliseconds since 1970.
        const RANGE_MS: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);
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

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.write();
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
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
}
