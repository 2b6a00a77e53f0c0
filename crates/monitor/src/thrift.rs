//! Thrift: a monitor that takes more of the CPU than it may does without something, and says so.

use serde::{Deserialize, Serialize};

/// Over its share in so many windows together, the monitor does without one thing more.
const OVER_WINDOWS: u32 = 3;
/// Below half of it in so many windows, one after the other, it takes one thing up again: five minutes.
const UNDER_WINDOWS: u32 = 30;

/// What the monitor does without; each also without what stands before it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Thrift {
    /// Nothing.
    #[default]
    Nothing,
    /// Detail: the splits that no rule judges are not written into the history.
    Detail,
    /// Lines of the log below `warn` are not kept.
    Lines,
    /// Gauges are sampled every five seconds instead of every second.
    Samples,
}

impl Thrift {
    /// Every degree, the mildest first.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Detail, Self::Lines, Self::Samples];

    /// Its name in annotations and logs.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Detail => "detail",
            Self::Lines => "lines",
            Self::Samples => "samples",
        }
    }

    fn step(self, more: bool) -> Self {
        let at = self as usize;
        let next = if more { (at + 1).min(Self::ALL.len() - 1) } else { at.saturating_sub(1) };
        Self::ALL[next]
    }
}

/// The monitor's share of the CPU, and what it does to stay within it.
#[derive(Debug)]
pub(crate) struct CpuBudget {
    /// The most of one core it may take: 0.05 is a twentieth.
    cap: f64,
    thrift: Thrift,
    /// What the windows since the last change came to.
    spent_ns: u64,
    elapsed_ns: u64,
    windows: u32,
    calm_windows: u32,
}

/// That the degree of thrift changed, with the share that made it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ThriftChange {
    /// What it does without from now on.
    pub without: Thrift,
    /// The share of one core it took, as a ratio.
    pub share: f64,
    /// The share it may take, as a ratio.
    pub cap: f64,
}

impl CpuBudget {
    pub fn new(cap: f64) -> Self {
        Self {
            cap,
            thrift: Thrift::Nothing,
            spent_ns: 0,
            elapsed_ns: 0,
            windows: 0,
            calm_windows: 0,
        }
    }

    pub fn thrift(&self) -> Thrift {
        self.thrift
    }

    /// Takes in what a window cost, and gives what changes because of it.
    pub fn note(&mut self, spent_ns: u64, elapsed_ns: u64) -> Option<ThriftChange> {
        let share = |spent_ns: u64, elapsed_ns: u64| ratio(spent_ns) / ratio(elapsed_ns.max(1));
        self.spent_ns += spent_ns;
        self.elapsed_ns += elapsed_ns;
        self.windows += 1;
        let is_calm = share(spent_ns, elapsed_ns) < self.cap / 2.0;
        self.calm_windows = if is_calm { self.calm_windows + 1 } else { 0 };
        let together = share(self.spent_ns, self.elapsed_ns);
        if self.windows >= OVER_WINDOWS {
            (self.spent_ns, self.elapsed_ns, self.windows) = (0, 0, 0);
            if together > self.cap {
                return self.change(true, together);
            }
        }
        if self.calm_windows >= UNDER_WINDOWS {
            self.calm_windows = 0;
            return self.change(false, share(spent_ns, elapsed_ns));
        }
        None
    }

    fn change(&mut self, more: bool, share: f64) -> Option<ThriftChange> {
        let next = self.thrift.step(more);
        let before = std::mem::replace(&mut self.thrift, next);
        (before != next).then_some(ThriftChange { without: self.thrift, share, cap: self.cap })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio; 53 bits are enough")]
fn ratio(ns: u64) -> f64 {
    ns as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_NS: u64 = 10_000_000_000;

    fn windows(budget: &mut CpuBudget, n: u32, percent: u64) -> Vec<Thrift> {
        let note = |_| budget.note(WINDOW_NS / 100 * percent, WINDOW_NS);
        (0..n).filter_map(note).map(|change| change.without).collect()
    }

    #[test]
    fn over_its_share_it_does_without_one_thing_after_the_other_and_no_more_than_there_are() {
        let mut budget = CpuBudget::new(0.05);
        assert_eq!(
            windows(&mut budget, 60, 9),
            [Thrift::Detail, Thrift::Lines, Thrift::Samples],
            "each is told once"
        );
    }

    #[test]
    fn one_dear_window_changes_nothing() {
        let mut budget = CpuBudget::new(0.05);
        for _ in 0..20 {
            assert_eq!(windows(&mut budget, 1, 9), []);
            assert_eq!(windows(&mut budget, 2, 1), []);
        }
    }

    #[test]
    fn what_it_did_without_comes_back_after_five_calm_minutes_and_not_at_the_border() {
        let mut budget = CpuBudget::new(0.05);
        assert_eq!(windows(&mut budget, 6, 9), [Thrift::Detail, Thrift::Lines]);
        assert_eq!(windows(&mut budget, 200, 3), [], "that would flap");
        assert_eq!(windows(&mut budget, 29, 1), []);
        assert_eq!(windows(&mut budget, 1, 1), [Thrift::Detail]);
        assert_eq!(windows(&mut budget, 30, 1), [Thrift::Nothing]);
        assert_eq!(windows(&mut budget, 90, 1), []);
    }
}
