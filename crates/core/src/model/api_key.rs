//! API keys: what an application shows to be let in, and what it may do.

use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, TokenHash, UnixMs, UserId};

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// To tell single users something, and many by name.
    #[serde(rename = "notify:send")]
    NotifySend,
    /// To tell everybody something.
    #[serde(rename = "notify:broadcast")]
    NotifyBroadcast,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::NotifySend, Self::NotifyBroadcast];

    /// The scope as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotifySend => "notify:send",
            Self::NotifyBroadcast => "notify:broadcast",
        }
    }
}

/// A key as it is kept. Its token is not: only the token's hash is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public name; it opens nothing.
    pub id: ApiKeyId,
    /// What it is called.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: UnixMs,
    /// Which admin made it; `None`: the command line.
    pub created_by: Option<UserId>,
    /// When it stops working, if it ever does.
    pub expires_at: Option<UnixMs>,
    /// When it was last used, to within the minute.
    pub last_used_at: Option<UnixMs>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UnixMs>,
}

impl ApiKey {
    /// Whether it works at `now`.
    #[must_use]
    pub fn works(&self, now: UnixMs) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A key to be kept.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its public name.
    pub id: ApiKeyId,
    /// What it is called.
    pub name: String,
    /// The hash of its token.
    pub token_hash: TokenHash,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it stops working, if it ever does.
    pub expires_at: Option<UnixMs>,
}

/// A use of a key to be written down; uses are gathered and written in batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Which key.
    pub id: ApiKeyId,
    /// When it was used.
    pub at: UnixMs,
}
