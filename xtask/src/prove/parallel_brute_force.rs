//! 200 wrong passwords at once for one account cost no more hashes than the limit allows.

use std::sync::Barrier;

use anyhow::{Context, Result};

use super::people::login_request;
use super::server::{Setup, cpu_ms};
use super::web::{Answer, Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground, people};

const VICTIM: &str = "victim@example.org";
const ATTEMPTS: usize = 200;

/// Failed passwords an account may cost in a burst: the default of `limits.account`.
const LIMIT: f64 = 10.0;

/// Attacks with the limits as they come out of the box.
///
/// # Errors
/// When Galen does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("parallel-brute-force")?;
    let setup = Setup::new(ask, &dir)?;
    people::add(&setup, VICTIM, false)?;
    let server = setup.start()?;
    let before = cpu_ms(server.pid())?;
    let answers = attack(server.port);
    let spent = cpu_ms(server.pid())? - before;
    let mut outcome = judged(&answers);
    outcome.add(Figure::new("processor time of all 200", spent, "ms", Goal::Shown));
    let alive = server.client().send(&Request::get("/livez")).context("dead after the attack")?;
    outcome.add(Figure::holds("alive afterwards", alive.status == 200));
    outcome.add(Figure::count("panics in the log", server.panics(), Goal::AtMost(0.0)));
    server.stop()?;
    Ok(outcome)
}

/// What the answers say: tried, refused before the work, or neither.
fn judged(answers: &[Option<Answer>]) -> Outcome {
    let of = |status: u16| answers.iter().flatten().filter(move |answer| answer.status == status);
    let unanswered = answers.iter().filter(|answer| answer.is_none()).count() as u64;
    let refusals = || of(429).chain(of(401));
    let told_when = of(429).all(|answer| answer.header("retry-after").is_some());
    let mut outcome = Outcome::default();
    let tried = of(401).count() as u64;
    outcome.add(Figure::count("passwords tried (401)", tried, Goal::AtMost(LIMIT)));
    outcome.add(Figure::count("... and at least one", tried, Goal::AtLeast(1.0)));
    let refused = of(429).count() as u64;
    outcome.add(Figure::count(
        "refused before hashing (429)",
        refused,
        Goal::AtLeast(200.0 - LIMIT),
    ));
    outcome.add(Figure::holds("every 429 says Retry-After", told_when));
    outcome.add(Figure::holds("every refusal is a problem", refusals().all(Answer::is_problem)));
    outcome.add(Figure::count("without an answer", unanswered, Goal::AtMost(0.0)));
    outcome
}

/// Opens 200 connections and lets all requests go at the same moment.
fn attack(port: u16) -> Vec<Option<Answer>> {
    let gate = Barrier::new(ATTEMPTS);
    std::thread::scope(|scope| {
        let guess = |number: usize| {
            let gate = &gate;
            scope.spawn(move || {
                let mut client = Client::new(port);
                let ready = client.send(&Request::get("/livez")).is_ok();
                gate.wait();
                let wrong = format!("not the password number {number}");
                client.send(&login_request(VICTIM, &wrong)).ok().filter(|_| ready)
            })
        };
        let guesses: Vec<_> = (0..ATTEMPTS).map(guess).collect();
        guesses.into_iter().map(|guess| guess.join().ok().flatten()).collect()
    })
}
