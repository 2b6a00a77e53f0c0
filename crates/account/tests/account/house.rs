//! A whole account room on a real database, for tests that act as its users.

use std::sync::Arc;

use galen_account::{
    Accounts, AdminUser, Caller, HashPolicy, Identity, Keys, LimitPolicy, LinkPolicy, Login,
    Message, Policy, Ports, Publish, Recipient, Registration, RegistrationPolicy, SignedIn,
};
use galen_core::model::{AuditEntry, AuditFilter, Level, Role, User};
use galen_core::outbox::{KeptParcel, LinkOrder, Outbox, ParcelFilter};
use galen_core::post::LetterCode;
use galen_core::{Code, Cx, Entropy, PageRequest, Refusal, RequestId, Secret, SessionId, Store};
use galen_store::{SqliteSettings, SqliteStore};
use galen_testkit::{HandClock, Heard, NullObserver, SeededEntropy};

/// A password that every policy takes.
pub const PASSWORD: &str = "violin gravel seventeen umbrella";
/// Another one.
pub const OTHER_PASSWORD: &str = "lantern otter crosswind pepper";

/// A notification of an invoice, to this user.
pub fn invoice(to: Recipient) -> Publish {
    let message = Message {
        category: "billing".to_owned(),
        level: Level::Info,
        code: None,
        params: None,
        title: "Your invoice".to_owned(),
        body: String::new(),
        link: Some("/invoices/7".to_owned()),
        actions: Vec::new(),
        data: None,
        expires_at: None,
    };
    Publish { to: vec![to], message, idempotency_key: None }
}

pub struct House {
    /// What the other rooms were told.
    pub heard: Arc<Heard>,
    pub dir: Arc<tempfile::TempDir>,
    pub clock: Arc<HandClock>,
    pub entropy: Arc<SeededEntropy>,
    pub store: Arc<SqliteStore>,
    pub accounts: Arc<Accounts>,
    policy: Policy,
}

/// The defaults, but for hashes that cost next to nothing and registration that is open.
pub fn policy() -> Policy {
    Policy {
        registration: RegistrationPolicy::Open,
        links: LinkPolicy { evened_ms: 1, ..LinkPolicy::default() },
        hash: HashPolicy { memory_kib: 64, passes: 1, permits: 2, ..HashPolicy::default() },
        ..Policy::default()
    }
}

/// No limits on attempts.
pub fn unlimited() -> LimitPolicy {
    LimitPolicy { enabled: false, ..LimitPolicy::default() }
}

impl House {
    pub fn new() -> Self {
        Self::with(policy())
    }

    pub fn with(policy: Policy) -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a directory"));
        let clock = Arc::new(HandClock::new());
        Self::open(dir, clock, Arc::new(SeededEntropy::new(1)), policy)
    }

    fn open(
        dir: Arc<tempfile::TempDir>,
        clock: Arc<HandClock>,
        entropy: Arc<SeededEntropy>,
        policy: Policy,
    ) -> Self {
        let settings = SqliteSettings::at(dir.path().join("test.db"));
        let store = SqliteStore::open(settings, clock.clone(), Arc::new(NullObserver));
        let store = Arc::new(store.expect("a database"));
        let heard = Arc::<Heard>::default();
        let ports = Ports {
            store: store.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            bus: heard.clone(),
        };
        let keys = Keys { csrf: Secret::new([7; 32]), links: Secret::new([9; 32]) };
        let accounts = Arc::new(Accounts::new(ports, policy.clone(), keys));
        Self { heard, dir, clock, entropy, store, accounts, policy }
    }

    /// The same house after a restart: the database is closed and opened again, memory is empty.
    pub fn restarted(self) -> Self {
        self.restarted_with(|_| {})
    }

    /// The same after a restart with another policy.
    pub fn restarted_with(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        drop(self.accounts);
        self.store.close();
        drop(self.store);
        Self::open(self.dir, self.clock, self.entropy, self.policy)
    }

    /// A request from home.
    pub fn cx(&self) -> Cx {
        self.cx_from("192.0.2.1")
    }

    /// A request from this address.
    pub fn cx_from(&self, address: &str) -> Cx {
        let id = RequestId::mint(self.clock.as_ref(), self.entropy.as_ref());
        let mut cx = Cx::live(id, self.clock.as_ref(), 60_000_000_000);
        cx.address = Some(address.parse().expect("an address"));
        cx
    }

    pub async fn user(&self, email: &str, role: Role) -> User {
        let form = AdminUser {
            email: email.to_owned(),
            name: String::new(),
            password: secret(PASSWORD),
            role,
        };
        let made = self.accounts.create_user(&self.cx(), None, form).await;
        made.expect("a user")
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Result<SignedIn, Refusal> {
        self.accounts.login(&self.cx(), login(email, password, None)).await
    }

    pub async fn login(&self, email: &str) -> SignedIn {
        self.try_login(email, PASSWORD).await.expect("signed in")
    }

    /// A user, signed in.
    pub async fn signed_in(&self, email: &str, role: Role) -> SignedIn {
        self.user(email, role).await;
        self.login(email).await
    }

    /// Who the token stands for now.
    pub async fn caller(&self, token: &Secret<String>) -> Result<Arc<Caller>, Code> {
        let identity = self.accounts.identify(&self.cx(), token.reveal()).await;
        match identity.expect("the store answers") {
            Identity::Caller(caller) => Ok(caller),
            Identity::Nobody(code) => Err(code),
        }
    }

    pub async fn is_signed_in(&self, token: &Secret<String>) -> bool {
        self.caller(token).await.is_ok()
    }

    /// The whole audit trail, newest first (as far as one page goes).
    pub async fn trail(&self, code: &str) -> Vec<AuditEntry> {
        let filter = AuditFilter { code: Some(code.to_owned()), ..AuditFilter::default() };
        let page = self.store.audit(&self.cx(), &filter, PAGE).await;
        page.expect("the trail").items
    }

    /// What waits to leave or left, newest first.
    pub async fn outbox(&self) -> Vec<KeptParcel> {
        let page = self.store.parcels(&self.cx(), ParcelFilter::default(), PAGE).await;
        page.expect("the outbox").items
    }

    /// The secret of the link in the newest letter of this code, as its reader gets it. Time goes on by
    /// a moment, so that the next letter is a newer one.
    pub async fn mailed(&self, code: LetterCode) -> String {
        self.clock.advance_ms(1);
        let outbox = self.outbox().await;
        let parcel = outbox.iter().find(|parcel| parcel.code == code).expect("a letter");
        let secret = parcel.links.iter().find_map(|link| match link {
            LinkOrder::Opens { purpose, id, .. } => Some(self.accounts.link_secret(*purpose, *id)),
            LinkOrder::Leads { .. } | LinkOrder::Ends { .. } => None,
        });
        secret.expect("a link").reveal().clone()
    }

    pub fn hashes_done(&self) -> u64 {
        self.accounts.pressure().hashes_done
    }

    /// A token of the right form that nobody was given.
    pub fn planted_token(&self) -> Secret<String> {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut bytes = [0; 42];
        self.entropy.fill(&mut bytes);
        let mut token: String =
            bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)])).collect();
        token.push('A');
        Secret::new(token)
    }
}

pub const PAGE: PageRequest = PageRequest { after: None, limit: 200 };

pub fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub fn login(email: &str, password: &str, replaces: Option<SessionId>) -> Login {
    Login {
        email: email.to_owned(),
        password: secret(password),
        user_agent: Some("Mozilla/5.0 (test)".to_owned()),
        replaces,
    }
}

pub fn registration(email: &str, name: &str, password: &str) -> Registration {
    Registration { email: email.to_owned(), name: name.to_owned(), password: secret(password) }
}

/// The code of a refusal.
pub fn code<T>(outcome: Result<T, Refusal>) -> Result<T, Code> {
    outcome.map_err(|refusal| refusal.code)
}
