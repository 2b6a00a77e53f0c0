//! The room itself: its ports, its keys, and what its verbs share.

use std::sync::Arc;

use galen_core::links::LinkPurpose;
use galen_core::model::{Act, Warrant};
use galen_core::{AuditId, Bus, Clock, Cx, Entropy, LinkId, Secret, Store, UserId, WebhookId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::api_keys::KeyUses;
use crate::desk::Desk;
use crate::hash::HashPool;
use crate::limits::Limits;
use crate::touches::Touches;
use crate::{Caller, HashPressure, LimitCounts, Policy};

/// What the room needs of the world.
#[derive(Clone)]
pub struct Ports {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// Who is told what has just happened.
    pub bus: Arc<dyn Bus>,
}

/// The installation's keys. They come from a file of mode 0600; there are no defaults.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The key of the tokens against forged requests, and of the digests under which addresses
    /// without an account stand in the audit trail.
    pub csrf: Secret<[u8; 32]>,
    /// The key from which the secrets of mailed links are derived. One of its own, so that neither
    /// kind of token is worth anything to whoever learns of the other.
    pub links: Secret<[u8; 32]>,
}

/// The length of a message authentication code in bytes.
pub(crate) const CODE_BYTES: usize = 32;
/// The block of SHA-256 in bytes.
const BLOCK_BYTES: usize = 64;

impl Keys {
    /// HMAC-SHA256 over these parts, one after the other, under the key of [`Self::csrf`]. The first is
    /// a label of its own for every use, so that no code made for one can be taken for another's.
    pub(crate) fn code(&self, parts: &[&[u8]]) -> [u8; CODE_BYTES] {
        code(&self.csrf, parts)
    }

    /// The secret of a link, 256 bits: it hangs on what the link opens and on its name, and so is the
    /// same at every attempt to deliver it and in no other link.
    pub(crate) fn link(&self, purpose: LinkPurpose, id: LinkId) -> [u8; CODE_BYTES] {
        let parts: [&[u8]; 4] = [b"galen link v1 ", purpose.name().as_bytes(), b" ", id.as_bytes()];
        code(&self.links, &parts)
    }

    /// The secret of a webhook after so many rotations, 256 bits. It hangs on the key of links: the
    /// label keeps the two kinds apart.
    pub(crate) fn webhook(&self, id: WebhookId, rotation: i64) -> [u8; CODE_BYTES] {
        let rotation = rotation.to_be_bytes();
        code(&self.links, &[b"galen webhook v1 ", id.as_bytes(), &rotation])
    }

    /// The secret of a link that ends mails of a category to a user, 256 bits.
    pub(crate) fn unsubscribe(&self, id: UserId, category: &str) -> [u8; CODE_BYTES] {
        code(&self.links, &[b"galen unsubscribe v1 ", id.as_bytes(), category.as_bytes()])
    }

    /// A number from which the key towards push services is made.
    pub(crate) fn push(&self, attempt: u8) -> [u8; CODE_BYTES] {
        code(&self.links, &[b"galen push v1 ", &[attempt]])
    }
}

fn code(key: &Secret<[u8; 32]>, parts: &[&[u8]]) -> [u8; CODE_BYTES] {
    // A key shorter than the block is filled up with zeros (RFC 2104 §2), which leaves nothing about
    // its length to fail.
    let mut block = [0_u8; BLOCK_BYTES];
    block[..key.reveal().len()].copy_from_slice(key.reveal());
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The account room. It is shared as an `Arc<Accounts>`; every verb is a method in a file of its own.
///
/// Every verb that fails gives a [`galen_core::Refusal`]: its own codes, which its documentation
/// names, and those of an overloaded, unreachable or broken store ([`galen_core::StoreError`]).
pub struct Accounts {
    pub(crate) desk: Arc<Desk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Keys,
    pub(crate) policy: Policy,
    pub(crate) pool: HashPool,
    pub(crate) limits: Limits,
    pub(crate) touches: Touches,
    pub(crate) key_uses: KeyUses,
}

impl Accounts {
    /// Opens the room. Costs next to nothing: hashing threads start with the first need.
    #[must_use]
    pub fn new(ports: Ports, policy: Policy, keys: Keys) -> Self {
        let Ports { store, clock, entropy, bus } = ports;
        Self {
            desk: Arc::new(Desk::new(store, bus, policy.session.cache_sessions)),
            pool: HashPool::new(policy.hash, Arc::clone(&clock), Arc::clone(&entropy)),
            limits: Limits::new(&policy, Arc::clone(&clock), entropy.as_ref()),
            touches: Touches::default(),
            key_uses: KeyUses::default(),
            clock,
            entropy,
            keys,
            policy,
        }
    }

    /// What the installation decided about accounts.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How pressed the hashing pool is. Costs a lock and touches nothing.
    #[must_use]
    pub fn pressure(&self) -> HashPressure {
        self.pool.pressure()
    }

    /// How the limits stand.
    #[must_use]
    pub fn limit_counts(&self) -> LimitCounts {
        self.limits.counts()
    }

    /// How many sessions are held in memory.
    #[must_use]
    pub fn sessions_cached(&self) -> usize {
        self.desk.sessions.len()
    }

    /// What a signed-in caller does, on the right of its session: the command asks again whether the
    /// session goes on, however long ago the request was let in.
    pub(crate) fn act_by(&self, cx: &Cx, caller: &Caller) -> Act {
        let warrant = Warrant { session: caller.session.id, needs_admin: false };
        Act { warrant: Some(warrant), ..self.act(cx, Some(caller.user.id)) }
    }

    /// The same of what only an admin does: the command asks again for the role, too.
    pub(crate) fn act_by_admin(&self, cx: &Cx, caller: &Caller) -> Act {
        let warrant = Warrant { session: caller.session.id, needs_admin: true };
        Act { warrant: Some(warrant), ..self.act(cx, Some(caller.user.id)) }
    }

    /// Who does what, from where, in which request, now, on no session's right: signing in, the
    /// command line, and what ends nothing but the caller's own session.
    pub(crate) fn act(&self, cx: &Cx, actor: Option<UserId>) -> Act {
        Act {
            id: AuditId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            at: self.clock.now(),
            actor,
            address: cx.address.map(|address| address.to_canonical().to_string()),
            request_id: cx.request_id,
            warrant: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_hmac_sha256() {
        // RFC 4231 §4.2, its key of twenty octets filled up with zeros.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let keys = Keys { csrf: Secret::new(key), links: Secret::new(key) };
        let code = keys.code(&[b"Hi ", b"There"]);
        let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
}
