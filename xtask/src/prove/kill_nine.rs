//! 200 times `kill -9` under write load: what was acknowledged is there, what was revoked is dead.

use std::time::Duration;

use anyhow::Result;

use super::acked::{self, Cast};
use super::server::Setup;
use super::statistics::{Dice, median};
use super::tally::Tally;
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;

/// Runs the kills of this slice on a database of its own.
///
/// # Errors
/// When the server does not come back, which is a failed proof as well.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let rounds = ask.rounds_of(200, 10);
    let dir = ground::clear(&format!("kill-nine-{}", ask.slice.0))?;
    let setup = Setup::new(ask, &dir)?.without_limits();
    Cast::hire(&setup)?;
    let mut dice = Dice::new(ask.seed.wrapping_add(u64::from(ask.slice.0)));
    let mut tally = Tally::default();
    let mut back_after_ms = Vec::new();
    let mut server = setup.start()?;
    let cast = Cast::enter(server.port)?;
    for round in 1..=rounds {
        let wait = Duration::from_millis(dice.between(60, 700));
        let port = server.port;
        let (acked, ()) = acked::write_until(port, &cast, u64::from(round), || {
            std::thread::sleep(wait);
            server.kill_nine()
        })?;
        server = setup.start()?;
        back_after_ms.push(server.ready_after.as_secs_f64() * 1000.0);
        let seen = acked::verify(server.port, &cast, &acked)?;
        tally.add("kills", 1);
        tally.merge(&seen);
        if round % 20 == 0 {
            say::line(format_args!(
                "{round} of {rounds} kills, {} notifications acknowledged",
                tally.get("notifications")
            ));
        }
    }
    let panics = server.panics();
    server.stop()?;
    tally.add("panics", panics);
    let all = tally.with_other_slices("kill-nine", ask)?;
    Ok(outcome(&all, &back_after_ms))
}

fn outcome(all: &Tally, back_after_ms: &[f64]) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.add(Figure::count("kills", all.get("kills"), Goal::AtLeast(1.0)));
    let none = Goal::AtMost(0.0);
    for (what, of) in [
        ("logins lost", "logins"),
        ("revoked sessions alive", "logouts"),
        ("notifications lost", "notifications"),
    ] {
        let beside = format!("{} {of} acknowledged", all.get(of));
        outcome.add(Figure::count(what, all.get(what), none).beside(beside));
        outcome.add(Figure::count(format!("{of} acknowledged"), all.get(of), Goal::AtLeast(1.0)));
    }
    outcome.add(Figure::count("standing sessions lost", all.get("standing sessions lost"), none));
    outcome.add(Figure::count("panics", all.get("panics"), none));
    let back = Figure::new(
        "start to first answer, median",
        median(back_after_ms),
        "ms",
        Goal::AtMost(1000.0),
    );
    outcome.add(back.spread(back_after_ms));
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_which_nothing_was_acknowledged_proves_nothing() {
        let mut tally = Tally::default();
        tally.add("kills", 200);
        assert!(!outcome(&tally, &[5.0]).is_met());
        for what in ["logins", "logouts", "notifications"] {
            tally.add(what, 9);
        }
        assert!(outcome(&tally, &[5.0]).is_met());
        tally.add("revoked sessions alive", 1);
        assert!(!outcome(&tally, &[5.0]).is_met());
    }
}
