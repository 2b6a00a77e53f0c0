//! What an installation may decide about its accounts, with the defaults and their reasons.

/// One minute in milliseconds.
pub(crate) const MINUTE_MS: i64 = 60_000;
/// One hour in milliseconds.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Everything an installation may decide about its accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Who may make an account.
    pub registration: RegistrationPolicy,
    /// What a password must be.
    pub password: PasswordPolicy,
    /// How passwords are hashed.
    pub hash: HashPolicy,
    /// How often passwords may be tried.
    pub limits: LimitPolicy,
    /// How long sessions live.
    pub session: SessionPolicy,
    /// How long the first-run link works.
    pub setup: SetupPolicy,
    /// What may be told to users, and how long it is kept.
    pub notices: NoticePolicy,
    /// How long mailed links work, and what an unproven address may do.
    pub links: LinkPolicy,
}

/// What may be told to users, and how long it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticePolicy {
    /// The categories applications may use; none: any that is well-formed.
    pub categories: Vec<CategoryPolicy>,
    /// How long a notification is kept, read or not, in milliseconds: half a year.
    pub keep_ms: i64,
    /// How often one API key may publish: 6,000 calls a minute.
    pub key_rate: Rate,
    /// Categories that come by mail to who said nothing about them; `*` is every one. Those of
    /// Galen's own that are few and matter.
    pub email: Vec<String>,
    /// Categories that come to the browsers of who said nothing about them; `*` is every one: who let
    /// a browser be told wants to be told.
    pub push: Vec<String>,
    /// Categories that webhooks are told of beside alerts; `*` is every one.
    pub webhooks: Vec<String>,
    /// Categories that the phone is told of beside alerts; `*` is every one.
    pub phone: Vec<String>,
}

impl Default for NoticePolicy {
    fn default() -> Self {
        Self {
            categories: Vec::new(),
            keep_ms: 180 * DAY_MS,
            key_rate: Rate { attempts: 6_000, per_ms: 60_000 },
            email: ["account", "alert", "security"].map(str::to_owned).into(),
            push: vec!["*".to_owned()],
            webhooks: Vec::new(),
            phone: Vec::new(),
        }
    }
}

/// A category applications may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryPolicy {
    /// Its name.
    pub name: String,
    /// How long its notifications are kept, in milliseconds; `None`: as long as all others.
    pub keep_ms: Option<i64>,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Anybody does, and proves the address by mail. The answer is the same whether the address has
    /// an account or not.
    #[default]
    Open,
    /// Whom an admin invites.
    Invite,
    /// Only an admin makes accounts, with a password.
    Closed,
}

/// How long mailed links work, and what an unproven address may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkPolicy {
    /// How long a link that proves an address works, in milliseconds: a day.
    pub verify_ms: i64,
    /// How long a link that sets a password works, in milliseconds: an hour.
    pub reset_ms: i64,
    /// How long an invitation works, in milliseconds: 7 days.
    pub invitation_ms: i64,
    /// How long "this was not me" works, in milliseconds: 7 days.
    pub not_me_ms: i64,
    /// Whether somebody who registered may sign in before the address was proven.
    pub unproven_may_sign_in: bool,
    /// After how long an account whose address nobody proved is removed, in milliseconds: 7 days.
    pub unproven_kept_ms: i64,
    /// Answers that must not say by their time whether an address has an account are given at whole
    /// multiples of this, in milliseconds: 200, far longer than the difference, and shorter than
    /// anybody minds who waits for a mail; and a random part of a twentieth of it later. 0 is taken as 1.
    pub evened_ms: u64,
}

impl Default for LinkPolicy {
    fn default() -> Self {
        Self {
            verify_ms: DAY_MS,
            reset_ms: HOUR_MS,
            invitation_ms: 7 * DAY_MS,
            not_me_ms: 7 * DAY_MS,
            unproven_may_sign_in: false,
            unproven_kept_ms: 7 * DAY_MS,
            evened_ms: 200,
        }
    }
}

/// What a password must be. There are no composition rules and no forced changes
/// (NIST SP 800-63B-4 §3.1.1.2, ASVS 5.0 6.2.5 and 6.2.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The fewest characters, in Unicode code points of the NFC form. 15 where the password is the
    /// only factor (NIST SP 800-63B-4 §3.1.1.2); less than 8 is taken as 8.
    pub min_chars: u32,
    /// The most characters, in Unicode code points of the NFC form. NIST wants at least 64; more
    /// than 1024 is taken as 1024.
    pub max_chars: u32,
    /// How many guesses a password must stand, by zxcvbn's estimate. 10^8 is where zxcvbn begins to
    /// call a password safe from guessing (score 3).
    pub min_guesses: u64,
    /// Words an attacker of this installation tries first, besides `galen`: its host, its name.
    pub context: Vec<String>,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_chars: 15, max_chars: 256, min_guesses: 100_000_000, context: Vec::new() }
    }
}

/// How passwords are hashed: Argon2id, version 0x13 (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashPolicy {
    /// Memory a hash takes, in KiB. 19456 with two passes and one lane is OWASP's first choice
    /// (Password Storage Cheat Sheet).
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// How many hashes run at once: the number of cores. More would only make each of them slower.
    pub permits: u32,
    /// How many may wait for a permit; one more is refused with a Retry-After.
    pub queue: u32,
    /// How much lower than the rest the hashing threads' priority is: their nice value, 0 to 19.
    pub nice: u8,
}

impl Default for HashPolicy {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            memory_kib: 19_456,
            passes: 2,
            permits: u32::try_from(cores).unwrap_or(1),
            queue: 64,
            nice: 7,
        }
    }
}

/// So many attempts in so long a time, refilled evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many attempts; also how many at once. 0 is taken as 1.
    pub attempts: u32,
    /// In how long, in milliseconds.
    pub per_ms: u64,
}

/// How often passwords may be tried. An attempt is reserved in every limit that concerns it before
/// any work is done, and given back when the password was right; so honest people never meet a
/// limit, and guesses in parallel never exceed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitPolicy {
    /// Whether attempts are limited at all. `false` is for benchmarks, which come from one address.
    pub enabled: bool,
    /// Wrong passwords for one account, whatever the way in: 10 in 5 minutes. An address from which
    /// the account's owner has signed in before has an allowance of its own, so that strangers who
    /// guess cannot lock the owner out.
    pub account: Rate,
    /// Wrong passwords for one account in the long run: 100 a day (NIST SP 800-63B-4 §3.2.2 wants no
    /// more than 100 in a row).
    pub account_long: Rate,
    /// Wrong passwords from one address (IPv4 address, IPv6 /64): 30 in 5 minutes.
    pub address: Rate,
    /// Wrong passwords in the whole installation, from addresses that no owner is known to use:
    /// 600 a minute; registrations count too. It bounds what a flood of addresses can spend of the CPU.
    pub strangers: Rate,
    /// Accounts registered, mails asked for and mailed links tried from one address, right or wrong: 20
    /// an hour.
    pub registrations: Rate,
    /// Mails that strangers may have sent to one address, whether it has an account or not: 5 an hour.
    pub mails: Rate,
    /// How many counters are kept at the most; the least used go first. 38 to 76 bytes each.
    pub max_keys: u32,
}

impl Default for LimitPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            account: Rate { attempts: 10, per_ms: 300_000 },
            account_long: Rate { attempts: 100, per_ms: 86_400_000 },
            address: Rate { attempts: 30, per_ms: 300_000 },
            strangers: Rate { attempts: 600, per_ms: 60_000 },
            registrations: Rate { attempts: 20, per_ms: 3_600_000 },
            mails: Rate { attempts: 5, per_ms: 3_600_000 },
            max_keys: 131_072,
        }
    }
}

/// How long sessions live. The defaults are those of an ordinary user at AAL1
/// (NIST SP 800-63B-4 §2.1.3: a sign-in at least every 30 days).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    /// How long a session lives without use, in milliseconds: 7 days.
    pub idle_ms: i64,
    /// How long a session lives in any case, in milliseconds: 30 days.
    pub absolute_ms: i64,
    /// How long a given password counts as fresh, in milliseconds: 15 minutes.
    pub fresh_ms: i64,
    /// How far `last_seen_at` may lag behind, in milliseconds: 5 minutes. Uses closer together than
    /// this are not written down.
    pub touch_ms: i64,
    /// How many sessions are kept in memory at the most.
    pub cache_sessions: u32,
    /// How many sessions one user may have, 1 to 1,000: 100. A sign-in beyond it ends the oldest, so
    /// no command that ends a user's sessions grows with how often that user signed in.
    pub sessions_per_user_max: u32,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            idle_ms: 7 * DAY_MS,
            absolute_ms: 30 * DAY_MS,
            fresh_ms: 15 * MINUTE_MS,
            touch_ms: 5 * MINUTE_MS,
            cache_sessions: 65_536,
            sessions_per_user_max: 100,
        }
    }
}

impl SessionPolicy {
    /// [`Self::sessions_per_user_max`] within its bounds.
    pub(crate) fn per_user_max(&self) -> u32 {
        self.sessions_per_user_max.clamp(1, 1_000)
    }
}

/// How long the first-run link works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetupPolicy {
    /// How long, in milliseconds: 24 hours.
    pub lifetime_ms: i64,
}

impl Default for SetupPolicy {
    fn default() -> Self {
        Self { lifetime_ms: DAY_MS }
    }
}
