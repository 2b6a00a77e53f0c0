//! What a user is told: reading notifications, and marking them as read.

use galen_core::model::{MarkedRead, NotificationPage};
use galen_core::{Code, Cx, NotificationId, PageRequest, Refusal, StoreResult};

use crate::{Accounts, Caller};

/// How many notifications can be marked in one call.
const IDS_MAX: usize = 500;
/// How many rows one slice of marking all as read changes: other writes go between two slices.
const SLICE_ROWS: u32 = 1_000;

impl Accounts {
    /// The caller's notifications, newest first, with the kept count of unread ones.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn notifications(
        &self,
        cx: &Cx,
        caller: &Caller,
        unread_only: bool,
        page: PageRequest,
    ) -> Result<NotificationPage, Refusal> {
        let store = &self.desk.store;
        Ok(store.notifications(cx, caller.user.id, unread_only, page).await?)
    }

    /// Marks these of the caller's notifications as read; foreign and unknown ones are passed over.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] at `/ids` when there are more than 500.
    pub async fn mark_read(
        &self,
        cx: &Cx,
        caller: &Caller,
        ids: Vec<NotificationId>,
    ) -> Result<MarkedRead, Refusal> {
        if ids.len() > IDS_MAX {
            let detail = "At most 500 identifiers at a time.";
            return Err(Refusal::field("/ids", Code::FieldLength, detail));
        }
        let (user_id, act) = (caller.user.id, self.act_by(cx, caller));
        let marked = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let marked = desk.store.mark_read(cx, act, user_id, ids).await?;
                    desk.forget(&[], user_id);
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
    pub async fn mark_all_read(&self, cx: &Cx, caller: &Caller) -> Result<MarkedRead, Refusal> {
        let (user_id, act) = (caller.user.id, self.act_by(cx, caller));
        let marked = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let slice = || async {
                        let act = act.clone();
                        let slice = desk.store.mark_all_read(cx, act, user_id, SLICE_ROWS).await?;
                        desk.forget(&[], user_id);
                        StoreResult::Ok(slice)
                    };
                    let mut all = slice().await?;
                    let left = u64::try_from(all.unread).unwrap_or(0);
                    for _ in 0..left.div_ceil(u64::from(SLICE_ROWS)) {
                        let next = slice().await?;
                        let marked = all.marked + next.marked;
                        all = MarkedRead { marked, unread: next.unread };
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
