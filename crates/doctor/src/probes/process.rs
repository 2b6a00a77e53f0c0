//! Facts about one process: what it runs, since when, as whom, with how much, and whose it is.

use std::collections::BTreeSet;

use procfs::process::{LimitValue, Process};

use super::census::{Census, Member};
use super::cgroups::Cgroups;
use super::descriptors;
use super::discover;
use super::framework;
use super::scene::Scene;
use super::sock_diag::{self, SockDiag, TcpSocket};
use crate::evidence::{FactKey, Source, Value, object, redact};

/// Most processes listed in one fact.
const LISTED_MAX: usize = 50;

/// Facts about the serving process and all around it.
pub fn publish_target(scene: &Scene<'_>, census: &Census, pids: &[u32], listeners: &[TcpSocket]) {
    let Some(pid) = pids.first().copied() else { return };
    publish_rights(scene, pid);
    let mut around: BTreeSet<u32> = pids.iter().copied().collect();
    let copies = census.copies_of(pid);
    let family = census.family_of(pid);
    let source = Source::new(
        "processes",
        "/proc/*/exe, cwd, cmdline and parent",
        "ps -eo pid,ppid,lstart,cmd",
    );
    scene.fact(FactKey::CopyPids, object::process(pid), listed(&copies), &source);
    scene.fact(FactKey::ForkSiblings, object::process(pid), listed(&family), &source);
    around.extend(copies.into_iter().chain(family).take(LISTED_MAX));
    for one in around {
        publish(scene, census, one, listeners);
    }
    framework::publish(scene, census, pid);
    scene.learn(|found| found.python = framework::is_python(census, pid));
}

/// Facts about the processes that hold a database's locks, which the windows found only now.
pub async fn publish_holders(scene: &Scene<'_>) {
    let described = scene.collector.so_far(FactKey::ProcessCmdline);
    let mut holders = BTreeSet::new();
    for draft in scene.collector.so_far(FactKey::SqliteLockHeldBy) {
        if let Value::Counts(by_pid) = draft.value {
            holders.extend(by_pid.keys().filter_map(|pid| object::parse_process(pid)));
        }
    }
    holders.retain(|pid| !described.iter().any(|draft| draft.object == object::process(*pid)));
    if holders.is_empty() {
        return;
    }
    let census = Census::take();
    let listeners = SockDiag::open().and_then(|mut diag| diag.listeners()).unwrap_or_default();
    for holder in holders.into_iter().take(LISTED_MAX) {
        publish(scene, &census, holder, &listeners);
    }
}

/// The server once more, after the requests: what it has open now and what state it is in, and
/// its listening sockets with what waits in them.
pub async fn look_again(scene: &Scene<'_>) {
    let found = scene.found();
    let Some(pid) = found.pid else { return };
    publish_status(scene, pid);
    let stat = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok()?.stat().ok());
    if let Some(stat) = stat {
        let source = Source::new(
            "processes",
            format!("/proc/{pid}/stat, after the requests"),
            format!("cat /proc/{pid}/stat"),
        );
        scene.fact(FactKey::ProcessState, object::process(pid), stat.state.to_string(), &source);
    }
    let kinds = descriptors::kinds(pid);
    if !kinds.is_empty() {
        let source =
            Source::new("processes", format!("/proc/{pid}/fd"), format!("ls -l /proc/{pid}/fd"));
        scene.fact(FactKey::ProcessFdKinds, object::process(pid), kinds, &source);
    }
    let listeners = SockDiag::open().and_then(|mut diag| diag.listeners()).unwrap_or_default();
    let Some(address) = found.address else { return };
    for socket in listeners.iter().filter(|one| sock_diag::covers(one.local, address.socket)) {
        discover::publish_queue(scene, socket);
    }
}

/// Facts about one process; a process that is gone by now has none.
pub fn publish(scene: &Scene<'_>, census: &Census, pid: u32, listeners: &[TcpSocket]) {
    let Some(member) = census.get(pid) else { return };
    let name = object::process(pid);
    let file = |file: &str| {
        Source::new("processes", format!("/proc/{pid}/{file}"), format!("cat /proc/{pid}/{file}"))
    };
    let words = member.command.iter().map(String::as_str);
    scene.fact(FactKey::ProcessCmdline, &name, redact::command_line(words), &file("cmdline"));
    match &member.exe {
        Some(exe) => {
            scene.fact(
                FactKey::ProcessExe,
                &name,
                redact::text(&exe.display().to_string()),
                &file("exe"),
            );
            scene.fact(FactKey::ProcessExeDeleted, &name, member.exe_deleted, &file("exe"));
        }
        None => {
            scene.missing(FactKey::ProcessExe, &name, format!("no right to read /proc/{pid}/exe"))
        }
    }
    if let Some(cwd) = &member.cwd {
        scene.fact(
            FactKey::ProcessCwd,
            &name,
            redact::text(&cwd.display().to_string()),
            &file("cwd"),
        );
    }
    scene.fact(FactKey::ProcessState, &name, member.state.to_string(), &file("stat"));
    scene.fact(FactKey::ProcessParent, &name, member.parent, &file("stat"));
    publish_kin(scene, census, pid);
    publish_status(scene, pid);
    let inodes = census.sockets_of(pid);
    let addresses: Vec<String> = listeners
        .iter()
        .filter(|socket| inodes.contains(&u64::from(socket.inode)))
        .map(|socket| socket.local.to_string())
        .collect();
    scene.fact(
        FactKey::ProcessListens,
        &name,
        addresses,
        &Source::new("processes", "NETLINK_SOCK_DIAG", "ss -ltnp"),
    );
    if let Some((path, _)) = Cgroups::of(pid).and_then(|all| all.cpu()) {
        scene.fact(FactKey::CgroupPath, &name, redact::text(&path), &file("cgroup"));
    }
}

fn publish_kin(scene: &Scene<'_>, census: &Census, pid: u32) {
    let name = object::process(pid);
    let source = Source::new(
        "processes",
        "/proc/*/stat: parent and state",
        format!("ps --ppid {pid} -o pid,stat,cmd"),
    );
    let children = census.children_of(pid);
    let is_zombie = |child: &u32| census.get(*child).is_some_and(|one| one.state == 'Z');
    let zombies: Vec<u32> = children.iter().copied().filter(is_zombie).collect();
    scene.fact(FactKey::ProcessChildren, &name, listed(&children), &source);
    scene.fact(FactKey::ProcessZombies, &name, listed(&zombies), &source);
}

fn publish_status(scene: &Scene<'_>, pid: u32) {
    let name = object::process(pid);
    let Some(process) = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok()) else {
        return;
    };
    let file = |file: &str| {
        Source::new("processes", format!("/proc/{pid}/{file}"), format!("cat /proc/{pid}/{file}"))
    };
    if let Ok(status) = process.status() {
        scene.fact(FactKey::ProcessUid, &name, status.euid, &file("status"));
        scene.fact(FactKey::ProcessTracer, &name, status.tracerpid, &file("status"));
        scene.fact(FactKey::ProcessThreads, &name, status.threads, &file("status"));
        scene.fact(
            FactKey::ProcessRssBytes,
            &name,
            status.vmrss.unwrap_or(0) * 1024,
            &file("status"),
        );
    }
    match process.fd_count() {
        Ok(count) => scene.fact(FactKey::ProcessFds, &name, count, &file("fd")),
        Err(_) => {
            scene.missing(FactKey::ProcessFds, &name, format!("no right to list /proc/{pid}/fd"))
        }
    }
    let soft = process.limits().map(|limits| limits.max_open_files.soft_limit);
    if let Ok(LimitValue::Value(soft)) = soft {
        scene.fact(FactKey::ProcessFdLimit, &name, soft, &file("limits"));
    }
    if let Some(started) = started_at_ms(&process) {
        scene.fact(FactKey::ProcessStartedAt, &name, started, &file("stat"));
    }
}

/// The start time of a process in Unix milliseconds. The kernel gives the boot time in whole
/// seconds, so it is exact to one second, and the same at every reading.
pub fn started_at_ms(process: &Process) -> Option<i64> {
    let ticks = process.stat().ok()?.starttime;
    let boot_ms = procfs::boot_time_secs().ok()?.checked_mul(1000)?;
    let since_boot_ms = ticks.checked_mul(1000)? / rustix::param::clock_ticks_per_second().max(1);
    i64::try_from(boot_ms + since_boot_ms).ok()
}

fn publish_rights(scene: &Scene<'_>, pid: u32) {
    let own = rustix::process::geteuid().as_raw();
    let process = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok());
    let theirs = process.and_then(|process| process.status().ok()).map(|status| status.euid);
    let rights = match theirs {
        _ if own == 0 => "root",
        Some(uid) if uid == own => "same user",
        _ => "other user",
    };
    let source = Source::new(
        "processes",
        format!("our effective user and that of /proc/{pid}"),
        format!("id; ps -o user= -p {pid}"),
    );
    scene.fact(FactKey::DoctorRights, object::process(pid), rights, &source);
}

fn listed(pids: &[u32]) -> Vec<String> {
    pids.iter().take(LISTED_MAX).map(u32::to_string).collect()
}

/// Whether the command line of a process has a word.
pub fn has_word(member: &Member, word: &str) -> bool {
    member.command.iter().any(|one| one == word)
}
