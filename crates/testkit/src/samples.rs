//! Samples: plain users, sessions and notifications, each different from the last.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use galen_core::model::{
    Act, Action, Audience, Author, Content, EmailKey, Level, NewApiKey, NewBroadcast, NewSession,
    NewUser, Publication, Recipient, Role, Scope, Session, SessionTouch, Silence, Warrant,
};
use galen_core::{
    ApiKeyId, AuditId, Clock, Cx, Entropy, NotificationId, OpenSession, RequestId, Secret,
    SessionId, SilenceId, TokenHash, UnixMs, UserId,
};

use crate::{HandClock, SeededEntropy};

/// A minute, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;

/// How long a sample's context is worth answering, in nanoseconds: 30 s.
const PATIENCE_NS: u64 = 30_000_000_000;

/// How long a sample's session lasts when it is not used, in minutes.
const IDLE_MINUTES: i64 = 7 * 24 * 60;

/// A maker of samples, with a clock and entropy of its own.
#[derive(Clone, Debug)]
pub struct Samples {
    /// The clock; the store under test should be given the same.
    pub clock: Arc<HandClock>,
    /// Where identifiers and tokens come from.
    pub entropy: Arc<SeededEntropy>,
}

impl Default for Samples {
    fn default() -> Self {
        Self::new(7)
    }
}

impl Samples {
    /// Samples that repeat themselves for the same `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { clock: Arc::new(HandClock::new()), entropy: Arc::new(SeededEntropy::new(seed)) }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// Thirty-two bytes that look like a token's hash.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        TokenHash(bytes)
    }

    /// A live context from a documentation address (RFC 5737).
    #[must_use]
    pub fn cx(&self) -> Cx {
        let mut cx = Cx::live(self.request_id(), self.clock.as_ref(), PATIENCE_NS);
        cx.address = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        cx
    }

    /// A context for background work.
    #[must_use]
    pub fn background_cx(&self) -> Cx {
        Cx::background(self.request_id(), self.clock.as_ref(), PATIENCE_NS)
    }

    fn request_id(&self) -> RequestId {
        RequestId::mint(self.clock.as_ref(), self.entropy.as_ref())
    }

    /// An act of nobody in particular.
    #[must_use]
    pub fn act(&self) -> Act {
        Act {
            id: AuditId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            at: self.now(),
            actor: None,
            address: Some("192.0.2.1".to_owned()),
            request_id: self.request_id(),
            warrant: None,
        }
    }

    /// An act of this user.
    #[must_use]
    pub fn act_of(&self, user_id: UserId) -> Act {
        Act { actor: Some(user_id), ..self.act() }
    }

    /// An act on the right of this session.
    #[must_use]
    pub fn act_by(&self, session: &Session, needs_admin: bool) -> Act {
        let warrant = Some(Warrant { session: session.id, needs_admin });
        Act { warrant, ..self.act_of(session.user_id) }
    }

    /// A new user's identifier.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        UserId::mint(self.clock.as_ref(), self.entropy.as_ref())
    }

    /// A new session's identifier.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        SessionId::mint(self.clock.as_ref(), self.entropy.as_ref())
    }

    /// A new notification's identifier.
    #[must_use]
    pub fn notification_id(&self) -> NotificationId {
        NotificationId::mint(self.clock.as_ref(), self.entropy.as_ref())
    }

    /// A user with the address `<name>@example.org`, its password's hash being [`password_hash`].
    #[must_use]
    pub fn new_user(&self, name: &str, role: Role) -> NewUser {
        let email = format!("{name}@example.org");
        NewUser {
            id: self.user_id(),
            email_key: EmailKey(email.to_lowercase()),
            email,
            name: name.to_owned(),
            password_hash: password_hash(),
            role,
        }
    }

    /// A session of this user that lasts for a week of not being used.
    #[must_use]
    pub fn new_session(&self, user_id: UserId) -> NewSession {
        self.new_session_until(user_id, minutes_after(self.now(), IDLE_MINUTES))
    }

    /// A session of this user that expires at `expires_at`.
    #[must_use]
    pub fn new_session_until(&self, user_id: UserId, expires_at: UnixMs) -> NewSession {
        NewSession {
            id: self.session_id(),
            user_id,
            token_hash: self.hash(),
            created_at: self.now(),
            expires_at,
            ends_at: minutes_after(self.now(), 30 * 24 * 60),
            address: Some("192.0.2.1".to_owned()),
            user_agent: Some("sample/1.0".to_owned()),
        }
    }

    /// The opening of a session of a user whose password is the samples'.
    #[must_use]
    pub fn open(&self, session: NewSession) -> OpenSession {
        OpenSession {
            session,
            password_hash: password_hash(),
            rehash: None,
            replaces: None,
            sessions_max: 100,
            device: None,
        }
    }

    /// A use of a session, now.
    #[must_use]
    pub fn touch(&self, id: SessionId) -> SessionTouch {
        let expires_at = minutes_after(self.now(), IDLE_MINUTES);
        SessionTouch { id, last_seen_at: self.now(), expires_at }
    }

    /// A silence of every alert of this cause for so many minutes from now.
    #[must_use]
    pub fn silence(&self, matches: &str, minutes: u32) -> Silence {
        Silence {
            id: SilenceId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            matches: matches.to_owned(),
            reason: "maintenance".to_owned(),
            created_at: self.now(),
            ends_at: self.now().plus_ms(i64::from(minutes) * MINUTE_MS),
            created_by: None,
        }
    }

    /// What a sample says.
    #[must_use]
    pub fn content(&self) -> Content {
        Content {
            category: "sample.note".to_owned(),
            level: Level::Info,
            code: None,
            params: None,
            title: format!("Note {}", self.notification_id()),
            body: "Nothing happened.".to_owned(),
            link: Some("/notes".to_owned()),
            actions: vec![Action { label: "Open".to_owned(), link: "/notes/1".to_owned() }],
            data: Some("{\"n\":1}".to_owned()),
            expires_at: None,
        }
    }

    /// A publication to this user, without a key, kept for thirty days.
    #[must_use]
    pub fn publication(&self, user_id: UserId) -> Publication {
        Publication {
            recipients: vec![(self.notification_id(), Recipient::Id(user_id))],
            content: self.content(),
            gone_at: minutes_after(self.now(), 30 * 24 * 60),
            author: Author::System,
            idempotency_key: None,
            content_hash: self.hash().0,
        }
    }

    /// A broadcast to this audience, sent at once, without a key, that ends after thirty days.
    #[must_use]
    pub fn broadcast(&self, audience: Audience) -> NewBroadcast {
        NewBroadcast {
            id: self.notification_id(),
            content: self.content(),
            audience,
            publish_at: None,
            ends_at: minutes_after(self.now(), 30 * 24 * 60),
            author: Author::System,
            idempotency_key: None,
            content_hash: self.hash().0,
        }
    }

    /// A key that may do everything, for ever.
    #[must_use]
    pub fn api_key(&self) -> NewApiKey {
        NewApiKey {
            id: ApiKeyId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            name: "sample".to_owned(),
            token_hash: self.hash(),
            scopes: Scope::ALL.to_vec(),
            expires_at: None,
        }
    }
}

/// The password's hash of every sample: text like a PHC string, and nobody's.
#[must_use]
pub fn password_hash() -> Secret<String> {
    Secret::new("$argon2id$v=19$m=19456,t=2,p=1$c2FtcGxl$c2FtcGxl".to_owned())
}

/// The whole minute `minutes` minutes after the one that `at` lies in.
#[must_use]
pub fn minutes_after(at: UnixMs, minutes: i64) -> UnixMs {
    UnixMs((at.0.div_euclid(MINUTE_MS) + minutes) * MINUTE_MS)
}
