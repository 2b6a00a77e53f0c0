//! A lock-free log-linear histogram: constant size, quantiles within 1.6 % of the exact value.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Linear steps in each power of two. A value is off by at most half a step: 1/64 of itself.
const STEPS: u64 = 32;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Powers of two above the linear beginning: values up to 2^42 ns, a little over an hour.
const OCTAVES: usize = 37;
const CELLS: usize = (OCTAVES + 1) * STEPS as usize;

/// Counts values, in nanoseconds by convention, into cells whose width grows with the value
/// (the scheme of HdrHistogram, one significant binary digit group of five bits).
#[derive(Debug)]
pub struct Histogram {
    cells: Box<[AtomicU64]>,
    max: AtomicU64,
    sum: AtomicU64,
}

/// Some quantiles of a histogram, in the unit of its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many values were counted.
    pub count: u64,
    /// Half of the values are at or below this one.
    pub p50: u64,
    /// 95 % of the values are at or below this one.
    pub p95: u64,
    /// 99 % of the values are at or below this one.
    pub p99: u64,
    /// The largest value, exactly.
    pub max: u64,
    /// The sum of all values, exactly.
    pub sum: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        let cells = (0..CELLS).map(|_| AtomicU64::new(0)).collect();
        Self { cells, max: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Counts one value. Values above the range are counted in the last cell; `max` stays exact.
    pub fn record(&self, value: u64) {
        self.cells[cell_of(value)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
        // The plain load spares the read-modify-write that would almost never change anything.
        if value > self.max.load(Ordering::Relaxed) {
            self.max.fetch_max(value, Ordering::Relaxed);
        }
    }

    /// The quantiles of what was counted so far. Values counted meanwhile may or may not be in it.
    #[must_use]
    pub fn quantiles(&self) -> Quantiles {
        let counts: Vec<u64> = self.cells.iter().map(|c| c.load(Ordering::Relaxed)).collect();
        let count: u64 = counts.iter().sum();
        let max = self.max.load(Ordering::Relaxed);
        let at = |per_cent: u64| value_at(&counts, (count * per_cent).div_ceil(100)).min(max);
        let sum = self.sum.load(Ordering::Relaxed);
        Quantiles { count, p50: at(50), p95: at(95), p99: at(99), max, sum }
    }
}

/// The cell that counts `value`.
fn cell_of(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let octave = value.ilog2() - STEP_BITS;
    let step = (value >> octave) - STEPS;
    let cell = (u64::from(octave) + 1) * STEPS + step;
    usize::try_from(cell).map_or(CELLS - 1, |cell| cell.min(CELLS - 1))
}

/// The middle of the values that `cell` counts.
fn middle_of(cell: usize) -> u64 {
    let cell = cell as u64;
    if cell < STEPS {
        return cell;
    }
    let octave = cell / STEPS - 1;
    let low = (cell % STEPS + STEPS) << octave;
    low + (1 << octave) / 2
}

/// The value of the `rank`-th smallest counted value; 0 when nothing was counted.
fn value_at(counts: &[u64], rank: u64) -> u64 {
    let mut seen = 0;
    for (cell, count) in counts.iter().enumerate() {
        seen += count;
        if *count > 0 && seen >= rank {
            return middle_of(cell);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_two_per_cent_of_the_exact_ones() {
        let histogram = Histogram::default();
        let values: Vec<u64> = (1..=10_000_u64).map(|n| n * n * 37).collect();
        for value in &values {
            histogram.record(*value);
        }
        let q = histogram.quantiles();
        for (got, rank) in [(q.p50, 5_000), (q.p95, 9_500), (q.p99, 9_900)] {
            let exact = values[rank - 1];
            assert!(got.abs_diff(exact) * 50 <= exact, "{got} for {exact}");
        }
        assert_eq!(q.max, 3_700_000_000);
        assert_eq!(q.count, 10_000);
        assert_eq!(q.sum, values.iter().sum::<u64>());
    }

    #[test]
    fn every_value_lands_in_the_cell_whose_middle_is_near_it() {
        for value in [0, 1, 31, 32, 33, 63, 64, 1_000, 123_456_789, 1 << 41] {
            let middle = middle_of(cell_of(value));
            assert!(middle.abs_diff(value) * 60 <= value.max(60), "{middle} for {value}");
        }
        assert_eq!(cell_of(u64::MAX), CELLS - 1);
    }

    #[test]
    fn an_empty_histogram_has_no_quantiles() {
        assert_eq!(Histogram::default().quantiles(), Quantiles::default());
    }
}
