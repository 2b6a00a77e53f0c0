//! Commands by which admins tell the alerts what to watch and when to be silent.

use galen_core::model::{Act, AuditCode, RuleChange, Silence};
use galen_core::{SilenceId, StoreError, StoreResult, UserId};
use serde_json::json;

use super::audit::Trail;
use crate::queries::{Query, alert as queries};
use crate::reads::alert::KEPT_MOST;
use crate::tx::{Tx, Value, one};

/// How long a silence is kept after its end, so that whoever looks for the reason of a quiet night
/// finds it the next morning.
const ENDED_KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// How many ended silences one command forgets: as many as there may be at a time.
const FORGOTTEN_AT_ONCE: i64 = KEPT_MOST;

/// Keeps a change. One rule and object more than may be kept is refused, so that none is kept that
/// no read gives.
pub(crate) fn change_rule(tx: &mut dyn Tx, act: &Act, change: &RuleChange) -> StoreResult<()> {
    let values = [
        change.rule.as_str().into(),
        change.object.as_str().into(),
        i64::from(change.enabled).into(),
        change.threshold.into(),
        change.pending_s.map(i64::from).into(),
        act.at.0.into(),
    ];
    tx.run(&queries::RULE_SET, &values)?;
    refuse_beyond(tx, &queries::RULE_BEYOND, &[KEPT_MOST.into()], "rules")?;
    let params = json!({
        "object": change.object,
        "enabled": change.enabled,
        "threshold": change.threshold,
        "pending_s": change.pending_s,
    });
    let target = rule_target(&change.rule);
    Trail::new(act).write(tx, AuditCode::RuleChanged, Some(&target), &params.to_string())
}

pub(crate) fn reset_rule(
    tx: &mut dyn Tx,
    act: &Act,
    rule: &str,
    object: &str,
) -> StoreResult<bool> {
    if tx.run(&queries::RULE_FORGET, &[rule.into(), object.into()])? == 0 {
        return Ok(false);
    }
    let params = json!({ "object": object }).to_string();
    Trail::new(act).write(tx, AuditCode::RuleReset, Some(&rule_target(rule)), &params)?;
    Ok(true)
}

pub(crate) fn silence(tx: &mut dyn Tx, act: &Act, silence: &Silence) -> StoreResult<()> {
    let ended = act.at.plus_ms(-ENDED_KEPT_MS);
    tx.run(&queries::SILENCE_FORGET, &[ended.0.into(), FORGOTTEN_AT_ONCE.into()])?;
    let values = [
        silence.id.as_bytes().into(),
        silence.matches.as_str().into(),
        silence.reason.as_str().into(),
        silence.created_at.0.into(),
        silence.ends_at.0.into(),
        silence.created_by.as_ref().map(UserId::as_bytes).into(),
    ];
    tx.run(&queries::SILENCE_ADD, &values)?;
    let values = [act.at.0.into(), KEPT_MOST.into()];
    refuse_beyond(tx, &queries::SILENCE_BEYOND, &values, "silences")?;
    let params = json!({
        "matches": silence.matches,
        "reason": silence.reason,
        "ends_at": silence.ends_at,
    });
    let target = silence_target(silence.id);
    Trail::new(act).write(tx, AuditCode::Silenced, Some(&target), &params.to_string())
}

pub(crate) fn end_silence(tx: &mut dyn Tx, act: &Act, id: SilenceId) -> StoreResult<bool> {
    let values = [act.at.0.into(), id.as_bytes().into()];
    if tx.run(&queries::SILENCE_END, &values)? == 0 {
        return Ok(false);
    }
    Trail::new(act).write(tx, AuditCode::SilenceEnded, Some(&silence_target(id)), "{}")?;
    Ok(true)
}

fn refuse_beyond(
    tx: &mut dyn Tx,
    query: &Query,
    values: &[Value<'_>],
    queue: &'static str,
) -> StoreResult<()> {
    match one(tx, query, values, |_| Ok(()))? {
        Some(()) => Err(StoreError::Full { queue }),
        None => Ok(()),
    }
}

fn rule_target(rule: &str) -> String {
    format!("rule:{rule}")
}

fn silence_target(id: SilenceId) -> String {
    format!("silence:{id}")
}
