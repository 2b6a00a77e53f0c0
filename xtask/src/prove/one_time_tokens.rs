//! A hundred who use one mailed link at the same moment: one wins, in every round.

use std::sync::Barrier;

use anyhow::Result;
use serde_json::json;

use super::server::Setup;
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground, mailbox, people};

const USER: &str = "user@example.org";
const RACERS: usize = 100;
const ROUNDS: u32 = 100;
const QUICK_ROUNDS: u32 = 5;

/// Races for links that set a password.
///
/// # Errors
/// When Galen does not start or a mail does not come.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("one-time-tokens")?;
    let setup = Setup::new(ask, &dir)?.without_limits();
    people::add(&setup, USER, false)?;
    let server = setup.start()?;
    let rounds = ask.rounds.unwrap_or(if ask.quick { QUICK_ROUNDS } else { ROUNDS });
    let (mut one, mut none, mut several, mut odd) = (0, 0, 0, 0);
    for round in 1..=rounds {
        server.client().send(&Request::post("/api/auth/forgot", &json!({ "email": USER })))?;
        // Each round leaves two captured mails: the link, and the word that the password was changed.
        let secret = mailbox::newest_secret(&setup, 2 * round as usize - 1)?;
        let statuses = race(server.port, &secret);
        odd += statuses.iter().filter(|status| ![200, 403, 503].contains(*status)).count() as u64;
        match statuses.iter().filter(|status| **status == 200).count() {
            0 => none += 1,
            1 => one += 1,
            _ => several += 1,
        }
    }
    let mut outcome = Outcome::default();
    let all = f64::from(rounds);
    outcome.add(Figure::count("rounds with exactly one winner", one, Goal::AtLeast(all)));
    outcome.add(Figure::count("rounds with several", several, Goal::AtMost(0.0)));
    outcome.add(Figure::count("rounds with none", none, Goal::AtMost(0.0)));
    outcome.add(Figure::count("answers but 200, 403 and 503", odd, Goal::AtMost(0.0)));
    outcome.add(Figure::count("panics in the log", server.panics(), Goal::AtMost(0.0)));
    server.stop()?;
    Ok(outcome)
}

/// Lets all requests go at the same moment; gives their statuses, 0 where there was no answer.
fn race(port: u16, secret: &str) -> Vec<u16> {
    let gate = Barrier::new(RACERS);
    let form = json!({ "token": secret, "password": "nine slow herons over a lake" });
    let request = Request::post("/api/auth/reset", &form);
    std::thread::scope(|scope| {
        let racer = |_| {
            let (gate, request) = (&gate, &request);
            scope.spawn(move || {
                let mut client = Client::new(port);
                let ready = client.send(&Request::get("/livez")).is_ok();
                gate.wait();
                client.send(request).map_or(0, |answer| if ready { answer.status } else { 0 })
            })
        };
        let racers: Vec<_> = (0..RACERS).map(racer).collect();
        racers.into_iter().map(|racer| racer.join().unwrap_or(0)).collect()
    })
}
