//! Commands on API keys.

use galen_core::model::{Act, ApiKey, AuditCode, KeyUse, NewApiKey, Scope};
use galen_core::{API_KEYS_MAX, ApiKeyId, StoreResult, UserId};
use serde_json::json;

use super::audit::Trail;
use crate::queries::api_key as queries;
use crate::tx::{Tx, one};

pub(crate) fn create(tx: &mut dyn Tx, act: &Act, new: &NewApiKey) -> StoreResult<Option<ApiKey>> {
    let most = i64::from(API_KEYS_MAX);
    let standing = one(tx, &queries::STANDING, &[most.into()], |row| row.int(0))?;
    if standing.unwrap_or(0) >= most {
        return Ok(None);
    }
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.name()).collect();
    let scopes = scopes.join(" ");
    let values = [
        new.id.as_bytes().into(),
        new.name.as_str().into(),
        (&new.token_hash.0).into(),
        scopes.as_str().into(),
        act.at.0.into(),
        act.actor.as_ref().map(UserId::as_bytes).into(),
        new.expires_at.map(|at| at.0).into(),
    ];
    tx.run(&queries::ADD, &values)?;
    let params = json!({ "name": new.name, "scopes": scopes, "expires_at": new.expires_at });
    note(tx, act, AuditCode::ApiKeyCreated, new.id, &params.to_string())?;
    Ok(Some(ApiKey {
        id: new.id,
        name: new.name.clone(),
        scopes: Vec::<Scope>::clone(&new.scopes),
        created_at: act.at,
        created_by: act.actor,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    }))
}

fn note(
    tx: &mut dyn Tx,
    act: &Act,
    code: AuditCode,
    id: ApiKeyId,
    params: &str,
) -> StoreResult<()> {
    Trail::new(act).write(tx, code, Some(&format!("api_key:{id}")), params)
}

pub(crate) fn revoke(tx: &mut dyn Tx, act: &Act, id: ApiKeyId) -> StoreResult<bool> {
    let revoked = tx.run(&queries::REVOKE, &[act.at.0.into(), id.as_bytes().into()])? > 0;
    if revoked {
        note(tx, act, AuditCode::ApiKeyRevoked, id, "{}")?;
    }
    Ok(revoked)
}

pub(crate) fn note_uses(tx: &mut dyn Tx, uses: &[KeyUse]) -> StoreResult<()> {
    for used in uses {
        tx.run(&queries::NOTE_USE, &[used.at.0.into(), used.id.as_bytes().into()])?;
    }
    Ok(())
}
