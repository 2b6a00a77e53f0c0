//! A lock-free log-linear histogram that takes memory only where values fall, and is drained by windows.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

use crate::point::{Point, as_float};

/// Linear steps in each power of two. A value is off by at most half a step: 1/64 of itself.
const STEPS: u64 = 32;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Powers of two above the linear beginning: values up to 2^44 ns, a little under five hours.
const OCTAVES: usize = 39;
/// How many cells there are.
pub(crate) const CELLS: usize = (OCTAVES + 1) * STEPS as usize;
/// Cells that are allocated together: four octaves, half a kilobyte. The times of one place mostly
/// lie within one or two such blocks.
const BLOCK: usize = 128;
const BLOCKS: usize = CELLS / BLOCK;

type Block = [AtomicU32; BLOCK];

/// Counts values, in nanoseconds by convention, into cells whose width grows with the value
/// (the scheme of HdrHistogram, one significant binary digit group of five bits).
///
/// A cell holds 2^32 values; it is emptied with every window.
#[derive(Debug)]
pub(crate) struct Histogram {
    blocks: [OnceLock<Box<Block>>; BLOCKS],
    sum: AtomicU64,
    max: AtomicU64,
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
    /// The sum of all values, exactly up to 2^53.
    pub sum: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            blocks: [const { OnceLock::new() }; BLOCKS],
            sum: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one value. Values above the range are counted in the last cell; `max` stays exact.
    #[inline]
    pub fn record(&self, value: u64) {
        let cell = cell_of(value);
        self.block(cell / BLOCK)[cell % BLOCK].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
        // The plain load spares the read-modify-write that would almost never change anything.
        if value > self.max.load(Relaxed) {
            self.max.fetch_max(value, Relaxed);
        }
    }

    #[inline]
    fn block(&self, block: usize) -> &Block {
        match self.blocks[block].get() {
            Some(block) => block,
            None => self.first_of(block),
        }
    }

    #[cold]
    fn first_of(&self, block: usize) -> &Block {
        self.blocks[block].get_or_init(|| Box::new([const { AtomicU32::new(0) }; BLOCK]))
    }

    /// Takes out what was counted since the last drain. Values that are being counted meanwhile are
    /// in this point or in the next one, never in both and never in none; the sum of one that is in
    /// this point may come with the next. Of the least value only the cell is known.
    pub fn drain(&self) -> Option<Point> {
        let mut cells = Vec::new();
        for (nth, block) in self.blocks.iter().enumerate() {
            for (step, cell) in block.get().into_iter().flat_map(|block| block.iter().enumerate()) {
                // Most cells are empty, and looking is cheaper than swapping.
                if cell.load(Relaxed) > 0 {
                    let at = u16::try_from(nth * BLOCK + step).unwrap_or(u16::MAX);
                    cells.push((at, u64::from(cell.swap(0, Relaxed))));
                }
            }
        }
        if cells.is_empty() {
            // A sum whose value was not counted yet waits for it.
            return None;
        }
        cells.shrink_to_fit();
        let count = cells.iter().map(|(_, n)| n).sum();
        let sum = as_float(self.sum.swap(0, Relaxed));
        // A value in the last cell may have been counted without being noted as the largest yet.
        let first = as_float(middle_of(cells.first().map_or(0, |(cell, _)| usize::from(*cell))));
        let last = low_of(cells.last().map_or(0, |(cell, _)| usize::from(*cell)));
        let max = as_float(self.max.swap(0, Relaxed).max(last));
        Some(Point { count, sum, min: first.min(max), max, last: max, cells })
    }

    /// What it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let blocks = self.blocks.iter().filter(|block| block.get().is_some()).count();
        size_of::<Self>() + blocks * size_of::<Block>()
    }
}

impl Quantiles {
    /// Those of a point.
    #[must_use]
    pub(crate) fn of(point: &Point) -> Self {
        let at = |q: f64| point.quantile(q).map_or(0, whole);
        Self {
            count: point.count,
            p50: at(0.50),
            p95: at(0.95),
            p99: at(0.99),
            max: whole(point.max),
            sum: whole(point.sum),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums and values of whole numbers; a float's end saturates"
)]
fn whole(x: f64) -> u64 {
    x.round() as u64
}

/// The cell that counts `value`.
#[inline]
pub(crate) fn cell_of(value: u64) -> usize {
    // Below two octaves' worth a cell is a value; the set bit spares asking.
    let octave = (value | STEPS).ilog2() - STEP_BITS;
    // The leading bit is the first step of its octave, so it carries into the octave's number.
    let cell = u64::from(octave) * STEPS + (value >> octave);
    (cell as usize).min(CELLS - 1)
}

/// The smallest value that `cell` counts.
pub(crate) fn low_of(cell: usize) -> u64 {
    let cell = cell as u64;
    if cell < STEPS { cell } else { (cell % STEPS + STEPS) << (cell / STEPS - 1) }
}

/// The largest value that `cell` counts.
#[cfg(test)]
fn high_of(cell: usize) -> u64 {
    low_of(cell + 1) - 1
}

/// The middle of the values that `cell` counts.
pub(crate) fn middle_of(cell: usize) -> u64 {
    let low = low_of(cell);
    low + (low_of(cell + 1) - low) / 2
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn quantiles_are_within_two_per_cent_of_the_exact_ones() {
        let histogram = Histogram::default();
        let values: Vec<u64> = (1..=10_000_u64).map(|n| n * n * 37).collect();
        for value in &values {
            histogram.record(*value);
        }
        let q = Quantiles::of(&histogram.drain().unwrap());
        for (got, rank) in [(q.p50, 5_000), (q.p95, 9_500), (q.p99, 9_900)] {
            let exact = values[rank - 1];
            assert!(got.abs_diff(exact) * 50 <= exact, "{got} for {exact}");
        }
        assert_eq!(q.max, 3_700_000_000);
        assert_eq!(q.count, 10_000);
        assert_eq!(q.sum, values.iter().sum::<u64>());
    }

    #[test]
    fn every_value_lands_in_the_cell_whose_bounds_hold_it() {
        for value in [0, 1, 31, 32, 33, 63, 64, 65, 1_000, 123_456_789, 1 << 41, (1 << 44) - 1] {
            let cell = cell_of(value);
            assert!(low_of(cell) <= value && value <= high_of(cell), "{value} in {cell}");
            assert!(middle_of(cell).abs_diff(value) * 60 <= value.max(60), "{value}");
        }
        assert_eq!(cell_of(u64::MAX), CELLS - 1);
        assert!((1..CELLS).all(|cell| low_of(cell) == high_of(cell - 1) + 1));
    }

    #[test]
    fn an_unused_histogram_holds_no_block_and_drains_to_nothing() {
        let histogram = Histogram::default();
        assert_eq!(histogram.drain(), None);
        assert_eq!(histogram.bytes(), size_of::<Histogram>());
        histogram.record(5_000);
        assert_eq!(histogram.bytes(), size_of::<Histogram>() + size_of::<Block>());
        assert_eq!(histogram.drain().map(|point| (point.count, point.sum)), Some((1, 5_000.0)));
        assert_eq!(histogram.drain(), None);
    }

    #[test]
    fn draining_while_others_count_loses_nothing_and_counts_nothing_twice() {
        const EACH: u64 = 200_000;
        let histogram = Arc::new(Histogram::default());
        let done = Arc::new(AtomicBool::new(false));
        let drainer = {
            let (histogram, done) = (Arc::clone(&histogram), Arc::clone(&done));
            std::thread::spawn(move || {
                let mut all = Point::default();
                loop {
                    let is_last = done.load(std::sync::atomic::Ordering::Acquire);
                    if let Some(point) = histogram.drain() {
                        all.merge(&point);
                    }
                    if is_last {
                        return all;
                    }
                }
            })
        };
        let counters: Vec<_> = (0..3_u64)
            .map(|nth| {
                let histogram = Arc::clone(&histogram);
                std::thread::spawn(move || {
                    (0..EACH).for_each(|n| histogram.record(n * 3 + nth));
                })
            })
            .collect();
        counters.into_iter().for_each(|counter| counter.join().unwrap());
        done.store(true, std::sync::atomic::Ordering::Release);
        let all = drainer.join().unwrap();
        let exact: u64 = (0..3 * EACH).sum();
        assert_eq!(all.count, 3 * EACH);
        assert_eq!(all.cells.iter().map(|(_, n)| n).sum::<u64>(), 3 * EACH);
        assert!((all.sum - as_float(exact)).abs() < 1.0, "{} for {exact}", all.sum);
        assert_eq!((all.min, all.max), (0.0, as_float(3 * EACH - 1)));
    }
}
