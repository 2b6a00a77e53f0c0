//! Binding the port, and finding out who has it when somebody else does.

use std::net::SocketAddr;
use std::path::Path;

use galen_core::UnixMs;
use tokio::net::{TcpListener, TcpSocket};

use super::clock::rfc3339;
use crate::failure::{Exit, Failure};
use crate::terminal::plain;

/// The state of a listening socket in `/proc/net/tcp` (`TCP_LISTEN` of the kernel's `tcp_states.h`).
const LISTEN: &str = "0A";

/// Connections that may wait to be accepted; the kernel lowers it to `net.core.somaxconn`.
const BACKLOG: u32 = 4096;

/// Binds the address. To be called within the runtime.
///
/// # Errors
/// When it is taken (naming the process that has it, where rights allow) or cannot be had.
pub fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    match listen(address) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(taken(address)),
        Err(error) => {
            let hint = match error.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    "ports below 1024 need a right: use a higher one behind a reverse proxy"
                }
                _ => "name an address of this machine with --listen",
            };
            Err(Failure::new(format!("cannot listen on {address}: {error}")).fix(hint))
        }
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart must not wait for connections of the last run that linger (TIME_WAIT).
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn taken(address: SocketAddr) -> Failure {
    let port = address.port();
    let next = port.checked_add(1).unwrap_or(8000);
    let other = format!("--listen {}", SocketAddr::new(address.ip(), next));
    let failure = match owner(port) {
        Some(Owner { pid, command, since }) => {
            let since = since.map_or(String::new(), |at| format!(" since {}", rfc3339(at)));
            Failure::new(format!(
                "{address} is taken by process {pid} (`{}`){since}",
                plain(&command)
            ))
            .fix(format!("stop it with `kill {pid}`, or listen elsewhere with {other}"))
        }
        None => {
            Failure::new(format!("{address} is taken by a process of another user")).fix(format!(
                "name it with `sudo ss -ltnp 'sport = :{port}'`, or listen elsewhere with {other}"
            ))
        }
    };
    failure.exit(Exit::Held)
}

/// The process behind a listening socket.
#[derive(Debug)]
struct Owner {
    pid: u32,
    command: String,
    since: Option<UnixMs>,
}

fn owner(port: u16) -> Option<Owner> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        holds_any(&entry.path(), &inodes).then(|| describe(pid, &entry.path()))
    })
}

/// The inodes of the sockets that listen on a port, by the text of `/proc/net/tcp` (proc(5)).
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 9 && row[1].ends_with(&suffix) && row[3] == LISTEN)
        .map(|row| row[9].to_owned())
        .collect()
}

fn holds_any(process: &Path, inodes: &[String]) -> bool {
    let Ok(descriptors) = std::fs::read_dir(process.join("fd")) else {
        return false;
    };
    descriptors.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|link| {
        let link = link.to_string_lossy().into_owned();
        let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        inode.is_some_and(|inode| inodes.iter().any(|known| known == inode))
    })
}

fn describe(pid: u32, process: &Path) -> Owner {
    let raw = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let words = raw.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    Owner { pid, command: words.join(" "), since: started_at(process) }
}

/// When a process began: its start in clock ticks after boot (field 22 of `/proc/PID/stat`).
fn started_at(process: &Path) -> Option<UnixMs> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let ticks: i64 = after_name.split_whitespace().nth(19)?.parse().ok()?;
    let kernel = std::fs::read_to_string("/proc/stat").ok()?;
    let boot = kernel.lines().find_map(|line| line.strip_prefix("btime "))?;
    let boot_s: i64 = boot.trim().parse().ok()?;
    let ticks_a_second = i64::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    Some(UnixMs(boot_s * 1_000 + ticks * 1_000 / ticks_a_second.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_names_the_process_that_has_it() -> Result<(), Box<dyn std::error::Error>>
    {
        let first = bind("127.0.0.1:0".parse()?)?;
        let failure = bind(first.local_addr()?).map(|_| ()).unwrap_err();
        assert_eq!(failure.exit, Exit::Held);
        assert!(failure.what.contains(&format!("process {}", std::process::id())), "{failure}");
        Ok(())
    }

    #[test]
    fn only_listening_sockets_on_the_port_are_counted() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1\n   1: 0100007F:1F40 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 222 1\n   2: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1\n";
        assert_eq!(listening_inodes(table, 8000), ["111"]);
    }
}
