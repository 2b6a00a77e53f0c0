//! The port of webhooks on any engine: which read or command answers which call.

use galen_core::model::Act;
use galen_core::outbox::KeptParcel;
use galen_core::webhooks::{NewWebhook, Webhook, WebhookChange, Webhooks};
use galen_core::{Cx, Fut, Page, PageRequest, StoreResult, WebhookId};

use crate::commands::warrant::acting;
use crate::commands::webhook;
use crate::port::{Engine, SqlStore};
use crate::reads;

impl<E: Engine> Webhooks for SqlStore<E> {
    fn webhooks<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Vec<Webhook>>> {
        Box::pin(self.0.read(cx, |tx| reads::webhook::every(tx)))
    }

    fn webhook<'a>(&'a self, cx: &'a Cx, id: WebhookId) -> Fut<'a, StoreResult<Option<Webhook>>> {
        Box::pin(self.0.read(cx, move |tx| reads::webhook::by_id(tx, id)))
    }

    fn deliveries<'a>(
        &'a self,
        cx: &'a Cx,
        id: WebhookId,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<KeptParcel>>> {
        Box::pin(self.0.read(cx, move |tx| reads::webhook::deliveries(tx, id, page)))
    }

    fn add_webhook<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        new: NewWebhook,
    ) -> Fut<'a, StoreResult<Webhook>> {
        let add = acting(act, move |tx, act| webhook::add(tx, act, &new));
        Box::pin(self.0.command(cx, "webhook.add", add))
    }

    fn change_webhook<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: WebhookId,
        change: WebhookChange,
    ) -> Fut<'a, StoreResult<Option<Webhook>>> {
        let change = acting(act, move |tx, act| webhook::change(tx, act, id, &change));
        Box::pin(self.0.command(cx, "webhook.change", change))
    }

    fn rotate_webhook<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: WebhookId,
    ) -> Fut<'a, StoreResult<Option<Webhook>>> {
        let rotate = acting(act, move |tx, act| webhook::rotate(tx, act, id));
        Box::pin(self.0.command(cx, "webhook.rotate", rotate))
    }

    fn remove_webhook<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: WebhookId,
    ) -> Fut<'a, StoreResult<bool>> {
        let remove = acting(act, move |tx, act| webhook::remove(tx, act, id));
        Box::pin(self.0.command(cx, "webhook.remove", remove))
    }
}
