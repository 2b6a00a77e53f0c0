//! Counters of the kernel over the examination: dropped and repeated connections, swapping, ports.

use std::collections::BTreeMap;

use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::Process;

use super::cgroups::field;
use super::scene::Scene;
use crate::evidence::{FactKey, Source, object};

/// Peers of which fewer ports are in use than this share of the range are not listed.
const PORTS_SHARE_MIN: f64 = 0.25;
/// Most peers listed.
const PEERS_MAX: usize = 3;

/// One reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    overflows: Option<u64>,
    retransmits: Option<u64>,
    swapped_in: Option<u64>,
    oom_kills: Option<u64>,
}

impl Kernel {
    /// Reads them as the server's network namespace counts them, or as our own does.
    pub fn read(pid: Option<u32>) -> Self {
        let of = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
        let netstat = std::fs::read_to_string(format!("/proc/{of}/net/netstat")).ok();
        let tcp = |name| netstat.as_deref().and_then(|text| tcp_ext(text, name));
        let vmstat = std::fs::read_to_string("/proc/vmstat").ok();
        let memory = |name| vmstat.as_deref().and_then(|text| field(text, name));
        Self {
            overflows: tcp("ListenOverflows"),
            retransmits: tcp("TCPSynRetrans"),
            swapped_in: memory("pswpin"),
            oom_kills: memory("oom_kill"),
        }
    }
}

/// A counter of the TcpExt group: a line of names, and below it a line of numbers.
fn tcp_ext(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let at = names.split_ascii_whitespace().position(|one| one == name)?;
    numbers.split_ascii_whitespace().nth(at)?.parse().ok()
}

/// Publishes the differences, and what does not change.
pub fn publish(scene: &Scene<'_>, before: &Kernel, after: &Kernel) {
    let pid = scene.found().pid;
    let of = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    let netstat = format!("/proc/{of}/net/netstat");
    let tcp = |name: &str| {
        Source::new("kernel", format!("{netstat}: {name}, first and last reading"), "nstat -az")
    };
    let memory = |name: &str| {
        let from = format!("/proc/vmstat: {name}, first and last reading");
        Source::new("kernel", from, "cat /proc/vmstat")
    };
    for (key, first, last, source) in [
        (FactKey::ListenOverflows, before.overflows, after.overflows, tcp("ListenOverflows")),
        (FactKey::SynRetransmits, before.retransmits, after.retransmits, tcp("TCPSynRetrans")),
        (FactKey::HostSwapIn, before.swapped_in, after.swapped_in, memory("pswpin")),
        (FactKey::HostOomKills, before.oom_kills, after.oom_kills, memory("oom_kill")),
    ] {
        match first.zip(last) {
            Some((first, last)) => {
                scene.fact(key, object::HOST, last.saturating_sub(first), &source)
            }
            None => scene.missing(key, object::HOST, format!("{} cannot be read", source.from)),
        }
    }
    if let Some(total) = std::fs::read_to_string("/proc/meminfo").ok().and_then(|t| swap(&t)) {
        let source = Source::new("kernel", "/proc/meminfo: SwapTotal", "free");
        scene.fact(FactKey::HostSwapTotal, object::HOST, total, &source);
    }
    if let Some(pid) = pid {
        publish_ports(scene, pid);
    }
}

/// SwapTotal in bytes.
fn swap(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("SwapTotal:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The range of local ports, and the peers that use much of it.
fn publish_ports(scene: &Scene<'_>, pid: u32) {
    let namespace = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/net")).ok();
    if namespace(&pid.to_string()) != namespace("self") {
        let reason = "the server lives in another network namespace";
        scene.missing(FactKey::EphemeralPorts, object::HOST, reason);
        return;
    }
    let file = "/proc/sys/net/ipv4/ip_local_port_range";
    let Ok(text) = std::fs::read_to_string(file) else { return };
    let mut words = text.split_ascii_whitespace().filter_map(|word| word.parse::<u16>().ok());
    let (Some(first), Some(last)) = (words.next(), words.next()) else { return };
    let ports = u64::from(last.saturating_sub(first)) + 1;
    let source = Source::new("kernel", file, format!("cat {file}"));
    scene.fact(FactKey::EphemeralPorts, object::HOST, ports, &source);
    let source = Source::new("kernel", format!("/proc/{pid}/net/tcp and tcp6"), "ss -tan");
    for (peer, used) in used_by_peer(pid, first..=last) {
        if used as f64 >= ports as f64 * PORTS_SHARE_MIN {
            scene.fact(FactKey::EphemeralInUse, peer, used, &source);
        }
    }
}

/// The peers with most local ports of the range in use towards them.
fn used_by_peer(pid: u32, range: std::ops::RangeInclusive<u16>) -> Vec<(String, u64)> {
    let Some(process) = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok()) else {
        return Vec::new();
    };
    let entries = process.tcp().into_iter().chain(process.tcp6()).flatten();
    let outgoing = |one: &TcpNetEntry| {
        one.state != TcpState::Listen && range.contains(&one.local_address.port())
    };
    let mut used: BTreeMap<String, u64> = BTreeMap::new();
    for entry in entries.filter(outgoing) {
        *used.entry(entry.remote_address.to_string()).or_default() += 1;
    }
    let mut used: Vec<(String, u64)> = used.into_iter().collect();
    used.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    used.truncate(PEERS_MAX);
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_stands_below_its_name() {
        let text = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 12 13\n\
                    IpExt: InNoRoutes\nIpExt: 0\n";
        assert_eq!(tcp_ext(text, "ListenOverflows"), Some(12));
        assert_eq!(tcp_ext(text, "TCPSynRetrans"), None);
    }

    #[test]
    fn swap_is_read_in_bytes() {
        assert_eq!(swap("MemTotal: 4 kB\nSwapTotal:    2048 kB\n"), Some(2 << 20));
        assert_eq!(swap("MemTotal: 4 kB\n"), None);
    }
}
