//! Commands on what leaves the house: letters owed beside what other commands change, claims and what
//! became of them, and forgetting.

use galen_core::links::{LinkPurpose, NewLink, Owed};
use galen_core::model::{Act, AuditCode, EmailKey, Role, User};
use galen_core::outbox::{
    Attempted, KeptParcel, LinkOrder, NewParcel, OutboxSweep, OutboxSwept, ParcelChange,
    ParcelState, Settlement, WAITING_MAX,
};
use galen_core::post::{Channel, LinkName, Param};
use galen_core::{NotificationId, ParcelId, StoreError, StoreResult, UnixMs, UserId};
use serde_json::json;

use super::audit::Trail;
use super::counts::{self, Counter};
use super::{dispatch, notification, preference, user};
use crate::queries::{link as links, parcel as queries, user as users};
use crate::rows;
use crate::tx::{Tx, Value, all, one};

/// How many links of one purpose a user has at the most; the oldest go first.
const LINKS_PER_PURPOSE: i64 = 5;

/// Whom a letter goes to, as it is kept, and what a link in it is bound to.
pub(super) struct Bound {
    pub(super) user_id: Option<UserId>,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) email_key: String,
    /// Whether somebody proved to own the address.
    pub(super) is_proven: bool,
    /// What the invited may do.
    pub(super) role: Option<Role>,
}

impl Bound {
    /// A user and its address as of now.
    pub(super) fn to(tx: &mut dyn Tx, user: &User) -> StoreResult<Self> {
        let key = one(tx, &users::EMAIL_KEY, &[user.id.as_bytes().into()], |row| {
            row.text(0).map(str::to_owned)
        })?;
        let key = key.ok_or_else(|| StoreError::Engine("a user has no address".to_owned()))?;
        Ok(Self::at(user, EmailKey(key)))
    }

    /// A user whose address' canonical form is known.
    pub(super) fn at(user: &User, email_key: EmailKey) -> Self {
        Self {
            user_id: Some(user.id),
            name: user.name.clone(),
            email: user.email.clone(),
            email_key: email_key.0,
            is_proven: user.email_verified_at.is_some(),
            role: None,
        }
    }
}

/// Puts a letter into the outbox, with its link and its copy for the inbox.
///
/// # Errors
/// [`StoreError::Full`] when too many parcels wait; those of the engine.
pub(super) fn owe(tx: &mut dyn Tx, act: &Act, to: &Bound, owed: &Owed) -> StoreResult<()> {
    let mut orders = Vec::new();
    if let Some((name, link)) = &owed.opens
        && (link.purpose != LinkPurpose::NotMe || to.is_proven)
    {
        keep_link(tx, act, to, link)?;
        orders.push(LinkOrder::Opens { name: *name, purpose: link.purpose, id: link.id });
    }
    put(tx, act, to, owed, orders)
}

/// Keeps a link, bound to whom it is sent to.
pub(super) fn keep_link(tx: &mut dyn Tx, act: &Act, to: &Bound, link: &NewLink) -> StoreResult<()> {
    let user_id = to.user_id.as_ref().map(UserId::as_bytes);
    let values: [Value<'_>; 9] = [
        link.id.as_bytes().into(),
        (&link.hash.0).into(),
        link.purpose.name().into(),
        user_id.into(),
        to.email.as_str().into(),
        to.email_key.as_str().into(),
        to.role.map(Role::name).into(),
        act.at.0.into(),
        link.expires_at.0.into(),
    ];
    tx.run(&links::ADD, &values)?;
    if let Some(user_id) = user_id {
        let values = [user_id.into(), link.purpose.name().into(), LINKS_PER_PURPOSE.into()];
        tx.run(&links::FORGET_BEYOND, &values)?;
    }
    Ok(())
}

fn put(
    tx: &mut dyn Tx,
    act: &Act,
    to: &Bound,
    owed: &Owed,
    mut orders: Vec<LinkOrder>,
) -> StoreResult<()> {
    let channel = Channel::Email;
    if counts::waiting(tx, channel)? >= WAITING_MAX {
        return Err(StoreError::Full { queue: "outbox" });
    }
    orders.extend(owed.leads.iter().map(|path| LinkOrder::Leads { path: path.clone() }));
    let mut params = owed.params.clone();
    params.push(("name".to_owned(), Param::Text(to.name.clone())));
    let (params, orders) = (text(&params)?, text(&orders)?);
    // What the reader said counts for more than what the request that owes the letter came in.
    let said = to.user_id.map(|id| preference::language(tx, id)).transpose()?.flatten();
    let opens_until = owed.opens.as_ref().filter(|(name, _)| *name == LinkName::Act);
    let values: [Value<'_>; 10] = [
        owed.parcel.as_bytes().into(),
        channel.name().into(),
        to.user_id.as_ref().map(UserId::as_bytes).into(),
        to.email.as_str().into(),
        owed.code.text().into(),
        said.unwrap_or(owed.language).tag().into(),
        params.as_str().into(),
        orders.as_str().into(),
        act.at.0.into(),
        opens_until.map(|(_, link)| link.expires_at.0).into(),
    ];
    tx.run(&queries::ADD, &values)?;
    counts::add(tx, Counter::Waiting(channel), 1)?;
    match (to.user_id, &owed.inbox) {
        (Some(user_id), Some(copy)) => notification::tell(tx, act, user_id, copy),
        _ => Ok(()),
    }
}

fn text<T: serde::Serialize>(value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Engine(error.to_string()))
}

pub(crate) fn owe_letter(
    tx: &mut dyn Tx,
    act: &Act,
    address: String,
    owed: &Owed,
) -> StoreResult<()> {
    let to = Bound {
        user_id: None,
        name: String::new(),
        email_key: address.clone(),
        email: address,
        is_proven: false,
        role: None,
    };
    let params = json!({ "mail": owed.parcel }).to_string();
    Trail::new(act).write(tx, AuditCode::MailTested, None, &params)?;
    owe(tx, act, &to, owed)
}

/// Puts parcels into the outbox, each once.
pub(crate) fn owe_each(tx: &mut dyn Tx, at: UnixMs, parcels: &[NewParcel]) -> StoreResult<u64> {
    let mut added = 0;
    for parcel in parcels {
        if counts::waiting(tx, parcel.channel)? >= WAITING_MAX {
            return Err(StoreError::Full { queue: "outbox" });
        }
        let (params, orders) = (text(&parcel.params)?, text(&parcel.links)?);
        let values: [Value<'_>; 10] = [
            parcel.id.as_bytes().into(),
            parcel.channel.name().into(),
            parcel.user_id.as_ref().map(UserId::as_bytes).into(),
            parcel.destination.as_str().into(),
            parcel.code.text().into(),
            parcel.language.tag().into(),
            params.as_str().into(),
            orders.as_str().into(),
            at.0.into(),
            parcel.broadcast.as_ref().map(NotificationId::as_bytes).into(),
        ];
        let is_new = tx.run(&queries::ADD_ONCE, &values)?;
        if is_new == 1 {
            counts::add(tx, Counter::Waiting(parcel.channel), 1)?;
            dispatch::queued(tx, parcel.broadcast, parcel.channel)?;
        }
        added += is_new;
    }
    Ok(added)
}

pub(crate) fn claim(
    tx: &mut dyn Tx,
    channel: Channel,
    now: UnixMs,
    until: UnixMs,
) -> StoreResult<Option<KeptParcel>> {
    let values = [until.0.into(), channel.name().into(), now.0.into()];
    one(tx, &queries::CLAIM, &values, rows::parcel)
}

pub(crate) fn settle(tx: &mut dyn Tx, settlement: &Settlement) -> StoreResult<bool> {
    let at = settlement.at;
    let (state, next_at, ended_at, says) = match &settlement.outcome {
        Attempted::Sent { says } => (ParcelState::Sent, at, Some(at), Some(says.as_str())),
        Attempted::Again { at, says } => (ParcelState::Queued, *at, None, Some(says.as_str())),
        Attempted::Failed { says } => (ParcelState::Failed, at, Some(at), Some(says.as_str())),
        Attempted::Captured => (ParcelState::Captured, at, Some(at), None),
    };
    let values = [
        state.name().into(),
        next_at.0.into(),
        ended_at.map(|at| at.0).into(),
        says.into(),
        settlement.id.as_bytes().into(),
        i64::from(settlement.attempt).into(),
    ];
    let settled = one(tx, &queries::SETTLE, &values, |row| {
        Ok((rows::channel(row)?, rows::maybe_notification(row, 1)?))
    })?;
    let Some((channel, broadcast)) = settled else { return Ok(false) };
    let mut state = state;
    if state.is_waiting() && dispatch::is_recalled(tx, broadcast)? {
        // It was taken back while it was being handed over, and is not tried again.
        tx.run(&queries::CANCEL, &[at.0.into(), settlement.id.as_bytes().into()])?;
        state = ParcelState::Cancelled;
    }
    if !state.is_waiting() {
        counts::add(tx, Counter::Waiting(channel), -1)?;
        dispatch::tally(tx, broadcast, channel, (state, 1))?;
    }
    Ok(true)
}

pub(crate) fn resend(tx: &mut dyn Tx, act: &Act, id: ParcelId) -> StoreResult<ParcelChange> {
    let values = [act.at.0.into(), id.as_bytes().into()];
    changed(tx, act, id, (&queries::RESEND, &values), (AuditCode::MailResent, 1))
}

pub(crate) fn cancel(tx: &mut dyn Tx, act: &Act, id: ParcelId) -> StoreResult<ParcelChange> {
    let values = [act.at.0.into(), id.as_bytes().into()];
    changed(tx, act, id, (&queries::CANCEL, &values), (AuditCode::MailCancelled, -1))
}

fn changed(
    tx: &mut dyn Tx,
    act: &Act,
    id: ParcelId,
    (query, values): (&crate::Query, &[Value<'_>]),
    (code, more_waiting): (AuditCode, i64),
) -> StoreResult<ParcelChange> {
    let Some(parcel) = crate::reads::parcel::by_id(tx, id)? else {
        return Ok(ParcelChange::NotFound);
    };
    if tx.run(query, values)? == 0 {
        return Ok(ParcelChange::NotNow(parcel.state));
    }
    counts::add(tx, Counter::Waiting(parcel.channel), more_waiting)?;
    let tallied = if more_waiting > 0 { (parcel.state, -1) } else { (ParcelState::Cancelled, 1) };
    dispatch::tally(tx, parcel.broadcast, parcel.channel, tallied)?;
    Trail::new(act).write(tx, code, Some(&format!("mail:{id}")), "{}")?;
    Ok(ParcelChange::Done)
}

/// Forgets everything that was to leave, or left, for a user who is deleted.
pub(super) fn forget_user(tx: &mut dyn Tx, id: UserId) -> StoreResult<()> {
    let values = [id.as_bytes().into()];
    for channel in all(tx, &queries::OF_USER_WAITING, &values, rows::channel)? {
        counts::add(tx, Counter::Waiting(channel), -1)?;
    }
    tx.run(&queries::FORGET_OF_USER, &values)?;
    Ok(())
}

/// One slice. At most one account goes, because deleting one is a command of its own size.
pub(crate) fn sweep(tx: &mut dyn Tx, act: &Act, work: &OutboxSweep) -> StoreResult<OutboxSwept> {
    let room = Value::Int(i64::from(work.max_rows));
    let kinds = [
        (ParcelState::Sent, work.sent_at),
        (ParcelState::Cancelled, work.sent_at),
        (ParcelState::Failed, work.failed_at),
        (ParcelState::Captured, work.failed_at),
    ];
    let mut swept = OutboxSwept::default();
    for (state, at) in kinds {
        swept.parcels += tx.run(&queries::SWEEP, &[state.name().into(), at.0.into(), room])?;
    }
    let kept = i64::from(work.captured_max);
    let beyond = [ParcelState::Captured.name().into(), room, kept.into()];
    swept.parcels += tx.run(&queries::SWEEP_BEYOND, &beyond)?;
    swept.links = tx.run(&links::SWEEP, &[work.links_at.0.into(), room])?;
    let old = [work.unproven_at.0.into(), 1.into()];
    if let Some(id) = one(tx, &links::UNPROVEN_OLD, &old, |row| rows::id(row, 0))? {
        let id = UserId::from_bytes(id);
        swept.ended = user::remove_unproven(tx, act, id)?;
        swept.account = Some(id);
    }
    Ok(swept)
}
