//! Time on the CPU, of the calling thread or of the whole process: the one place where it is asked for.

/// Whose time on the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuTime {
    /// The calling thread's.
    Thread,
    /// That of all threads of this process, ended ones included.
    Process,
}

impl CpuTime {
    /// The time so far, in nanoseconds. It is a system call.
    #[must_use]
    pub fn ns(self) -> u64 {
        let clock = match self {
            Self::Thread => libc::CLOCK_THREAD_CPUTIME_ID,
            Self::Process => libc::CLOCK_PROCESS_CPUTIME_ID,
        };
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // Not through rustix, which looks for the kernel's vDSO by itself and dies of it under
        // valgrind, where instructions are counted; and these clocks are a system call in any case.
        // SAFETY: `now` is a writable timespec for the whole call, which keeps no reference to it.
        // The clocks exist on every Linux; were it to fail, the time would stand at zero.
        unsafe { libc::clock_gettime(clock, &raw mut now) };
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let rest_ns = u64::try_from(now.tv_nsec).unwrap_or(0);
        seconds.wrapping_mul(1_000_000_000).wrapping_add(rest_ns)
    }
}
