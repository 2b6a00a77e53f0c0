//! Carrying AUTO repairs out: dry run, apply, probe again, prove, and undo what did not help.

use std::sync::Arc;

use galen_core::UnixMs;
use serde::Serialize;

use super::port::{Action, Receipt, RepairError, Repairer};
use super::{Class, Offer};
use crate::checks;
use crate::proof::{Effect, Proof};
use crate::words::Code;

/// What became of one AUTO repair.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Fate {
    /// Applied, and its effect was measured as intended.
    Proven,
    /// Applied, measured, found without effect, and taken back.
    Undone,
    /// Applied and found without effect; it cannot be taken back, and does no harm.
    WithoutEffect,
    /// Applied and verified, but too few requests were measured to prove an effect: left as it is.
    Unmeasured,
    /// Not applied: the dry run says that it would change nothing.
    Declined {
        /// The server's reason.
        reason: String,
    },
    /// Not applied, or not completely.
    Failed {
        /// The server's error.
        reason: String,
    },
}

/// The record of one AUTO repair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Applied {
    /// The repair's name.
    pub repair: &'static str,
    /// Its title.
    pub title: Code,
    /// The cause it answers.
    pub cause: &'static str,
    /// What was asked of the server.
    pub action: Action,
    /// What the dry run foretold, in rows, bytes or files.
    pub foretold: Option<u64>,
    /// What it did.
    pub receipt: Option<Receipt>,
    /// What was measured.
    pub proof: Option<Proof>,
    /// What became of it.
    pub fate: Fate,
    /// When it was decided upon.
    pub at: UnixMs,
}

/// A repair that was applied and waits for its proof.
#[derive(Debug)]
pub struct Pending {
    record: Applied,
    receipt: Receipt,
    /// Whether the finding explains no symptom, so that the state reached is what is judged.
    hygiene: bool,
}

/// A person who is asked about a repair.
pub trait Ask: Send + Sync {
    /// Whether it is to be carried out now.
    fn wants(&self, offer: &Offer) -> bool;
}

/// Which of the offered repairs are to be carried out.
#[derive(Clone, Default)]
pub struct Orders {
    /// Every AUTO repair.
    pub automatic: bool,
    /// Repairs by name, or by the number or name of the cause they answer, of whatever class.
    pub named: Vec<String>,
    /// Who is asked about those of class ASK that are not named.
    pub ask: Option<Arc<dyn Ask>>,
}

impl Orders {
    fn names(&self, offer: &Offer) -> bool {
        let slug = checks::by_name(offer.cause).map_or("", |cause| cause.slug);
        let is_it = |name: &String| [offer.repair.id, offer.cause, slug].contains(&name.as_str());
        self.named.iter().any(is_it)
    }

    /// Whether a repair is carried out: one that nobody named is asked about, in its turn.
    #[must_use]
    pub fn want(&self, offer: &Offer) -> bool {
        let is_ordered = self.names(offer) || (self.automatic && offer.repair.class == Class::Auto);
        is_ordered || self.ask.as_ref().is_some_and(|ask| ask.wants(offer))
    }

    /// The ordered ones among the offers, with what they ask for.
    pub fn among<'o>(
        &'o self,
        offers: &'o [Offer],
    ) -> impl Iterator<Item = (&'o Offer, &'o Action)> {
        offers
            .iter()
            .filter(|offer| match offer.repair.class {
                Class::Auto => self.automatic || self.names(offer),
                Class::Ask => self.names(offer) || self.ask.is_some(),
                Class::Tell => false,
            })
            .filter_map(|offer| Some((offer, offer.terms.action.as_ref()?)))
    }
}

/// Dry run and application of one repair; `Err` holds the finished record when it ends here.
pub async fn apply(
    repairer: &dyn Repairer,
    (offer, action): (&Offer, &Action),
    at: UnixMs,
) -> Result<Pending, Box<Applied>> {
    let mut record = Applied {
        repair: offer.repair.id,
        title: offer.repair.title,
        cause: offer.cause,
        action: action.clone(),
        foretold: None,
        receipt: None,
        proof: None,
        fate: Fate::Proven,
        at,
    };
    let dry = match repairer.dry_run(action).await {
        Ok(dry) => dry,
        Err(error) => return Err(Box::new(ended(record, &error))),
    };
    record.foretold = Some(dry.would_change);
    if dry.would_change == 0 {
        record.fate = Fate::Declined { reason: "it would change nothing".to_owned() };
        return Err(Box::new(record));
    }
    match repairer.apply(action).await {
        Ok(receipt) => {
            record.receipt = Some(receipt.clone());
            Ok(Pending { record, receipt, hygiene: offer.hygiene })
        }
        Err(error) => Err(Box::new(ended(record, &error))),
    }
}

fn ended(mut record: Applied, error: &RepairError) -> Applied {
    let reason = error.to_string();
    record.fate = match error {
        RepairError::Refused(_) => Fate::Declined { reason },
        RepairError::Unreachable(_) | RepairError::Failed(_) => Fate::Failed { reason },
    };
    record
}

impl Pending {
    /// Judges the repair by its proof, and takes it back where it did not help and can be.
    pub async fn judge(self, repairer: &dyn Repairer, proof: Proof) -> Applied {
        let mut record = self.record;
        let by_hand = record.action.is_by_hand() && proof.unharmed;
        // What is done by hand verifies the state it reached before it gives its receipt.
        let is_reached = by_hand && self.hygiene && self.receipt.changed > 0;
        let is_measured = proof.endpoints.iter().any(|one| one.effect != Effect::NotMeasured);
        record.fate = if proof.proven || is_reached {
            Fate::Proven
        } else if by_hand && !is_measured {
            Fate::Unmeasured
        } else {
            match repairer.undo(&record.action, &self.receipt).await {
                Ok(true) => Fate::Undone,
                Ok(false) => Fate::WithoutEffect,
                Err(error) => Fate::Failed { reason: error.to_string() },
            }
        };
        record.proof = Some(proof);
        record
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use galen_core::Fut;

    use super::super::port::DryRun;
    use super::super::{offers, sweep};
    use super::*;
    use crate::case::Case;
    use crate::checks::{self, Judgement};
    use crate::evidence::FactKey;
    use crate::sample::Bed;
    use crate::thresholds::Thresholds;

    /// A server that foretells `rows` and writes down what it was asked.
    struct Server {
        rows: u64,
        asked: Mutex<Vec<&'static str>>,
    }

    impl Server {
        fn note(&self, what: &'static str) {
            self.asked.lock().unwrap().push(what);
        }
    }

    impl Repairer for Server {
        fn dry_run<'a>(&'a self, _action: &'a Action) -> Fut<'a, Result<DryRun, RepairError>> {
            self.note("dry run");
            let dry = DryRun { would_change: self.rows, statement: "DELETE".to_owned() };
            Box::pin(async move { Ok(dry) })
        }

        fn apply<'a>(&'a self, _action: &'a Action) -> Fut<'a, Result<Receipt, RepairError>> {
            self.note("apply");
            let receipt = Receipt {
                changed: self.rows,
                statement: "DELETE".to_owned(),
                started_at: UnixMs(1),
                ended_at: UnixMs(2),
            };
            Box::pin(async move { Ok(receipt) })
        }

        fn undo<'a>(
            &'a self,
            _action: &'a Action,
            _receipt: &'a Receipt,
        ) -> Fut<'a, Result<bool, RepairError>> {
            self.note("undo");
            Box::pin(async { Ok(false) })
        }
    }

    fn offer() -> Offer {
        let evidence = Bed::new()
            .fact(FactKey::SqliteSessionsTotal, "/a.db#sessions", 9_000)
            .fact(FactKey::SqliteSessionsExpired, "/a.db#sessions", 8_000)
            .seal();
        let thresholds = Thresholds::default();
        let case = Case::new(&evidence, &thresholds, true);
        let cause = checks::by_name("F48").unwrap();
        let Judgement::Found(finding) = checks::judge(cause, &case) else { panic!("not found") };
        let offers = offers(&case, [&*finding]);
        assert_eq!(offers.len(), 1);
        assert_eq!(offers[0].repair.id, sweep::OWN.id);
        offers.into_iter().next().unwrap()
    }

    fn every(offer: &Offer) -> Option<(&Offer, &Action)> {
        Some((offer, offer.terms.action.as_ref()?))
    }

    fn proof(proven: bool) -> Proof {
        Proof { state: None, endpoints: Vec::new(), unharmed: true, proven }
    }

    #[tokio::test]
    async fn a_repair_that_would_change_nothing_is_declined_and_not_applied() {
        let server = Server { rows: 0, asked: Mutex::default() };
        let offer = offer();
        let (offer, action) = every(&offer).unwrap();
        let record = apply(&server, (offer, action), UnixMs(5)).await.unwrap_err();
        assert!(matches!(record.fate, Fate::Declined { .. }));
        assert_eq!(*server.asked.lock().unwrap(), ["dry run"]);
    }

    #[test]
    fn only_what_is_ordered_is_carried_out() {
        let offers = [offer()];
        let count = |orders: Orders| orders.among(&offers).count();
        let named = |name: &str| Orders { named: vec![name.to_owned()], ..Orders::default() };
        assert_eq!(count(Orders::default()), 0);
        assert_eq!(count(Orders { automatic: true, ..Orders::default() }), 1);
        assert_eq!(count(named("F48")), 1);
        assert_eq!(count(named(sweep::OWN.id)), 1);
        assert_eq!(count(named("checkpoint")), 0);
    }

    #[tokio::test]
    async fn a_proven_repair_is_kept() {
        let server = Server { rows: 8_000, asked: Mutex::default() };
        let offer = offer();
        let (offer, action) = every(&offer).unwrap();
        let pending = apply(&server, (offer, action), UnixMs(5)).await.unwrap();
        let record = pending.judge(&server, proof(true)).await;
        assert_eq!(record.fate, Fate::Proven);
        assert_eq!(*server.asked.lock().unwrap(), ["dry run", "apply"]);
    }

    #[tokio::test]
    async fn a_repair_without_effect_is_taken_back_or_said_to_stay() {
        let server = Server { rows: 8_000, asked: Mutex::default() };
        let offer = offer();
        let (offer, action) = every(&offer).unwrap();
        let pending = apply(&server, (offer, action), UnixMs(5)).await.unwrap();
        let record = pending.judge(&server, proof(false)).await;
        assert_eq!(record.fate, Fate::WithoutEffect);
        assert_eq!(server.asked.lock().unwrap().last(), Some(&"undo"));
    }

    #[tokio::test]
    async fn what_was_done_by_hand_is_not_taken_back_for_want_of_requests() {
        let server = Server { rows: 1, asked: Mutex::default() };
        let action = Action::Continue { pid: 9, started_at: 1 };
        let judged = async |hygiene: bool| {
            let offer = Offer { hygiene, ..offer() };
            let pending = apply(&server, (&offer, &action), UnixMs(5)).await.unwrap();
            pending.judge(&server, proof(false)).await.fate
        };
        assert_eq!(judged(false).await, Fate::Unmeasured);
        assert_eq!(judged(true).await, Fate::Proven, "its receipt says what was reached");
        assert!(!server.asked.lock().unwrap().contains(&"undo"));
    }
}
