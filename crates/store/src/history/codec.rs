//! How the points of a frame are written into one blob, and where a frame stands.

use galen_core::{Tier, UnixMs};

/// The bits of a place below the tier: 16 for the metric, 44 for the moment.
const TIER_SHIFT: u32 = 60;

/// The bits of a place below the metric: milliseconds until the year 2527.
const METRIC_SHIFT: u32 = 44;

/// The last moment that has a place.
const LAST_MS: i64 = (1 << METRIC_SHIFT) - 1;

/// A number never takes more bytes (LEB128 of 64 bits).
const VARINT_BYTES: usize = 10;

/// A blob that does not hold what was written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the points of a window are damaged at byte {at}")]
pub(super) struct Damaged {
    /// How far it could be read.
    pub at: usize,
}

/// Where the frame of a metric at a moment stands. Moments before 1970 stand at its beginning, as a
/// clock that was never set has them.
pub(super) fn place(tier: Tier, metric: i64, at: UnixMs) -> i64 {
    let at_ms = at.0.clamp(0, LAST_MS);
    (tier.number() << TIER_SHIFT) | (metric << METRIC_SHIFT) | at_ms
}

/// The places of a metric between two moments: from the first on, up to and without the second.
pub(super) fn places(tier: Tier, metric: i64, from: UnixMs, until: UnixMs) -> (i64, i64) {
    let end_ms = until.0.clamp(0, LAST_MS + 1);
    let first = place(tier, metric, from);
    // The end may be the first place of the next metric: it is an excluded bound.
    (first, (tier.number() << TIER_SHIFT) + (metric << METRIC_SHIFT) + end_ms)
}

/// Every place of a metric.
pub(super) fn all_places(tier: Tier, metric: i64) -> (i64, i64) {
    places(tier, metric, UnixMs(0), UnixMs(i64::MAX))
}

/// The moment of a place.
pub(super) const fn moment(place: i64) -> UnixMs {
    UnixMs(place & LAST_MS)
}

/// Adds a point to a blob.
pub(super) fn add_point(blob: &mut Vec<u8>, object: u64, point: &[u8]) {
    add_number(blob, object);
    add_number(blob, point.len() as u64);
    blob.extend_from_slice(point);
}

fn add_number(blob: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        blob.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    blob.push((number & 0x7f) as u8);
}

/// The points of a blob, one after the other; the first damage ends them.
pub(super) struct Points<'a> {
    blob: &'a [u8],
    at: usize,
}

impl<'a> Points<'a> {
    pub(super) const fn of(blob: &'a [u8]) -> Self {
        Self { blob, at: 0 }
    }

    fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0_u64;
        for index in 0..VARINT_BYTES {
            let byte = *self.blob.get(self.at).ok_or(Damaged { at: self.at })?;
            let low = u64::from(byte & 0x7f);
            let shift = 7 * index as u32;
            if shift == 63 && low > 1 {
                return Err(Damaged { at: self.at });
            }
            number |= low << shift;
            self.at += 1;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged { at: self.at })
    }

    fn point(&mut self) -> Result<(u64, &'a [u8]), Damaged> {
        let object = self.number()?;
        let length = self.number()?;
        let damaged = Damaged { at: self.at };
        let length = usize::try_from(length).map_err(|_| damaged)?;
        let end = self.at.checked_add(length).ok_or(damaged)?;
        let bytes = self.blob.get(self.at..end).ok_or(damaged)?;
        self.at = end;
        Ok((object, bytes))
    }
}

impl<'a> Iterator for Points<'a> {
    type Item = Result<(u64, &'a [u8]), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.blob.len() {
            return None;
        }
        let point = self.point();
        if point.is_err() {
            self.at = self.blob.len();
        }
        Some(point)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            points in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..300)), 0..20)
        ) {
            let mut blob = Vec::new();
            for (object, point) in &points {
                add_point(&mut blob, *object, point);
            }
            let read: Result<Vec<_>, _> =
                Points::of(&blob).map(|one| one.map(|(id, bytes)| (id, bytes.to_vec()))).collect();
            prop_assert_eq!(read, Ok(points));
        }

        #[test]
        fn no_bytes_make_the_reader_panic_or_run_on(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Points::of(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_blob_cut_anywhere_inside_a_point_is_damaged() {
        let mut blob = Vec::new();
        add_point(&mut blob, 300, b"hello");
        for end in 1..blob.len() {
            assert!(Points::of(&blob[..end]).any(|one| one.is_err()), "cut at {end}");
        }
    }

    #[test]
    fn places_are_in_the_order_of_tier_metric_and_moment() {
        let mut last = -1;
        for tier in Tier::ALL {
            for metric in [1, 2, 65_535] {
                let (first, end) = all_places(tier, metric);
                for at in [0, 1, 1_767_225_600_000, LAST_MS] {
                    let here = place(tier, metric, UnixMs(at));
                    assert!(here > last && first <= here && here < end);
                    assert_eq!(moment(here), UnixMs(at));
                    last = here;
                }
            }
        }
        assert_eq!(place(Tier::Fine, 1, UnixMs(-5)), place(Tier::Fine, 1, UnixMs(0)));
    }

    #[test]
    fn the_numbers_of_the_tiers_are_those_in_the_files_there_are() {
        assert_eq!(Tier::ALL.map(Tier::number), [0, 1, 2]);
        assert_eq!(place(Tier::Hour, 3, UnixMs(7)), (2 << 60) | (3 << 44) | 7);
        for pair in Tier::ALL.windows(2) {
            assert_eq!(pair[1].step_ms() % pair[0].step_ms(), 0, "a window holds whole finer ones");
            assert!(pair[1].keep_ms() > pair[0].keep_ms());
        }
    }
}
