//! Group B: what goes wrong inside a process, by real limits and real code.

use std::fs;

use anyhow::{Context, Result};

use super::access::{APP, app};
use super::{Group, STRICT_MS, Scenario, TARGET_MS, cause, hygiene};
use crate::galen::free_port;
use crate::patients::{Fault, Patient};
use crate::sickroom::{Cgroup, Disk, Impossible, Sick, Start, cold_file};
use crate::ward::{Family, Object, Ward};

/// The row the others are changed from.
const ROW: Scenario = Scenario {
    name: "",
    group: Group::Process,
    injected: &[],
    beside: &[],
    response_target_ms: TARGET_MS,
    twin: "sickroom",
    start: super::access::healthy,
};

/// ALL scenarios of this group.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "loop-sleeps",
        injected: &[cause("F13")],
        twin: "fastapi",
        start: loop_sleeps,
        ..ROW
    },
    Scenario {
        name: "loop-computes",
        injected: &[cause("F14")],
        twin: "fastapi",
        start: loop_computes,
        ..ROW
    },
    Scenario { name: "thread-pool", injected: &[cause("F15")], start: thread_pool, ..ROW },
    Scenario { name: "limiter-python", injected: &[cause("F16")], start: limiter_python, ..ROW },
    Scenario {
        name: "limiter-node",
        injected: &[cause("F16")],
        twin: "express",
        start: limiter_node,
        ..ROW
    },
    Scenario { name: "sync-worker", injected: &[cause("F17")], start: sync_worker, ..ROW },
    Scenario {
        name: "gunicorn-worker",
        injected: &[cause("F17")],
        twin: "gunicorn",
        start: gunicorn_worker,
        ..ROW
    },
    Scenario { name: "hashing", injected: &[cause("F18")], twin: "fastapi", start: hashing, ..ROW },
    Scenario {
        name: "neighbours",
        injected: &[cause("F19")],
        response_target_ms: STRICT_MS,
        start: neighbours,
        ..ROW
    },
    Scenario { name: "cpu-quota", injected: &[cause("F20")], start: cpu_quota, ..ROW },
    Scenario { name: "collections", injected: &[cause("F23")], start: collections, ..ROW },
    Scenario { name: "thrashing", injected: &[cause("F24")], start: thrashing, ..ROW },
    Scenario {
        name: "out-of-memory",
        injected: &[cause("F25")],
        twin: "gunicorn",
        start: out_of_memory,
        ..ROW
    },
    Scenario { name: "leak", injected: &[hygiene("F26")], start: leak, ..ROW },
    Scenario { name: "crossed-mutexes", injected: &[cause("F27")], start: mutexes, ..ROW },
    Scenario {
        name: "crash-loop",
        injected: &[cause("F28")],
        twin: "gunicorn",
        start: crash_loop,
        ..ROW
    },
    Scenario {
        name: "zombies",
        injected: &[hygiene("F29")],
        twin: "fastapi",
        start: zombies,
        ..ROW
    },
    Scenario { name: "task-limit", injected: &[cause("F30")], start: task_limit, ..ROW },
    Scenario { name: "slow-disk", injected: &[cause("F32")], start: slow_disk, ..ROW },
    Scenario { name: "full-disk", injected: &[cause("F33")], start: full_disk, ..ROW },
    Scenario { name: "reload", injected: &[hygiene("F34")], start: reload, ..ROW },
];

/// The words of the Flask patient under gunicorn, with one sync worker.
pub const GUNICORN: &[&str] =
    &["-m", "gunicorn", "--workers", "1", "--bind", "127.0.0.1:PORT", "wsgi:app"];

fn start(words: &[&str], environment: &[(&str, &str)]) -> Result<Sick> {
    Sick::start(Start { words, environment, ..Start::default() })
}

fn of(sick: Sick, paths: &[&str]) -> Ward {
    Ward::of(sick, "127.0.0.1", paths)
}

/// `time.sleep` on the event loop.
///
/// # Errors
/// When it does not start.
pub fn loop_sleeps() -> Result<Ward> {
    let ward = Ward::with(Patient::start(Fault::LoopBlockedSync)?);
    Ok(ward.named(Object::line("fastapi/app.py", "time.sleep(3.9)", "gather_entropy")?))
}

/// Arithmetic on the event loop.
///
/// # Errors
/// When it does not start.
pub fn loop_computes() -> Result<Ward> {
    let ward = Ward::with(Patient::start(Fault::LoopBlockedCpu)?);
    Ok(ward.named(Object::Has(vec!["app.py:".to_owned(), "grind_entropy".to_owned()])))
}

/// Sixty clients of an endpoint that sleeps in the pool's forty threads.
///
/// # Errors
/// When it does not start.
pub fn thread_pool() -> Result<Ward> {
    let mut sick = app()?;
    sick.load(60, 0, &["/api/think"])?;
    let object = Object::line("sickroom/app.py", "time.sleep(1.5)", "think")?;
    Ok(of(sick, &["/health", "/api/think"]).named(object))
}

/// A semaphore of one in an asynchronous endpoint.
///
/// # Errors
/// When it does not start.
pub fn limiter_python() -> Result<Ward> {
    Ok(of(app()?, &["/health", "/api/export"]).named(Object::Is("/api/export".to_owned())))
}

/// The same in Node.
///
/// # Errors
/// When it does not start.
pub fn limiter_node() -> Result<Ward> {
    let sick = start(&["limiter.js", "PORT"], &[])?;
    Ok(of(sick, &["/health", "/api/export"]).named(Object::Is("/api/export".to_owned())))
}

/// Requests that wait together and for nobody: nothing is wrong.
///
/// # Errors
/// When it does not start.
pub fn waiting_together() -> Result<Ward> {
    Ok(of(app()?, &["/health", "/api/patient"]))
}

/// A server that serves one request at a time, and an upstream that thinks.
///
/// # Errors
/// When it does not start.
pub fn sync_worker() -> Result<Ward> {
    let upstream = free_port()?.to_string();
    let mut sick = start(&["single.py", "PORT", &upstream], &[])?;
    sick.beside(&["thinker.py", &upstream, "3"])?;
    let object = Object::pid(sick.pid());
    Ok(of(sick, &["/health", "/report"]).named(object))
}

/// The same with a sync worker of gunicorn, whose master is innocent.
///
/// # Errors
/// When it does not start.
pub fn gunicorn_worker() -> Result<Ward> {
    let upstream = free_port()?.to_string();
    let mut sick = start(GUNICORN, &[("PATIENT_UPSTREAM_PORT", &upstream)])?;
    sick.beside(&["thinker.py", &upstream, "3"])?;
    let family = Object::Started(Family::of(sick.pid()));
    Ok(of(sick, &["/health", "/api/report"]).named(family))
}

/// Seventy clients log in at once with an expensive hash.
///
/// # Errors
/// When it does not start.
pub fn hashing() -> Result<Ward> {
    let ward = Ward::with(Patient::start(Fault::Hashing)?);
    Ok(ward.named(Object::Has(vec!["hash_password".to_owned()])))
}

/// Eight programs that compute without end beside an endpoint that computes a little.
///
/// # Errors
/// When it does not start.
pub fn neighbours() -> Result<Ward> {
    let mut sick = app()?;
    let burners = (0..8).map(|_| Ok(sick.beside(&["burner.py"])?.to_string()));
    let burners = burners.collect::<Result<Vec<String>>>()?;
    Ok(of(sick, &["/health", "/api/compute"]).named(Object::Neighbour(burners)))
}

/// A quota of three hundredths of a core.
///
/// # Errors
/// When it does not start, or the controller cannot be had.
pub fn cpu_quota() -> Result<Ward> {
    let settings = &[("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "3000")];
    let group = Cgroup::new("cpu", settings)?;
    let sick = app()?;
    group.add(sick.pid())?;
    let object = Object::Ends(group.name());
    let ward = Ward::empty().keeping(group);
    Ok(ward.around(sick, "127.0.0.1", &["/api/compute"]).named(object))
}

/// Two mutexes taken crosswise.
///
/// # Errors
/// When it does not start.
pub fn mutexes() -> Result<Ward> {
    let sick = start(&["mutexes.py", "PORT"], &[])?;
    let object = Object::Has(vec![format!("{}: ", sick.pid())]);
    Ok(of(sick, &["/health", "/move"]).named(object))
}

/// A worker that needs more memory than its cgroup has.
///
/// # Errors
/// When it does not start, or the controller cannot be had.
pub fn out_of_memory() -> Result<Ward> {
    let group = Cgroup::new("memory", &[("memory.limit_in_bytes", "90M")])?;
    let sick =
        start(&["-m", "gunicorn", "--workers", "0", "--bind", "127.0.0.1:PORT", "wsgi:app"], &[])?;
    let family = Object::Started(Family::of(sick.pid()));
    group.add(sick.pid())?;
    // The worker is started now, so that all its memory is charged to the cgroup.
    sick.signal("TTIN")?;
    sick.answers("/health")?;
    let ward = Ward::empty().keeping(group);
    Ok(ward.around(sick, "127.0.0.1", &["/health", "/api/image"]).named(family))
}

/// A worker that falls over at every third request.
///
/// # Errors
/// When it does not start.
pub fn crash_loop() -> Result<Ward> {
    let sick = start(GUNICORN, &[])?;
    let family = Object::Started(Family::of(sick.pid()));
    Ok(of(sick, &["/health", "/api/parse"]).named(family))
}

/// A disk that takes four writes a second.
///
/// # Errors
/// When it does not start, or no such disk can be had.
pub fn slow_disk() -> Result<Ward> {
    let disk = Disk::new(16)?;
    let limit = disk.slow_down("write", 4)?;
    let data = disk.path().display().to_string();
    let sick = start(APP, &[("PATIENT_DATA", &data)])?;
    let object = Object::Is(format!("{data}/journal"));
    let ward = Ward::empty().keeping(disk).around(sick, "127.0.0.1", &["/health", "/api/save"]);
    Ok(ward.named(object).keeping(limit))
}

/// A disk without a free block.
///
/// # Errors
/// When it does not start, or no disk can be had.
pub fn full_disk() -> Result<Ward> {
    full_disk_beside(&["/health", "/api/log"])
}

/// The same, asked for these paths.
///
/// # Errors
/// As [`full_disk`].
pub fn full_disk_beside(paths: &[&str]) -> Result<Ward> {
    let disk = Disk::new(16)?;
    let data = disk.path().display().to_string();
    let sick = start(APP, &[("PATIENT_DATA", &data), ("PATIENT_FAULT", "full")])?;
    disk.fill()?;
    Ok(Ward::empty().keeping(disk).around(sick, "127.0.0.1", paths).named(Object::Is(data)))
}

/// An endpoint that remembers everything it was asked.
///
/// # Errors
/// When it does not start.
pub fn leak() -> Result<Ward> {
    let sick = app()?;
    let object = Object::Is(format!("{} /api/cart", sick.pid()));
    Ok(of(sick, &["/health", "/api/cart"]).named(object))
}

/// Children that nobody waits for.
///
/// # Errors
/// When it does not start.
pub fn zombies() -> Result<Ward> {
    let patient = Patient::start(Fault::Zombies)?;
    let object = Object::pid(patient.pid());
    Ok(Ward::with(patient).named(object))
}

/// A cgroup in which no further thread can be started.
///
/// # Errors
/// When it does not start, or the controller cannot be had.
pub fn task_limit() -> Result<Ward> {
    let group = Cgroup::new("pids", &[])?;
    let sick = app()?;
    sick.answers("/api/mail")?;
    group.add(sick.pid())?;
    let tasks = fs::read_dir(format!("/proc/{}/task", sick.pid()))?.count();
    group.set("pids.max", &tasks.to_string()).context(Impossible("the pids controller"))?;
    let object = Object::pid(sick.pid());
    let ward = Ward::empty().keeping(group);
    Ok(ward.around(sick, "127.0.0.1", &["/health", "/api/mail"]).named(object))
}

/// Collections of a large heap on the event loop.
///
/// # Errors
/// When it does not start.
pub fn collections() -> Result<Ward> {
    let sick = start(APP, &[("PATIENT_FAULT", "gc"), ("PATIENT_COLLECTIONS", "14")])?;
    let object = Object::line("sickroom/app.py", "gc.collect()", "clean")?;
    Ok(of(sick, &["/health", "/api/clean"]).named(object))
}

/// A working set that is larger than the memory it may use.
///
/// # Errors
/// When it does not start, or memory and disk cannot be limited.
pub fn thrashing() -> Result<Ward> {
    let group = Cgroup::new("memory", &[("memory.limit_in_bytes", "24M")])?;
    let disk = Disk::new(200)?;
    cold_file(&disk.path().join("archive"), 150 << 20)?;
    let limit = disk.slow_down("read", 60)?;
    let data = disk.path().display().to_string();
    let sick = start(APP, &[("PATIENT_FAULT", "thrash"), ("PATIENT_DATA", &data)])?;
    group.add(sick.pid())?;
    let object = Object::pid(sick.pid());
    let ward = Ward::empty().keeping(group).keeping(disk);
    let ward = ward.around(sick, "127.0.0.1", &["/health", "/api/archive"]);
    Ok(ward.named(object).keeping(limit))
}

/// A server that watches its sources and starts again.
///
/// # Errors
/// When it does not start.
pub fn reload() -> Result<Ward> {
    let words = &["-m", "uvicorn", "app:app", "--reload", "--port", "PORT"];
    let sick = start(words, &[])?;
    // The watcher was started so, and its child serves: either is the server to a user.
    let either = vec![Object::pid(sick.pid()), Object::Started(Family::of(sick.pid()))];
    sick.answers("/health")?;
    Ok(of(sick, super::access::PATHS).named(Object::Either(either)))
}
