//! Signals and limits of a pinned process: never by name, never SIGKILL.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, pidfd_open, pidfd_send_signal, prlimit,
};

use super::Done;
use crate::probes::pin;
use crate::repairs::port::RepairError;

/// How long a process that was asked to end may take, as service managers give it.
const END_WITHIN: Duration = Duration::from_secs(10);

fn refused(says: impl Into<String>) -> RepairError {
    RepairError::Refused(says.into())
}

fn failed(what: &str, error: rustix::io::Errno) -> RepairError {
    RepairError::Failed(format!("{what}: {error}"))
}

/// The process, held by a descriptor so that its number cannot come to mean another one meanwhile.
fn pinned(pid: u32, started_at: i64) -> Result<(Pid, OwnedFd), RepairError> {
    let own = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let own = own.filter(|_| pid > 1 && pid != std::process::id());
    let own = own.ok_or_else(|| refused(format!("PID {pid} is none that may be touched")))?;
    let held = pidfd_open(own, PidfdFlags::empty())
        .map_err(|error| refused(format!("PID {pid} is gone ({error})")))?;
    if !pin::is_still(pid, started_at) {
        return Err(refused(format!("PID {pid} is another process by now")));
    }
    Ok((own, held))
}

fn signal(pid: u32, started_at: i64, signal: Signal, name: &str) -> Result<OwnedFd, RepairError> {
    let (_, held) = pinned(pid, started_at)?;
    pidfd_send_signal(&held, signal)
        .map_err(|error| failed(&format!("{name} cannot be sent to PID {pid}"), error))?;
    Ok(held)
}

/// Continuing: only what is stopped.
pub fn continue_foretold(pid: u32, started_at: i64) -> Done {
    pinned(pid, started_at)?;
    match pin::state(pid) {
        Some('T') => Ok((1, format!("pidfd_send_signal({pid}, SIGCONT)"))),
        Some(state) => Err(refused(format!("PID {pid} is not stopped (state {state})"))),
        None => Err(refused(format!("PID {pid} is gone"))),
    }
}

/// Continues it.
pub fn resume(pid: u32, started_at: i64) -> Done {
    signal(pid, started_at, Signal::CONT, "SIGCONT")?;
    Ok((1, format!("pidfd_send_signal({pid}, SIGCONT)")))
}

/// Stops it again.
pub fn stop(pid: u32, started_at: i64) -> Result<(), RepairError> {
    signal(pid, started_at, Signal::STOP, "SIGSTOP").map(drop)
}

fn limits(pid: Pid) -> Result<Rlimit, RepairError> {
    // The kernel gives the old limits when new ones are set; setting the same ones only reads them.
    let shown = std::fs::read_to_string(format!("/proc/{}/limits", pid.as_raw_nonzero()));
    let shown = shown.map_err(|error| RepairError::Failed(error.to_string()))?;
    let row = shown.lines().find_map(|line| line.strip_prefix("Max open files"));
    let mut words = row.unwrap_or_default().split_whitespace().map(|word| word.parse::<u64>().ok());
    match (words.next(), words.next()) {
        (Some(current), Some(maximum)) => Ok(Rlimit { current, maximum }),
        _ => Err(RepairError::Failed("its limits cannot be read".to_owned())),
    }
}

/// By how much the soft limit can go up; 0 when it is the hard one already.
pub fn raise_foretold(pid: u32, started_at: i64) -> Done {
    let (own, _) = pinned(pid, started_at)?;
    let limit = limits(own)?;
    match (limit.current, limit.maximum) {
        (Some(soft), Some(hard)) => {
            Ok((hard.saturating_sub(soft), format!("prlimit({pid}, NOFILE, {hard}:{hard})")))
        }
        (soft, None) => Err(refused(format!("its hard limit is unlimited (soft {soft:?})"))),
        (None, _) => Ok((0, "its soft limit is unlimited".to_owned())),
    }
}

/// Raises the soft limit to the hard one; the hard one stays.
pub fn raise(pid: u32, started_at: i64) -> Done {
    let (own, _) = pinned(pid, started_at)?;
    let old = limits(own)?;
    let new = Rlimit { current: old.maximum, maximum: old.maximum };
    prlimit(Some(own), Resource::Nofile, new)
        .map_err(|error| failed("the limit cannot be set", error))?;
    raise_receipt(pid, &old)
}

fn raise_receipt(pid: u32, old: &Rlimit) -> Done {
    let (soft, hard) = (old.current.unwrap_or(0), old.maximum.unwrap_or(0));
    Ok((hard.saturating_sub(soft), format!("prlimit({pid}, NOFILE, {hard}:{hard}), before {soft}")))
}

/// Sets the soft limit back by what it was raised.
pub fn lower(pid: u32, started_at: i64, by: u64) -> Result<(), RepairError> {
    let (own, _) = pinned(pid, started_at)?;
    let old = limits(own)?;
    let current = old.current.map(|soft| soft.saturating_sub(by));
    prlimit(Some(own), Resource::Nofile, Rlimit { current, maximum: old.maximum })
        .map(drop)
        .map_err(|error| failed("the limit cannot be set back", error))
}

/// Ending: whatever it is, it is asked and not killed.
pub fn end_foretold(pid: u32, started_at: i64) -> Done {
    pinned(pid, started_at)?;
    Ok((1, format!("pidfd_send_signal({pid}, SIGTERM), then {} s", END_WITHIN.as_secs())))
}

/// Asks it to end and waits for that.
pub fn end(pid: u32, started_at: i64) -> Done {
    let held = signal(pid, started_at, Signal::TERM, "SIGTERM")?;
    let within = Timespec { tv_sec: 10, tv_nsec: 0 };
    let mut ended = [PollFd::new(&held, PollFlags::IN)];
    match poll(&mut ended, Some(&within)) {
        Ok(0) => Err(RepairError::Failed(format!(
            "PID {pid} did not end within {} s; nothing stronger is sent",
            END_WITHIN.as_secs()
        ))),
        Ok(_) => Ok((1, format!("pidfd_send_signal({pid}, SIGTERM): it ended"))),
        Err(error) => Err(failed("its end cannot be waited for", error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_first_process_nor_ourselves_nor_a_reused_number_is_touched() {
        for pid in [0, 1, std::process::id()] {
            assert!(matches!(end_foretold(pid, 0), Err(RepairError::Refused(_))), "{pid}");
        }
        let parent = rustix::process::getppid().unwrap().as_raw_nonzero().get().unsigned_abs();
        if parent > 1 {
            let says = end_foretold(parent, 0).unwrap_err().to_string();
            assert!(says.contains("another process by now"), "{says}");
        }
    }
}
