//! Beds of the causes about files, peers and the protocol.

use super::{Bed, fast, held, server, thread};
use crate::evidence::{FactKey, object};

/// A request to `/feed` during which an answer of `peer` was awaited in `looks` of 64 looks, by an
/// event loop: no thread shows it.
pub fn awaited_peer(bed: Bed, peer: &str, kind: &str, looks: u64) -> Bed {
    let bed = fast(bed.with(server), "/health");
    let bed = held(bed, "/feed", [0, 0, 0, 64, 0], 3040.0);
    thread(bed, 4100, "/feed", "epoll_wait", &[("epoll_wait", 64)])
        .list(FactKey::PeersMet, "target", &[peer])
        .fact(FactKey::PeerKind, peer, kind)
        .counts_of(FactKey::PeerOutstanding, "/feed", &[(peer, looks)], 64)
}

/// The answer to `/feed` came just after that of the peer, twice.
pub fn peer_answers_late(bed: Bed, peer: &str) -> Bed {
    let name = object::toward("/feed", peer);
    bed.samples(FactKey::PeerReleaseToResponseMs, &name, &[12.0, 18.0])
}

/// The log of `/a.db` with so many frames, of which so many are written back.
pub fn log(bed: Bed, frames: i64, backfilled: i64) -> Bed {
    bed.fact(FactKey::SqliteMxFrame, "/a.db", frames)
        .fact(FactKey::SqliteBackfill, "/a.db", backfilled)
        .fact(FactKey::SqliteWalBytes, "/a.db", frames * 4120)
        .fact(FactKey::ProcessCmdline, "51", "python hold.py a.db")
}

/// PID 51 held a read mark of `/a.db` in `looks` of 64 looks.
pub fn reader(bed: Bed, mark: i64, looks: u64) -> Bed {
    bed.fact(FactKey::SqliteReadMark, "/a.db lock READ1", mark).counts_of(
        FactKey::SqliteLockHeldBy,
        "/a.db lock READ1",
        &[("51", looks)],
        64,
    )
}

/// F37: PID 51 reads a rollback database while the server holds its pending lock and waits.
pub fn kept_back_by_a_reader(bed: Bed) -> Bed {
    let db = "/srv/app/a.db";
    let during = "4100/4107 during /login";
    let bed = held(bed.with(server), "/login", [0, 0, 0, 64, 0], 3940.0);
    let bed = thread(bed, 4100, "/login", "epoll_wait", &[("epoll_wait", 64)]);
    thread(bed, 4107, "/login", "futex", &[("clock_nanosleep", 62), ("running", 2)])
        .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:61 login", 62)])
        .fact(FactKey::PythonSourceText, "/srv/app/app.py:61", "db.execute(\"UPDATE users …\")")
        .fact(FactKey::SqlitePath, db, db)
        .fact(FactKey::SqliteJournalMode, db, "rollback")
        .fact(FactKey::ProcessCmdline, "51", "python hold.py a.db")
        .counts_of(FactKey::SqliteLockHeldBy, "/srv/app/a.db lock PENDING", &[("4100", 62)], 64)
        .counts_of(
            FactKey::SqliteLockHeldBy,
            "/srv/app/a.db lock SHARED",
            &[("4100", 63), ("51", 63)],
            64,
        )
}

/// An endpoint every request to which ends with 500 and this text.
pub fn failing(bed: Bed, path: &str, text: &str, took_ms: f64) -> Bed {
    bed.with(server)
        .samples(FactKey::HttpTotalMs, path, &[took_ms; 30])
        .counted(FactKey::HttpErrors, path, 30, 30)
        .counts(FactKey::HttpStatus, path, &[("500", 30)])
        .fact(FactKey::HttpBodyText, path, text)
}

/// F46: a pool thread stands in fdatasync through `/import`, which makes so many commits.
pub fn durable(bed: Bed, commits: f64) -> Bed {
    let bed = held(bed.with(server), "/import", [0, 0, 0, 64, 0], 3040.0);
    let bed = thread(bed, 4100, "/import", "epoll_wait", &[("epoll_wait", 64)]);
    thread(bed, 4107, "/import", "futex", &[("fdatasync", 60), ("running", 4)])
        .fact(FactKey::SqlitePath, "/srv/app/a.db", "/srv/app/a.db")
        .fact(FactKey::SqliteCommits, "/import to /srv/app/a.db", commits)
}

/// What CORS answers at `/api/me`: the origins let in, and what an unknown one was given.
pub fn cors(bed: Bed, allowed: &[&str], (foreign, credentials): (&str, bool)) -> Bed {
    let label = format!("200 {}", allowed.first().unwrap_or(&"none"));
    bed.list(FactKey::CorsAllowed, "target", allowed)
        .counts(FactKey::CorsAnswers, "/api/me", &[(&label, 2)])
        .fact(FactKey::CorsVary, "/api/me", true)
        .fact(FactKey::CorsForeign, "/api/me", foreign)
        .fact(FactKey::CorsCredentials, "/api/me", credentials)
}

/// The answers of the worker that set the cookie, and of the others.
pub fn sessions(bed: Bed, same: &[(&str, u64)], others: &[(&str, u64)]) -> Bed {
    let path = "/api/auth/csrf";
    bed.fact(FactKey::SessionIssuer, path, 4101)
        .counts(FactKey::SessionWithout, path, &[("200, a new cookie", 1)])
        .counts(FactKey::SessionSameWorker, path, same)
        .counts(FactKey::SessionOtherWorkers, path, others)
}
