//! The server's own conversations as evidence: whom it waited for, and how often it asked.

use crate::evidence::{Evidence, Fact, FactKey, object};
use crate::figure::Expr;
use crate::locks;
use crate::symptom::Symptom;
use crate::threads::most_frequent;

/// Kinds of peers that are databases: their waits belong to the checks of databases.
const DATABASES: &[&str] = &["postgresql", "mysql", "mongodb"];
/// Kinds of peers that are stores of messages and short-lived values.
const STORES: &[&str] = &["redis", "nats"];

/// The peer whose answer the server waited for most while a request was held.
#[derive(Clone, Debug)]
pub struct WaitingFor<'a> {
    evidence: &'a Evidence,
    /// Counts by peer over the looks.
    pub fact: &'a Fact,
    /// The peer's address.
    pub peer: &'a str,
    /// The held path.
    pub path: &'a str,
}

/// Whom the server waited for during a symptom's held request, if anybody.
pub fn waiting_for<'a>(evidence: &'a Evidence, symptom: &Symptom) -> Option<WaitingFor<'a>> {
    let fact = outstanding(evidence, symptom)?;
    let peer = most_frequent(fact)?;
    Some(WaitingFor { evidence, fact, peer, path: &fact.object })
}

/// The fact that says whom it waited for; its counts are empty when it waited for nobody.
pub fn outstanding<'a>(evidence: &'a Evidence, symptom: &Symptom) -> Option<&'a Fact> {
    [&symptom.object, &symptom.path]
        .into_iter()
        .find_map(|object| evidence.find(FactKey::PeerOutstanding, object))
}

impl<'a> WaitingFor<'a> {
    /// The share of looks with an unanswered question, 0 to 1.
    pub fn share_expr(&self) -> Expr {
        Expr::count(self.fact, self.peer).over(Expr::n(self.fact))
    }

    /// What the peer is.
    pub fn kind(&self) -> Option<(&'a str, &'a Fact)> {
        let fact = self.evidence.find(FactKey::PeerKind, self.peer)?;
        Some((self.evidence.text(FactKey::PeerKind, self.peer)?, fact))
    }

    /// Whether it is a database.
    pub fn is_database(&self) -> bool {
        self.kind().is_some_and(|(kind, _)| DATABASES.contains(&kind))
    }

    /// Whether it is a store of messages or short-lived values.
    pub fn is_store(&self) -> bool {
        self.kind().is_some_and(|(kind, _)| STORES.contains(&kind))
    }

    /// The segments sent to it for one request.
    pub fn segments(&self) -> Option<&'a Fact> {
        self.evidence.find(FactKey::PeerSegments, &object::toward(self.path, self.peer))
    }

    /// Times from its last unanswered look to our answer.
    pub fn releases(&self) -> Option<&'a Fact> {
        let name = object::toward(self.path, self.peer);
        self.evidence.find(FactKey::PeerReleaseToResponseMs, &name)
    }

    /// How many of those are coincidences (P8).
    pub fn coincidences(&self) -> usize {
        self.releases().map_or(0, locks::coincidences)
    }
}
