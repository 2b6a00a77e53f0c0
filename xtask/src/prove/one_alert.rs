//! A writer lock that degrades twelve endpoints pages once and resolves once, silenced or not.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::crowd::{self, Lane};
use super::holder::Holder;
use super::people::{self, PASSWORD, Session};
use super::server::{Galen, Setup};
use super::web::Request;
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;

const ADMIN: &str = "admin@example.org";
const USER: &str = "user@example.org";
/// How long the alert may take to fire, and to be over.
const PATIENCE: Duration = Duration::from_secs(240);

/// When the alert is silenced.
#[derive(Clone, Copy, PartialEq)]
enum Silenced {
    Never,
    AfterItFired,
    AllAlong,
}

/// One scenario on a server of its own: calm, the lock, calm again; then the inbox is counted.
///
/// # Errors
/// When the server or the holder of the lock does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let scenarios = [
        ("never silenced", Silenced::Never, 1),
        ("silenced after it fired", Silenced::AfterItFired, 1),
        ("silenced all along", Silenced::AllAlong, 0),
    ];
    let mut outcome = Outcome::default();
    let (index, of) = ask.slice;
    let mine = |number: usize| of == 1 || number as u32 % of + 1 == index;
    let all = if ask.quick { 1 } else { scenarios.len() };
    for (_, (name, silenced, pages)) in
        scenarios.iter().enumerate().take(all).filter(|(n, _)| mine(*n))
    {
        say::line(format_args!("scenario: {name}"));
        let seen = scenario(ask, *silenced)?;
        let exactly = |outcome: &mut Outcome, what: &str, value: u64, wanted: u32| {
            let wanted = f64::from(wanted);
            outcome.add(Figure::count(format!("{name}: {what}"), value, Goal::AtMost(wanted)));
            outcome.add(Figure::count("... and not fewer", value, Goal::AtLeast(wanted)));
        };
        exactly(&mut outcome, "messages that it fires", seen.firing, *pages);
        exactly(&mut outcome, "messages that it is over", seen.resolved, 1);
        outcome.add(
            Figure::count(
                format!("{name}: endpoints degraded under the one alert"),
                seen.routes,
                Goal::AtLeast(12.0),
            )
            .beside(format!("cause {}, {} symptoms", seen.cause, seen.symptoms)),
        );
        outcome.add(Figure::holds(
            format!("{name}: the cause is writer_lock"),
            seen.cause == "writer_lock",
        ));
        exactly(&mut outcome, "alerts firing at the same time, at most", seen.at_once, 1);
        outcome.add(Figure::new(
            format!("{name}: fired after"),
            seen.fired_after_s,
            "s",
            Goal::Shown,
        ));
    }
    Ok(outcome)
}

#[derive(Default)]
struct Seen {
    firing: u64,
    resolved: u64,
    routes: u64,
    symptoms: u64,
    at_once: u64,
    cause: String,
    fired_after_s: f64,
}

fn scenario(ask: &Ask, silenced: Silenced) -> Result<Seen> {
    let dir = ground::clear("one-alert")?;
    let setup = Setup::new(ask, &dir)?.without_limits();
    people::add(&setup, ADMIN, true)?;
    people::add(&setup, USER, false)?;
    let server = setup.start()?;
    let watch = Watch::new(&server)?;
    if silenced == Silenced::AllAlong {
        watch.silence()?;
    }
    let stop = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        scope.spawn(|| degrade(&server, &watch, &stop));
        let seen = watch_it(&setup, &watch, silenced);
        stop.store(true, Ordering::Relaxed);
        seen
    });
    let mut seen = seen?;
    watch.count(&mut seen)?;
    server.stop()?;
    Ok(seen)
}

/// Lets the crowd walk: twelve endpoints that write, each once a second.
fn degrade(server: &Galen, watch: &Watch, stop: &AtomicBool) {
    let requests: Vec<Box<dyn Fn(u64) -> Request + Sync>> = watch.twelve();
    let lanes: Vec<Lane<'_>> = requests
        .iter()
        .map(|next| Lane { per_second: 1.0, connections: 12, next: &**next })
        .collect();
    crowd::walk(server.port, &lanes, Duration::from_secs(900), stop);
}

fn watch_it(setup: &Setup, watch: &Watch, silenced: Silenced) -> Result<Seen> {
    std::thread::sleep(Duration::from_secs(15));
    let holder = Holder::take(&setup.database())?;
    let began = Instant::now();
    let mut seen = Seen::default();
    let mut routes = BTreeSet::new();
    // The lock stays until twelve endpoints are seen to suffer, and then some.
    while routes.len() < 12 || began.elapsed() < Duration::from_secs(60) {
        if began.elapsed() > PATIENCE {
            say::line(format_args!("only {} endpoints degraded", routes.len()));
            break;
        }
        let firing = watch.firing()?;
        if seen.fired_after_s == 0.0 && !firing.is_empty() {
            seen.fired_after_s = began.elapsed().as_secs_f64();
        }
        seen.at_once = seen.at_once.max(firing.len() as u64);
        for alert in &firing {
            seen.cause = alert["cause"].as_str().unwrap_or_default().to_owned();
            let symptoms = alert["symptoms"].as_array().cloned().unwrap_or_default();
            seen.symptoms = seen.symptoms.max(symptoms.len() as u64);
            let object = |symptom: &Value| symptom["object"].as_str().map(str::to_owned);
            routes.extend(symptoms.iter().filter_map(object).filter(|o| o.contains('/')));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    seen.routes = routes.len() as u64;
    holder.let_go()?;
    if silenced == Silenced::AfterItFired {
        // The inbox lies behind the lock, so the message comes when that is gone.
        let told = Instant::now();
        while watch.told()?.0 == 0 && told.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(100));
        }
        watch.silence()?;
    }
    let freed = Instant::now();
    while !watch.open()?.is_empty() {
        if freed.elapsed() > PATIENCE {
            bail!("alerts are still open: {:?}", watch.open()?);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    // Late messages would come now.
    std::thread::sleep(Duration::from_secs(15));
    Ok(seen)
}

/// The admin who watches, and the user whose requests suffer.
struct Watch {
    port: u16,
    admin: Session,
    user: Session,
    user_id: String,
}

impl Watch {
    fn new(server: &Galen) -> Result<Self> {
        let mut client = server.client();
        let admin = people::login(&mut client, ADMIN)?;
        let user = people::login(&mut client, USER)?;
        let user_id = people::user_id(&mut client, &user)?;
        Ok(Self { port: server.port, admin, user, user_id })
    }

    fn ask(&self, request: Request) -> Result<Value> {
        let answer = super::web::Client::new(self.port).send(&self.admin.sign(request))?;
        if answer.status >= 300 {
            bail!("the API answered {}: {}", answer.status, answer.body);
        }
        Ok(answer.json())
    }

    /// Alerts that are not over.
    fn open(&self) -> Result<Vec<Value>> {
        let alerts = self.ask(Request::get("/api/admin/alerts"))?;
        alerts["alerts"].as_array().cloned().context("no list of alerts")
    }

    fn firing(&self) -> Result<Vec<Value>> {
        let is_firing = |alert: &Value| alert["state"] == "firing";
        Ok(self.open()?.into_iter().filter(is_firing).collect())
    }

    fn silence(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            let ends = json!({"matches": "*", "reason": "the proof of one alert", "for_s": 3600});
            let asked = self.ask(Request::post("/api/admin/alerts/silences", &ends));
            match asked {
                Ok(_) => return Ok(()),
                Err(error) if began.elapsed() > Duration::from_secs(20) => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    /// Keeps what the admin's inbox holds.
    fn count(&self, seen: &mut Seen) -> Result<()> {
        (seen.firing, seen.resolved) = self.told()?;
        Ok(())
    }

    /// How many messages in the admin's inbox tell that it fires, and how many that it is over.
    fn told(&self) -> Result<(u64, u64)> {
        let (mut firing, mut resolved) = (0, 0);
        let inbox = self.ask(Request::get("/api/notifications?limit=100"))?;
        let items = inbox["items"].as_array().context("no inbox")?;
        for item in items.iter().filter(|item| item["category"] == "alert") {
            match item["params"]["telling"].as_str() {
                Some("firing") => firing += 1,
                Some("resolved") => resolved += 1,
                other => bail!("a message of the monitor tells {other:?}"),
            }
        }
        Ok((firing, resolved))
    }

    /// Twelve endpoints that write.
    fn twelve(&self) -> Vec<Box<dyn Fn(u64) -> Request + Sync>> {
        let (admin, user, id) = (self.admin.clone(), self.user.clone(), self.user_id.clone());
        let by = |who: &Session, make: fn(u64, &str) -> Request| {
            let (who, id) = (who.clone(), id.clone());
            let next: Box<dyn Fn(u64) -> Request + Sync> =
                Box::new(move |n| who.sign(make(n, &id)));
            next
        };
        vec![
            Box::new(|_| people::login_request(USER, PASSWORD)),
            by(&user, |n, _| Request::patch("/api/me", &json!({"name": format!("name {n}")}))),
            by(&user, |_, _| Request::post_empty("/api/notifications/mark-all-read")),
            by(&user, |_, _| {
                let id = "01900000-0000-7000-8000-000000000001";
                Request::post("/api/notifications/mark-read", &json!({"ids": [id]}))
            }),
            by(&user, |_, _| {
                Request::post("/api/auth/reauthenticate", &json!({"password": "wrong on purpose"}))
            }),
            by(&user, |_, _| {
                Request::delete("/api/me/sessions/01900000-0000-7000-8000-000000000002")
            }),
            by(&admin, |n, id| {
                let body = json!({"user_id": id, "category": "proof", "level": "info", "title": format!("n {n}"), "body": "b"});
                Request::post("/api/admin/notifications", &body)
            }),
            by(&admin, |n, _| {
                let body = json!({"email": format!("new{n}@example.org"), "password": PASSWORD, "role": "user", "name": ""});
                Request::post("/api/admin/users", &body)
            }),
            by(&admin, |n, id| {
                let body = json!({"name": format!("renamed {n}")});
                Request::patch(&format!("/api/admin/users/{id}"), &body)
            }),
            by(&admin, |_, _| {
                Request::delete("/api/admin/users/01900000-0000-7000-8000-000000000003")
            }),
            by(&admin, |_, _| {
                Request::delete("/api/admin/sessions/01900000-0000-7000-8000-000000000004")
            }),
            by(&admin, |_, _| {
                let body = json!({"matches": "no such thing", "reason": "a write like any other", "for_s": 60});
                Request::post("/api/admin/alerts/silences", &body)
            }),
        ]
    }
}
