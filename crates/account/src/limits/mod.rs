//! How often passwords may be tried: reserved before any work, given back when the password is right.
//!
//! **What counts.** One attempt is counted, before anything else is done for it, against the address
//! it comes from, against the account it is for (twice: over minutes and over a day), and against
//! all strangers together. It is counted in all of them or in none. Attempts in parallel are bounded
//! because each takes its place before it begins (CVE-2024-4629 and its like counted afterwards).
//!
//! **What is given back.** A right password gives back its own attempt and nothing more: honest
//! people never meet a limit however often they sign in, and nobody can clear a counter by signing
//! in to an account of his own between two guesses.
//!
//! **Whom it cannot lock out.** A limit on an account is a weapon against its owner. An address from
//! which the account's owner has signed in therefore has a counter of its own for that account, and
//! does not count as a stranger: guessing from elsewhere uses up the strangers' counter, and the
//! owner still signs in from home. Sessions that exist are never touched by any limit, and giving the
//! password again inside one counts at the place where it was opened. Known places are remembered in
//! memory; after a restart they are learned from the addresses of the account's live sessions, before
//! anybody is refused as a stranger. Looking there is limited by the address too.
//!
//! Time is the monotonic clock's, so moving the wall clock moves no limit.

mod gcra;
mod table;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use galen_core::model::EmailKey;
use galen_core::{ApiKeyId, Clock, Code, Entropy, Refusal};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::gcra::Gcra;
use self::table::{Table, Tag};
use crate::Policy;

/// How many known places are remembered at the most; the least used go first.
const KNOWN_PLACES_MAX: usize = 65_536;

/// What a counter counts; the first octet of what its tag is made of.
#[derive(Clone, Copy)]
enum Kind {
    Address,
    Account,
    AccountLong,
    AccountFromPlace,
    AccountFromPlaceLong,
    Strangers,
    Registrations,
    KnownPlace,
    LookUps,
    Mails,
    Calls,
}

/// How the limits stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitCounts {
    /// Counters kept.
    pub keys: u64,
    /// Attempts allowed since the start.
    pub allowed: u64,
    /// Attempts refused since the start.
    pub refused: u64,
}

struct Rules {
    account: Gcra,
    account_long: Gcra,
    address: Gcra,
    strangers: Gcra,
    registrations: Gcra,
    mails: Gcra,
    calls: Gcra,
}

struct Inner {
    enabled: bool,
    clock: Arc<dyn Clock>,
    /// Keys the tags, so that nobody can choose keys that fall together.
    salt: [u8; 32],
    rules: Rules,
    table: Table,
    known_places: Cache<Tag, ()>,
    allowed: AtomicU64,
    refused: AtomicU64,
}

/// The limits.
#[derive(Clone)]
pub(crate) struct Limits(Arc<Inner>);

/// Attempts that were counted. Whoever checks a password must have one; dropping it leaves them
/// counted.
#[must_use]
pub(crate) struct Reservation {
    limits: Limits,
    taken: Vec<Taken>,
    place: Option<Tag>,
}

/// Why an attempt was not counted.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What the caller is told.
    pub(crate) refusal: Refusal,
    /// Whether it was refused for the sake of the account or of all strangers together, and not for
    /// its address: from a place of the owner's it would have been another counter's.
    pub(crate) as_stranger: bool,
}

struct Taken {
    tag: Tag,
    rule: Gcra,
    tat_ns: u64,
}

impl Reservation {
    /// Gives the attempts back: nothing was tried after all.
    pub(crate) fn give_back(self) {
        let inner = &self.limits.0;
        let now_ns = inner.clock.monotonic_ns();
        for taken in &self.taken {
            inner.table.give_back(taken.tag, taken.rule, taken.tat_ns, now_ns);
        }
    }

    /// The password was right: gives the attempts back and remembers the place as the owner's.
    pub(crate) fn succeeded(self) {
        if let Some(place) = self.place {
            self.limits.0.known_places.insert(place, ());
        }
        self.give_back();
    }
}

impl Limits {
    pub(crate) fn new(policy: &Policy, clock: Arc<dyn Clock>, entropy: &dyn Entropy) -> Self {
        let calls = Gcra::new(policy.notices.key_rate);
        let policy = &policy.limits;
        let mut salt = [0; 32];
        entropy.fill(&mut salt);
        Self(Arc::new(Inner {
            enabled: policy.enabled,
            clock,
            salt,
            rules: Rules {
                account: Gcra::new(policy.account),
                account_long: Gcra::new(policy.account_long),
                address: Gcra::new(policy.address),
                strangers: Gcra::new(policy.strangers),
                registrations: Gcra::new(policy.registrations),
                mails: Gcra::new(policy.mails),
                calls,
            },
            table: Table::new(policy.max_keys),
            known_places: Cache::new(KNOWN_PLACES_MAX),
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }))
    }

    /// Counts an attempt of somebody who is not signed in to prove the password of `account`.
    ///
    /// # Errors
    /// [`Code::TooManyAttempts`] with the time after which the refusing limit has room again; then
    /// nothing was counted.
    pub(crate) fn reserve_guess(
        &self,
        address: Option<IpAddr>,
        account: &EmailKey,
    ) -> Result<Reservation, Refused> {
        let place = self.place(address, account);
        if self.0.known_places.get(&place).is_some() {
            let reserved = self.reserve_own(address, address, account);
            return reserved.map_err(|refusal| Refused { refusal, as_stranger: false });
        }
        let (rules, account) = (&self.0.rules, account.0.as_bytes());
        let wanted = [
            (self.tag(Kind::Address, &[&network_of(address)]), rules.address),
            (self.tag(Kind::Account, &[account]), rules.account),
            (self.tag(Kind::AccountLong, &[account]), rules.account_long),
            (self.tag(Kind::Strangers, &[]), rules.strangers),
        ];
        self.reserve(&wanted, Some(place))
            .map_err(|(rank, refusal)| Refused { refusal, as_stranger: rank > 0 })
    }

    /// Counts an attempt to prove the password of `account` at `home`, a place of the owner's, by
    /// somebody who comes from `address`.
    ///
    /// # Errors
    /// [`Code::TooManyAttempts`], as above.
    pub(crate) fn reserve_own(
        &self,
        address: Option<IpAddr>,
        home: Option<IpAddr>,
        account: &EmailKey,
    ) -> Result<Reservation, Refusal> {
        let place = self.place(address, account);
        let (rules, account, home) = (&self.0.rules, account.0.as_bytes(), network_of(home));
        let wanted = [
            (self.tag(Kind::Address, &[&network_of(address)]), rules.address),
            (self.tag(Kind::AccountFromPlace, &[&home, account]), rules.account),
            (self.tag(Kind::AccountFromPlaceLong, &[&home, account]), rules.account_long),
        ];
        self.reserve(&wanted, Some(place)).map_err(|(_, refusal)| refusal)
    }

    /// Remembers a place as the owner's.
    pub(crate) fn know(&self, address: Option<IpAddr>, account: &EmailKey) {
        self.0.known_places.insert(self.place(address, account), ());
    }

    /// Counts one look for an owner's places in the store for somebody from this address, who would
    /// be refused otherwise. `false` when there were too many: a refusal must not become a way to
    /// make the store work.
    pub(crate) fn may_look_up(&self, address: Option<IpAddr>) -> bool {
        let (inner, tag) = (&self.0, self.tag(Kind::LookUps, &[&network_of(address)]));
        inner.table.take(tag, inner.rules.address, inner.clock.monotonic_ns()).is_ok()
    }

    /// Counts an attempt to make an account from this address, whose mail goes to `account`. It counts
    /// against all strangers too, because it costs a hash, as a guess does.
    ///
    /// # Errors
    /// [`Code::TooManyAttempts`], as above.
    pub(crate) fn reserve_registration(
        &self,
        address: Option<IpAddr>,
        account: &EmailKey,
    ) -> Result<Reservation, Refusal> {
        let strangers = (self.tag(Kind::Strangers, &[]), self.0.rules.strangers);
        let wanted = [self.registrations_from(address), self.mails_to(account), strangers];
        self.reserve(&wanted, None).map_err(|(_, refusal)| refusal)
    }

    /// Counts a mail that somebody at this address has sent to `account`, whether there is such an
    /// account or not: what is refused says nothing about it.
    ///
    /// # Errors
    /// [`Code::TooManyAttempts`], as above.
    pub(crate) fn reserve_mail(
        &self,
        address: Option<IpAddr>,
        account: &EmailKey,
    ) -> Result<Reservation, Refusal> {
        let wanted = [self.registrations_from(address), self.mails_to(account)];
        self.reserve(&wanted, None).map_err(|(_, refusal)| refusal)
    }

    fn mails_to(&self, account: &EmailKey) -> (Tag, Gcra) {
        (self.tag(Kind::Mails, &[account.0.as_bytes()]), self.0.rules.mails)
    }

    /// Counts an attempt to use a setup link or a mailed one from this address. A token that opens nothing costs no
    /// hash, and whoever has the one that opens is no stranger: it neither uses up the strangers'
    /// limit nor meets it, so nobody can use it to keep strangers from signing in.
    ///
    /// # Errors
    /// [`Code::TooManyAttempts`], as above.
    pub(crate) fn reserve_link(&self, address: Option<IpAddr>) -> Result<Reservation, Refusal> {
        self.reserve(&[self.registrations_from(address)], None).map_err(|(_, refusal)| refusal)
    }

    /// Counts a call of an application by its key.
    ///
    /// # Errors
    /// [`Code::TooManyAttempts`], as above.
    pub(crate) fn reserve_call(&self, key: ApiKeyId) -> Result<Reservation, Refusal> {
        let calls = (self.tag(Kind::Calls, &[key.as_bytes()]), self.0.rules.calls);
        self.reserve(&[calls], None).map_err(|(_, refusal)| refusal)
    }

    fn registrations_from(&self, address: Option<IpAddr>) -> (Tag, Gcra) {
        let tag = self.tag(Kind::Registrations, &[&network_of(address)]);
        (tag, self.0.rules.registrations)
    }

    fn place(&self, address: Option<IpAddr>, account: &EmailKey) -> Tag {
        self.tag(Kind::KnownPlace, &[&network_of(address), account.0.as_bytes()])
    }

    /// Forgets counters that are as good as unknown. Gives how many they were.
    pub(crate) fn prune(&self) -> u64 {
        self.0.table.prune(self.0.clock.monotonic_ns())
    }

    /// How the limits stand.
    pub(crate) fn counts(&self) -> LimitCounts {
        LimitCounts {
            keys: self.0.table.len(),
            allowed: self.0.allowed.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
        }
    }

    /// Takes an attempt from all of these or from none. A refusal comes with the rank of the one
    /// that refused.
    fn reserve(
        &self,
        wanted: &[(Tag, Gcra)],
        place: Option<Tag>,
    ) -> Result<Reservation, (usize, Refusal)> {
        let inner = &self.0;
        let mut reservation =
            Reservation { limits: self.clone(), taken: Vec::with_capacity(wanted.len()), place };
        if !inner.enabled {
            return Ok(reservation);
        }
        let now_ns = inner.clock.monotonic_ns();
        for (rank, &(tag, rule)) in wanted.iter().enumerate() {
            match inner.table.take(tag, rule, now_ns) {
                Ok(tat_ns) => reservation.taken.push(Taken { tag, rule, tat_ns }),
                Err(wait_ns) => {
                    // Refused attempts cost nothing, so they use up nothing: hammering on a closed
                    // account takes nothing from its neighbours behind the same address.
                    reservation.give_back();
                    inner.refused.fetch_add(1, Ordering::Relaxed);
                    let refusal = Refusal::new(Code::TooManyAttempts)
                        .retry_after_ms(wait_ns.div_ceil(1_000_000));
                    return Err((rank, refusal));
                }
            }
        }
        inner.allowed.fetch_add(1, Ordering::Relaxed);
        Ok(reservation)
    }

    fn tag(&self, kind: Kind, parts: &[&[u8]]) -> Tag {
        let mut digest = Sha256::new();
        digest.update(self.0.salt);
        digest.update([kind as u8]);
        for part in parts {
            // Lengths in front, so that no two lists of parts run together.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut tag = [0; 16];
        tag.copy_from_slice(&digest.finalize()[..16]);
        Tag(tag)
    }
}

/// What counts as one address: an IPv4 address, also when it is written as an IPv6 one (RFC 4291
/// §2.5.5.2), or the /64 of an IPv6 address, because one customer has at least a /64 (RFC 6177).
/// Whoever has no address (the command line) shares one name.
fn network_of(address: Option<IpAddr>) -> Vec<u8> {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(v4)) => v4.octets().to_vec(),
        Some(IpAddr::V6(v6)) => v6.octets()[..8].to_vec(),
        None => Vec::new(),
    }
}

/// Whether these two are one address, as limits count them.
pub(crate) fn is_one_place(one: IpAddr, other: Option<IpAddr>) -> bool {
    network_of(Some(one)) == network_of(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LimitPolicy;
    use galen_testkit::{HandClock, SeededEntropy};

    fn limits(clock: &Arc<HandClock>) -> Limits {
        let clock: Arc<dyn Clock> = clock.clone();
        Limits::new(&Policy::default(), clock, &SeededEntropy::new(1))
    }

    fn account(text: &str) -> EmailKey {
        EmailKey(text.to_owned())
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    #[test]
    fn lesson_01_parallel_guesses_never_exceed_the_limit() {
        let limits = limits(&Arc::default());
        let victim = account("victim@example.org");
        let allowed = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                let (limits, victim, allowed) = (&limits, &victim, &allowed);
                scope.spawn(move || {
                    for attempt in 0..25_u8 {
                        let from = IpAddr::from([10, thread, attempt, 1]);
                        if let Ok(reservation) = limits.reserve_guess(Some(from), victim) {
                            allowed.fetch_add(1, Ordering::Relaxed);
                            drop(reservation);
                        }
                    }
                });
            }
        });
        assert_eq!(allowed.into_inner(), 10);
    }

    #[test]
    fn the_refusal_says_when_to_try_again_and_keeps_its_word() {
        let clock = Arc::<HandClock>::default();
        let limits = limits(&clock);
        let victim = account("victim@example.org");
        for _ in 0..10 {
            drop(limits.reserve_guess(ip("192.0.2.1"), &victim).expect("ok"));
        }
        let Err(Refused { refusal, .. }) = limits.reserve_guess(ip("192.0.2.1"), &victim) else {
            panic!("an eleventh attempt");
        };
        assert_eq!(refusal.code, Code::TooManyAttempts);
        let wait_ms = refusal.retry_after_ms.expect("a time");
        assert_eq!(wait_ms, 30_000);
        clock.advance_ms(29_999);
        assert!(limits.reserve_guess(ip("192.0.2.1"), &victim).is_err());
        clock.advance_ms(1);
        assert!(limits.reserve_guess(ip("192.0.2.1"), &victim).is_ok());
    }

    #[test]
    fn a_right_password_uses_up_nothing() {
        let limits = limits(&Arc::default());
        for _ in 0..1_000 {
            limits
                .reserve_guess(ip("192.0.2.1"), &account("honest@example.org"))
                .expect("never limited")
                .succeeded();
        }
    }

    #[test]
    fn signing_in_to_ones_own_account_clears_no_counter() {
        let limits = limits(&Arc::default());
        let here = ip("192.0.2.1");
        let mut guesses = 0;
        for round in 0..1_000 {
            if let Ok(own) = limits.reserve_guess(here, &account("mallory@example.org")) {
                own.succeeded();
            }
            let victim = account(&format!("victim{round}@example.org"));
            if let Ok(guess) = limits.reserve_guess(here, &victim) {
                drop(guess);
                guesses += 1;
            }
        }
        assert_eq!(guesses, 30, "the address's limit");
    }

    #[test]
    fn strangers_who_guess_do_not_lock_the_owner_out() {
        let limits = limits(&Arc::default());
        let victim = account("victim@example.org");
        limits.reserve_guess(ip("198.51.100.7"), &victim).expect("the first sign-in").succeeded();
        for stranger in 0..200_u8 {
            drop(limits.reserve_guess(ip(&format!("192.0.2.{stranger}")), &victim));
        }
        assert!(limits.reserve_guess(ip("192.0.2.250"), &victim).is_err());
        let owner = limits.reserve_guess(ip("198.51.100.7"), &victim);
        owner.expect("the owner is let in").succeeded();
    }

    #[test]
    fn whoever_took_a_session_gets_no_new_allowance_with_each_new_address() {
        let limits = limits(&Arc::default());
        let (victim, home) = (account("victim@example.org"), ip("198.51.100.7"));
        let allowed = (0..200_u8)
            .filter(|&n| limits.reserve_own(ip(&format!("192.0.2.{n}")), home, &victim).is_ok())
            .count();
        assert_eq!(allowed, 10);
    }

    #[test]
    fn looking_for_an_owners_places_is_limited_by_the_address() {
        let limits = limits(&Arc::default());
        let looked = (0..200).filter(|_| limits.may_look_up(ip("192.0.2.1"))).count();
        assert_eq!(looked, 30);
        assert!(limits.may_look_up(ip("192.0.2.2")));
    }

    #[test]
    fn registrations_from_everywhere_meet_the_strangers_limit_and_setup_does_not() {
        let limits = limits(&Arc::default());
        let from = |n: u16| Some(IpAddr::from([10, 0, n.to_be_bytes()[0], n.to_be_bytes()[1]]));
        let allowed = (0..1_000)
            .filter(|&n| limits.reserve_registration(from(n), &account(&n.to_string())).is_ok())
            .count();
        assert_eq!(allowed, 600);
        assert!(limits.reserve_link(from(1_001)).is_ok());
    }

    #[test]
    fn five_mails_an_hour_go_to_one_address_from_wherever_they_are_asked_for() {
        let limits = limits(&Arc::default());
        let victim = account("victim@example.org");
        let from = |n: u8| Some(IpAddr::from([10, 0, 0, n]));
        let allowed = (0..100).filter(|&n| limits.reserve_mail(from(n), &victim).is_ok()).count();
        assert_eq!(allowed, 5);
        assert!(limits.reserve_mail(from(1), &account("other@example.org")).is_ok());
    }

    #[test]
    fn a_known_place_is_limited_too() {
        let limits = limits(&Arc::default());
        let victim = account("victim@example.org");
        let home = ip("198.51.100.7");
        limits.reserve_guess(home, &victim).expect("ok").succeeded();
        let allowed =
            (0..200).filter(|_| limits.reserve_guess(home, &victim).map(drop).is_ok()).count();
        assert_eq!(allowed, 10);
    }

    #[test]
    fn no_more_than_a_hundred_guesses_stand_open_in_a_day() {
        let clock = Arc::<HandClock>::default();
        let limits = limits(&clock);
        let victim = account("victim@example.org");
        let mut allowed = 0;
        for hour in 0..24_u32 {
            for attempt in 0..100_u8 {
                let from = IpAddr::from([10, hour as u8, attempt, 1]);
                allowed += u32::from(limits.reserve_guess(Some(from), &victim).map(drop).is_ok());
            }
            clock.advance_ms(3_600_000);
        }
        // A hundred at the start and what a day refills, never the 2880 the short limit alone allows.
        assert!((100..200).contains(&allowed), "{allowed}");
    }

    #[test]
    fn one_ipv6_network_and_a_mapped_ipv4_address_are_one_address() {
        assert_eq!(
            network_of(ip("2001:db8:1:2::1")),
            network_of(ip("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        );
        assert_ne!(network_of(ip("2001:db8:1:2::1")), network_of(ip("2001:db8:1:3::1")));
        assert_eq!(network_of(ip("::ffff:192.0.2.1")), network_of(ip("192.0.2.1")));
    }

    #[test]
    fn hammering_on_a_closed_account_takes_nothing_from_the_neighbours() {
        let limits = limits(&Arc::default());
        let here = ip("192.0.2.1");
        for _ in 0..500 {
            drop(limits.reserve_guess(here, &account("closed@example.org")));
        }
        let neighbour = limits.reserve_guess(here, &account("neighbour@example.org"));
        assert!(neighbour.is_ok());
    }

    #[test]
    fn without_limits_nothing_is_counted() {
        let clock: Arc<dyn Clock> = Arc::<HandClock>::default();
        let off = LimitPolicy { enabled: false, ..LimitPolicy::default() };
        let policy = Policy { limits: off, ..Policy::default() };
        let limits = Limits::new(&policy, clock, &SeededEntropy::new(1));
        for _ in 0..1_000 {
            drop(limits.reserve_guess(None, &account("a@b")).expect("off"));
        }
        assert_eq!(limits.counts().keys, 0);
    }
}
