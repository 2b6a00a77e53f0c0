//! What the monitor costs: CPU time of its tasks, measured around every poll, and of its thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use galen_http::CpuTime;

/// The history's thread, as the store names it.
const HISTORY_THREAD: &str = "galen-history";

/// CPU time of the monitor's own tasks since the start.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// The same work, with its CPU time counted here.
    pub fn measure<F: Future>(&self, work: F) -> Measured<F> {
        Measured { work: Box::pin(work), spent_ns: Arc::clone(&self.0) }
    }

    /// CPU time counted so far, in nanoseconds.
    pub fn spent_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Work whose CPU time is counted: that of the thread it is polled on, while it is polled.
pub struct Measured<F> {
    work: Pin<Box<F>>,
    spent_ns: Arc<AtomicU64>,
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let before_ns = CpuTime::Thread.ns();
        let polled = self.work.as_mut().poll(cx);
        let spent_ns = CpuTime::Thread.ns().saturating_sub(before_ns);
        self.spent_ns.fetch_add(spent_ns, Ordering::Relaxed);
        polled
    }
}

/// CPU time of this process since its start, in nanoseconds.
pub fn process_cpu_ns() -> u64 {
    CpuTime::Process.ns()
}

/// The history's thread, once it was found, and what it has cost.
#[derive(Debug, Default)]
pub struct HistoryThread {
    tid: Option<u32>,
    cpu_ns: u64,
}

impl HistoryThread {
    /// Its CPU time since its start, in nanoseconds (`/proc/self/task/TID/schedstat`, first field:
    /// time on the CPU). While it cannot be read, because no descriptor is free, what was read last
    /// stands; 0 where there is no such thread or the kernel does not keep it.
    pub fn cpu_ns(&mut self) -> u64 {
        if let Some(cpu_ns) = self.read() {
            self.cpu_ns = cpu_ns;
        }
        self.cpu_ns
    }

    fn read(&mut self) -> Option<u64> {
        let tid = self.tid.or_else(find)?;
        self.tid = Some(tid);
        let text = std::fs::read_to_string(format!("/proc/self/task/{tid}/schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    }
}

fn find() -> Option<u32> {
    std::fs::read_dir("/proc/self/task").ok()?.flatten().find_map(|thread| {
        let name = std::fs::read_to_string(thread.path().join("comm")).ok()?;
        (name.trim_end() == HISTORY_THREAD).then(|| thread.file_name().to_str()?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_costs_its_own_time_and_waiting_costs_none() {
        let meter = Meter::default();
        let sum = meter
            .measure(async {
                let mut sum = 0_u64;
                for number in 0..2_000_000_u64 {
                    sum = std::hint::black_box(sum.wrapping_add(number));
                }
                tokio::task::yield_now().await;
                sum
            })
            .await;
        assert!(sum > 0 && meter.spent_ns() > 0);
        assert!(meter.spent_ns() <= process_cpu_ns());
    }
}
