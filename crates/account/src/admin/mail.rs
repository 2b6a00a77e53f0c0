//! The outbox, as admins and the command line see it: read, send again, take back, test, forget.

use galen_core::model::AuditCode;
use galen_core::outbox::{KeptParcel, OutboxSweep, OutboxSwept, ParcelChange, ParcelFilter};
use galen_core::post::{LetterCode, Param};
use galen_core::{Code, Cx, Note, Page, PageRequest, ParcelId, Refusal};

use crate::email::Address;
use crate::letters::with;
use crate::policy::DAY_MS;
use crate::{Accounts, Caller};

/// How long what was sent or taken back is kept, in milliseconds.
const SENT_KEPT_MS: i64 = 7 * DAY_MS;
/// How long what failed or was captured is kept, in milliseconds.
const FAILED_KEPT_MS: i64 = 30 * DAY_MS;
/// How many captured mails are kept at the most.
const CAPTURED_MAX: u32 = 1_000;
/// How long an expired link is kept, so that it is told from one that never was, in milliseconds.
const LINKS_KEPT_MS: i64 = 7 * DAY_MS;
/// How many rows of each kind one slice forgets.
const SLICE_ROWS: u32 = 200;
/// How many slices one run has at the most.
const SLICES_MAX: u32 = 50;

impl Accounts {
    /// Parcels, newest first, for `caller`, who must be an admin; `None` is the command line.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub async fn mails(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        filter: ParcelFilter,
        page: PageRequest,
    ) -> Result<Page<KeptParcel>, Refusal> {
        caller.map(Caller::require_admin).transpose()?;
        Ok(self.desk.store.parcels(cx, filter, page).await?)
    }

    /// One parcel, to be read. A captured one shows links that open accounts, so that somebody read
    /// it stands in the trail, and an admin needs a fresh authentication.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; [`Code::ParcelNotFound`].
    pub async fn mail(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        id: ParcelId,
    ) -> Result<KeptParcel, Refusal> {
        if let Some(caller) = caller {
            caller.require_admin()?;
            caller.require_fresh(self.clock.now())?;
        }
        let parcel = self.desk.store.parcel(cx, id).await?;
        let parcel = parcel.ok_or_else(|| Refusal::new(Code::ParcelNotFound))?;
        let note = Note {
            code: AuditCode::MailShown,
            target: Some(format!("mail:{id}")),
            params: "{}".to_owned(),
        };
        self.command(cx, caller, move |store, cx, act| store.note(cx, act, note)).await?;
        Ok(parcel)
    }

    /// Queues a parcel that failed, was captured or taken back once more.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::ParcelNotFound`]; [`Code::ParcelNotNow`].
    pub async fn resend_mail(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        id: ParcelId,
    ) -> Result<(), Refusal> {
        let change =
            self.command(cx, caller, move |store, cx, act| store.resend_parcel(cx, act, id));
        changed(change.await?)
    }

    /// Takes a parcel back that waits for its next attempt.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::ParcelNotFound`]; [`Code::ParcelNotNow`].
    pub async fn cancel_mail(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        id: ParcelId,
    ) -> Result<(), Refusal> {
        let change =
            self.command(cx, caller, move |store, cx, act| store.cancel_parcel(cx, act, id));
        changed(change.await?)
    }

    /// Sends a test mail to this address. Gives the parcel's name, under which its way can be
    /// followed.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::InvalidFields`] at `/email`; [`Code::TooManyAttempts`] for one
    /// mailbox.
    pub async fn test_mail(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        email: &str,
    ) -> Result<ParcelId, Refusal> {
        caller.map(Caller::require_admin).transpose()?;
        let address =
            Address::parse_field(email, "/email").map_err(|field| Refusal::fields(vec![field]))?;
        if caller.is_some() {
            let _counted = self.limits.reserve_mail(cx.address, &address.key)?;
        }
        let by = caller.map_or("galen mail test", |caller| caller.user.email.as_str());
        let owed = with(self.letter(cx, LetterCode::Test), "by", Param::Text(by.to_owned()));
        let id = owed.parcel;
        let written = address.written;
        let owe = self
            .command(cx, caller, move |store, cx, act| store.owe_letter(cx, act, written, owed));
        owe.await?;
        Ok(id)
    }

    /// Forgets what was sent long ago, links that expired, and accounts whose address nobody proved,
    /// slice by slice.
    ///
    /// # Errors
    /// Those of the store; what earlier slices forgot stays forgotten.
    pub async fn sweep_mail(&self, cx: &Cx) -> Result<(u64, u64, u64), Refusal> {
        let now = self.clock.now();
        let work = OutboxSweep {
            sent_at: now.plus_ms(-SENT_KEPT_MS),
            failed_at: now.plus_ms(-FAILED_KEPT_MS),
            captured_max: CAPTURED_MAX,
            links_at: now.plus_ms(-LINKS_KEPT_MS),
            unproven_at: now.plus_ms(-self.policy.links.unproven_kept_ms),
            max_rows: SLICE_ROWS,
        };
        let (mut parcels, mut links, mut accounts) = (0, 0, 0);
        for _ in 0..SLICES_MAX {
            let act = self.act(cx, None);
            let swept = self
                .desk
                .write(cx, move |desk, cx| {
                    Box::pin(async move {
                        let swept = desk.store.sweep_outbox(cx, act, work).await?;
                        if let Some(user) = swept.account {
                            desk.forget(&swept.ended, user);
                        }
                        Ok(swept)
                    })
                })
                .await?;
            parcels += swept.parcels;
            links += swept.links;
            accounts += u64::from(swept.account.is_some());
            if swept == OutboxSwept::default() {
                break;
            }
        }
        Ok((parcels, links, accounts))
    }
}

fn changed(change: ParcelChange) -> Result<(), Refusal> {
    match change {
        ParcelChange::Done => Ok(()),
        ParcelChange::NotFound => Err(Refusal::new(Code::ParcelNotFound)),
        ParcelChange::NotNow(state) => {
            let detail = format!(
                "It is {}. What waits can be cancelled; what failed, was captured or cancelled can \
                 be sent again.",
                state.name()
            );
            Err(Refusal::new(Code::ParcelNotNow).with_detail(detail))
        }
    }
}
