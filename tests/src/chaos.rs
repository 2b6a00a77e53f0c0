//! A TCP proxy that does harm on purpose: slow, silent, narrow, cut short, or gone.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What is done to the answers of the server behind. The names are those of Toxiproxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toxic {
    /// Nothing.
    None,
    /// Every answer comes so much later.
    Latency(Duration),
    /// Connections are refused.
    Down,
    /// So many bytes a second at most.
    Bandwidth(u32),
    /// The end of a connection is told so much later.
    SlowClose(Duration),
    /// Nothing comes, and after this the connection is closed.
    Timeout(Duration),
    /// The connection is reset at the first answer.
    ResetPeer,
    /// Answers come in pieces of so many bytes.
    Slicer(usize),
    /// The connection is closed after so many bytes of answers.
    LimitData(usize),
}

/// A running proxy. Dropping it closes its port.
pub struct Chaos {
    address: SocketAddr,
    toxic: Arc<Mutex<Toxic>>,
    stop: Arc<AtomicBool>,
}

impl Chaos {
    /// Starts a proxy in front of a server.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn before(server: SocketAddr, toxic: Toxic) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let toxic = Arc::new(Mutex::new(toxic));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (Arc::clone(&toxic), Arc::clone(&stop));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let toxic = Arc::clone(&shared);
                thread::spawn(move || relay(client, server, &toxic));
            }
        });
        Ok(Self { address, toxic, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does something else from the next answer on.
    pub fn change(&self, toxic: Toxic) {
        *self.toxic.lock().unwrap_or_else(PoisonError::into_inner) = toxic;
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it is to end.
        let _woken = TcpStream::connect(self.address);
    }
}

fn relay(client: TcpStream, server: SocketAddr, toxic: &Mutex<Toxic>) {
    let now = || *toxic.lock().unwrap_or_else(PoisonError::into_inner);
    if now() == Toxic::Down {
        return;
    }
    let Ok(server) = TcpStream::connect(server) else { return };
    let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    thread::spawn(move || {
        // Either side may go first; both are closed below.
        let _ended = io::copy(&mut from_client, &mut to_server);
        let _closed = to_server.shutdown(Shutdown::Write);
    });
    let _ended = answers(&client, server, now);
    let _closed = client.shutdown(Shutdown::Both);
}

/// Carries the answers, doing to each piece what the toxic of the moment says.
fn answers(
    mut client: &TcpStream,
    mut server: TcpStream,
    now: impl Fn() -> Toxic,
) -> io::Result<()> {
    let mut piece = [0; 16 * 1024];
    let mut carried = 0;
    loop {
        let length = server.read(&mut piece)?;
        let toxic = now();
        match (toxic, length) {
            (Toxic::SlowClose(wait), 0) => thread::sleep(wait),
            (Toxic::Latency(wait), 1..) => thread::sleep(wait),
            (Toxic::Timeout(wait), _) => {
                thread::sleep(wait);
                return Ok(());
            }
            (Toxic::Bandwidth(bytes_per_s), 1..) => {
                thread::sleep(Duration::from_secs_f64(length as f64 / f64::from(bytes_per_s)));
            }
            // Closing with bytes unread resets the connection (RFC 1122, section 4.2.2.13).
            (Toxic::ResetPeer, _) => return server.shutdown(Shutdown::Both),
            _ => {}
        }
        if length == 0 {
            return Ok(());
        }
        let slice = if let Toxic::Slicer(bytes) = toxic { bytes.max(1) } else { length };
        let room = match toxic {
            Toxic::LimitData(bytes) => length.min(bytes.saturating_sub(carried)),
            _ => length,
        };
        for part in piece[..room].chunks(slice) {
            client.write_all(part)?;
        }
        carried += room;
        if room < length {
            return Ok(());
        }
    }
}

/// A service that answers each line with `+PONG`, as Redis answers PING.
///
/// # Errors
/// When no port can be had.
pub fn ponging() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || pong(client));
        }
    });
    Ok(address)
}

fn pong(mut client: TcpStream) {
    let mut asked = [0; 512];
    while let Ok(length @ 1..) = client.read(&mut asked) {
        let lines = asked[..length].iter().filter(|byte| **byte == b'\n').count();
        if client.write_all("+PONG\r\n".repeat(lines).as_bytes()).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(toxic: Toxic) -> io::Result<Vec<u8>> {
        let chaos = Chaos::before(ponging()?, toxic)?;
        let mut client = TcpStream::connect(chaos.address())?;
        client.write_all(b"PING\r\nPING\r\n")?;
        client.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn slow_narrow_and_sliced_answers_are_whole_in_the_end() {
        let wait = Duration::from_millis(5);
        for toxic in [
            Toxic::None,
            Toxic::Latency(wait),
            Toxic::Bandwidth(100_000),
            Toxic::SlowClose(wait),
            Toxic::Slicer(3),
        ] {
            assert_eq!(asked(toxic).unwrap(), b"+PONG\r\n+PONG\r\n", "{toxic:?}");
        }
    }

    #[test]
    fn silent_limited_and_absent_ones_are_not() {
        assert_eq!(asked(Toxic::Timeout(Duration::from_millis(5))).unwrap(), b"");
        assert_eq!(asked(Toxic::LimitData(9)).unwrap(), b"+PONG\r\n+P");
        for toxic in [Toxic::Down, Toxic::ResetPeer] {
            assert!(asked(toxic).map_or(true, |answer| answer.is_empty()), "{toxic:?}");
        }
    }
}
