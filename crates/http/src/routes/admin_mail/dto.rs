//! How a mail that leaves, or left, looks from outside: where it stands, and nothing that opens anything.

use galen_core::outbox::{KeptParcel, ParcelState};
use galen_core::post::Channel;
use galen_core::{ParcelId, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::routes::me::dto::words;
use crate::time::Time;

/// The schema of a mail's state.
pub(crate) fn state_schema() -> Schema {
    words(&ParcelState::ALL.map(ParcelState::name))
}

/// The schema of a channel.
pub(crate) fn channel_schema() -> Schema {
    words(&Channel::ALL.map(Channel::name))
}

/// A mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mail)]
pub(crate) struct MailView<'a> {
    /// Its identifier: the left side of its Message-ID.
    #[schema(value_type = String, format = "uuid")]
    id: ParcelId,
    /// By which way it goes.
    #[schema(schema_with = channel_schema)]
    channel: Channel,
    /// To which user, when it goes to one.
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// To which mailbox.
    to: &'a str,
    /// What it says, a stable code.
    code: &'static str,
    /// In which language.
    language: &'static str,
    /// Where it stands.
    #[schema(schema_with = state_schema)]
    state: ParcelState,
    /// How often it was tried.
    attempts: u32,
    /// When it was owed.
    created_at: Time,
    /// When it is tried next, while it waits.
    next_at: Option<Time>,
    /// When it left, failed, was captured or taken back.
    ended_at: Option<Time>,
    /// What the other side said last, or what went wrong.
    says: Option<&'a str>,
}

impl<'a> From<&'a KeptParcel> for MailView<'a> {
    fn from(parcel: &'a KeptParcel) -> Self {
        Self {
            id: parcel.id,
            channel: parcel.channel,
            user_id: parcel.user_id,
            to: &parcel.destination,
            code: parcel.code.text(),
            language: parcel.language.tag(),
            state: parcel.state,
            attempts: parcel.attempts,
            created_at: parcel.created_at.into(),
            next_at: parcel.state.is_waiting().then_some(Time(parcel.next_at)),
            ended_at: parcel.ended_at.map(Time),
            says: parcel.says.as_deref(),
        }
    }
}
