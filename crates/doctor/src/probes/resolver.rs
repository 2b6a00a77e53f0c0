//! The server's resolvers, asked directly: only when one of its threads was seen waiting for one.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

use super::http_client::ms;
use super::scene::Scene;
use crate::evidence::{FactKey, Source, Value, object};
use crate::progress::Stage;

/// The port of DNS.
const PORT: u16 = 53;
/// One answer is waited for this long; the C library's default is 5 s (resolv.conf(5)).
const DEADLINE: Duration = Duration::from_secs(2);
/// `MAXNS` of resolv.conf(5): the C library reads no more.
const RESOLVERS_MAX: usize = 3;
/// A query for the address of `localhost.` (RFC 1035, section 4.1): any resolver answers it
/// without asking another (RFC 6761, section 6.3).
const QUERY: &[u8] =
    b"\x47\x41\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01";

/// What is said when no thread waited: resolvers are strangers, and are not asked without cause.
const NOT_ASKED: &str = "not asked, because no thread waited for one";

/// Asks each resolver of the server once.
pub async fn run(scene: &Scene<'_>) {
    let Some(pid) = scene.found().pid else { return };
    if !was_waited_for(scene) {
        let source = Source::new("resolver", "the threads' descriptors", "ss -uanp");
        scene.fact(FactKey::ResolverOutcome, object::TARGET, NOT_ASKED, &source);
        return;
    }
    scene.step(Stage::Probe, "the server's resolvers");
    let file = format!("/proc/{pid}/root/etc/resolv.conf");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            scene.missing(FactKey::ResolverOutcome, "resolver", format!("{file}: {error}"));
            return;
        }
    };
    for resolver in nameservers(&text) {
        let (outcome, took_ms) = ask(resolver).await;
        let source = Source::new(
            "resolver",
            format!("a query for `localhost.` sent to {resolver}, from {file}"),
            format!("dig +time=2 +tries=1 @{} localhost", resolver.ip()),
        );
        scene.fact(FactKey::ResolverOutcome, resolver.to_string(), outcome, &source);
        scene.fact(FactKey::ResolverMs, resolver.to_string(), took_ms, &source);
    }
}

/// Whether a thread stood in a wait for a UDP socket to port 53.
fn was_waited_for(scene: &Scene<'_>) -> bool {
    let waits = scene.collector.so_far(FactKey::ThreadWaitsOn);
    waits.iter().any(|draft| match &draft.value {
        Value::Counts(labels) => labels.keys().any(|label| label == "udp :53"),
        _ => false,
    })
}

/// The `nameserver` lines of resolv.conf(5).
fn nameservers(text: &str) -> Vec<SocketAddr> {
    let addresses = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let address = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        address.parse::<IpAddr>().ok()
    });
    addresses.map(|ip| SocketAddr::new(ip, PORT)).take(RESOLVERS_MAX).collect()
}

async fn ask(resolver: SocketAddr) -> (&'static str, f64) {
    let started = Instant::now();
    let asking = async {
        let own = if resolver.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(own).await?;
        socket.connect(resolver).await?;
        socket.send(QUERY).await?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).await?;
        Ok::<bool, std::io::Error>(length >= 2 && answer[..2] == QUERY[..2])
    };
    let outcome = match timeout(DEADLINE, asking).await {
        Ok(Ok(true)) => "answered",
        Ok(Ok(false) | Err(_)) => "refused",
        Err(_) => "silent",
    };
    (outcome, ms(started.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nameserver_lines_are_read_and_others_left() {
        let text = "# nameserver 192.0.2.9\nsearch example.org\nnameserver 192.0.2.1\n\
                    nameserver  ::1\noptions timeout:1\n";
        let read = nameservers(text);
        let wanted: Vec<SocketAddr> =
            ["192.0.2.1:53", "[::1]:53"].iter().map(|one| one.parse().unwrap()).collect();
        assert_eq!(read, wanted);
    }
}
