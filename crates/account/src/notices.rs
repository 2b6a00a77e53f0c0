//! What a user is told: reading notifications, and marking them as read.

use galen_core::model::{MarkedRead, NotificationPage};
use galen_core::{Code, Cx, NotificationId, PageRequest, Refusal};

use crate::{Accounts, Caller};

/// How many notifications can be marked in one call.
const IDS_MAX: usize = 500;

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
        let (user_id, now) = (caller.user.id, self.clock.now());
        let marked = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let marked = desk.store.mark_read(cx, user_id, ids, now).await?;
                    desk.forget(&[], user_id);
                    Ok(marked)
                })
            })
            .await?;
        Ok(marked)
    }

    /// Marks all of the caller's notifications as read.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn mark_all_read(&self, cx: &Cx, caller: &Caller) -> Result<MarkedRead, Refusal> {
        let (user_id, now) = (caller.user.id, self.clock.now());
        let marked = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let marked = desk.store.mark_all_read(cx, user_id, now).await?;
                    desk.forget(&[], user_id);
                    Ok(marked)
                })
            })
            .await?;
        Ok(marked)
    }
}
