//! The port to notifications on any engine: which read or command answers which call.

use galen_core::model::{
    Act, ApiKey, Audience, Broadcast, Broadcasting, InboxAsk, KeyUse, Marked, Missed, NewApiKey,
    NewBroadcast, NoticeSweep, NotificationPage, Publication, Published, Reach, Recall, Step,
};
use galen_core::{
    ApiKeyId, Cx, Fut, NoticeStore, Notices, NotificationId, Page, PageRequest, Seq, StoreResult,
    TokenHash, UnixMs, UserId,
};

use crate::commands::warrant::acting;
use crate::port::{Engine, SqlStore};
use crate::{commands, reads};

impl<E: Engine> NoticeStore for SqlStore<E> {
    fn notifications<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
        ask: InboxAsk,
    ) -> Fut<'a, StoreResult<NotificationPage>> {
        Box::pin(self.0.read(cx, move |tx| reads::notification::page(tx, user_id, ask)))
    }

    fn missed<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
        after: Seq,
        limit: u32,
    ) -> Fut<'a, StoreResult<Missed>> {
        Box::pin(self.0.read(cx, move |tx| reads::notification::missed(tx, user_id, after, limit)))
    }

    fn notices_after<'a>(
        &'a self,
        cx: &'a Cx,
        after: Seq,
        limit: u32,
    ) -> Fut<'a, StoreResult<Notices>> {
        Box::pin(self.0.read(cx, move |tx| reads::notification::after(tx, after, limit)))
    }

    fn latest_seq<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Seq>> {
        Box::pin(self.0.read(cx, reads::notification::latest))
    }

    fn reach<'a>(
        &'a self,
        cx: &'a Cx,
        audience: Audience,
        look_max: u32,
    ) -> Fut<'a, StoreResult<Reach>> {
        Box::pin(self.0.read(cx, move |tx| reads::broadcast::reach(tx, audience, look_max)))
    }

    fn broadcasts<'a>(
        &'a self,
        cx: &'a Cx,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<Broadcast>>> {
        Box::pin(self.0.read(cx, move |tx| reads::broadcast::page(tx, page)))
    }

    fn api_key_by_token<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
    ) -> Fut<'a, StoreResult<Option<ApiKey>>> {
        Box::pin(self.0.read(cx, move |tx| reads::api_key::by_token(tx, &hash)))
    }

    fn api_keys<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Vec<ApiKey>>> {
        Box::pin(self.0.read(cx, reads::api_key::every))
    }

    fn publish<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        publication: Publication,
    ) -> Fut<'a, StoreResult<Published>> {
        Box::pin(self.0.command(
            cx,
            "notice.publish",
            acting(act, move |tx, act| commands::notification::publish(tx, act, &publication)),
        ))
    }

    fn broadcast<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        broadcast: NewBroadcast,
    ) -> Fut<'a, StoreResult<Broadcasting>> {
        Box::pin(self.0.command(
            cx,
            "notice.broadcast",
            acting(act, move |tx, act| commands::broadcast::broadcast(tx, act, &broadcast)),
        ))
    }

    fn release<'a>(&'a self, cx: &'a Cx, act: Act) -> Fut<'a, StoreResult<u64>> {
        Box::pin(self.0.command(cx, "notice.release", acting(act, commands::broadcast::release)))
    }

    fn recall<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: NotificationId,
    ) -> Fut<'a, StoreResult<Recall>> {
        Box::pin(self.0.command(
            cx,
            "notice.recall",
            acting(act, move |tx, act| commands::broadcast::recall(tx, act, id)),
        ))
    }

    fn mark<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        (step, ids): (Step, Vec<NotificationId>),
    ) -> Fut<'a, StoreResult<Marked>> {
        Box::pin(self.0.command(
            cx,
            "notice.mark",
            acting(act, move |tx, act| commands::marking::mark(tx, act, user_id, (step, &ids))),
        ))
    }

    fn mark_seen<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        upto: Seq,
    ) -> Fut<'a, StoreResult<Marked>> {
        Box::pin(self.0.command(
            cx,
            "notice.mark_seen",
            acting(act, move |tx, _| commands::marking::mark_seen(tx, user_id, upto)),
        ))
    }

    fn mark_all_read<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        max_rows: u32,
    ) -> Fut<'a, StoreResult<Marked>> {
        Box::pin(self.0.command(
            cx,
            "notice.mark_all_read",
            acting(act, move |tx, act| {
                commands::marking::mark_all_read(tx, act, user_id, max_rows)
            }),
        ))
    }

    fn sweep_notices<'a>(
        &'a self,
        cx: &'a Cx,
        now: UnixMs,
        max_rows: u32,
    ) -> Fut<'a, StoreResult<NoticeSweep>> {
        Box::pin(self.0.redoable(cx, "notice.sweep", move |tx| {
            commands::notice_sweep::slice(tx, now, max_rows)
        }))
    }

    fn create_api_key<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        key: NewApiKey,
    ) -> Fut<'a, StoreResult<Option<ApiKey>>> {
        Box::pin(self.0.command(
            cx,
            "key.create",
            acting(act, move |tx, act| commands::api_key::create(tx, act, &key)),
        ))
    }

    fn revoke_api_key<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: ApiKeyId,
    ) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.command(
            cx,
            "key.revoke",
            acting(act, move |tx, act| commands::api_key::revoke(tx, act, id)),
        ))
    }

    fn note_key_uses<'a>(&'a self, cx: &'a Cx, uses: Vec<KeyUse>) -> Fut<'a, StoreResult<()>> {
        Box::pin(
            self.0.command(cx, "key.note_uses", move |tx| commands::api_key::note_uses(tx, &uses)),
        )
    }
}
