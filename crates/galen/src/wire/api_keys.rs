//! API keys, as the command line makes, shows and revokes them.

use galen_account::KeyForm;
use galen_core::model::{ApiKey, Scope};
use galen_core::{ApiKeyId, UnixMs};
use serde::{Deserialize, Serialize};

use super::control::Refused;
use super::rooms::Rooms;

/// A key to be made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What it is called.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it stops working, if it ever does.
    pub expires_at: Option<UnixMs>,
}

/// A key as the command line shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyRow {
    /// Its name for programs.
    pub id: ApiKeyId,
    /// What it is called.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it stops working, if it ever does.
    pub expires_at: Option<UnixMs>,
    /// When it was last used.
    pub last_used_at: Option<UnixMs>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UnixMs>,
}

impl From<ApiKey> for KeyRow {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// A key that was just made. It carries the token, so it is never logged.
#[derive(Serialize, Deserialize)]
pub struct MadeKeyRow {
    /// The token, shown this once.
    pub token: String,
    /// The key.
    pub key: KeyRow,
}

/// Makes a key.
///
/// # Errors
/// What the account room refuses.
pub async fn add(rooms: &Rooms, new: NewKey) -> Result<MadeKeyRow, Refused> {
    let form = KeyForm { name: new.name, scopes: new.scopes, expires_at: new.expires_at };
    let made = rooms.accounts.create_api_key(&rooms.live(), None, form).await?;
    Ok(MadeKeyRow { token: made.token.reveal().clone(), key: made.key.into() })
}

/// Every key, newest first.
///
/// # Errors
/// When the store cannot be asked.
pub async fn list(rooms: &Rooms) -> Result<Vec<KeyRow>, Refused> {
    let keys = rooms.accounts.api_keys(&rooms.live(), None).await?;
    Ok(keys.into_iter().map(KeyRow::from).collect())
}

/// Revokes a key.
///
/// # Errors
/// When there is no such key, or none any more.
pub async fn revoke(rooms: &Rooms, id: ApiKeyId) -> Result<(), Refused> {
    Ok(rooms.accounts.revoke_api_key(&rooms.live(), None, id).await?)
}
