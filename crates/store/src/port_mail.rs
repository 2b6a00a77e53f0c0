//! The ports of links and of the outbox on any engine: which read or command answers which call.

use galen_core::links::{
    Disowning, EmailChange, EmailConfirmed, Inviting, KeptLink, LinkPurpose, LinkResult, Links,
    Opened, Owed, Ownership, PasswordReset, Registered, Registering, SendLink,
};
use galen_core::model::{Act, EndedSession, NewUser, User};
use galen_core::outbox::{
    ChannelQueue, KeptParcel, NewParcel, Outbox, OutboxSweep, OutboxSwept, ParcelChange,
    ParcelFilter, Settlement,
};
use galen_core::post::Channel;
use galen_core::{
    Cx, Fut, LinkId, Page, PageRequest, ParcelId, SessionId, StoreResult, TokenHash, UnixMs, UserId,
};

use crate::commands::warrant::acting;
use crate::commands::{address, link, outbox};
use crate::port::{Engine, SqlStore};
use crate::reads;
use crate::tx::Tx;

impl<E: Engine> Links for SqlStore<E> {
    fn link<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
        purpose: LinkPurpose,
    ) -> Fut<'a, StoreResult<Option<KeptLink>>> {
        Box::pin(self.0.read(cx, move |tx| reads::link::by_hash(tx, &hash, purpose)))
    }

    fn is_unproven<'a>(&'a self, cx: &'a Cx, user_id: UserId) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.read(cx, move |tx| reads::link::is_unproven(tx, user_id)))
    }

    fn pending_email<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
        now: UnixMs,
    ) -> Fut<'a, StoreResult<Option<KeptLink>>> {
        let purpose = LinkPurpose::ConfirmEmail;
        Box::pin(self.0.read(cx, move |tx| reads::link::open_of(tx, user_id, purpose, now)))
    }

    fn invitations<'a>(
        &'a self,
        cx: &'a Cx,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<KeptLink>>> {
        Box::pin(self.0.read(cx, move |tx| reads::link::invitations(tx, page)))
    }

    fn register<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        registering: Registering,
    ) -> Fut<'a, StoreResult<Registered>> {
        Box::pin(self.0.command(
            cx,
            "account.register",
            acting(act, move |tx, act| link::register(tx, act, &registering)),
        ))
    }

    fn send_link<'a>(&'a self, cx: &'a Cx, act: Act, send: SendLink) -> Fut<'a, StoreResult<()>> {
        Box::pin(self.0.command(
            cx,
            "account.send_link",
            acting(act, move |tx, act| link::send(tx, act, &send)),
        ))
    }

    fn verify_email<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        hash: TokenHash,
        ownership: Ownership,
    ) -> Fut<'a, LinkResult<Opened>> {
        Box::pin(self.0.command(
            cx,
            "account.verify_email",
            acting(act, move |tx, act| link::verify_email(tx, act, &hash, &ownership)),
        ))
    }

    fn reset_password<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        reset: PasswordReset,
    ) -> Fut<'a, LinkResult<Opened>> {
        Box::pin(self.0.command(
            cx,
            "account.reset_password",
            acting(act, move |tx, act| link::reset_password(tx, act, &reset)),
        ))
    }

    fn ask_email_change<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        change: EmailChange,
    ) -> Fut<'a, StoreResult<()>> {
        Box::pin(self.0.command(
            cx,
            "account.ask_email_change",
            acting(act, move |tx, act| address::ask_change(tx, act, &change)),
        ))
    }

    fn cancel_email_change<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
    ) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.command(
            cx,
            "account.cancel_email_change",
            acting(act, move |tx, act| address::cancel_change(tx, act, user_id)),
        ))
    }

    fn confirm_email<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        hash: TokenHash,
        told: Owed,
    ) -> Fut<'a, LinkResult<EmailConfirmed>> {
        Box::pin(self.0.command(
            cx,
            "account.confirm_email",
            acting(act, move |tx, act| address::confirm(tx, act, &hash, &told)),
        ))
    }

    fn disown<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        disowning: Disowning,
    ) -> Fut<'a, LinkResult<Opened>> {
        Box::pin(self.0.command(
            cx,
            "account.disown",
            acting(act, move |tx, act| link::disown(tx, act, &disowning)),
        ))
    }

    fn revoke_session<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: SessionId,
        owed: Owed,
    ) -> Fut<'a, StoreResult<Option<(EndedSession, UserId)>>> {
        Box::pin(self.0.command(
            cx,
            "account.revoke_session",
            acting(act, move |tx, act| link::revoke_session(tx, act, id, &owed)),
        ))
    }

    fn invite<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        inviting: Inviting,
    ) -> Fut<'a, StoreResult<Option<LinkId>>> {
        Box::pin(self.0.command(
            cx,
            "account.invite",
            acting(act, move |tx, act| address::invite(tx, act, &inviting)),
        ))
    }

    fn withdraw_invitation<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: LinkId,
    ) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.command(
            cx,
            "account.withdraw_invitation",
            acting(act, move |tx, act| address::withdraw(tx, act, id)),
        ))
    }

    fn accept_invitation<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        hash: TokenHash,
        user: NewUser,
    ) -> Fut<'a, LinkResult<Option<User>>> {
        Box::pin(self.0.command(
            cx,
            "account.accept_invitation",
            acting(act, move |tx, act| address::accept(tx, act, &hash, user)),
        ))
    }
}

impl<E: Engine> Outbox for SqlStore<E> {
    fn parcel_due<'a>(
        &'a self,
        cx: &'a Cx,
        channel: Channel,
    ) -> Fut<'a, StoreResult<Option<UnixMs>>> {
        Box::pin(self.0.read(cx, move |tx| reads::parcel::due(tx, channel)))
    }

    fn parcels<'a>(
        &'a self,
        cx: &'a Cx,
        filter: ParcelFilter,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<KeptParcel>>> {
        Box::pin(self.0.read(cx, move |tx| reads::parcel::page(tx, filter, page)))
    }

    fn parcel<'a>(&'a self, cx: &'a Cx, id: ParcelId) -> Fut<'a, StoreResult<Option<KeptParcel>>> {
        Box::pin(self.0.read(cx, move |tx| reads::parcel::by_id(tx, id)))
    }

    fn queues<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Vec<ChannelQueue>>> {
        Box::pin(self.0.read(cx, reads::parcel::queues))
    }

    fn claim_parcel<'a>(
        &'a self,
        cx: &'a Cx,
        channel: Channel,
        now: UnixMs,
        until: UnixMs,
    ) -> Fut<'a, StoreResult<Option<KeptParcel>>> {
        Box::pin(self.0.command(cx, "post.claim", move |tx| outbox::claim(tx, channel, now, until)))
    }

    fn settle_parcel<'a>(
        &'a self,
        cx: &'a Cx,
        settlement: Settlement,
    ) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.command(cx, "post.settle", move |tx| outbox::settle(tx, &settlement)))
    }

    fn owe_letter<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        address: String,
        owed: Owed,
    ) -> Fut<'a, StoreResult<()>> {
        Box::pin(self.0.command(
            cx,
            "post.owe",
            acting(act, move |tx, act| outbox::owe_letter(tx, act, address, &owed)),
        ))
    }

    fn owe_each<'a>(
        &'a self,
        cx: &'a Cx,
        at: UnixMs,
        parcels: Vec<NewParcel>,
    ) -> Fut<'a, StoreResult<u64>> {
        let owe = move |tx: &mut dyn Tx| outbox::owe_each(tx, at, &parcels);
        Box::pin(self.0.command(cx, "post.owe_each", owe))
    }

    fn resend_parcel<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: ParcelId,
    ) -> Fut<'a, StoreResult<ParcelChange>> {
        Box::pin(self.0.command(
            cx,
            "post.resend",
            acting(act, move |tx, act| outbox::resend(tx, act, id)),
        ))
    }

    fn cancel_parcel<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: ParcelId,
    ) -> Fut<'a, StoreResult<ParcelChange>> {
        Box::pin(self.0.command(
            cx,
            "post.cancel",
            acting(act, move |tx, act| outbox::cancel(tx, act, id)),
        ))
    }

    fn sweep_outbox<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        work: OutboxSweep,
    ) -> Fut<'a, StoreResult<OutboxSwept>> {
        Box::pin(self.0.command(
            cx,
            "post.sweep",
            acting(act, move |tx, act| outbox::sweep(tx, act, &work)),
        ))
    }
}
