//! The running Galen examines itself and others: in a process of its own, begun over the API, kept
//! beside the database.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use galen_tests::client::Client;
use galen_tests::galen::{Galen, free_port};
use serde_json::{Value, json};

const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "seven quiet herons on a pier";
/// An examination takes under a minute on a machine of its own; this one is shared with other tests.
const PATIENCE: Duration = Duration::from_secs(170);

/// Begins an examination and waits for its end.
fn examined(admin: &Client, path: &str, order: &Value) -> Result<Value> {
    let begun = admin.change("POST", path, order)?;
    ensure!(begun.status == 202, "{} {}", begun.status, begun.body);
    let id = begun.json()["id"].as_str().context("an id")?.to_owned();
    let until = Instant::now() + PATIENCE;
    loop {
        let whole = admin.get(&format!("/api/admin/examinations/{id}?language=fa"))?.json();
        let state = whole["examination"]["state"].as_str().unwrap_or_default();
        if !matches!(state, "queued" | "running") {
            return Ok(whole);
        }
        ensure!(Instant::now() < until, "it does not end: {}", whole["progress"]);
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn a_target_by_name_is_examined_and_its_report_is_kept_in_two_languages() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nobody = free_port()?;
    let target = format!("[[target]]\nname = \"shop\"\nurl = \"http://127.0.0.1:{nobody}\"\n");
    std::fs::write(folder.path().join("galen.toml"), target)?;
    let galen = Galen::start_in(folder, free_port()?, &[])?;
    galen.add_user(EMAIL, PASSWORD, true)?;
    let admin = Client::new(&galen.url());
    admin.sign_in(EMAIL, PASSWORD)?;
    let targets = admin.get("/api/admin/doctor/targets")?.json();
    assert_eq!(targets["targets"][1]["name"], "shop");

    let whole = examined(&admin, "/api/admin/examinations", &json!({ "target": "shop" }))?;
    let row = &whole["examination"];
    assert_eq!((&row["state"], &row["outcome"]), (&json!("done"), &json!("finding")), "{row}");
    assert_eq!(row["causes"], json!(["F01"]));
    assert_ne!(row["headline"][0]["text"]["fa"], row["headline"][0]["text"]["en"]);
    assert_eq!(whole["report"]["headline"][0]["text"], row["headline"][0]["text"]["fa"]);

    let path = format!("/api/admin/examinations/{}", row["id"].as_str().context("an id")?);
    let page = admin.get(&format!("{path}/report?language=fa"))?;
    assert!(page.body.contains("dir=\"rtl\""));
    let markdown = admin.get(&format!("{path}/report?format=markdown"))?;
    assert!(markdown.body.starts_with("# FINDING"), "{}", markdown.body);
    let refused = admin.change(
        "POST",
        &format!("{path}/repairs/start-service"),
        &json!({ "dry_run": true }),
    )?;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("repair.not_here")));

    let kept = galen.folder().join("dev.db.examinations");
    assert_eq!(std::fs::metadata(&kept)?.permissions().mode() & 0o777, 0o700);
    for file in std::fs::read_dir(&kept)? {
        assert_eq!(file?.metadata()?.permissions().mode() & 0o777, 0o600);
    }
    Ok(())
}

#[test]
fn galen_examines_itself_and_survives_its_restart_as_a_report() -> Result<()> {
    let mut galen = Galen::start(&[])?;
    galen.add_user(EMAIL, PASSWORD, true)?;
    let admin = Client::new(&galen.url());
    admin.sign_in(EMAIL, PASSWORD)?;
    let whole = examined(&admin, "/api/admin/examinations", &json!({}))?;
    assert_eq!(whole["examination"]["state"], "done", "{}", whole["examination"]);
    assert_eq!(whole["report"]["run"]["command_line"], "galen doctor");
    galen.restart(&[])?;
    let listed = admin.get("/api/admin/examinations")?.json();
    assert_eq!(listed["items"][0]["id"], whole["examination"]["id"]);
    Ok(())
}

#[test]
fn one_that_is_cancelled_ends_its_process_and_has_no_report() -> Result<()> {
    let galen = Galen::start(&[])?;
    galen.add_user(EMAIL, PASSWORD, true)?;
    let admin = Client::new(&galen.url());
    admin.sign_in(EMAIL, PASSWORD)?;
    let begun = admin.change("POST", "/api/admin/examinations", &json!({}))?.json();
    let path = format!("/api/admin/examinations/{}", begun["id"].as_str().context("an id")?);
    let until = Instant::now() + PATIENCE;
    while children(galen.pid()).is_empty() {
        ensure!(Instant::now() < until, "no process was started for it");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(admin.change("POST", &format!("{path}/cancel"), &json!({}))?.status, 200);
    while !children(galen.pid()).is_empty() {
        ensure!(Instant::now() < until, "its process lives on");
        std::thread::sleep(Duration::from_millis(20));
    }
    let whole = admin.get(&path)?.json();
    assert_eq!(
        (&whole["examination"]["state"], &whole["report"]),
        (&json!("cancelled"), &Value::Null)
    );
    Ok(())
}

/// The processes a server has started that are not dead yet.
fn children(pid: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let listed =
        tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<String> = listed
        .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let lives = |pid: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
            && !stat.is_empty()
    };
    pids.into_iter().filter(lives).collect()
}
