//! What a user is told: reading notifications, and marking what became of them.

use galen_core::model::{InboxAsk, Marked, Missed, NotificationPage, Step};
use galen_core::{Code, Cx, NotificationId, Refusal, Seq, Signal, StoreResult};

use crate::{Accounts, Caller};

/// How many notifications can be marked in one call.
const IDS_MAX: usize = 500;
/// How many rows one slice of marking all as read changes: other writes go between two slices.
const SLICE_ROWS: u32 = 1_000;

impl Accounts {
    /// The caller's notifications, newest first, with the kept counts.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn notifications(
        &self,
        cx: &Cx,
        caller: &Caller,
        ask: InboxAsk,
    ) -> Result<NotificationPage, Refusal> {
        Ok(self.desk.store.notifications(cx, caller.user.id, ask).await?)
    }

    /// What the caller was told after a place, the oldest first, whatever became of it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn missed(
        &self,
        cx: &Cx,
        caller: &Caller,
        after: Seq,
        limit: u32,
    ) -> Result<Missed, Refusal> {
        Ok(self.desk.store.missed(cx, caller.user.id, after, limit).await?)
    }

    /// These of the caller's notifications take a step; foreign and unknown ones are passed over.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] at `/ids` when there are more than 500.
    pub async fn mark(
        &self,
        cx: &Cx,
        caller: &Caller,
        step: Step,
        ids: Vec<NotificationId>,
    ) -> Result<Marked, Refusal> {
        if ids.len() > IDS_MAX {
            let detail = "At most 500 identifiers at a time.";
            return Err(Refusal::field("/ids", Code::FieldLength, detail));
        }
        let (user_id, act) = (caller.user.id, self.act_by(cx, caller));
        let marked = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let marking = (step, ids.clone());
                    let marked = desk.store.mark(cx, act, user_id, marking).await?;
                    if marked.marked > 0 {
                        let counts = marked.counts;
                        desk.marked(Signal::Marked { user_id, ids, step: Some(step), counts });
                    }
                    Ok(marked)
                })
            })
            .await?;
        Ok(marked)
    }

    /// The caller has seen that everything up to this place is there.
    ///
    /// # Errors
    /// [`Code::SessionEnded`]; those of the store.
    pub async fn mark_seen(&self, cx: &Cx, caller: &Caller, upto: Seq) -> Result<Marked, Refusal> {
        let (user_id, act) = (caller.user.id, self.act_by(cx, caller));
        let marked = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let marked = desk.store.mark_seen(cx, act, user_id, upto).await?;
                    if marked.marked > 0 {
                        let (ids, counts) = (Vec::new(), marked.counts);
                        desk.marked(Signal::Marked { user_id, ids, step: None, counts });
                    }
                    Ok(marked)
                })
            })
            .await?;
        Ok(marked)
    }

    /// Marks all of the caller's notifications as read, in slices, the oldest first. There are as
    /// many slices as the first one leaves work for: what is published meanwhile does not keep it
    /// going.
    ///
    /// # Errors
    /// [`Code::SessionEnded`]; those of the store. What earlier slices marked stays marked.
    pub async fn mark_all_read(&self, cx: &Cx, caller: &Caller) -> Result<Marked, Refusal> {
        let (user_id, act) = (caller.user.id, self.act_by(cx, caller));
        let marked = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let slice = || async {
                        let act = act.clone();
                        let slice = desk.store.mark_all_read(cx, act, user_id, SLICE_ROWS).await?;
                        let (ids, counts) = (Vec::new(), slice.counts);
                        let step = Some(Step::Read);
                        desk.marked(Signal::Marked { user_id, ids, step, counts });
                        StoreResult::Ok(slice)
                    };
                    let mut all = slice().await?;
                    let left = u64::try_from(all.counts.unread).unwrap_or(0);
                    for _ in 0..left.div_ceil(u64::from(SLICE_ROWS)) {
                        let next = slice().await?;
                        all = Marked { marked: all.marked + next.marked, counts: next.counts };
                        if next.marked == 0 {
                            break;
                        }
                    }
                    Ok(all)
                })
            })
            .await?;
        Ok(marked)
    }
}
