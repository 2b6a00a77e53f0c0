//! API keys: made by admins, shown once, kept as a hash, looked up with every call of theirs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use galen_core::model::{ApiKey, KeyUse, NewApiKey, Scope};
use galen_core::{ApiKeyId, Code, Cx, Refusal, Secret, UnixMs};

use crate::fields::Fields;
use crate::policy::MINUTE_MS;
use crate::{Accounts, Caller, fields, token};

/// What every key begins with, so that people and scanners of leaked secrets recognise one.
const PREFIX: &str = "gk_";

/// The longest name of a key, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Somebody wants a key. Field errors point at `/name`, `/scopes` and `/expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyForm {
    /// What it is called: 1 to 100 characters.
    pub name: String,
    /// What it allows: at least one scope.
    pub scopes: Vec<Scope>,
    /// When it stops working, if it ever does: in the future.
    pub expires_at: Option<UnixMs>,
}

/// A key that was just made, with the token that is shown this once.
#[derive(Clone, Debug)]
pub struct MadeKey {
    /// The token: `gk_` and 43 characters of base64url. It is kept nowhere.
    pub token: Secret<String>,
    /// The key.
    pub key: ApiKey,
}

/// When keys were last used, gathered in memory: no call waits for its own to be written. There are
/// no more entries than keys.
#[derive(Default)]
pub(crate) struct KeyUses(Mutex<HashMap<ApiKeyId, UnixMs>>);

impl KeyUses {
    fn gathered(&self) -> MutexGuard<'_, HashMap<ApiKeyId, UnixMs>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, key: &ApiKey, now: UnixMs) {
        // To within the minute: more would be a write a minute for nothing.
        if key.last_used_at.is_none_or(|last| now.since_ms(last) >= MINUTE_MS) {
            self.gathered().insert(key.id, now);
        }
    }
}

impl Accounts {
    /// Makes a key for `caller`, an admin who gave the password a short while ago; `None` is the
    /// command line.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; [`Code::InvalidFields`];
    /// [`Code::ApiKeysFull`].
    pub async fn create_api_key(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        form: KeyForm,
    ) -> Result<MadeKey, Refusal> {
        if let Some(caller) = caller {
            caller.require_admin()?;
            caller.require_fresh(self.clock.now())?;
        }
        let name = self.check_key_form(&form)?;
        let minted = self.mint_token();
        let new = NewApiKey {
            id: ApiKeyId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            name,
            token_hash: minted.hash,
            scopes: form.scopes,
            expires_at: form.expires_at,
        };
        let act = match caller {
            Some(caller) => self.act_by_admin(cx, caller),
            None => self.act(cx, None),
        };
        let made = self
            .desk
            .write_for(cx, caller, move |desk, cx| desk.store.create_api_key(cx, act, new))
            .await?;
        let key = made.ok_or_else(|| Refusal::new(Code::ApiKeysFull))?;
        let token = Secret::new(format!("{PREFIX}{}", minted.text.reveal()));
        Ok(MadeKey { token, key })
    }

    fn check_key_form(&self, form: &KeyForm) -> Result<String, Refusal> {
        let mut wrong = Fields::default();
        let name = wrong.take(fields::name(&form.name, "/name")).unwrap_or_default();
        let is_named = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
        wrong.require(is_named, "/name", Code::FieldLength, "1 to 100 characters.");
        let is_some = !form.scopes.is_empty();
        wrong.require(is_some, "/scopes", Code::FieldLength, "At least one scope.");
        wrong.require(
            form.expires_at.is_none_or(|at| self.clock.now() < at),
            "/expires_at",
            Code::FieldPast,
            "A moment in the future.",
        );
        wrong.finish()?;
        Ok(name)
    }

    /// Every key, newest first, as an admin or the command line (`None`) sees them.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub async fn api_keys(&self, cx: &Cx, caller: Option<&Caller>) -> Result<Vec<ApiKey>, Refusal> {
        caller.map(Caller::require_admin).transpose()?;
        Ok(self.desk.store.api_keys(cx).await?)
    }

    /// A key works no more, from this moment on, whatever of its calls is under way.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::ApiKeyNotFound`] when there is no such key, or none any more.
    pub async fn revoke_api_key(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        id: ApiKeyId,
    ) -> Result<(), Refusal> {
        caller.map(Caller::require_admin).transpose()?;
        let act = match caller {
            Some(caller) => self.act_by_admin(cx, caller),
            None => self.act(cx, None),
        };
        let revoked = self
            .desk
            .write_for(cx, caller, move |desk, cx| desk.store.revoke_api_key(cx, act, id))
            .await?;
        if revoked { Ok(()) } else { Err(Refusal::new(Code::ApiKeyNotFound)) }
    }

    /// The key a token stands for. It is looked up every time, so a revoked key ends at once; its
    /// calls are counted before anything is done for them.
    ///
    /// # Errors
    /// [`Code::ApiKeyInvalid`]; [`Code::TooManyAttempts`].
    pub async fn identify_api_key(&self, cx: &Cx, token: &str) -> Result<ApiKey, Refusal> {
        let invalid = || Refusal::new(Code::ApiKeyInvalid);
        let bare = token.strip_prefix(PREFIX).and_then(token::hash_of);
        let found = self.desk.store.api_key_by_token(cx, bare.ok_or_else(invalid)?).await?;
        let now = self.clock.now();
        let key = found.filter(|key| key.works(now)).ok_or_else(invalid)?;
        // Kept: whoever calls is counted whether the call succeeds or not.
        let _counted = self.limits.reserve_call(key.id)?;
        self.key_uses.note(&key, now);
        Ok(key)
    }

    /// Writes down when keys were last used. Gives how many.
    ///
    /// # Errors
    /// Those of the store; what was not written is kept for the next time.
    pub async fn flush_key_uses(&self, cx: &Cx) -> Result<u64, Refusal> {
        let uses: Vec<KeyUse> =
            self.key_uses.gathered().iter().map(|(id, at)| KeyUse { id: *id, at: *at }).collect();
        if uses.is_empty() {
            return Ok(0);
        }
        let written = uses.clone();
        self.desk.write(cx, move |desk, cx| desk.store.note_key_uses(cx, written)).await?;
        let mut gathered = self.key_uses.gathered();
        for used in &uses {
            // One that was used meanwhile stays for the next time.
            if gathered.get(&used.id) == Some(&used.at) {
                gathered.remove(&used.id);
            }
        }
        Ok(uses.len() as u64)
    }
}
