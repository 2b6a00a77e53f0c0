//! Session: who asks. Without a cookie it costs nothing, with one usually a look into memory.

use galen_account::Identity;
use galen_core::{Code, Phase};
use http::Request;
use hyper::body::Incoming;

use super::identify::Visit;
use crate::cookie;
use crate::fault::Fault;

/// Only here does anybody have to be somebody. Health, documents and pages are for everybody, and
/// must be there when the database is not.
const SIGNED_IN_PATHS: &str = "/api/";

/// Finds who asks and keeps it with the visit; not finding anybody is no refusal.
pub(super) async fn find(visit: &Visit, request: &Request<Incoming>) -> Result<(), Fault> {
    let path = request.uri().path();
    // The faults of the proofs act for somebody, too.
    let is_fault = cfg!(feature = "faults") && path.starts_with("/faults/");
    if !path.starts_with(SIGNED_IN_PATHS) && !is_fault {
        return Ok(());
    }
    let name = visit.app.cookies.name();
    let Some(token) = cookie::value(request.headers(), name) else {
        return Ok(());
    };
    let mark = visit.cx.ledger.open(visit.now_ns());
    let found = visit.app.accounts.identify(&visit.cx, token).await;
    visit.cx.ledger.close(Phase::Session, mark, visit.now_ns());
    visit.identity.set(found?).ok();
    Ok(())
}

/// Why nobody is signed in: there was no session to look for, or what was found of it.
pub(crate) fn why_nobody(visit: &Visit) -> Code {
    match visit.identity.get() {
        Some(Identity::Nobody(code)) => *code,
        _ => Code::NotSignedIn,
    }
}
