//! When somebody may be disturbed, by the clock of their own zone.

use galen_core::UnixMs;
use galen_core::preferences::{Digest, Preferences};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, ZonedDateTime};

/// The minute of the day at which digests are due: eight in the morning.
const MORNING_MIN: u16 = 8 * 60;

/// When the quiet hours end in which `now` lies; `None` when it lies in none.
pub(super) fn quiet_until(wishes: &Preferences, now: UnixMs) -> Option<UnixMs> {
    let quiet = wishes.quiet?;
    let here = local(wishes, now)?;
    let minute = minute_of(&here);
    let (from, to) = (quiet.from_min, quiet.to_min);
    let is_quiet =
        if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to };
    if !is_quiet {
        return None;
    }
    let day = if minute < to { here.date() } else { here.date().tomorrow().ok()? };
    // Where the clock was put back the end may lie behind: then it is over.
    at(day, to, here.time_zone()).filter(|end| *end > now)
}

/// When the next digest after `now` is due: in the morning, of the next Monday if it is weekly.
pub(super) fn next_digest(wishes: &Preferences, digest: Digest, now: UnixMs) -> UnixMs {
    let found = local(wishes, now).and_then(|here| {
        let wanted = |day: &Date| digest != Digest::Weekly || day.weekday() == Weekday::Monday;
        let days = (0..=7_i64).filter_map(|ahead| here.date().checked_add(ahead.days()).ok());
        let mornings = days.filter(wanted).filter_map(|day| at(day, MORNING_MIN, here.time_zone()));
        mornings.into_iter().find(|morning| *morning > now)
    });
    // No clock of the world is without a morning within a week; a date beyond all calendars is.
    found.unwrap_or(now)
}

/// The moment by the clock of the user's zone. A zone that is known no more is UTC.
fn local(wishes: &Preferences, now: UnixMs) -> Option<ZonedDateTime> {
    let zone = wishes.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    Some(Timestamp::from_millisecond(now.0).ok()?.to_zoned_datetime(zone.unwrap_or(TimeZone::UTC)))
}

fn minute_of(here: &ZonedDateTime) -> u16 {
    u16::from(here.hour().unsigned_abs()) * 60 + u16::from(here.minute().unsigned_abs())
}

/// The moment of a minute of a day in a zone. A minute that is left out when the clock is put
/// forward is the one after the gap.
fn at(day: Date, minute: u16, zone: &TimeZone) -> Option<UnixMs> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    let zoned = day.at(hour, minute, 0, 0).to_zoned_datetime(zone.clone()).ok()?;
    Some(UnixMs(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use galen_core::preferences::QuietHours;

    use super::*;

    fn wishes(zone: &str, quiet: Option<(u16, u16)>) -> Preferences {
        let quiet = quiet.map(|(from_min, to_min)| QuietHours { from_min, to_min });
        Preferences { zone: Some(zone.to_owned()), quiet, ..Preferences::default() }
    }

    fn moment(text: &str) -> UnixMs {
        UnixMs(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn quiet_hours_end_in_the_morning_of_their_own_zone() {
        let night = wishes("Asia/Tehran", Some((22 * 60, 7 * 60)));
        for (now, end) in [
            // 03:30 ahead of UTC, all year.
            ("2026-11-28T18:29:00Z", None),
            ("2026-11-28T18:30:00Z", Some("2026-11-29T03:30:00Z")),
            ("2026-11-28T22:00:00Z", Some("2026-11-29T03:30:00Z")),
            ("2026-11-29T03:29:59Z", Some("2026-11-29T03:30:00Z")),
            ("2026-11-29T03:30:00Z", None),
        ] {
            assert_eq!(quiet_until(&night, moment(now)), end.map(moment), "{now}");
        }
        let noon = wishes("UTC", Some((12 * 60, 13 * 60)));
        assert_eq!(quiet_until(&noon, moment("2026-11-28T11:59:00Z")), None);
        let end = Some(moment("2026-11-28T13:00:00Z"));
        assert_eq!(quiet_until(&noon, moment("2026-11-28T12:30:00Z")), end);
        assert_eq!(quiet_until(&wishes("UTC", None), moment("2026-11-28T12:30:00Z")), None);
    }

    #[test]
    fn quiet_hours_follow_the_clock_when_it_is_changed() {
        let night = wishes("Europe/Berlin", Some((22 * 60, 2 * 60 + 30)));
        // On 28 March 2027 the clock goes from 02:00 to 03:00: half past two is half past three.
        let end = Some(moment("2027-03-28T01:30:00Z"));
        assert_eq!(quiet_until(&night, moment("2027-03-28T00:30:00Z")), end);
        let morning = wishes("Europe/Berlin", Some((22 * 60, 7 * 60)));
        let end = Some(moment("2027-03-28T05:00:00Z"));
        assert_eq!(quiet_until(&morning, moment("2027-03-28T00:30:00Z")), end);
    }

    #[test]
    fn a_digest_comes_the_next_morning_or_the_next_monday() {
        let here = wishes("America/New_York", None);
        for (digest, now, due) in [
            (Digest::Daily, "2026-11-28T12:59:59Z", "2026-11-28T13:00:00Z"),
            (Digest::Daily, "2026-11-28T13:00:00Z", "2026-11-29T13:00:00Z"),
            // A Saturday; the Monday after, and after that Monday's morning the next.
            (Digest::Weekly, "2026-11-28T13:00:00Z", "2026-11-30T13:00:00Z"),
            (Digest::Weekly, "2026-11-30T13:00:00Z", "2026-12-07T13:00:00Z"),
        ] {
            assert_eq!(next_digest(&here, digest, moment(now)), moment(due), "{now}");
        }
    }
}
