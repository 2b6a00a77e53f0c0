//! Tells of alerts: one message each to every active admin's inbox, what leaves the house, and one line
//! in the log.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use galen_account::{Message, Publish, Publisher, Recipient};
use galen_core::examinations::Examiner;
use galen_core::model::{Level, Role, User, UserFilter, UserStatus};
use galen_core::{Code, Cx, ExaminationId, PageRequest, Refusal, Resource, UserId};
use galen_monitor::{Delivery, Severity, Telling};
use serde_json::{Value, json};

use super::running::Running;
use super::{abroad, words};

/// The category under which the inbox has them.
pub const CATEGORY: &str = "alert";
/// Below which the panel shows an examination.
const PANEL: &str = "/admin/doctor";
/// How many users are read at a time, and how many admins are told at the most.
const PAGE: u32 = 200;
const ADMINS_MAX: usize = 1_000;

/// What was written into the log already, of what still waits to be delivered.
#[derive(Debug, Default)]
pub struct Crier(Mutex<HashSet<String>>);

impl Crier {
    /// Whether this one is said for the first time. Keys that wait no longer are forgotten, so it
    /// holds no more than the monitor has waiting.
    fn is_news(&self, key: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned())
    }

    fn keep(&self, waiting: &[Delivery]) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|key| waiting.iter().any(|delivery| delivery.key == *key));
    }
}

/// Delivers what waits. What cannot be delivered now waits for the next turn: the key under which
/// each message is published makes a second attempt harmless.
///
/// # Errors
/// When the admins cannot be read or a message cannot be published.
pub async fn deliver(running: &Running, cx: &Cx) -> Result<Value, Refusal> {
    let monitor = &running.rooms.monitor;
    let waiting = monitor.deliveries();
    running.crier.keep(&waiting);
    for delivery in &waiting {
        if running.crier.is_news(&delivery.key) {
            say(delivery);
            if delivery.telling == Telling::Firing {
                running.practice.on_alert(delivery.alert.id);
            }
            running.rooms.hub.tell_alert(&params(running, delivery));
        }
    }
    if waiting.is_empty() || !takes_writes(running) {
        return Ok(json!({ "delivered": 0, "waiting": waiting.len() }));
    }
    let admins = admins(running, cx).await?;
    if admins.is_empty() {
        // Nobody is there to be told yet: the first admin will be.
        return Ok(json!({ "delivered": 0, "waiting": waiting.len(), "admins": 0 }));
    }
    for delivery in &waiting {
        for admin in &admins {
            publish(running, cx, delivery, admin.id).await?;
        }
        abroad::owe(running, cx, delivery, &admins).await?;
        monitor.delivered(&delivery.key);
    }
    Ok(json!({ "delivered": waiting.len(), "waiting": 0, "admins": admins.len() }))
}

/// Whether the database takes writes, by the last canary: behind a lock a message would only wait in
/// the queue of those who need the lock.
fn takes_writes(running: &Running) -> bool {
    let needed = [Resource::WriterLock, Resource::DurableWrite, Resource::DiskSpace];
    running.canary.health().is_some_and(|health| {
        let mut broken = health.resources.iter().filter(|state| state.code.is_some());
        !broken.any(|state| needed.contains(&state.resource))
    })
}

async fn admins(running: &Running, cx: &Cx) -> Result<Vec<User>, Refusal> {
    let store = running.rooms.store.port();
    let filter = UserFilter { role: Some(Role::Admin), ..UserFilter::default() };
    let mut admins = Vec::new();
    let mut after = None;
    loop {
        let page = store.users(cx, &filter, PageRequest { after, limit: PAGE }).await?;
        admins.extend(page.items.into_iter().filter(|user| user.status == UserStatus::Active));
        after = page.next;
        if after.is_none() || admins.len() >= ADMINS_MAX {
            return Ok(admins);
        }
    }
}

async fn publish(
    running: &Running,
    cx: &Cx,
    delivery: &Delivery,
    admin: UserId,
) -> Result<(), Refusal> {
    let message = Message {
        category: CATEGORY.to_owned(),
        level: level(delivery),
        code: Some(words::code(delivery).to_owned()),
        params: Some(params(running, delivery)),
        title: words::title(delivery),
        body: words::body(delivery),
        link: examination(running, delivery).map(|id| format!("{PANEL}/{id}")),
        actions: Vec::new(),
        data: None,
        expires_at: None,
    };
    let form = Publish {
        to: vec![Recipient::Id(admin)],
        message,
        idempotency_key: Some(format!("{}.{admin}", delivery.key)),
    };
    match running.rooms.accounts.publish(cx, Publisher::Monitor, form).await {
        // It is told, or its admin is gone meanwhile.
        Ok(_) => Ok(()),
        // It was told before, with the figures of that moment.
        Err(refusal) if refusal.code == Code::IdempotencyMismatch => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// The examination that is attached to the alert.
fn examination(running: &Running, delivery: &Delivery) -> Option<ExaminationId> {
    running.practice.of_alert(delivery.alert.id)
}

fn params(running: &Running, delivery: &Delivery) -> Value {
    let mut params = words::params(delivery);
    params["examination"] = json!(examination(running, delivery));
    params
}

fn level(delivery: &Delivery) -> Level {
    match (delivery.telling, delivery.alert.severity) {
        (Telling::Resolved, _) => Level::Success,
        (Telling::Firing, Severity::Critical) => Level::Error,
        (Telling::Firing, Severity::Warning) => Level::Warning,
    }
}

fn say(delivery: &Delivery) {
    let alert = &delivery.alert;
    let title = words::title(delivery);
    let (cause, id) = (alert.cause.as_str(), alert.id.to_string());
    let (symptoms, holder) = (alert.symptoms.len(), alert.holder.as_deref());
    match (delivery.telling, alert.severity) {
        (Telling::Firing, Severity::Critical) => {
            tracing::error!(cause, alert = id, symptoms, holder, "{title}");
        }
        (Telling::Firing, Severity::Warning) => {
            tracing::warn!(cause, alert = id, symptoms, holder, "{title}");
        }
        (Telling::Resolved, _) => tracing::info!(cause, alert = id, symptoms, "{title}"),
    }
}
