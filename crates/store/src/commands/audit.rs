//! Rows of the audit trail.

use galen_core::model::{Act, AuditCode};
use galen_core::{AuditId, Note, StoreResult, UserId};

use crate::queries::audit as queries;
use crate::tx::{Tx, Value};

/// Writes the rows one command owes, each under its own name.
///
/// The act names the first row. The others are numbered from it, in the lowest 48 of the 74 random
/// bits of a UUID version 7 (RFC 9562, section 5.7), so that they sort behind it in their order and
/// are as unlikely to collide as it is.
pub(crate) struct Trail<'a> {
    act: &'a Act,
    written: u64,
}

impl<'a> Trail<'a> {
    pub(crate) const fn new(act: &'a Act) -> Self {
        Self { act, written: 0 }
    }

    /// Writes a row; `params` is a JSON object as text.
    pub(crate) fn write(
        &mut self,
        tx: &mut dyn Tx,
        code: AuditCode,
        target: Option<&str>,
        params: &str,
    ) -> StoreResult<()> {
        let user = target.and_then(|target| target.strip_prefix("user:")?.parse().ok());
        self.write_of(tx, user, (code, target, params))
    }

    /// Writes a row that concerns this user, whatever its target is.
    pub(crate) fn write_of(
        &mut self,
        tx: &mut dyn Tx,
        subject: Option<UserId>,
        (code, target, params): (AuditCode, Option<&str>, &str),
    ) -> StoreResult<()> {
        let id = numbered(self.act.id, self.written);
        self.written += 1;
        let act = self.act;
        let values: [Value<'_>; 9] = [
            (&id).into(),
            act.at.0.into(),
            code.text().into(),
            act.actor.as_ref().map(UserId::as_bytes).into(),
            target.into(),
            act.address.as_deref().into(),
            act.request_id.as_bytes().into(),
            params.into(),
            subject.as_ref().map(UserId::as_bytes).into(),
        ];
        tx.run(&queries::ADD, &values)?;
        Ok(())
    }
}

fn numbered(first: AuditId, n: u64) -> [u8; 16] {
    let mut bytes = *first.as_bytes();
    let mut carry = n;
    for byte in bytes.iter_mut().rev().take(6) {
        let sum = u64::from(*byte) + (carry & 0xff);
        *byte = (sum & 0xff) as u8;
        carry = (carry >> 8) + (sum >> 8);
    }
    bytes
}

pub(crate) fn note(tx: &mut dyn Tx, act: &Act, note: &Note) -> StoreResult<()> {
    Trail::new(act).write(tx, note.code, note.target.as_deref(), &note.params)
}

/// A user as a row's target.
pub(super) fn user_target(id: UserId) -> String {
    format!("user:{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_act_are_numbered_behind_its_own_name_and_keep_its_version() {
        let mut bytes = [0xab; 16];
        bytes[6] = 0x7a;
        bytes[15] = 0xfe;
        let first = AuditId::from_bytes(bytes);
        let ids: Vec<[u8; 16]> = (0..1_000).map(|n| numbered(first, n)).collect();
        assert_eq!(ids[0], bytes);
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id[..10] == bytes[..10]));
    }
}
