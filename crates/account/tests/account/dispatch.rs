//! Carrying on: what was published goes to those who asked, by their channels, when it may, and once.

use galen_account::{
    Announce, CategoryChoice, Message, NoticePolicy, Policy, PreferenceForm, Publisher, Recipient,
    SubscriptionForm,
};
use galen_core::dispatch::FanOutState;
use galen_core::model::{Act, Audience, Broadcasting, InboxAsk, Level, Role, Shelf, Step};
use galen_core::outbox::{KeptParcel, LinkOrder, Outbox, PHONE, ParcelState};
use galen_core::post::{Channel, Language, LetterCode, Param};
use galen_core::preferences::Digest;
use galen_core::webhooks::{NewWebhook, Webhooks};
use galen_core::{AuditId, Code, NoticeStore, NotificationId, UnixMs, UserId, WebhookId};

use crate::house::{House, PAGE, code, invoice, policy, secret, unlimited};

const ANNA: &str = "anna@example.org";
const BERT: &str = "bert@example.org";
const HOUR_MS: u32 = 3_600_000;

fn free() -> Policy {
    Policy { limits: unlimited(), ..policy() }
}

/// What a user wants who wants every category by mail.
fn everything() -> PreferenceForm {
    let every = CategoryChoice { category: "*".to_owned(), email: true, push: true };
    PreferenceForm {
        language: None,
        time_zone: None,
        quiet_hours: None,
        digest: Digest::Off,
        categories: vec![every],
    }
}

/// The same of a user in Tehran, where the hand-moved clock begins at half past three in the morning.
fn asleep() -> PreferenceForm {
    let quiet_hours = Some(("22:00".to_owned(), "07:00".to_owned()));
    PreferenceForm { time_zone: Some("Asia/Tehran".to_owned()), quiet_hours, ..everything() }
}

impl House {
    /// A user with a proven address who wants this.
    async fn reader(&self, email: &str, wishes: PreferenceForm) -> UserId {
        self.proven(email).await;
        let caller = self.login(email).await.caller;
        let set = self.accounts.set_preferences(&self.cx(), &caller, wishes).await;
        set.expect("a choice that can be");
        caller.user.id
    }

    async fn tell(&self, email: &str, level: Level, title: &str) {
        self.clock.advance_ms(1);
        let mut form = invoice(Recipient::Email(email.to_owned()));
        form.message = Message { level, title: title.to_owned(), ..form.message };
        let told = self.accounts.publish(&self.cx(), Publisher::System, form).await;
        told.expect("published");
    }

    async fn announce(&self, title: &str) -> NotificationId {
        self.clock.advance_ms(1);
        let message =
            Message { title: title.to_owned(), ..invoice(Recipient::Email(String::new())).message };
        let audience = Audience::default();
        let form = Announce { audience, publish_at: None, message, idempotency_key: None };
        let sent = self.accounts.announce(&self.cx(), Publisher::System, form).await;
        let Ok(Broadcasting::Now(broadcast)) = sent else { unreachable!("{sent:?}") };
        broadcast.id
    }

    /// Carries on by a channel, more often than is needed.
    async fn carry(&self, channel: Channel) {
        for _ in 0..2 {
            self.accounts.dispatch(&self.cx(), channel, true).await.expect("carried on");
        }
    }

    /// What goes by a channel, but for the letters of accounts, the oldest first.
    async fn carried(&self, channel: Channel) -> Vec<KeptParcel> {
        let is_carried = |parcel: &KeptParcel| {
            let is_own = [LetterCode::Notification, LetterCode::Digest].contains(&parcel.code);
            parcel.channel == channel && (is_own || channel != Channel::Email)
        };
        let mut outbox = self.outbox().await;
        outbox.retain(is_carried);
        outbox.reverse();
        outbox
    }
}

fn text<'a>(parcel: &'a KeptParcel, name: &str) -> &'a str {
    let param = parcel.params.iter().find(|(known, _)| known == name);
    match param {
        Some((_, Param::Text(text) | Param::Machine(text))) => text,
        other => unreachable!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_told_goes_once_by_mail_to_who_wants_it() {
    let house = House::with(free());
    let anna =
        house.reader(ANNA, PreferenceForm { language: Some(Language::Fa), ..everything() }).await;
    house.proven(BERT).await;
    house.user("nobody.proved@example.org", Role::User).await;
    for email in [ANNA, BERT, "nobody.proved@example.org"] {
        house.tell(email, Level::Info, "Your invoice").await;
    }
    house.carry(Channel::Email).await;
    let carried = house.carried(Channel::Email).await;
    let [mail] = &carried[..] else { unreachable!("{carried:?}") };
    assert_eq!((mail.user_id, mail.destination.as_str()), (Some(anna), ANNA));
    assert_eq!((text(mail, "title"), mail.language), ("Your invoice", Language::Fa));
    let links = [
        LinkOrder::Leads { path: "/invoices/7".to_owned() },
        LinkOrder::Ends { category: "billing".to_owned() },
    ];
    assert_eq!(mail.links, links);
    let restarted = house.restarted();
    restarted.carry(Channel::Email).await;
    assert_eq!(restarted.carried(Channel::Email).await.len(), 1, "once, whatever restarts");
}

#[tokio::test]
async fn nobody_is_woken_but_for_what_is_urgent_and_the_rest_comes_in_one_in_the_morning() {
    let house = House::with(free());
    house.reader(ANNA, asleep()).await;
    for (level, title) in [(Level::Info, "one"), (Level::Error, "fire"), (Level::Warning, "two")] {
        house.tell(ANNA, level, title).await;
    }
    house.carry(Channel::Email).await;
    let titles = |parcels: &[KeptParcel]| -> Vec<String> {
        parcels.iter().map(|parcel| text(parcel, "title").to_owned()).collect()
    };
    assert_eq!(titles(&house.carried(Channel::Email).await), ["fire"]);
    house.clock.advance_ms(3 * HOUR_MS);
    house.carry(Channel::Email).await;
    assert_eq!(house.carried(Channel::Email).await.len(), 1, "it is half past six");
    house.clock.advance_ms(HOUR_MS / 2);
    house.carry(Channel::Email).await;
    let carried = house.carried(Channel::Email).await;
    let [_, morning] = &carried[..] else { unreachable!("{carried:?}") };
    assert_eq!(morning.code, LetterCode::Digest);
    assert_eq!(text(morning, "items"), "• one\n• two");
    assert!(morning.links.contains(&LinkOrder::Ends { category: "*".to_owned() }));
}

#[tokio::test]
async fn what_was_read_meanwhile_is_not_mailed_and_one_alone_is_no_digest() {
    let house = House::with(free());
    house.reader(ANNA, PreferenceForm { digest: Digest::Daily, ..asleep() }).await;
    for title in ["one", "two"] {
        house.tell(ANNA, Level::Info, title).await;
    }
    house.carry(Channel::Email).await;
    assert_eq!(house.carried(Channel::Email).await.len(), 0, "gathered until eight o'clock");
    let caller = house.login(ANNA).await.caller;
    let ask = InboxAsk { shelf: Shelf::Inbox, before: None, limit: 10 };
    let inbox = house.store.notifications(&house.cx(), caller.user.id, ask).await.expect("read");
    let first = inbox.items.iter().find(|one| one.content.title == "one").expect("it is there");
    let marked = house.accounts.mark(&house.cx(), &caller, Step::Read, vec![first.id]).await;
    assert_eq!(marked.expect("marked").marked, 1);
    house.clock.advance_ms(5 * HOUR_MS);
    house.carry(Channel::Email).await;
    let carried = house.carried(Channel::Email).await;
    let [mail] = &carried[..] else { unreachable!("{carried:?}") };
    assert_eq!((mail.code, text(mail, "title")), (LetterCode::Notification, "two"));
}

#[tokio::test]
async fn a_link_in_a_mail_ends_mails_of_its_kind() {
    let house = House::with(free());
    let anna = house.reader(ANNA, everything()).await;
    let token = house.accounts.unsubscribe_token(anna, "billing");
    let cx = house.cx();
    house.accounts.unsubscribe(&cx, token.reveal()).await.expect("ended");
    house.tell(ANNA, Level::Error, "Your invoice").await;
    house.carry(Channel::Email).await;
    assert_eq!(house.carried(Channel::Email).await, []);
    for forged in [token.reveal().replace("billing", "news"), "x.billing".to_owned(), String::new()]
    {
        let refused = code(house.accounts.unsubscribe(&cx, &forged).await);
        assert_eq!(refused, Err(Code::LinkUnknown), "{forged}");
    }
}

#[tokio::test]
async fn a_broadcast_goes_to_everybody_who_wants_it_and_its_progress_is_kept() {
    let house = House::with(free());
    for number in 0..120 {
        house.user(&format!("u{number}@example.org"), Role::User).await;
    }
    house.reader(ANNA, everything()).await;
    house.reader(BERT, asleep()).await;
    let id = house.announce("To all").await;
    house.reader("late@example.org", everything()).await;
    house.carry(Channel::Email).await;
    let carried = house.carried(Channel::Email).await;
    let to: Vec<&str> = carried.iter().map(|parcel| parcel.destination.as_str()).collect();
    assert_eq!(to, [ANNA]);
    let page = house.store.broadcasts(&house.cx(), PAGE).await.expect("read");
    let progress = page.items.iter().find(|one| one.id == id).map(|one| one.carried.clone());
    let [email] = progress.as_deref().expect("it is there") else { unreachable!("one channel") };
    assert_eq!((email.state, email.looked), (FanOutState::Done, 123));
    assert_eq!((email.queued, email.held, email.sent), (1, 1, 0));
}

#[tokio::test]
async fn what_is_taken_back_is_not_sent() {
    let house = House::with(free());
    house.reader(ANNA, everything()).await;
    house.reader(BERT, asleep()).await;
    let admin = house.signed_in("root@example.org", Role::Admin).await.caller;
    let id = house.announce("Never mind").await;
    house.carry(Channel::Email).await;
    let waiting = |house: &House| {
        let (store, cx) = (house.store.clone(), house.cx());
        async move { store.queues(&cx).await.expect("read")[0].waiting }
    };
    let before = waiting(&house).await;
    let recalled = house.accounts.recall(&house.cx(), &admin, id).await.expect("recalled");
    assert_eq!((recalled.carried[0].cancelled, recalled.carried[0].queued), (1, 1));
    assert_eq!(waiting(&house).await, before - 1);
    assert_eq!(house.carried(Channel::Email).await[0].state, ParcelState::Cancelled);
    house.clock.advance_ms(8 * HOUR_MS);
    house.carry(Channel::Email).await;
    assert_eq!(house.carried(Channel::Email).await.len(), 1, "and nobody gets it in the morning");
}

#[tokio::test]
async fn a_browser_is_told_of_its_users_safety_in_its_users_language() {
    let house = House::with(free());
    let anna =
        house.reader(ANNA, PreferenceForm { language: Some(Language::Fa), ..asleep() }).await;
    let caller = house.login(ANNA).await.caller;
    let form = SubscriptionForm {
        endpoint: secret("https://push.example.net/x"),
        p256dh: "A".repeat(87),
        auth: secret(&"A".repeat(22)),
        user_agent: None,
    };
    let browser = house.accounts.subscribe(&house.cx(), &caller, form).await.expect("told");
    let admin = house.signed_in("root@example.org", Role::Admin).await.caller;
    let ended = house.accounts.end_session(&house.cx(), &admin, caller.session.id).await;
    ended.expect("the session is ended, and its user told");
    house.carry(Channel::Push).await;
    house.carry(Channel::Email).await;
    let carried = house.carried(Channel::Push).await;
    let [push] = &carried[..] else { unreachable!("{carried:?}") };
    assert_eq!((push.code, push.language), (LetterCode::SessionRevoked, Language::Fa));
    assert_eq!((push.user_id, &push.destination), (Some(anna), &browser.id.to_string()));
    let mailed = house.outbox().await;
    let mailed = mailed.iter().filter(|parcel| parcel.channel == Channel::Email);
    let of_it = mailed.filter(|parcel| parcel.code == LetterCode::SessionRevoked).count();
    assert_eq!(of_it, 1, "the mail was owed by the command, and is not owed twice");
    assert_eq!(house.carried(Channel::Email).await, []);
}

#[tokio::test]
async fn webhooks_and_the_phone_are_told_of_the_categories_named_for_them() {
    let named = |name: &str| vec![name.to_owned()];
    let notices =
        NoticePolicy { webhooks: named("billing"), phone: named("*"), ..NoticePolicy::default() };
    let house = House::with(Policy { notices, ..free() });
    house.user(ANNA, Role::User).await;
    let id = WebhookId::mint(house.clock.as_ref(), house.entropy.as_ref());
    let new = NewWebhook { id, url: "https://example.org".to_owned(), label: String::new() };
    let act = Act {
        id: AuditId::mint(house.clock.as_ref(), house.entropy.as_ref()),
        at: UnixMs(0),
        actor: None,
        address: None,
        request_id: house.cx().request_id,
        warrant: None,
    };
    house.store.add_webhook(&house.cx(), act, new).await.expect("added");
    house.tell(ANNA, Level::Info, "Your invoice").await;
    house.announce("To all").await;
    for channel in [Channel::Webhook, Channel::Ntfy] {
        house.carry(channel).await;
        let carried = house.carried(channel).await;
        let told: Vec<_> =
            carried.iter().map(|one| (text(one, "title"), &one.destination)).collect();
        let end = if channel == Channel::Ntfy { PHONE.to_owned() } else { id.to_string() };
        assert_eq!(told, [("Your invoice", &end), ("To all", &end)]);
    }
    assert_eq!(house.carried(Channel::Email).await, []);
}
