//! What of an alert leaves the house: one parcel for every webhook, phone and admin's mailbox.

use galen_core::model::User;
use galen_core::outbox::{LinkOrder, NewParcel, PHONE, PostRoom as _};
use galen_core::post::{Channel, Language, LetterCode, Param};
use galen_core::webhooks::WebhookState;
use galen_core::{Cx, Derived, Id, ParcelId, Refusal};
use galen_monitor::{Delivery, Telling};
use sha2::{Digest as _, Sha256};

use super::alerts::CATEGORY;
use super::running::Running;
use super::words;

/// The page an alert's letter leads to.
const PAGE: &str = "/admin/alerts";

/// Puts what tells of an alert into the outbox, once however often it is asked for. A channel nobody
/// carries is left out, mail excepted, which is captured.
///
/// # Errors
/// Those of the store.
pub async fn owe(
    running: &Running,
    cx: &Cx,
    delivery: &Delivery,
    admins: &[User],
) -> Result<u64, Refusal> {
    let store = running.rooms.store.port();
    let mut parcels = Vec::new();
    for webhook in store.webhooks(cx).await? {
        if webhook.state == WebhookState::Active {
            parcels.push(parcel(delivery, Channel::Webhook, webhook.id.to_string()));
        }
    }
    if running.mail.carries(Channel::Ntfy) {
        parcels.push(parcel(delivery, Channel::Ntfy, PHONE.to_owned()));
    }
    // Of an address nobody has proven it is not known whose it is.
    for admin in admins.iter().filter(|admin| admin.email_verified_at.is_some()) {
        let wishes = store.preferences(cx, admin.id).await?;
        if running.rooms.accounts.wants_mail(&wishes, CATEGORY) {
            let mail = parcel(delivery, Channel::Email, admin.email.clone());
            let language = wishes.language.unwrap_or_default();
            parcels.push(NewParcel { user_id: Some(admin.id), language, ..mail });
        }
    }
    Ok(store.owe_each(cx, running.rooms.clock.now(), parcels).await?)
}

fn parcel(delivery: &Delivery, channel: Channel, destination: String) -> NewParcel {
    let alert = &delivery.alert;
    let mut params = vec![
        ("title".to_owned(), Param::Text(words::title(delivery))),
        ("cause".to_owned(), Param::Machine(alert.cause.clone())),
        ("since".to_owned(), Param::Moment(alert.fired_at)),
    ];
    let over_at = alert.resolved_at.unwrap_or(alert.fired_at);
    let code = match delivery.telling {
        Telling::Firing => LetterCode::AlertFiring,
        Telling::Resolved => {
            params.push(("until".to_owned(), Param::Moment(over_at)));
            LetterCode::AlertResolved
        }
    };
    NewParcel {
        id: name(delivery, channel, &destination),
        channel,
        user_id: None,
        destination,
        code,
        language: Language::En,
        params,
        links: vec![LinkOrder::Leads { path: PAGE.to_owned() }],
        broadcast: None,
    }
}

/// The name of this one parcel: the same whenever it is asked for, so that a second attempt after a
/// crash adds nothing. Its time is that of what it tells.
fn name(delivery: &Delivery, channel: Channel, destination: &str) -> ParcelId {
    let alert = &delivery.alert;
    let at = match delivery.telling {
        Telling::Firing => alert.fired_at,
        Telling::Resolved => alert.resolved_at.unwrap_or(alert.fired_at),
    };
    let words = format!("{} {} {destination}", delivery.key, channel.name());
    ParcelId(Id::mint_at(at, &Derived(Sha256::digest(words).into())))
}
