//! What admins just told the monitor reaches it at once.

use galen_core::StoreResult;
use galen_core::model::{RuleChange, Silence};

use crate::caller::Anybody;

/// Hands the kept rules and silences to the monitor. What was changed is kept already: when it cannot
/// be read just now, the monitor's next tick reads it, and the answer is not spoiled.
pub(super) async fn refresh(by: &Anybody) {
    match read(by).await {
        Ok((changes, silences)) => by.app().monitor.refresh(changes, silences),
        Err(error) => {
            tracing::warn!(%error, "rules and silences reach the monitor with its next tick");
        }
    }
}

async fn read(by: &Anybody) -> StoreResult<(Vec<RuleChange>, Vec<Silence>)> {
    let store = &by.app().store;
    let changes = store.rule_changes(by.cx()).await?;
    let silences = store.silences(by.cx(), by.app().clock.now()).await?;
    Ok((changes, silences))
}
