//! Finds what is examined: the address behind the URL, who listens there, and which processes serve.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Uri;
use tokio::net::TcpSocket;

use super::census::Census;
use super::process;
use super::scene::{Address, Scene};
use super::sock_diag::{self, SockDiag, TcpSocket as Kernel};
use crate::evidence::{FactKey, Source, object, redact};
use crate::progress::Stage;

/// Resolving a name takes no longer than this.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(5);
/// Most processes of one server that are watched.
const PIDS_MAX: usize = 8;

/// Discovers the address, the listeners and the serving processes.
pub async fn run(scene: &Scene<'_>) {
    scene.step(Stage::Discover, "address and processes");
    let census = Census::take();
    let listeners = SockDiag::open().and_then(|mut diag| diag.listeners());
    let listeners = listeners.unwrap_or_else(|error| {
        scene.missing(
            FactKey::ListenerCount,
            object::TARGET,
            format!("NETLINK_SOCK_DIAG: {error}"),
        );
        Vec::new()
    });
    let address = resolve(scene, &census, &listeners).await;
    let owners = match &address {
        Some(address) if address.local => publish_listeners(scene, address, &census, &listeners),
        Some(_) => {
            scene.missing(
                FactKey::TargetPid,
                object::TARGET,
                "the address belongs to another machine",
            );
            Vec::new()
        }
        None => Vec::new(),
    };
    let pids = serving(scene, &census, &owners);
    scene.learn(|found| {
        found.address = address;
        found.pid = pids.first().copied();
        found.pids.clone_from(&pids);
    });
    intended(scene, &census);
    process::publish_target(scene, &census, &pids, &listeners);
    for owner in owners.iter().filter(|owner| !pids.contains(owner)) {
        process::publish(scene, &census, *owner, &listeners);
    }
}

/// Reads the URL and resolves its name; without a URL, takes what the given process listens on.
async fn resolve(scene: &Scene<'_>, census: &Census, listeners: &[Kernel]) -> Option<Address> {
    let Some(url) = &scene.target.url else {
        let pid = scene.target.pid?;
        let inodes = census.sockets_of(pid);
        let socket = listeners.iter().find(|one| inodes.contains(&u64::from(one.inode)))?.local;
        let dialled = if socket.ip().is_unspecified() { loopback(socket) } else { socket };
        let authority = dialled.to_string();
        return Some(Address {
            socket: dialled,
            all: vec![dialled],
            authority,
            prefix: String::new(),
            local: true,
            headers: scene.target.headers.clone(),
        });
    };
    match look_up(url).await {
        Ok((all, authority, prefix)) => {
            let listened =
                |at: &&SocketAddr| listeners.iter().any(|one| sock_diag::covers(one.local, **at));
            let socket = *all.iter().find(listened).or_else(|| all.first())?;
            let (local, headers) = (is_local(socket), scene.target.headers.clone());
            Some(Address { socket, local, all, authority, prefix, headers })
        }
        Err(reason) => {
            scene.missing(FactKey::ConnectOutcome, redact::text(url), reason);
            None
        }
    }
}

/// The addresses of a URL's host, its Host header and its path prefix; or why there are none.
async fn look_up(url: &str) -> Result<(Vec<SocketAddr>, String, String), String> {
    let Some((host, port, authority, prefix)) = parse(url) else {
        return Err("the URL is not an http:// URL; HTTPS is not spoken by these probes".to_owned());
    };
    let looking = tokio::net::lookup_host((host.trim_matches(['[', ']']), port));
    let all: Vec<SocketAddr> = match tokio::time::timeout(RESOLVE_DEADLINE, looking).await {
        Ok(Ok(found)) => found.take(4).collect(),
        Ok(Err(error)) => return Err(format!("the name cannot be resolved: {error}")),
        Err(_) => return Err("resolving the name took longer than 5 s".to_owned()),
    };
    Ok((all, authority, prefix))
}

fn loopback(socket: SocketAddr) -> SocketAddr {
    match socket {
        SocketAddr::V4(v4) => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, v6.port())),
    }
}

/// Host, port, Host header and path prefix of an `http` URL.
fn parse(url: &str) -> Option<(String, u16, String, String)> {
    let uri: Uri = url.trim().parse().ok()?;
    if uri.scheme_str()? != "http" {
        return None;
    }
    let authority = uri.authority()?;
    let port = authority.port_u16().unwrap_or(80);
    let host_header = authority.as_str().rsplit('@').next()?.to_owned();
    Some((
        authority.host().to_owned(),
        port,
        host_header,
        uri.path().trim_end_matches('/').to_owned(),
    ))
}

/// An address is this machine's own if a socket can be bound to it; that every port is taken, which
/// fails in another way, does not make it a stranger's.
fn is_local(address: SocketAddr) -> bool {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let bound = socket.and_then(|socket| socket.bind(SocketAddr::new(address.ip(), 0)));
    !bound.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrNotAvailable)
}

/// Facts about every socket that listens on the port; gives the processes that hold one that
/// covers the address.
fn publish_listeners(
    scene: &Scene<'_>,
    address: &Address,
    census: &Census,
    listeners: &[Kernel],
) -> Vec<u32> {
    let port = address.socket.port();
    let on_port: Vec<&Kernel> = listeners.iter().filter(|one| one.local.port() == port).collect();
    let source = Source::new(
        "listeners",
        "NETLINK_SOCK_DIAG, LISTEN sockets",
        format!("ss -ltnpe 'sport = :{port}'"),
    );
    scene.fact(FactKey::ListenerCount, format!(":{port}"), on_port.len(), &source);
    let has_v4 = on_port.iter().any(|one| one.local.is_ipv4());
    let mut owners = BTreeMap::new();
    for one in on_port {
        let name = object::listener(&one.local.to_string(), u64::from(one.inode));
        let family = match one.local {
            SocketAddr::V4(_) => "ipv4",
            SocketAddr::V6(v6) if v6.ip().is_unspecified() && !has_v4 => "dual",
            SocketAddr::V6(_) => "ipv6",
        };
        scene.fact(FactKey::ListenerFamily, &name, family, &source);
        publish_queue(scene, one);
        let holders = census.owners_of(u64::from(one.inode));
        match holders.first() {
            Some(pid) => scene.fact(FactKey::ListenerPid, &name, *pid, &source),
            None => scene.missing(
                FactKey::ListenerPid,
                &name,
                "no right to see which process holds the socket",
            ),
        }
        if sock_diag::covers(one.local, address.socket) {
            owners.extend(holders.into_iter().map(|pid| (pid, ())));
        }
    }
    owners.into_keys().collect()
}

/// How many connections wait to be accepted by a listening socket, and how many can.
pub fn publish_queue(scene: &Scene<'_>, socket: &Kernel) {
    let name = object::listener(&socket.local.to_string(), u64::from(socket.inode));
    let source = Source::new(
        "listeners",
        "NETLINK_SOCK_DIAG, Recv-Q and Send-Q of the LISTEN socket",
        format!("ss -ltn 'sport = :{}'", socket.local.port()),
    );
    scene.fact(FactKey::ListenerQueued, &name, socket.receive_queue, &source);
    scene.fact(FactKey::ListenerBacklog, &name, socket.send_queue, &source);
}

/// The serving processes, the one to look at first in front: of a pre-fork server a worker.
fn serving(scene: &Scene<'_>, census: &Census, owners: &[u32]) -> Vec<u32> {
    let source = match scene.target.pid {
        Some(pid) => Source::new("listeners", "--pid", format!("ps -fp {pid}")),
        None => {
            Source::new("listeners", "the owner of the LISTEN socket, by /proc/PID/fd", "ss -ltnp")
        }
    };
    let is_worker = |pid: &u32| census.get(*pid).is_some_and(|one| owners.contains(&one.parent));
    let chosen = scene
        .target
        .pid
        .or_else(|| owners.iter().copied().find(is_worker))
        .or_else(|| owners.first().copied());
    let Some(pid) = chosen else {
        if !owners.is_empty() || scene.target.url.is_some() {
            scene.missing(
                FactKey::TargetPid,
                object::TARGET,
                "no process that listens there can be seen",
            );
        }
        return Vec::new();
    };
    scene.fact(FactKey::TargetPid, object::TARGET, pid, &source);
    let mut pids = vec![pid];
    pids.extend(owners.iter().copied().filter(|owner| *owner != pid && scene.target.pid.is_none()));
    pids.extend(census.workers_of(pid).into_iter().filter(|worker| !owners.contains(worker)));
    pids.truncate(PIDS_MAX);
    pids
}

/// What should be serving, by the caller's word.
fn intended(scene: &Scene<'_>, census: &Census) {
    let (pid, exe, origin) = match (&scene.target.intended, scene.target.pid) {
        (Some(intended), _) => (intended.pid, intended.exe.clone(), intended.origin.clone()),
        (None, Some(pid)) => (Some(pid), None, "--pid".to_owned()),
        (None, None) => return,
    };
    let source = Source::new("listeners", redact::text(&origin), "ps -ef");
    let known = pid.and_then(|pid| census.get(pid));
    if let Some(pid) = pid {
        scene.fact(FactKey::IntendedPid, object::TARGET, pid, &source);
    }
    if let Some(exe) = exe.or_else(|| known?.exe.clone()) {
        scene.fact(
            FactKey::IntendedExe,
            object::TARGET,
            redact::text(&exe.display().to_string()),
            &source,
        );
    }
    if let Some(cwd) = known.and_then(|one| one.cwd.clone()) {
        scene.fact(
            FactKey::IntendedCwd,
            object::TARGET,
            redact::text(&cwd.display().to_string()),
            &source,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_with_its_port_and_prefix() {
        let (host, port, authority, prefix) = parse("http://u:p@[::1]:8000/app/").unwrap();
        assert_eq!(
            (host.as_str(), port, authority.as_str(), prefix.as_str()),
            ("[::1]", 8000, "[::1]:8000", "/app")
        );
        assert_eq!(parse("http://localhost").unwrap().1, 80);
        assert!(parse("https://localhost").is_none());
        assert!(parse("file:///etc/passwd").is_none());
        assert!(parse("not a url").is_none());
    }

    #[test]
    fn loopback_is_this_machine_and_a_documentation_address_is_not() {
        assert!(is_local(SocketAddr::from(([127, 0, 0, 1], 1))));
        assert!(!is_local(SocketAddr::from(([198, 51, 100, 7], 1))));
    }
}
