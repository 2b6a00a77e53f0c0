//! Whether the time of an answer says that an address has an account: asked in pairs, known and unknown.

use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

use super::server::Setup;
use super::statistics::median;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground, people};

const KNOWN: &str = "known@example.org";
const PAIRS: u32 = 2_000;
const QUICK_PAIRS: u32 = 100;

/// Asks for resets and registers, in pairs whose order changes.
///
/// # Errors
/// When Galen does not start or an answer is not the one for all.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("enumeration")?;
    let setup = Setup::new(ask, &dir)?.without_limits();
    people::add(&setup, KNOWN, false)?;
    let server = setup.start()?;
    let pairs = ask.rounds.unwrap_or(if ask.quick { QUICK_PAIRS } else { PAIRS });
    let mut outcome = Outcome::default();
    let reset = |email: &str| json!({ "email": email });
    let register = |email: &str| json!({ "email": email, "password": people::PASSWORD });
    let mut client = server.client();
    for (name, path, form) in [
        ("reset", "/api/auth/forgot", &reset as &dyn Fn(&str) -> Value),
        ("registration", "/api/auth/register", &register),
    ] {
        let (mut known, mut unknown, mut differ) = (Vec::new(), Vec::new(), 0);
        for pair in 0..pairs {
            let stranger = form(&format!("{name}-{pair}@example.org"));
            let (one, other) = if pair % 2 == 0 {
                let one = timed(&mut client, path, &form(KNOWN))?;
                (one, timed(&mut client, path, &stranger)?)
            } else {
                let other = timed(&mut client, path, &stranger)?;
                (timed(&mut client, path, &form(KNOWN))?, other)
            };
            differ += u64::from(one.1 != other.1);
            known.push(one.0);
            unknown.push(other.0);
        }
        let area = area(&known, &unknown);
        let apart = area.max(1.0 - area);
        let of = |what: &str| format!("{name}: {what}");
        outcome.add(Figure::new(of("AUC"), apart, "", Goal::AtMost(0.55)));
        let difference = (median(&known) - median(&unknown)).abs();
        outcome.add(Figure::new(of("medians apart"), difference, "ms", Goal::AtMost(1.0)));
        outcome.add(Figure::count(of("answers that differ"), differ, Goal::AtMost(0.0)));
    }
    server.stop()?;
    Ok(outcome)
}

/// How long the answer took in milliseconds, and what it said.
fn timed(client: &mut Client, path: &str, form: &Value) -> Result<(f64, (u16, String))> {
    let request = Request::post(path, form);
    let began = Instant::now();
    let answer = client.send(&request)?;
    Ok((began.elapsed().as_secs_f64() * 1e3, (answer.status, answer.body)))
}

/// How likely one of the first is above one of the second: 0.5 says that nothing tells them apart (the
/// area under the ROC curve, by ranks).
fn area(first: &[f64], second: &[f64]) -> f64 {
    let mut above = 0.0;
    for one in first {
        for other in second {
            above += if one > other { 1.0 } else { f64::from(one >= other) / 2.0 };
        }
    }
    let pairs = first.len() * second.len();
    above / f64::from(u32::try_from(pairs.max(1)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::area;

    #[test]
    fn what_is_alike_has_half_the_area_and_what_is_apart_all_of_it() {
        assert!((area(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]) - 0.5).abs() < 1e-9);
        assert!((area(&[4.0, 5.0], &[1.0, 2.0]) - 1.0).abs() < 1e-9);
    }
}
