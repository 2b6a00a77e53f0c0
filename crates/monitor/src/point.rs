//! A point: what one window holds of one metric and object, mergeable, so that any range is right.

use crate::histogram::{CELLS, cell_of, middle_of};

/// What was measured of one object in one window. Points merge; a quantile of merged points is that
/// of all their values, within half a cell: 1.6 %.
///
/// Histograms fill everything, gauges all but the cells. Of a counter, `count` is how many
/// increments there were and `sum` what was counted; `min`, `max` and `last` are its sums in the
/// windows that were merged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Point {
    /// How many values.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least one; of values that went through a [`crate::histogram::Histogram`] the middle of its
    /// cell.
    pub min: f64,
    /// The largest one.
    pub max: f64,
    /// The one that came last.
    pub last: f64,
    /// By cell of the histogram, in rising order: how many values. Empty where the distribution is
    /// not kept.
    pub cells: Vec<(u16, u64)>,
}

/// The first byte of an encoded point: how the rest is to be read.
const VERSION: u8 = 1;
/// The five figures are whole numbers, kept as varints; else each takes eight bytes.
const WHOLE: u8 = 1;
/// Least, largest and last value are all the sum: a single value, or a counter's window.
const ALIKE: u8 = 2;
/// The last value is the largest.
const LAST_IS_MAX: u8 = 4;
/// Cells follow.
const CELLED: u8 = 8;
/// From here on a float no longer holds each whole number.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

impl Point {
    /// One value of a gauge.
    pub fn gauge(value: f64) -> Self {
        Self::gauge_over(value, 1)
    }

    /// A value of a gauge that held for so many samples, at least one.
    pub fn gauge_over(value: f64, times: u64) -> Self {
        let count = times.max(1);
        let sum = value * as_float(count);
        Self { count, sum, min: value, max: value, last: value, cells: Vec::new() }
    }

    /// So many increments of a counter that make this sum.
    pub fn counter(count: u64, sum: f64) -> Self {
        Self { count, sum, min: sum, max: sum, last: sum, cells: Vec::new() }
    }

    /// One value of a histogram.
    pub fn value(value: u64) -> Self {
        let cell = u16::try_from(cell_of(value)).unwrap_or(u16::MAX);
        Self { cells: vec![(cell, 1)], ..Self::gauge(as_float(value)) }
    }

    /// Takes in what a later window of the same object holds.
    pub fn merge(&mut self, later: &Self) {
        if later.count > 0 {
            let is_first = self.count == 0;
            self.min = if is_first { later.min } else { self.min.min(later.min) };
            self.max = if is_first { later.max } else { self.max.max(later.max) };
            self.last = later.last;
        }
        self.count = self.count.saturating_add(later.count);
        self.sum += later.sum;
        if self.cells.is_empty() {
            self.cells.clone_from(&later.cells);
        } else if !later.cells.is_empty() {
            self.merge_cells(&later.cells);
        }
    }

    fn merge_cells(&mut self, later: &[(u16, u64)]) {
        // The common case writes in place: what comes later mostly lies in cells that are there.
        let mut fresh = Vec::new();
        for (cell, count) in later {
            match self.cells.binary_search_by_key(cell, |(cell, _)| *cell) {
                Ok(at) => self.cells[at].1 = self.cells[at].1.saturating_add(*count),
                Err(_) => fresh.push((*cell, *count)),
            }
        }
        if !fresh.is_empty() {
            self.cells.append(&mut fresh);
            self.cells.sort_unstable_by_key(|(cell, _)| *cell);
        }
    }

    /// The value that a share `q` of all values is at or below. Nothing when there are no values, or
    /// when the distribution of some of them was not kept: half an answer would be a wrong one.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let celled = self.cells.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n));
        if celled == 0 || celled < self.count {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the count, which is no larger than the count"
        )]
        let rank = ((q.clamp(0.0, 1.0) * as_float(celled)).ceil() as u64).clamp(1, celled);
        let mut seen = 0_u64;
        for (cell, count) in &self.cells {
            seen = seen.saturating_add(*count);
            if seen >= rank {
                let middle = as_float(middle_of(usize::from(*cell)));
                return Some(middle.min(self.max).max(self.min));
            }
        }
        None
    }

    /// How many values are at or below `bound`, as far as the cells tell.
    pub fn at_or_below(&self, bound: f64) -> u64 {
        let below =
            self.cells.iter().filter(|(cell, _)| as_float(middle_of((*cell).into())) <= bound);
        below.fold(0, |sum, (_, n)| sum.saturating_add(*n))
    }

    /// The same figures without their distribution.
    pub fn without_cells(&self) -> Self {
        Self { cells: Vec::new(), ..*self }
    }

    /// What it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.cells.capacity() * size_of::<(u16, u64)>()
    }

    /// The point as the history keeps it: a version byte, flags, varints, cells as differences.
    pub fn encode(&self) -> Vec<u8> {
        let figures = [self.sum, self.min, self.max, self.last];
        let whole = figures.iter().all(|x| x.fract() == 0.0 && (0.0..WHOLE_MAX).contains(x));
        let alike = self.min == self.sum && self.max == self.sum && self.last == self.sum;
        let mut flags = 0;
        for (flag, is_set) in [
            (WHOLE, whole),
            (ALIKE, alike),
            (LAST_IS_MAX, self.last == self.max),
            (CELLED, !self.cells.is_empty()),
        ] {
            flags |= if is_set { flag } else { 0 };
        }
        let mut out = Vec::with_capacity(16 + 3 * self.cells.len());
        out.extend([VERSION, flags]);
        put(&mut out, self.count);
        let kept = match (alike, self.last == self.max) {
            (true, _) => &figures[..1],
            (false, true) => &figures[..3],
            (false, false) => &figures[..],
        };
        for figure in kept {
            if whole {
                put(&mut out, as_whole(*figure));
            } else {
                out.extend(figure.to_le_bytes());
            }
        }
        if !self.cells.is_empty() {
            put(&mut out, self.cells.len() as u64);
            let mut before = 0;
            for (cell, count) in &self.cells {
                put(&mut out, u64::from(cell - before));
                put(&mut out, *count);
                before = *cell;
            }
        }
        out
    }

    /// Reads what [`Point::encode`] wrote; nothing when it is of another version or damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.byte()? != VERSION {
            return None;
        }
        let flags = reader.byte()?;
        let has = |flag: u8| flags & flag != 0;
        let count = reader.varint()?;
        let mut figure = || if has(WHOLE) { reader.whole() } else { reader.float() };
        let sum = figure()?;
        let (min, max, last) = if has(ALIKE) {
            (sum, sum, sum)
        } else {
            let (min, max) = (figure()?, figure()?);
            (min, max, if has(LAST_IS_MAX) { max } else { figure()? })
        };
        let cells = if has(CELLED) { reader.cells()? } else { Vec::new() };
        reader.0.is_empty().then_some(Self { count, sum, min, max, last, cells })
    }
}

/// A whole number as a float; beyond 2^53 the nearest one.
#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 a part in 2^53 does not matter here")]
pub(crate) const fn as_float(n: u64) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "called with whole numbers from 0 to 2^53"
)]
const fn as_whole(x: f64) -> u64 {
    x as u64
}

/// Seven bits a byte, the lowest first (LEB128).
fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Reads from the front and never past the end.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if part.leading_zeros() < shift {
                return None;
            }
            n |= part << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    fn whole(&mut self) -> Option<f64> {
        self.varint().map(as_float)
    }

    fn float(&mut self) -> Option<f64> {
        let (first, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(f64::from_le_bytes(*first)).filter(|x| x.is_finite())
    }

    fn cells(&mut self) -> Option<Vec<(u16, u64)>> {
        let len = usize::try_from(self.varint()?).ok().filter(|len| (1..=CELLS).contains(len))?;
        let mut cells = Vec::with_capacity(len);
        let mut cell = 0_u64;
        for nth in 0..len {
            let step = self.varint()?;
            if nth > 0 && step == 0 {
                return None;
            }
            cell = cell.checked_add(step).filter(|cell| *cell < CELLS as u64)?;
            cells.push((u16::try_from(cell).ok()?, self.varint()?));
        }
        Some(cells)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Point {
        let mut all = Point::default();
        values.into_iter().for_each(|value| all.merge(&Point::value(value)));
        all
    }

    /// Pseudo-random numbers by a linear congruence (Knuth's MMIX): the same in every run.
    fn noise(seed: u64) -> impl Iterator<Item = f64> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            as_float(state >> 11) / WHOLE_MAX
        })
    }

    fn is_near(got: f64, exact: f64) -> bool {
        (got - exact).abs() <= exact * 0.02
    }

    #[test]
    fn quantiles_of_merged_windows_are_within_two_per_cent_of_the_exact_ones() {
        type Shape = (&'static str, fn(f64) -> f64);
        let shapes: [Shape; 4] = [
            ("even", |x| 1e3 + x * 1e9),
            ("heavy tail", |x| 1e6 / (1.0 - x).powf(1.0 / 1.5)),
            ("two peaks", |x| if x < 0.9 { 5e5 + x * 1e5 } else { 4e8 + x * 1e8 }),
            ("narrow", |x| 1e7 * (1.0 + x / 50.0)),
        ];
        for (name, shape) in shapes {
            let mut values: Vec<u64> = noise(7).take(20_000).map(|x| as_whole(shape(x))).collect();
            let windows: Vec<_> = values.chunks(37).map(|each| of(each.iter().copied())).collect();
            let minutes = windows.chunks(6).map(|windows| {
                let mut minute = Point::default();
                let read = windows.iter().map(|w| Point::decode(&w.encode()).unwrap());
                read.for_each(|window| minute.merge(&window));
                minute
            });
            let mut hour = Point::default();
            minutes.for_each(|minute| hour.merge(&minute));
            values.sort_unstable();
            for per_mille in [1, 100, 500, 900, 950, 990, 999, 1_000] {
                let exact = as_float(values[values.len() * per_mille / 1_000 - 1]);
                let got = hour.quantile(as_float(per_mille as u64) / 1_000.0).unwrap();
                assert!(is_near(got, exact), "{name} {per_mille}: {got} for {exact}");
            }
            assert_eq!(hour.count, 20_000);
            assert_eq!(hour.max, as_float(values[19_999]));
        }
    }

    #[test]
    fn a_quantile_is_not_guessed_from_half_of_the_values() {
        let mut point = of([5, 6, 7]);
        point.merge(&of([8]).without_cells());
        assert_eq!((point.count, point.quantile(0.5)), (4, None));
        assert_eq!(Point::gauge(3.0).quantile(0.5), None);
        assert_eq!(Point::default().quantile(0.5), None);
    }

    #[test]
    fn a_counter_and_a_quiet_histogram_take_few_bytes() {
        assert_eq!(Point::counter(3, 3.0).encode().len(), 4);
        let point = of([1_200_000, 1_210_000, 1_190_000]);
        assert!(point.encode().len() <= 30, "{}", point.encode().len());
    }

    #[test]
    fn damaged_points_are_nothing() {
        let good = of([1, 70, 5_000]).encode();
        assert!(Point::decode(&good).is_some());
        assert_eq!(Point::decode(&[]), None);
        assert_eq!(Point::decode(&good[..good.len() - 1]), None);
        assert_eq!(Point::decode(&[&good[..], &[0]].concat()), None);
        assert_eq!(Point::decode(&[&[9], &good[1..]].concat()), None);
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(values in prop::collection::vec(any::<u64>(), 0..60)) {
            let point = of(values);
            prop_assert_eq!(Point::decode(&point.encode()), Some(point));
        }

        #[test]
        fn gauges_of_any_value_are_kept(
            values in prop::collection::vec(-1e300..1e300_f64, 1..9)
        ) {
            let mut point = Point::default();
            values.into_iter().for_each(|value| point.merge(&Point::gauge(value)));
            prop_assume!(point.sum.is_finite());
            prop_assert_eq!(Point::decode(&point.encode()), Some(point));
        }

        #[test]
        fn decoding_anything_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(mut point) = Point::decode(&bytes) {
                let _any = point.quantile(0.95);
                point.merge(&point.clone());
            }
            let mut versioned = vec![VERSION];
            versioned.extend(bytes);
            let _any = Point::decode(&versioned);
        }

        #[test]
        fn merging_does_not_depend_on_where_the_windows_end(
            values in prop::collection::vec(0..1_u64 << 40, 1..80), cut in 0..80_usize
        ) {
            let cut = cut.min(values.len());
            let mut merged = of(values[..cut].iter().copied());
            merged.merge(&of(values[cut..].iter().copied()));
            prop_assert_eq!(merged, of(values));
        }
    }
}
