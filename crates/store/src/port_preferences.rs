//! The port of preferences on any engine: which read or command answers which call.

use galen_core::model::Act;
use galen_core::preferences::{PreferenceStore, Preferences, Unwanted};
use galen_core::{Cx, Fut, StoreResult, UserId};

use crate::commands::preference;
use crate::commands::warrant::acting;
use crate::port::{Engine, SqlStore};
use crate::reads;

impl<E: Engine> PreferenceStore for SqlStore<E> {
    fn preferences<'a>(&'a self, cx: &'a Cx, user_id: UserId) -> Fut<'a, StoreResult<Preferences>> {
        Box::pin(self.0.read(cx, move |tx| reads::preference::of_user(tx, user_id)))
    }

    fn set_preferences<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        preferences: Preferences,
    ) -> Fut<'a, StoreResult<()>> {
        let set = acting(act, move |tx, act| preference::set(tx, act, user_id, &preferences));
        Box::pin(self.0.command(cx, "preference.set", set))
    }

    fn unsubscribe<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        unwanted: Unwanted,
    ) -> Fut<'a, StoreResult<bool>> {
        let end = acting(act, move |tx, act| preference::unsubscribe(tx, act, user_id, &unwanted));
        Box::pin(self.0.command(cx, "preference.unsubscribe", end))
    }
}
