//! The names of the system calls a waiting thread is found in, by number, for this architecture.

/// What a system call's first argument is, where it tells what the thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Argument 0 is a file descriptor.
    OnDescriptor,
    /// Argument 0 is an array of `struct pollfd`, argument 1 its length (poll(2)).
    OnPollArray,
    /// Nothing that a descriptor names: sleeps, futexes, waits for children.
    Elsewhere,
}

/// One known system call.
#[derive(Clone, Copy, Debug)]
pub struct Syscall {
    number: libc::c_long,
    /// Its name in the manual pages.
    pub name: &'static str,
    /// What its arguments say.
    pub waits: Waits,
}

const fn call(number: libc::c_long, name: &'static str, waits: Waits) -> Syscall {
    Syscall { number, name, waits }
}

use Waits::{Elsewhere, OnDescriptor, OnPollArray};

/// THE list of system calls that are named; any other is printed as its number.
pub const ALL: &[Syscall] = &[
    call(libc::SYS_epoll_pwait, "epoll_wait", OnDescriptor),
    call(libc::SYS_epoll_pwait2, "epoll_wait", OnDescriptor),
    call(libc::SYS_ppoll, "poll", OnPollArray),
    call(libc::SYS_pselect6, "select", Elsewhere),
    call(libc::SYS_nanosleep, "nanosleep", Elsewhere),
    call(libc::SYS_clock_nanosleep, "clock_nanosleep", Elsewhere),
    call(libc::SYS_futex, "futex", Elsewhere),
    call(libc::SYS_read, "read", OnDescriptor),
    call(libc::SYS_readv, "read", OnDescriptor),
    call(libc::SYS_pread64, "pread64", OnDescriptor),
    call(libc::SYS_preadv, "pread64", OnDescriptor),
    call(libc::SYS_write, "write", OnDescriptor),
    call(libc::SYS_writev, "write", OnDescriptor),
    call(libc::SYS_pwrite64, "pwrite64", OnDescriptor),
    call(libc::SYS_pwritev, "pwrite64", OnDescriptor),
    call(libc::SYS_fsync, "fsync", OnDescriptor),
    call(libc::SYS_fdatasync, "fdatasync", OnDescriptor),
    call(libc::SYS_sync_file_range, "sync_file_range", OnDescriptor),
    call(libc::SYS_fallocate, "fallocate", OnDescriptor),
    call(libc::SYS_ftruncate, "ftruncate", OnDescriptor),
    call(libc::SYS_flock, "flock", OnDescriptor),
    call(libc::SYS_fcntl, "fcntl", OnDescriptor),
    call(libc::SYS_recvfrom, "recvfrom", OnDescriptor),
    call(libc::SYS_recvmsg, "recvmsg", OnDescriptor),
    call(libc::SYS_recvmmsg, "recvmsg", OnDescriptor),
    call(libc::SYS_sendto, "sendto", OnDescriptor),
    call(libc::SYS_sendmsg, "sendmsg", OnDescriptor),
    call(libc::SYS_connect, "connect", OnDescriptor),
    call(libc::SYS_accept, "accept", OnDescriptor),
    call(libc::SYS_accept4, "accept", OnDescriptor),
    call(libc::SYS_openat, "openat", Elsewhere),
    call(libc::SYS_wait4, "wait4", Elsewhere),
    call(libc::SYS_waitid, "waitid", Elsewhere),
    call(libc::SYS_rt_sigtimedwait, "sigwait", Elsewhere),
    call(libc::SYS_rt_sigsuspend, "sigsuspend", Elsewhere),
    call(libc::SYS_restart_syscall, "restart_syscall", Elsewhere),
    call(libc::SYS_io_uring_enter, "io_uring_enter", OnDescriptor),
    call(libc::SYS_sched_yield, "sched_yield", Elsewhere),
    call(libc::SYS_madvise, "madvise", Elsewhere),
    call(libc::SYS_munmap, "munmap", Elsewhere),
];

/// Calls that exist on x86-64 only; aarch64 never had them.
#[cfg(target_arch = "x86_64")]
const OLD: &[Syscall] = &[
    call(libc::SYS_epoll_wait, "epoll_wait", OnDescriptor),
    call(libc::SYS_poll, "poll", OnPollArray),
    call(libc::SYS_select, "select", Elsewhere),
    call(libc::SYS_pause, "pause", Elsewhere),
    call(libc::SYS_open, "openat", Elsewhere),
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[Syscall] = &[];

/// What `/proc/PID/task/TID/syscall` said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// On a CPU, or runnable.
    Running,
    /// Blocked outside any system call: a page fault, a stop.
    Outside,
    /// In this system call, with its first two arguments.
    In(libc::c_long, [u64; 2]),
}

impl Position {
    /// Reads one line of the file (proc(5): number, six arguments, stack and program pointer).
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        match words.next()? {
            "running" => Some(Self::Running),
            "-1" => Some(Self::Outside),
            number => {
                let number = number.parse().ok()?;
                let mut argument =
                    || u64::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok();
                Some(Self::In(number, [argument()?, argument()?]))
            }
        }
    }

    /// The label counted in evidence.
    pub fn label(&self) -> String {
        match self {
            Self::Running => "running".to_owned(),
            Self::Outside => "outside".to_owned(),
            Self::In(number, _) => find(*number)
                .map_or_else(|| format!("syscall {number}"), |known| known.name.to_owned()),
        }
    }
}

/// The known call with this number.
pub fn find(number: libc::c_long) -> Option<&'static Syscall> {
    ALL.iter().chain(OLD).find(|known| known.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_with_its_arguments() {
        let line = format!("{} 0x5 0x7ffd 0x0 0x0 0x0 0x0 0x7ffe 0x7f00", libc::SYS_fsync);
        let position = Position::parse(&line).unwrap();
        assert_eq!(position, Position::In(libc::SYS_fsync, [5, 0x7ffd]));
        assert_eq!(position.label(), "fsync");
    }

    #[test]
    fn running_outside_and_unknown_calls_have_labels_too() {
        assert_eq!(Position::parse("running\n").unwrap().label(), "running");
        assert_eq!(Position::parse("-1 0x7ffe 0x7f00").unwrap().label(), "outside");
        assert_eq!(Position::parse("9999 0x0 0x0 0x0").unwrap().label(), "syscall 9999");
        assert_eq!(Position::parse(""), None);
    }
}
