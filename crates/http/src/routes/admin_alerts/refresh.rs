//! What admins just told the monitor reaches it at once.

use galen_core::StoreResult;
use galen_monitor::Orders;

use crate::caller::Anybody;

/// Hands the kept rules and silences to the monitor. What was changed is kept already: when it cannot
/// be read just now, the monitor's next tick reads it, and the answer is not spoiled.
pub(super) async fn refresh(by: &Anybody) {
    match read(by).await {
        Ok(orders) => by.app().monitor.refresh(orders),
        Err(error) => {
            tracing::warn!(%error, "rules and silences reach the monitor with its next tick");
        }
    }
}

async fn read(by: &Anybody) -> StoreResult<Orders> {
    let (store, clock) = (&by.app().store, &by.app().clock);
    let read_at_ns = clock.monotonic_ns();
    let rule_changes = store.rule_changes(by.cx()).await?;
    let silences = store.silences(by.cx(), clock.now()).await?;
    Ok(Orders { rule_changes, silences, read_at_ns })
}
