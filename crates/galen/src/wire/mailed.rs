//! What the command line is told of mail.

use galen_core::outbox::{ChannelQueue, KeptParcel, ParcelFilter, ParcelState, PostRoom};
use galen_core::post::Channel;
use galen_core::{PageRequest, ParcelId, UnixMs};
use serde::{Deserialize, Serialize};

use super::answers::refused;
use super::control::Refused;
use super::running::Running;

/// A mail as the command line lists it.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailRow {
    /// Its identifier.
    pub id: ParcelId,
    /// To which mailbox.
    pub to: String,
    /// What it says, a stable code.
    pub code: String,
    /// Where it stands.
    pub state: ParcelState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was owed.
    pub created_at: UnixMs,
    /// When it is tried next, while it waits.
    pub next_at: Option<UnixMs>,
    /// When it left, failed, was captured or taken back.
    pub ended_at: Option<UnixMs>,
    /// What the other side said last, or what went wrong.
    pub says: Option<String>,
}

impl From<KeptParcel> for MailRow {
    fn from(parcel: KeptParcel) -> Self {
        Self {
            id: parcel.id,
            to: parcel.destination,
            code: parcel.code.text().to_owned(),
            state: parcel.state,
            attempts: parcel.attempts,
            created_at: parcel.created_at,
            next_at: parcel.state.is_waiting().then_some(parcel.next_at),
            ended_at: parcel.ended_at,
            says: parcel.says,
        }
    }
}

/// Mails, and what waits.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailRows {
    /// The mails, newest first.
    pub mails: Vec<MailRow>,
    /// What waits, by channel.
    pub queues: Vec<ChannelQueue>,
    /// Whether somebody carries mail; else it is captured.
    pub carried: bool,
}

/// A mail, written out.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailShown {
    /// Where it stands.
    pub mail: MailRow,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Why it cannot be written out, if it cannot.
    pub error: Option<String>,
}

/// A page of the outbox.
///
/// # Errors
/// When the store cannot be asked.
pub async fn list(
    running: &Running,
    state: Option<ParcelState>,
    limit: u32,
) -> Result<MailRows, Refused> {
    let (rooms, cx) = (&running.rooms, running.live());
    let page = PageRequest { after: None, limit: limit.clamp(1, 200) };
    let found = rooms.accounts.mails(&cx, None, ParcelFilter { state }, page).await?;
    Ok(MailRows {
        mails: found.items.into_iter().map(MailRow::from).collect(),
        queues: rooms.store.port().queues(&cx).await.map_err(refused)?,
        carried: running.mail.carries(Channel::Email),
    })
}

/// A mail as its reader sees it.
///
/// # Errors
/// When there is none, or the store cannot be asked.
pub async fn show(running: &Running, id: ParcelId) -> Result<MailShown, Refused> {
    let parcel = running.rooms.accounts.mail(&running.live(), None, id).await?;
    let shown = running.mail.show(&parcel);
    let mail = parcel.into();
    Ok(match shown {
        Ok(letter) => MailShown {
            mail,
            subject: letter.subject,
            text: letter.text.reveal().clone(),
            error: None,
        },
        Err(error) => {
            MailShown { mail, subject: String::new(), text: String::new(), error: Some(error) }
        }
    })
}
