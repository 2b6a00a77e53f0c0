//! `GET /faults/outbound?port=`: waits for another service; only with the feature `faults`, never in a release.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use galen_core::{Code, Phase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::answer::{Answer, nothing};
use crate::caller::Anybody;
use crate::extract::Query;
use crate::fault::Fault;

/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Asks a service on this machine and counts the time as waiting for it.
pub(super) async fn outbound(by: Anybody, mut query: Query) -> Answer {
    let port: Option<u16> = query.parsed("port", "Expected a port.");
    if port.is_none() {
        query.refuse("port", Code::FieldRequired, Code::FieldRequired.fix());
    }
    query.finish()?;
    let visit = by.visit();
    let mark = visit.cx.ledger.open(visit.now_ns());
    let asked = ask(port.unwrap_or_default()).await;
    visit.cx.ledger.close(Phase::Outbound, mark, visit.now_ns());
    asked.map_err(|error| {
        tracing::warn!(%error, "the other service did not answer");
        Fault::new(Code::Internal)
    })?;
    Ok(nothing())
}

async fn ask(port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(())
}
