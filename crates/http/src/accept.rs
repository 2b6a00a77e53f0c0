//! The accept loop: who may connect, what happens when nobody may, and how it all ends.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use galen_core::ConnectionEvent;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::{driver, live};

/// The first and the longest pause after the system had no file or memory for a connection.
const PAUSE_MS: (u64, u64) = (10, 1_000);

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that ended in their own time after the stop.
    pub finished: usize,
    /// Connections that were cut at the deadline.
    pub cut: usize,
}

/// Serves `app` on `listener` until `shutdown` is cancelled; then takes no more connections, lets
/// requests at work finish within the drain deadline, and cuts what is left.
pub async fn serve(app: Arc<App>, listener: TcpListener, shutdown: CancellationToken) -> Drained {
    let places = Arc::new(Places::new(&app));
    let stop = CancellationToken::new();
    let mut connections = JoinSet::new();
    let live = tokio::spawn(live::run(Arc::clone(&app), stop.clone()));
    let mut pause_ms = PAUSE_MS.0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                pause_ms = PAUSE_MS.0;
                admit(&app, &places, socket, peer, |app, socket, place| {
                    connections.spawn(driver::drive(app, socket, place, stop.clone()));
                });
            }
            // The one connection failed before it was ours; the next may not.
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, pause_ms, "cannot accept connections for a moment");
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                pause_ms = (pause_ms * 2).min(PAUSE_MS.1);
            }
        }
    }
    drop(listener);
    // In this order: connections are woken to find that the server stops.
    app.stop();
    stop.cancel();
    // Every stream is told to come again before its connection is waited for.
    if live.await.is_err() {
        tracing::error!("the task behind the streams broke");
    }
    drain(&app, connections).await
}

async fn drain(app: &App, mut connections: JoinSet<()>) -> Drained {
    let deadline = Duration::from_millis(app.settings.limits.drain_deadline_ms);
    let open = connections.len();
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(deadline, all).await.is_ok() {
        return Drained { finished: open, cut: 0 };
    }
    let cut = connections.len();
    connections.shutdown().await;
    Drained { finished: open.saturating_sub(cut), cut }
}

fn admit(
    app: &Arc<App>,
    places: &Arc<Places>,
    socket: TcpStream,
    peer: SocketAddr,
    spawn: impl FnOnce(Arc<App>, TcpStream, Place),
) {
    let exempt = app.settings.trusted_proxies.iter().any(|net| net.contains(peer.ip()));
    match places.take(peer.ip(), exempt) {
        Some(mut place) => {
            place.accepted_ns = app.clock.monotonic_ns();
            app.recorder.connection(ConnectionEvent::Accepted);
            // Answers are whole when they are written: waiting to send more would only delay them.
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY was refused");
            }
            spawn(Arc::clone(app), socket, place);
        }
        None => app.recorder.connection(ConnectionEvent::Refused),
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// The places connections take, in all and by address.
struct Places {
    max: usize,
    max_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Places {
    fn new(app: &App) -> Self {
        let limits = &app.settings.limits;
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        // Without a limit of the system's there is ours alone.
        let files = files.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let room = files.saturating_sub(limits.reserved_files).max(1);
        Self {
            max: limits.max_connections.min(room),
            max_per_address: limits.max_connections_per_address,
            taken: Mutex::default(),
        }
    }

    /// Takes a place, if there is one; it is given back when it is dropped. Addresses of IPv6 count
    /// by their /64, because one subscriber has all of it.
    fn take(self: &Arc<Self>, peer: IpAddr, exempt: bool) -> Option<Place> {
        let key = subscriber(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.max {
            return None;
        }
        if !exempt {
            let of_address = taken.by_address.entry(key).or_insert(0);
            if *of_address >= self.max_per_address {
                return None;
            }
            *of_address += 1;
        }
        taken.all += 1;
        Some(Place {
            places: Arc::clone(self),
            peer: peer.to_canonical(),
            accepted_ns: 0,
            counted: (!exempt).then_some(key),
        })
    }
}

fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => {
            let prefix = u128::from(ip) & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// One taken place.
pub(crate) struct Place {
    places: Arc<Places>,
    /// The peer's address.
    pub(crate) peer: IpAddr,
    /// When the connection was accepted, on the monotonic clock.
    pub(crate) accepted_ns: u64,
    counted: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(key) = self.counted
            && let Some(of_address) = taken.by_address.get_mut(&key)
        {
            *of_address = of_address.saturating_sub(1);
            if *of_address == 0 {
                taken.by_address.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(max: usize, max_per_address: usize) -> Arc<Places> {
        Arc::new(Places { max, max_per_address, taken: Mutex::default() })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn places_are_limited_in_all_and_by_address_and_come_back() {
        let places = places(3, 2);
        let one = places.take(ip("192.0.2.1"), false).expect("a place");
        let _two = places.take(ip("192.0.2.1"), false).expect("a place");
        assert!(places.take(ip("192.0.2.1"), false).is_none());
        let _three = places.take(ip("192.0.2.2"), false).expect("a place");
        assert!(places.take(ip("192.0.2.3"), false).is_none());
        drop(one);
        assert!(places.take(ip("192.0.2.1"), false).is_some());
        assert!(places.take(ip("192.0.2.1"), true).is_some());
    }

    #[test]
    fn a_subscriber_of_ipv6_is_a_whole_64() {
        let places = places(9, 1);
        let _one = places.take(ip("2001:db8::1"), false).expect("a place");
        assert!(places.take(ip("2001:db8::2"), false).is_none());
        assert!(places.take(ip("2001:db8:0:1::1"), false).is_some());
    }

    #[test]
    fn the_map_of_addresses_does_not_remember_who_left() {
        let places = places(9, 9);
        drop(places.take(ip("192.0.2.1"), false));
        assert!(places.taken.lock().expect("a lock").by_address.is_empty());
    }
}
