//! Commands on webhooks.

use galen_core::model::{Act, AuditCode};
use galen_core::webhooks::{NewWebhook, WEBHOOKS_MAX, Webhook, WebhookChange, WebhookState};
use galen_core::{StoreError, StoreResult, WebhookId};
use serde_json::json;

use super::audit::Trail;
use crate::queries::{Query, webhook as queries};
use crate::rows;
use crate::tx::{Tx, Value, one};

/// Adds one. One more than there may be is refused, so that none is kept that no read gives.
pub(crate) fn add(tx: &mut dyn Tx, act: &Act, new: &NewWebhook) -> StoreResult<Webhook> {
    let values = [
        new.id.as_bytes().into(),
        new.url.as_str().into(),
        new.label.as_str().into(),
        WebhookState::Active.name().into(),
        act.at.0.into(),
    ];
    let added = one(tx, &queries::ADD, &values, rows::webhook)?;
    let added = added.ok_or_else(|| StoreError::Engine("a webhook was not added".to_owned()))?;
    if one(tx, &queries::BEYOND, &[WEBHOOKS_MAX.into()], |_| Ok(()))?.is_some() {
        return Err(StoreError::Full { queue: "webhooks" });
    }
    note(tx, act, (AuditCode::WebhookAdded, new.id), &json!({ "label": new.label }))?;
    Ok(added)
}

pub(crate) fn change(
    tx: &mut dyn Tx,
    act: &Act,
    id: WebhookId,
    change: &WebhookChange,
) -> StoreResult<Option<Webhook>> {
    let values = [
        change.url.as_deref().into(),
        change.label.as_deref().into(),
        change.state.map(WebhookState::name).into(),
        id.as_bytes().into(),
    ];
    // Whoever knows a URL may be able to post to it: the trail says that it changed, not to what.
    let params = json!({
        "url": change.url.is_some(),
        "label": change.label,
        "state": change.state,
    });
    changed(tx, act, (&queries::CHANGE, &values), (AuditCode::WebhookChanged, id), &params)
}

pub(crate) fn rotate(tx: &mut dyn Tx, act: &Act, id: WebhookId) -> StoreResult<Option<Webhook>> {
    let values = [act.at.0.into(), id.as_bytes().into()];
    let noted = (AuditCode::WebhookRotated, id);
    changed(tx, act, (&queries::ROTATE, &values), noted, &json!({}))
}

pub(crate) fn remove(tx: &mut dyn Tx, act: &Act, id: WebhookId) -> StoreResult<bool> {
    if tx.run(&queries::REMOVE, &[id.as_bytes().into()])? == 0 {
        return Ok(false);
    }
    note(tx, act, (AuditCode::WebhookRemoved, id), &json!({}))?;
    Ok(true)
}

fn changed(
    tx: &mut dyn Tx,
    act: &Act,
    (query, values): (&Query, &[Value<'_>]),
    noted: (AuditCode, WebhookId),
    params: &serde_json::Value,
) -> StoreResult<Option<Webhook>> {
    let changed = one(tx, query, values, rows::webhook)?;
    if changed.is_some() {
        note(tx, act, noted, params)?;
    }
    Ok(changed)
}

fn note(
    tx: &mut dyn Tx,
    act: &Act,
    (code, id): (AuditCode, WebhookId),
    params: &serde_json::Value,
) -> StoreResult<()> {
    let target = format!("webhook:{id}");
    Trail::new(act).write(tx, code, Some(&target), &params.to_string())
}
