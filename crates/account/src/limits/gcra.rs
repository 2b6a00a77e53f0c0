//! The rule by which attempts are counted: GCRA, one number a key.
//!
//! The generic cell rate algorithm (ITU-T I.371, "virtual scheduling") keeps for each key only its
//! theoretical arrival time: the moment until which its past attempts have used up the allowance.
//! With `T` = period ÷ attempts, and `now` on the monotonic clock:
//!
//! ```text
//! take       tat' = max(tat, now) + T       allowed if tat' − now ≤ attempts · T
//! wait       tat' − now − attempts · T      when it is not allowed; nothing is changed
//! give back  tat' = tat − min(T, what of this attempt's own T is not yet past)
//! ```
//!
//! So `attempts` are possible at once, then one every `T`. A key whose `tat` is past is as good as
//! unknown, and may be forgotten.

use crate::Rate;

/// A rate in the form the rule needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gcra {
    interval_ns: u64,
    burst_ns: u64,
}

impl Gcra {
    pub(super) fn new(rate: Rate) -> Self {
        let attempts = u64::from(rate.attempts.max(1));
        let interval_ns = (rate.per_ms.saturating_mul(1_000_000) / attempts).max(1);
        Self { interval_ns, burst_ns: interval_ns.saturating_mul(attempts) }
    }

    /// How far ahead of now the arrival time may be: the whole allowance, in nanoseconds.
    pub(super) fn burst_ns(self) -> u64 {
        self.burst_ns
    }

    /// Takes one attempt: the new theoretical arrival time, or how long to wait, in nanoseconds.
    pub(super) fn take(self, tat_ns: u64, now_ns: u64) -> Result<u64, u64> {
        let next_ns = tat_ns.max(now_ns).saturating_add(self.interval_ns);
        let ahead_ns = next_ns - now_ns;
        if ahead_ns <= self.burst_ns { Ok(next_ns) } else { Err(ahead_ns - self.burst_ns) }
    }

    /// Gives back at `now_ns` the attempt that had moved the arrival time to `taken_ns`. What time
    /// has refilled already is not given a second time.
    pub(super) fn give_back(self, tat_ns: u64, taken_ns: u64, now_ns: u64) -> u64 {
        let still_out_ns = taken_ns.saturating_sub(now_ns).min(self.interval_ns);
        tat_ns.saturating_sub(still_out_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    fn ten_in_five_minutes() -> Gcra {
        Gcra::new(Rate { attempts: 10, per_ms: 300_000 })
    }

    #[test]
    fn ten_at_once_then_one_every_thirty_seconds() {
        let rule = ten_in_five_minutes();
        let now_ns = 7 * SECOND_NS;
        let mut tat_ns = 0;
        for _ in 0..10 {
            tat_ns = rule.take(tat_ns, now_ns).expect("within the limit");
        }
        assert_eq!(rule.take(tat_ns, now_ns), Err(30 * SECOND_NS));
        assert_eq!(rule.take(tat_ns, now_ns + 29 * SECOND_NS), Err(SECOND_NS));
        assert!(rule.take(tat_ns, now_ns + 30 * SECOND_NS).is_ok());
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_once() {
        let rule = ten_in_five_minutes();
        let mut tat_ns = 0;
        for _ in 0..10 {
            tat_ns = rule.take(tat_ns, 0).expect("within the limit");
        }
        let back_ns = rule.give_back(tat_ns, tat_ns, 0);
        let again_ns = rule.take(back_ns, 0).expect("one more");
        assert!(rule.take(again_ns, 0).is_err());
    }

    #[test]
    fn what_time_has_refilled_is_not_given_back_as_well() {
        let rule = ten_in_five_minutes();
        let first_ns = rule.take(0, 0).expect("within the limit");
        let now_ns = 31 * SECOND_NS;
        let second_ns = rule.take(first_ns, now_ns).expect("within the limit");
        assert_eq!(rule.give_back(second_ns, first_ns, now_ns), second_ns);
    }

    #[test]
    fn a_rate_of_nothing_is_one() {
        let rule = Gcra::new(Rate { attempts: 0, per_ms: 0 });
        assert!(rule.take(0, 0).is_ok());
    }
}
