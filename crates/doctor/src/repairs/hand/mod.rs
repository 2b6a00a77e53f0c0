//! What is done by hand, because a person ordered it: each with its precondition looked at once more in
//! the moment it acts, bounded, verified, and taken back where it can be.
//!
//! Only `galen doctor --apply` at a terminal comes here; over HTTP no such repair runs.

mod database;
mod process;

use std::sync::Arc;

use galen_core::{Clock, Fut};

use super::port::{Action, DryRun, Receipt, RepairError, Repairer};

/// Carries out what a person ordered; what the running server does itself is handed to it.
pub struct Hands {
    house: Option<Arc<dyn Repairer>>,
    clock: Arc<dyn Clock>,
}

/// What an act came to: how much it changed, and by which statement.
type Done = Result<(u64, String), RepairError>;

impl Hands {
    /// Hands, and the server's own repairer when this installation is the target.
    pub fn new(house: Option<Arc<dyn Repairer>>, clock: Arc<dyn Clock>) -> Self {
        Self { house, clock }
    }

    fn house(&self) -> Result<&dyn Repairer, RepairError> {
        self.house
            .as_deref()
            .ok_or_else(|| RepairError::Refused("only this installation repairs itself".to_owned()))
    }
}

/// What would be done, without doing it.
fn foretell(action: &Action) -> Done {
    match action {
        Action::SwitchToWal { database } => database::wal_foretold(database),
        Action::CreateIndex { database, sql } => database::index_foretold(database, sql),
        Action::Continue { pid, started_at } => process::continue_foretold(*pid, *started_at),
        Action::RaiseDescriptors { pid, started_at } => process::raise_foretold(*pid, *started_at),
        Action::Terminate { pid, started_at } => process::end_foretold(*pid, *started_at),
        _ => Err(RepairError::Refused("the server does this itself".to_owned())),
    }
}

fn act(action: &Action) -> Done {
    // The precondition is looked at in the same breath: between two looks the world moves on.
    foretell(action)?;
    match action {
        Action::SwitchToWal { database } => database::wal(database),
        Action::CreateIndex { database, sql } => database::index(database, sql),
        Action::Continue { pid, started_at } => process::resume(*pid, *started_at),
        Action::RaiseDescriptors { pid, started_at } => process::raise(*pid, *started_at),
        Action::Terminate { pid, started_at } => process::end(*pid, *started_at),
        _ => Err(RepairError::Refused("the server does this itself".to_owned())),
    }
}

fn take_back(action: &Action, receipt: &Receipt) -> Result<bool, RepairError> {
    match action {
        Action::SwitchToWal { database } => database::wal_undone(database).map(|()| true),
        Action::CreateIndex { database, sql } => {
            database::index_undone(database, sql).map(|()| true)
        }
        Action::Continue { pid, started_at } => process::stop(*pid, *started_at).map(|()| true),
        Action::RaiseDescriptors { pid, started_at } => {
            process::lower(*pid, *started_at, receipt.changed).map(|()| true)
        }
        _ => Ok(false),
    }
}

/// Runs something that blocks beside the examination.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RepairError> + Send + 'static,
) -> Result<T, RepairError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(RepairError::Failed(error.to_string())))
}

impl Repairer for Hands {
    fn dry_run<'a>(&'a self, action: &'a Action) -> Fut<'a, Result<DryRun, RepairError>> {
        Box::pin(async move {
            if !action.is_by_hand() {
                return self.house()?.dry_run(action).await;
            }
            let action = action.clone();
            let (would_change, statement) = aside(move || foretell(&action)).await?;
            Ok(DryRun { would_change, statement })
        })
    }

    fn apply<'a>(&'a self, action: &'a Action) -> Fut<'a, Result<Receipt, RepairError>> {
        Box::pin(async move {
            if !action.is_by_hand() {
                return self.house()?.apply(action).await;
            }
            let started_at = self.clock.now();
            let action = action.clone();
            let (changed, statement) = aside(move || act(&action)).await?;
            Ok(Receipt { changed, statement, started_at, ended_at: self.clock.now() })
        })
    }

    fn undo<'a>(
        &'a self,
        action: &'a Action,
        receipt: &'a Receipt,
    ) -> Fut<'a, Result<bool, RepairError>> {
        Box::pin(async move {
            if !action.is_by_hand() {
                return self.house()?.undo(action, receipt).await;
            }
            let (action, receipt) = (action.clone(), receipt.clone());
            aside(move || take_back(&action, &receipt)).await
        })
    }
}
