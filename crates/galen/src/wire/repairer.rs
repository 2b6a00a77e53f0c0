//! The doctor's way to repair: through the running server, and for our own stale lock under it.

use std::path::Path;
use std::sync::Arc;

use galen_core::{Clock, Fut};
use galen_doctor::repairs::port::{Action, DryRun, Receipt, RepairError, Repairer};
use serde::de::DeserializeOwned;

use super::control::client::Client;
use super::control::{Ask, Repair};
use super::lock::{self, Attempt, InstanceLock};
use super::place::Place;
use super::repairs::{Foretold, Repaired};

/// How many bounded runs of one repair are asked for at the most.
const RUNS_MAX: u32 = 60;

/// Carries the doctor's AUTO repairs out.
pub struct ControlRepairer {
    place: Place,
    clock: Arc<dyn Clock>,
}

impl ControlRepairer {
    /// For the installation at this place.
    pub fn new(place: Place, clock: Arc<dyn Clock>) -> Self {
        Self { place, clock }
    }

    async fn ask<T: DeserializeOwned + Send + 'static>(&self, ask: Ask) -> Result<T, RepairError> {
        let place = self.place.clone();
        let unreachable = |words: String| RepairError::Unreachable(words);
        let asked = tokio::task::spawn_blocking(move || {
            let client = Client::connect(&place)?;
            client.map(|client| client.try_ask(&ask)).transpose()
        });
        let answered = asked.await.map_err(|error| unreachable(error.to_string()))?;
        match answered.map_err(|failure| unreachable(failure.what))? {
            None => Err(unreachable("no server runs on this database".to_owned())),
            Some(Ok(answer)) => Ok(answer),
            Some(Err(refused)) => Err(RepairError::Refused(refused.detail)),
        }
    }

    async fn perform(&self, repair: Repair) -> Result<Receipt, RepairError> {
        let mut sum: Option<Repaired> = None;
        for _ in 0..RUNS_MAX {
            let run: Repaired = self.ask(Ask::Repair { repair, dry_run: false }).await?;
            let is_last = !run.more;
            sum = Some(match sum {
                Some(before) => Repaired {
                    changed: before.changed + run.changed,
                    started_at: before.started_at,
                    ..run
                },
                None => run,
            });
            if is_last {
                break;
            }
        }
        let sum = sum.ok_or_else(|| RepairError::Failed("nothing was run".to_owned()))?;
        Ok(Receipt {
            changed: sum.changed,
            statement: sum.statement,
            started_at: sum.started_at,
            ended_at: sum.ended_at,
        })
    }

    /// Only our own lock file, and only while nobody holds it.
    fn stale_lock(&self, file: &str) -> Result<String, RepairError> {
        let path = self.place.lock();
        if Path::new(file) != path {
            return Err(RepairError::Refused(format!("{file} is not this installation's lock")));
        }
        if lock::current_holder(&self.place).is_some() {
            return Err(RepairError::Refused(format!("{file} is held by a living process")));
        }
        Ok(format!("ftruncate({file}, 0) under its lock"))
    }

    fn empty_stale_lock(&self, file: &str) -> Result<Receipt, RepairError> {
        let statement = self.stale_lock(file)?;
        let started_at = self.clock.now();
        // Whoever takes the lock and gives it back in order leaves the file empty. It is not
        // unlinked: another process that just opened it would hold a lock on nothing.
        match InstanceLock::attempt(&self.place, &*self.clock) {
            Ok(Attempt::Ours(lock)) => drop(lock),
            Ok(Attempt::Held(_)) => {
                return Err(RepairError::Refused(format!("{file} was taken meanwhile")));
            }
            Err(failure) => return Err(RepairError::Failed(failure.what)),
        }
        Ok(Receipt { changed: 1, statement, started_at, ended_at: self.clock.now() })
    }
}

/// The server carries out what is its own; the rest is done at a terminal.
fn by_hand() -> RepairError {
    RepairError::Refused("it is done by hand, at a terminal".to_owned())
}

impl Repairer for ControlRepairer {
    fn dry_run<'a>(&'a self, action: &'a Action) -> Fut<'a, Result<DryRun, RepairError>> {
        Box::pin(async move {
            let repair = match action {
                Action::SweepSessions => Repair::Sweep,
                Action::Optimize => Repair::Optimize,
                Action::Checkpoint => Repair::Checkpoint,
                Action::RemoveStaleLock { file } => {
                    let statement = self.stale_lock(file)?;
                    let is_empty = std::fs::metadata(file).is_ok_and(|meta| meta.len() == 0);
                    return Ok(DryRun { would_change: u64::from(!is_empty), statement });
                }
                _ => return Err(by_hand()),
            };
            let foretold: Foretold = self.ask(Ask::Repair { repair, dry_run: true }).await?;
            Ok(DryRun { would_change: foretold.would_change, statement: foretold.statement })
        })
    }

    fn apply<'a>(&'a self, action: &'a Action) -> Fut<'a, Result<Receipt, RepairError>> {
        Box::pin(async move {
            match action {
                Action::SweepSessions => self.perform(Repair::Sweep).await,
                Action::Optimize => self.perform(Repair::Optimize).await,
                Action::Checkpoint => self.perform(Repair::Checkpoint).await,
                Action::RemoveStaleLock { file } => self.empty_stale_lock(file),
                _ => Err(by_hand()),
            }
        })
    }

    /// None of them takes data away that anybody has, and none can be taken back.
    fn undo<'a>(
        &'a self,
        _action: &'a Action,
        _receipt: &'a Receipt,
    ) -> Fut<'a, Result<bool, RepairError>> {
        Box::pin(async { Ok(false) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::clock::RealClock;

    #[tokio::test]
    async fn only_our_own_lock_is_emptied_and_only_when_nobody_holds_it()
    -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = Place::of(&folder.path().join("a.db"), None)?;
        let repairer = ControlRepairer::new(place.clone(), Arc::new(RealClock::new()));
        let foreign = Action::RemoveStaleLock { file: "/etc/passwd".to_owned() };
        assert!(matches!(repairer.apply(&foreign).await, Err(RepairError::Refused(_))));

        let own = Action::RemoveStaleLock { file: place.lock().display().to_string() };
        let held = InstanceLock::take(&place, &RealClock::new())?;
        assert!(matches!(repairer.apply(&own).await, Err(RepairError::Refused(_))));
        drop(held);
        std::fs::write(place.lock(), r#"{"pid":999999,"command":"x","since":"x","listen":null}"#)?;
        assert_eq!(repairer.dry_run(&own).await.map(|dry| dry.would_change), Ok(1));
        assert_eq!(repairer.apply(&own).await.map(|receipt| receipt.changed), Ok(1));
        assert_eq!(std::fs::read_to_string(place.lock())?, "");
        assert_eq!(repairer.dry_run(&own).await.map(|dry| dry.would_change), Ok(0));
        Ok(())
    }

    #[tokio::test]
    async fn without_a_server_nothing_is_repaired() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = Place::of(&folder.path().join("a.db"), None)?;
        let repairer = ControlRepairer::new(place, Arc::new(RealClock::new()));
        let asked = repairer.apply(&Action::Optimize).await;
        assert!(matches!(asked, Err(RepairError::Unreachable(_))));
        Ok(())
    }
}
