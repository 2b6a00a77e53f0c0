//! Turns what a window saw into facts: threads, processes, Python lines and locks.

use std::collections::BTreeMap;
use std::path::Path;

use super::python::PythonSeen;
use super::scene::Scene;
use super::source_sql;
use super::threads::ThreadSeen;
use super::watch::{LocksSeen, ProcessSeen, Seen};
use crate::evidence::object::{self, Lock, Window};
use crate::evidence::{Draft, FactKey, Source, redact};

/// Publishes everything but the rooms and the locks of a window.
pub fn publish(scene: &Scene<'_>, window: &Window, seen: &Seen) {
    let window_ns = u64::try_from(seen.window.as_nanos()).unwrap_or(u64::MAX);
    for (pid, process) in &seen.processes {
        publish_process(scene, (*pid, window), process, window_ns);
        for (tid, thread) in &process.threads {
            publish_thread(scene, (*pid, *tid), window, thread, window_ns);
        }
    }
    if let Some(pid) = scene.found().pid {
        for (tid, python) in &seen.python {
            publish_python(scene, (pid, *tid), window, python);
        }
    }
    for failure in &seen.failures {
        scene.missing(FactKey::ThreadStates, window.to_string(), redact::text(failure));
    }
}

fn publish_process(
    scene: &Scene<'_>,
    (pid, window): (u32, &Window),
    process: &ProcessSeen,
    window_ns: u64,
) {
    let name = object::process_during(pid, window);
    let file = |file: &str| {
        Source::new(
            "threads",
            format!("/proc/{pid}/{file}, first and last reading"),
            format!("cat /proc/{pid}/{file}"),
        )
    };
    let run_queue_ns: u64 = process.threads.values().map(|thread| thread.run_queue_ns).sum();
    let threads_ns: u64 = process.threads.values().map(|thread| thread.on_cpu_ns).sum();
    // The process counter has ticks of 10 ms but keeps threads that ended; the sum is finer.
    let on_cpu_ns = threads_ns.max(process.counters.cpu_ns);
    let schedstat = file("task/*/schedstat");
    scene.fact(FactKey::ProcessOnCpuNs, &name, on_cpu_ns, &schedstat);
    scene.fact(FactKey::ProcessRunQueueNs, &name, run_queue_ns, &schedstat);
    scene.fact(FactKey::ProcessWindowNs, &name, window_ns, &schedstat);
    match process.counters.read_calls {
        Some(calls) => scene.fact(FactKey::ProcessReadCalls, &name, calls, &file("io")),
        None => scene.missing(
            FactKey::ProcessReadCalls,
            &name,
            format!("no right to read /proc/{pid}/io"),
        ),
    }
    scene.fact(FactKey::ProcessMajorFaults, &name, process.counters.major_faults, &file("stat"));
    scene.fact(
        FactKey::ProcessRssBumpBytes,
        &name,
        process.counters.rss_bump_bytes,
        &file("statm"),
    );
    scene.fact(FactKey::ProcessRunnable, &name, process.runnable.clone(), &file("task/*/stat"));
    match process.counters.throttled {
        Some(throttled) => {
            let source = Source::new(
                "cgroup",
                "cpu.stat of the process's cgroup",
                format!("cat /proc/{pid}/cgroup"),
            );
            scene.fact(FactKey::CgroupThrottledNs, &name, throttled.throttled_ns, &source);
            scene.fact(
                FactKey::CgroupThrottledPeriods,
                &name,
                throttled.throttled_periods,
                &source,
            );
            scene.fact(FactKey::CgroupPeriods, &name, throttled.periods, &source);
        }
        None => {
            scene.missing(FactKey::CgroupThrottledNs, &name, "no cpu.stat was found for its cgroup")
        }
    }
    if let Some(reason) = &process.syscalls_denied {
        scene.missing(FactKey::ThreadSyscalls, &name, redact::text(reason));
    }
}

fn publish_thread(
    scene: &Scene<'_>,
    (pid, tid): (u32, u32),
    window: &Window,
    thread: &ThreadSeen,
    window_ns: u64,
) {
    let name = object::thread(pid, tid, window);
    let file = |file: &str| {
        Source::new(
            "threads",
            format!("/proc/{pid}/task/{tid}/{file}"),
            format!("sudo cat /proc/{pid}/task/{tid}/{file}"),
        )
    };
    let parked = tid != pid && thread.is_parked();
    if !parked {
        scene.fact(FactKey::ThreadName, &name, thread.name.clone(), &file("comm"));
    }
    for (key, counts, path) in [
        (FactKey::ThreadStates, &thread.states, "stat"),
        (FactKey::ThreadSyscalls, &thread.syscalls, "syscall"),
        (FactKey::ThreadWchans, &thread.wchans, "wchan"),
        (FactKey::ThreadWaitsOn, &thread.waits_on, "syscall and /proc/PID/fd"),
    ] {
        // Of a thread that only waited for work, its state and its system call say all.
        let said = parked && !matches!(key, FactKey::ThreadStates | FactKey::ThreadSyscalls);
        if !counts.is_empty() && !said {
            scene.fact(key, &name, counts.clone(), &file(path));
        }
    }
    if parked {
        return;
    }
    scene.fact(FactKey::ThreadOnCpuNs, &name, thread.on_cpu_ns, &file("schedstat"));
    scene.fact(FactKey::ThreadRunQueueNs, &name, thread.run_queue_ns, &file("schedstat"));
    scene.fact(FactKey::ThreadWindowNs, &name, window_ns, &file("schedstat"));
}

fn publish_python(scene: &Scene<'_>, (pid, tid): (u32, u32), window: &Window, python: &PythonSeen) {
    let name = object::thread(pid, tid, window);
    let source = Source::new(
        "python",
        format!("memory of process {pid}, by py-spy"),
        format!("sudo py-spy dump --nonblocking --pid {pid}"),
    );
    let looks: u64 = python.idle.values().sum();
    // A thread that waits for work has no line of the application, and says nothing by its stack.
    if python.lines.is_empty() && !python.on_loop() && !python.idle.contains_key("active") {
        return;
    }
    for (key, counts) in [
        (FactKey::PythonLines, &python.lines),
        (FactKey::PythonLeaves, &python.leaves),
        (FactKey::PythonIdle, &python.idle),
    ] {
        // Looks at which none of the application's lines ran still count in n.
        if !counts.is_empty() {
            scene.fact_over(looks, (key, &name), counts.clone(), &source);
        }
    }
    scene.fact_over(looks, (FactKey::PythonStack, &name), python.stack(), &source);
    scene.fact_over(looks, (FactKey::PythonOnLoop, &name), python.on_loop(), &source);
    publish_source(scene, pid, window, python);
}

/// The text of the line that stood out, and the SQL around it.
fn publish_source(scene: &Scene<'_>, pid: u32, window: &Window, python: &PythonSeen) {
    let Some((line, _)) = python.main_line() else { return };
    let place = redact::text(&format!("{}:{}", line.file, line.line));
    let Some(text) = source_sql::read_source(pid, line) else {
        scene.missing(FactKey::PythonSourceText, place, "the source file cannot be read");
        return;
    };
    if let Some(code) = source_sql::line_text(&text, line.line) {
        let source = Source::new(
            "python",
            line.file.clone(),
            format!("sed -n {}p {}", line.line, line.file),
        );
        scene.fact(FactKey::PythonSourceText, &place, redact::text(code), &source);
    }
    let (Window::Held(path), Some(sql)) = (window, source_sql::query_at(&text, line.line)) else {
        return;
    };
    let statement = source_sql::SourceStatement { http_path: path.clone(), place, sql };
    scene.learn(|found| {
        if !found.statements.contains(&statement) {
            found.statements.push(statement);
        }
    });
}

/// Publishes, by thread, the times from its last look in its wait to the held answer.
pub fn publish_releases(
    scene: &Scene<'_>,
    window: &Window,
    left_wait: &BTreeMap<(u32, u32), Vec<f64>>,
) {
    for ((pid, tid), samples) in left_wait {
        let file = format!("/proc/{pid}/task/{tid}/syscall");
        let source = Source::new(
            "threads",
            format!("{file}, last look in the wait"),
            format!("sudo cat {file}"),
        );
        let name = object::thread(*pid, *tid, window);
        scene.fact(FactKey::ThreadReleaseToResponseMs, name, samples.clone(), &source);
    }
}

/// Publishes who held which lock; `to_response_ms` are times from a release to the held answer.
pub fn publish_locks(
    scene: &Scene<'_>,
    locks: &[LocksSeen],
    to_response_ms: &BTreeMap<(String, Lock), Vec<f64>>,
) {
    let source = Source::new(
        "sqlite_locks",
        "/proc/locks by device and inode of the database and its -shm",
        "cat /proc/locks; stat -c '%t:%T:%i' FILE FILE-shm",
    );
    for one in locks.iter().filter(|one| one.looks > 0) {
        let database = database_object(&one.database);
        for (lock, seen) in &one.seen {
            let name = object::lock(&database, *lock);
            let by_pid: BTreeMap<String, u64> =
                seen.by_pid.iter().map(|(pid, looks)| (pid.to_string(), *looks)).collect();
            scene.collector.push(
                Draft::new(FactKey::SqliteLockHeldBy, &name, by_pid, source.clone(), scene.now())
                    .over(one.looks),
            );
            if let Some((pid, held_ms)) = seen.longest {
                scene.fact(FactKey::SqliteLockHeldMs, &name, held_ms, &source);
                scene.fact(FactKey::SqliteLockHolder, &name, pid, &source);
            }
            if let Some(samples) = to_response_ms.get(&(database.clone(), *lock)) {
                scene.fact(FactKey::SqliteReleaseToResponseMs, &name, samples.clone(), &source);
            }
        }
    }
}

/// A database as an object: its path, redacted as every path is.
pub fn database_object(database: &Path) -> String {
    redact::text(&database.display().to_string())
}
