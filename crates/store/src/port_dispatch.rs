//! The ports of carrying on and of subscriptions on any engine: which read or command answers which
//! call.

use galen_core::dispatch::{
    Addressee, AudienceSlice, Dispatch, Dispatcher, FanOut, FanOutSlice, Release, Released,
};
use galen_core::model::Act;
use galen_core::post::Channel;
use galen_core::push::{NewSubscription, Subscription, Subscriptions};
use galen_core::{Cx, Fut, NotificationId, PushId, Seq, StoreResult, UnixMs, UserId};

use crate::commands::warrant::acting;
use crate::commands::{dispatch, push};
use crate::port::{Engine, SqlStore};
use crate::reads;
use crate::tx::Tx;

impl<E: Engine> Dispatcher for SqlStore<E> {
    fn dispatched<'a>(&'a self, cx: &'a Cx, channel: Channel) -> Fut<'a, StoreResult<Seq>> {
        Box::pin(self.0.read(cx, move |tx| reads::dispatch::dispatched(tx, channel)))
    }

    fn addressees<'a>(
        &'a self,
        cx: &'a Cx,
        wanted: Vec<(UserId, String)>,
    ) -> Fut<'a, StoreResult<Vec<Option<Addressee>>>> {
        Box::pin(self.0.read(cx, move |tx| reads::dispatch::addressees(tx, &wanted)))
    }

    fn fan_outs<'a>(&'a self, cx: &'a Cx, channel: Channel) -> Fut<'a, StoreResult<Vec<FanOut>>> {
        Box::pin(self.0.read(cx, move |tx| reads::dispatch::fan_outs(tx, channel)))
    }

    fn audience<'a>(
        &'a self,
        cx: &'a Cx,
        broadcast: NotificationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Fut<'a, StoreResult<AudienceSlice>> {
        let read = move |tx: &mut dyn Tx| reads::dispatch::audience(tx, broadcast, after, limit);
        Box::pin(self.0.read(cx, read))
    }

    fn due_release<'a>(
        &'a self,
        cx: &'a Cx,
        channel: Channel,
        now: UnixMs,
    ) -> Fut<'a, StoreResult<Option<Release>>> {
        Box::pin(self.0.read(cx, move |tx| reads::dispatch::due_release(tx, channel, now)))
    }

    fn dispatch<'a>(&'a self, cx: &'a Cx, input: Dispatch) -> Fut<'a, StoreResult<bool>> {
        let command = move |tx: &mut dyn Tx| dispatch::dispatch(tx, &input);
        Box::pin(self.0.command(cx, "post.dispatch", command))
    }

    fn fan_out<'a>(&'a self, cx: &'a Cx, slice: FanOutSlice) -> Fut<'a, StoreResult<bool>> {
        let command = move |tx: &mut dyn Tx| dispatch::fan_out(tx, &slice);
        Box::pin(self.0.command(cx, "post.fan_out", command))
    }

    fn release_held<'a>(&'a self, cx: &'a Cx, released: Released) -> Fut<'a, StoreResult<bool>> {
        let command = move |tx: &mut dyn Tx| dispatch::release_held(tx, &released);
        Box::pin(self.0.command(cx, "post.release", command))
    }
}

impl<E: Engine> Subscriptions for SqlStore<E> {
    fn subscriptions<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
    ) -> Fut<'a, StoreResult<Vec<Subscription>>> {
        Box::pin(self.0.read(cx, move |tx| reads::push::of_user(tx, user_id)))
    }

    fn subscription<'a>(
        &'a self,
        cx: &'a Cx,
        id: PushId,
    ) -> Fut<'a, StoreResult<Option<Subscription>>> {
        Box::pin(self.0.read(cx, move |tx| reads::push::by_id(tx, id)))
    }

    fn subscribe<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        new: NewSubscription,
    ) -> Fut<'a, StoreResult<Subscription>> {
        let keep = acting(act, move |tx, act| push::subscribe(tx, act, user_id, &new));
        Box::pin(self.0.command(cx, "push.subscribe", keep))
    }

    fn forget_subscription<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: PushId,
        owner: Option<UserId>,
    ) -> Fut<'a, StoreResult<bool>> {
        let forget = acting(act, move |tx, act| push::forget(tx, act, id, owner));
        Box::pin(self.0.command(cx, "push.forget", forget))
    }
}
