//! The few statistics every figure of a report rests on: quantiles and bootstrap intervals.

use galen_core::Entropy;

/// How many resamples a bootstrap interval draws.
pub const RESAMPLES: usize = 2_000;

/// From how many samples on a 95th percentile says anything; below, only the median is given. With
/// fewer than twenty the 95th percentile is their largest value under another name.
pub const P95_SAMPLES_MIN: usize = 20;

/// The quantile `q` (0 to 1) by linear interpolation between the closest ranks; `None` when empty.
pub fn quantile(samples: &[f64], q: f64) -> Option<f64> {
    let mut sorted: Vec<f64> =
        samples.iter().copied().filter(|sample| sample.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, q)
}

/// The median; `None` when empty.
pub fn median(samples: &[f64]) -> Option<f64> {
    quantile(samples, 0.5)
}

fn quantile_of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = q.clamp(0.0, 1.0) * last as f64;
    let low = position.floor() as usize;
    let high = position.ceil() as usize;
    let share = position - low as f64;
    Some(sorted[low] + (sorted[high] - sorted[low]) * share)
}

/// A 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether zero lies outside.
    pub fn excludes_zero(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// The bootstrap percentile interval (Efron 1979) of the relative change of the median, in
/// percent of the median before: −80 means that the time fell by 80 %.
///
/// `None` when either side is empty or the median before is zero.
pub fn median_change_percent(
    before: &[f64],
    after: &[f64],
    entropy: &dyn Entropy,
) -> Option<(f64, Interval)> {
    let base = median(before).filter(|value| *value > 0.0)?;
    let change = (median(after)? - base) / base * 100.0;
    let mut source = Draws::seeded(entropy);
    let mut changes: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let from = resampled_median(before, &mut source)?;
            let to = resampled_median(after, &mut source)?;
            (from > 0.0).then(|| (to - from) / from * 100.0)
        })
        .collect();
    changes.sort_by(f64::total_cmp);
    let low = quantile_of_sorted(&changes, 0.025)?;
    let high = quantile_of_sorted(&changes, 0.975)?;
    Some((change, Interval { low, high }))
}

fn resampled_median(samples: &[f64], source: &mut Draws) -> Option<f64> {
    let mut drawn: Vec<f64> =
        (0..samples.len()).map(|_| samples[source.below(samples.len())]).collect();
    drawn.sort_by(f64::total_cmp);
    quantile_of_sorted(&drawn, 0.5)
}

/// xorshift64* (Vigna 2016) seeded once: thousands of draws without thousands of system calls.
struct Draws(u64);

impl Draws {
    fn seeded(entropy: &dyn Entropy) -> Self {
        let mut seed = [0; 8];
        entropy.fill(&mut seed);
        Self(u64::from_le_bytes(seed) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let draw = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        draw as usize % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0x5a);
        }
    }

    #[test]
    fn a_median_lies_between_the_two_middle_samples() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_real_improvement_excludes_zero() {
        let before: Vec<f64> = (0..30).map(|i| 3000.0 + f64::from(i)).collect();
        let after: Vec<f64> = (0..30).map(|i| 20.0 + f64::from(i)).collect();
        let (change, interval) = median_change_percent(&before, &after, &Fixed).unwrap();
        assert!(change < -98.0 && interval.high < -98.0, "{change} {interval:?}");
    }

    #[test]
    fn the_same_numbers_do_not_exclude_zero() {
        let same: Vec<f64> = (0..30).map(|i| 10.0 + f64::from(i % 7)).collect();
        let (change, interval) = median_change_percent(&same, &same, &Fixed).unwrap();
        assert_eq!(change, 0.0);
        assert!(!interval.excludes_zero());
    }
}
