//! Prometheus from Debian scrapes `/metrics`, and its own checker finds nothing to say.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::server::{Galen, Setup};
use super::web::{Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground, people};
use crate::packages::{self, Occasion};
use crate::shell::Cmd;

/// The token of the scrape, as an operator would choose it.
const TOKEN: &str = "a-token-of-the-proof-that-opens-nothing-else-0123456789";

/// Within this time after the start every sampler must have had its turn.
const SAMPLED_WITHIN: Duration = Duration::from_secs(30);

/// Some traffic, then promtool, then a real Prometheus.
///
/// # Errors
/// When the server or Prometheus does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    packages::ensure(Occasion::Prove)?;
    let dir = ground::clear("metrics-scrape")?;
    let token_file = dir.join("metrics.token");
    std::fs::write(&token_file, format!("{TOKEN}\n"))?;
    Cmd::new("chmod").arg("600").arg(&token_file).run()?;
    let setup = Setup::new(ask, &dir)?
        .set("GALEN__MONITOR__METRICS_TOKEN_FILE", &token_file.to_string_lossy());
    people::add(&setup, "admin@example.org", true)?;
    let server = setup.start()?;
    traffic(&server)?;
    let mut client = server.client();
    let anonymous = client.send(&Request::get("/metrics"))?.status;
    let scrape = Request::get("/metrics").header("authorization", &format!("Bearer {TOKEN}"));
    let mut metrics = client.send(&scrape)?;
    // The size of the database is sampled every ten seconds; with it, every sampler had its turn.
    let began = Instant::now();
    while !metrics.body.contains("\ngalen_database_bytes") && began.elapsed() < SAMPLED_WITHIN {
        std::thread::sleep(Duration::from_millis(500));
        metrics = client.send(&scrape)?;
    }
    let checked = Cmd::new("promtool").args(["check", "metrics"]).input(&metrics.body).output()?;
    let mut outcome = Outcome::default();
    outcome.add(Figure::holds("without the token: 401", anonymous == 401));
    outcome.add(Figure::holds("with it: 200", metrics.status == 200));
    let said = format!("{}{}", checked.stdout, checked.stderr);
    outcome.add(Figure::new("promtool: exit code", f64::from(checked.code), "", Goal::AtMost(0.0)));
    let lines = said.lines().filter(|line| !line.trim().is_empty()).count() as u64;
    outcome.add(Figure::count("promtool: lines of complaint", lines, Goal::AtMost(0.0)));
    if lines > 0 {
        outcome.note(said);
    }
    let families = metrics.body.lines().filter(|line| line.starts_with("# TYPE ")).count() as u64;
    outcome.add(Figure::count("metrics", families, Goal::AtLeast(20.0)));
    let bytes = metrics.body.len() as f64 / 1024.0;
    outcome.add(Figure::new("size of the answer", bytes, "KiB", Goal::Shown));
    scraped(&server, &dir, &mut outcome)?;
    server.stop()?;
    Ok(outcome)
}

fn traffic(server: &Galen) -> Result<()> {
    let mut client = server.client();
    let admin = people::login(&mut client, "admin@example.org")?;
    let id = people::user_id(&mut client, &admin)?;
    for number in 0..50 {
        let body = json!({"user_id": id, "category": "proof", "level": "info", "title": format!("n {number}"), "body": "b"});
        client.send(&admin.sign(Request::post("/api/admin/notifications", &body)))?;
        client.send(&admin.sign(Request::get("/api/notifications")))?;
        client.send(&Request::get("/api/me"))?;
        client.send(&Request::get("/no/such/path"))?;
    }
    Ok(())
}

/// Starts Prometheus on the server and asks it whether it is up and what it counted.
fn scraped(server: &Galen, dir: &std::path::Path, outcome: &mut Outcome) -> Result<()> {
    let port = ground::free_port()?;
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n  - job_name: galen\n    authorization: {{credentials: {TOKEN}}}\n    static_configs: [{{targets: ['127.0.0.1:{}']}}]\n",
        server.port
    );
    let file = dir.join("prometheus.yml");
    std::fs::write(&file, config)?;
    let running = Cmd::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", dir.join("tsdb").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .log_to(&dir.join("prometheus.log"))?
        .spawn()?;
    let began = Instant::now();
    let mut prometheus = Client::new(port);
    let mut ask = |query: &str| -> Option<f64> {
        let answer =
            prometheus.send(&Request::get(&format!("/api/v1/query?query={query}"))).ok()?;
        answer.json()["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    };
    let counted = loop {
        let up = ask("up%7Bjob%3D%22galen%22%7D");
        let counted = ask("sum(galen_http_request_seconds_count)");
        if up == Some(1.0) && counted.is_some_and(|counted| counted >= 200.0) {
            break counted.context("Prometheus counted nothing")?;
        }
        if began.elapsed() > Duration::from_secs(60) {
            bail!("Prometheus does not see Galen: up {up:?}, requests {counted:?}");
        }
        std::thread::sleep(Duration::from_millis(300));
    };
    let failed = ask("sum(rate(prometheus_target_scrapes_sample_out_of_order_total%5B1m%5D))");
    outcome.add(Figure::new("Prometheus: requests counted", counted, "", Goal::AtLeast(200.0)));
    outcome.add(Figure::new(
        "Prometheus: samples out of order",
        failed.unwrap_or(0.0),
        "",
        Goal::AtMost(0.0),
    ));
    running.terminate()?;
    Ok(())
}
