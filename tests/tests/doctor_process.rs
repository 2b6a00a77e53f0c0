//! The doctor on what goes wrong inside a process (group B): real processes with real limits.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use galen_tests::galen::free_port;
use galen_tests::sickroom::{Cgroup, Disk, Sick, Start, cold_file, skipped};

const APP: &[&str] = &["app.py", "PORT"];
const GUNICORN: &[&str] =
    &["-m", "gunicorn", "--workers", "1", "--bind", "127.0.0.1:PORT", "wsgi:app"];

fn start(words: &[&str], environment: &[(&str, &str)]) -> Sick {
    Sick::start(Start { words, environment, ..Start::default() }).expect("a patient")
}

/// The value, or a skipped test that says why.
macro_rules! or_skip {
    ($what:literal, $made:expr) => {
        match $made {
            Ok(made) => made,
            Err(why) => return skipped($what, &why),
        }
    };
}

#[test]
fn a_limiter_is_named_in_python_and_in_node_and_waiting_together_is_not() {
    for words in [APP, &["limiter.js", "PORT"]] {
        let sick = start(words, &[]);
        let report = sick.examine("127.0.0.1", &["/health", "/api/export"]).expect("a report");
        assert_eq!(report.named("F16").expect(words[0]), "/api/export");
        assert!(report.rules_out("F15") && report.rules_out("F13"), "{words:?}");
    }
    let sick = start(APP, &[]);
    let report = sick.examine("127.0.0.1", &["/health", "/api/patient"]).expect("a report");
    assert_eq!(report.outcome(), "healthy");
}

#[test]
fn a_worker_that_serves_one_at_a_time_is_named_by_its_pid() {
    let upstream_port = free_port().expect("a port").to_string();
    let mut single = start(&["single.py", "PORT", &upstream_port], &[]);
    single.beside(&["thinker.py", &upstream_port, "3"]).expect("an upstream");
    let report = single.examine("127.0.0.1", &["/health", "/report"]).expect("a report");
    assert_eq!(report.among("F17"), Some(single.pid().to_string()));
    assert!(report.rules_out("F13") && report.rules_out("F11"));
    assert_eq!(report.offers("separate-slow-work").as_deref(), Some("tell"));
}

#[test]
fn a_sync_worker_of_gunicorn_is_named_and_its_master_is_not() {
    let upstream_port = free_port().expect("a port").to_string();
    let mut sick = start(GUNICORN, &[("PATIENT_UPSTREAM_PORT", &upstream_port)]);
    sick.beside(&["thinker.py", &upstream_port, "3"]).expect("an upstream");
    let report = sick.examine("127.0.0.1", &["/health", "/api/report"]).expect("a report");
    let worker = report.among("F17").expect("F17");
    assert_ne!(worker, sick.pid().to_string());
    assert!(report.rules_out("F28") && report.rules_out("F25"));
}

#[test]
fn a_cpu_quota_is_named_by_its_cgroup_and_no_neighbour_is() {
    let settings = &[("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "3000")];
    let group = or_skip!("the cpu controller", Cgroup::new("cpu", "quota", settings));
    let sick = start(APP, &[]);
    or_skip!("the cpu controller", group.add(sick.pid()));
    let report = sick.examine("127.0.0.1", &["/api/compute"]).expect("a report");
    let cgroup = report.among("F20").expect("F20");
    assert!(cgroup.ends_with(&group.name()), "{cgroup}");
    assert!(report.among("F19").is_none());
}

#[test]
fn mutexes_taken_crosswise_are_named_by_their_threads() {
    let sick = start(&["mutexes.py", "PORT"], &[]);
    let report = sick.examine("127.0.0.1", &["/health", "/move"]).expect("a report");
    let ring = report.named("F27").expect("F27");
    assert!(ring.starts_with(&format!("{}: ", sick.pid())), "{ring}");
    assert!(report.rules_out("F07") && report.rules_out("F13"));
    assert_eq!(report.offers("order-locks").as_deref(), Some("ask"));
}

#[test]
fn a_worker_the_kernel_kills_for_memory_is_named_and_not_taken_for_a_crash() {
    let settings = &[("memory.limit_in_bytes", "90M")];
    let group = or_skip!("the memory controller", Cgroup::new("memory", "oom", settings));
    let sick =
        start(&["-m", "gunicorn", "--workers", "0", "--bind", "127.0.0.1:PORT", "wsgi:app"], &[]);
    or_skip!("the memory controller", group.add(sick.pid()));
    // The worker is started now, so that all its memory is charged to the cgroup.
    sick.signal("TTIN").expect("a worker");
    sick.answers("/health").expect("an answer");
    let report = sick.examine("127.0.0.1", &["/health", "/api/image"]).expect("a report");
    assert!(report.among("F25").is_some_and(|pids| pids != sick.pid().to_string()));
    assert!(report.rules_out("F28"));
}

#[test]
fn a_worker_that_falls_over_again_and_again_is_named() {
    let sick = start(GUNICORN, &[]);
    let report = sick.examine("127.0.0.1", &["/health", "/api/parse"]).expect("a report");
    assert!(report.named("F28").expect("F28").contains(", "));
    assert!(report.rules_out("F25"));
}

#[test]
fn a_slow_disk_is_named_by_the_file_that_waits_for_it() {
    let disk = or_skip!("a loop device", Disk::new(16));
    let limit = or_skip!("the blkio controller", disk.slow_down("write", 4));
    let data = disk.path().display().to_string();
    let sick = start(APP, &[("PATIENT_DATA", &data)]);
    let report = sick.examine("127.0.0.1", &["/health", "/api/save"]);
    drop(limit);
    let report = report.expect("a report");
    assert_eq!(report.named("F32").expect("F32"), format!("{data}/journal"));
    assert!(report.rules_out("F07") && report.rules_out("F33"));
    drop(sick);
}

#[test]
fn a_full_disk_is_named_by_the_directory_that_is_written_to() {
    let disk = or_skip!("a loop device", Disk::new(16));
    let data = disk.path().display().to_string();
    let sick = start(APP, &[("PATIENT_DATA", &data), ("PATIENT_FAULT", "full")]);
    disk.fill().expect("a full disk");
    let report = sick.examine("127.0.0.1", &["/health", "/api/log"]).expect("a report");
    assert_eq!(report.named("F33").expect("F33"), data);
    assert!(report.rules_out("F32"));
    assert_eq!(report.offers("rotate-own-logs").as_deref(), Some("ask"));
    drop(sick);
}

#[test]
fn a_leak_is_told_with_its_endpoint_and_made_no_cause() {
    let sick = start(APP, &[]);
    let report = sick.examine("127.0.0.1", &["/health", "/api/cart"]).expect("a report");
    assert_eq!(report.hygiene("F26"), Some(format!("{} /api/cart", sick.pid())));
    assert_eq!(report.outcome(), "healthy");
}

#[test]
fn a_full_cgroup_of_tasks_is_named_and_not_taken_for_descriptors() {
    let group = or_skip!("the pids controller", Cgroup::new("pids", "tasks", &[]));
    let sick = start(APP, &[]);
    sick.answers("/api/mail").expect("an answer");
    or_skip!("the pids controller", group.add(sick.pid()));
    let tasks = std::fs::read_dir(format!("/proc/{}/task", sick.pid())).expect("tasks").count();
    group.set("pids.max", &tasks.to_string()).expect("a limit");
    let report = sick.examine("127.0.0.1", &["/health", "/api/mail"]).expect("a report");
    assert_eq!(report.named("F30").expect("F30"), sick.pid().to_string());
    assert!(report.rules_out("F06"));
}

#[test]
fn collections_on_the_loop_are_named_with_their_line() {
    let sick = start(APP, &[("PATIENT_FAULT", "gc"), ("PATIENT_COLLECTIONS", "14")]);
    let report = sick.examine("127.0.0.1", &["/health", "/api/clean"]).expect("a report");
    assert!(report.named("F23").expect("F23").contains("clean"));
    assert!(report.rules_out("F14") && report.rules_out("F24"));
}

#[test]
fn a_working_set_larger_than_its_memory_is_named_and_not_taken_for_a_slow_disk() {
    let settings = &[("memory.limit_in_bytes", "24M")];
    let group = or_skip!("the memory controller", Cgroup::new("memory", "thrash", settings));
    let disk = or_skip!("a loop device", Disk::new(200));
    cold_file(&disk.path().join("archive"), 150 << 20).expect("an archive");
    let limit = or_skip!("the blkio controller", disk.slow_down("read", 60));
    let data = disk.path().display().to_string();
    let sick = start(APP, &[("PATIENT_FAULT", "thrash"), ("PATIENT_DATA", &data)]);
    or_skip!("the memory controller", group.add(sick.pid()));
    let report = sick.examine("127.0.0.1", &["/health", "/api/archive"]);
    drop(limit);
    let report = report.expect("a report");
    assert_eq!(report.named("F24").expect("F24"), sick.pid().to_string());
    assert!(report.rules_out("F32") && report.rules_out("F25"));
}

#[test]
fn a_watcher_that_reloads_is_told_and_made_no_cause() {
    let words = &["-m", "uvicorn", "app:app", "--reload", "--port", "PORT"];
    let sick = start(words, &[]);
    sick.answers("/health").expect("an answer");
    let report = sick.examine("127.0.0.1", &["/health", "/api/items"]).expect("a report");
    assert_eq!(report.outcome(), "healthy");
    assert!(report.hygiene("F34").is_some());
}
