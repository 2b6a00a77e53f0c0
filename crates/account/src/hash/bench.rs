//! A hashing thread's bench: its own memory, used again for every hash, and the work done on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use galen_core::{Entropy, Secret};
use subtle::ConstantTimeEq as _;

use super::memory::Memory;
use crate::HashPolicy;

/// The salt's length in bytes (RFC 9106 §3.1 recommends 16).
pub(crate) const SALT_BYTES: usize = 16;
/// The hash's length in bytes.
pub(crate) const OUTPUT_BYTES: usize = 32;
/// The most memory a stored hash may ask for, in KiB. A row that asks for more was not made here,
/// and must not be able to take the machine's memory.
const STORED_MEMORY_KIB_MAX: u32 = 262_144;
/// The most passes or lanes a stored hash may ask for.
const STORED_COST_MAX: u32 = 16;

/// Why a hash could not be computed or read. Never the caller's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashError {
    #[error("the stored password hash cannot be read")]
    Unreadable,
    #[error("the stored password hash asks for more than this server grants")]
    TooCostly,
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

/// What came of checking a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Whether it is the right one.
    pub(crate) right: bool,
    /// The same password hashed with the parameters of today, when that was wanted, it is the right
    /// one, and the kept hash has others.
    pub(crate) rehash: Option<Secret<String>>,
}

/// The parameters of today.
pub(crate) fn params_of(policy: &HashPolicy) -> Params {
    let memory_kib = policy.memory_kib.clamp(Params::MIN_M_COST, STORED_MEMORY_KIB_MAX);
    let passes = policy.passes.clamp(1, STORED_COST_MAX);
    // Clamped so, the parameters are always valid; the fallback is the same strength as the policy's
    // own default.
    Params::new(memory_kib, passes, 1, Some(OUTPUT_BYTES)).unwrap_or_default()
}

/// A hash of no password at all, with the parameters of today: random salt, random hash. Checking
/// against it takes the same work as checking against a user's, and nothing matches it.
pub(crate) fn hash_of_nothing(params: &Params, entropy: &dyn Entropy) -> Secret<String> {
    let mut salt = [0_u8; SALT_BYTES];
    let mut output = [0_u8; OUTPUT_BYTES];
    entropy.fill(&mut salt);
    entropy.fill(&mut output);
    Secret::new(phc(params, &salt, &output).unwrap_or_default())
}

/// The PHC string of a hash (the format of the Password Hashing Competition, as `libargon2` writes
/// it: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`).
fn phc(params: &Params, salt: &[u8], output: &[u8]) -> Result<String, HashError> {
    let failed = |error: &dyn std::fmt::Display| HashError::Failed(error.to_string());
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|e| failed(&e))?,
        salt: Some(Salt::new(salt).map_err(|e| failed(&e))?),
        hash: Some(Output::new(output).map_err(|e| failed(&e))?),
    };
    Ok(hash.to_string())
}

/// One thread's bench.
pub(crate) struct Bench {
    params: Params,
    entropy: Arc<dyn Entropy>,
    hashes_done: Arc<AtomicU64>,
    /// Empty until the first hash. It is not wiped between hashes: every hash overwrites all of it,
    /// what remains is one-way, and wiping would cost a tenth of the throughput.
    memory: Option<Memory>,
}

impl Bench {
    pub(crate) fn new(
        params: Params,
        entropy: Arc<dyn Entropy>,
        hashes_done: Arc<AtomicU64>,
    ) -> Self {
        Self { params, entropy, hashes_done, memory: None }
    }

    /// Hashes a normal password under a new salt.
    pub(crate) fn make(&mut self, password: &Secret<String>) -> Result<Secret<String>, HashError> {
        let mut salt = [0_u8; SALT_BYTES];
        self.entropy.fill(&mut salt);
        let mut output = [0_u8; OUTPUT_BYTES];
        let context = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        self.run(&context, password, &salt, &mut output)?;
        phc(&self.params, &salt, &output).map(Secret::new)
    }

    /// Checks a normal password against a kept hash, in the same time whether and wherever they
    /// differ. With `renew` it hashes the password anew if it is right and the kept hash is not of
    /// today's parameters.
    pub(crate) fn check(
        &mut self,
        password: &Secret<String>,
        kept: &Secret<String>,
        renew: bool,
    ) -> Result<Checked, HashError> {
        let kept = PasswordHash::new(kept.reveal()).map_err(|_| HashError::Unreadable)?;
        let algorithm =
            Algorithm::try_from(kept.algorithm.as_str()).map_err(|_| HashError::Unreadable)?;
        let version = match kept.version {
            Some(version) => Version::try_from(version).map_err(|_| HashError::Unreadable)?,
            None => Version::V0x10,
        };
        let params = Params::try_from(&kept).map_err(|_| HashError::Unreadable)?;
        let (Some(salt), Some(expected)) = (kept.salt, kept.hash) else {
            return Err(HashError::Unreadable);
        };
        if params.m_cost() > STORED_MEMORY_KIB_MAX
            || params.t_cost() > STORED_COST_MAX
            || params.p_cost() > STORED_COST_MAX
        {
            return Err(HashError::TooCostly);
        }
        let mut output = vec![0_u8; expected.len()];
        let context = Argon2::new(algorithm, version, params.clone());
        self.run(&context, password, &salt, &mut output)?;
        let right: bool = output.ct_eq(expected.as_bytes()).into();
        let is_of_today = algorithm == Algorithm::Argon2id
            && version == Version::V0x13
            && params.m_cost() == self.params.m_cost()
            && params.t_cost() == self.params.t_cost()
            && params.p_cost() == self.params.p_cost()
            && expected.len() == OUTPUT_BYTES
            && salt.len() >= SALT_BYTES;
        let rehash = if right && renew && !is_of_today { Some(self.make(password)?) } else { None };
        Ok(Checked { right, rehash })
    }

    fn run(
        &mut self,
        context: &Argon2<'_>,
        password: &Secret<String>,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashError> {
        let blocks = context.params().block_count();
        let password = password.reveal().as_bytes();
        let map = |blocks| Memory::map(blocks).map_err(|e| HashError::Failed(e.to_string()));
        let done = if blocks <= self.params.block_count() {
            let memory = match self.memory.take() {
                Some(memory) => memory,
                None => map(self.params.block_count())?,
            };
            let memory = self.memory.insert(memory);
            context.hash_password_into_with_memory(password, salt, output, memory.blocks_mut())
        } else {
            // A kept hash of greater cost: rare, and soon rehashed, so its memory is not kept.
            let mut memory = map(blocks)?;
            context.hash_password_into_with_memory(password, salt, output, memory.blocks_mut())
        };
        self.hashes_done.fetch_add(1, Ordering::Relaxed);
        done.map_err(|error| HashError::Failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_testkit::SeededEntropy;

    fn bench(memory_kib: u32) -> Bench {
        let policy = HashPolicy { memory_kib, passes: 1, ..HashPolicy::default() };
        Bench::new(params_of(&policy), Arc::new(SeededEntropy::new(1)), Arc::default())
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn the_right_password_is_right_and_any_other_is_wrong() {
        let mut bench = bench(64);
        let kept = bench.make(&secret("violin gravel umbrella")).expect("hash");
        assert!(kept.reveal().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        for (password, right) in [
            ("violin gravel umbrella", true),
            ("violin gravel umbrellA", false),
            ("violin gravel umbrella ", false),
            ("", false),
        ] {
            let checked = bench.check(&secret(password), &kept, true).expect("checked");
            assert_eq!(checked.right, right, "{password}");
            assert_eq!(checked.rehash, None);
        }
    }

    #[test]
    fn a_hash_of_the_reference_implementation_is_understood() {
        // From libargon2's test.c: argon2id, version 0x13, t=2, m=256, p=1.
        let kept = secret(
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        );
        let checked = bench(64).check(&secret("password"), &kept, true).expect("read");
        assert!(checked.right);
        assert!(checked.rehash.is_some(), "it has other parameters");
    }

    #[test]
    fn passwords_that_differ_only_after_the_72nd_byte_differ() {
        // Spring CVE-2025-22228: bcrypt looks at 72 bytes.
        let mut bench = bench(64);
        let head = "a".repeat(80);
        let kept = bench.make(&secret(&format!("{head}x"))).expect("hash");
        let other = bench.check(&secret(&format!("{head}y")), &kept, true);
        assert!(!other.expect("checked").right);
    }

    #[test]
    fn a_right_password_under_old_parameters_is_hashed_anew() {
        let kept = bench(64).make(&secret("violin gravel")).expect("hash");
        let mut today = bench(128);
        let checked = today.check(&secret("violin gravel"), &kept, true).expect("ok");
        let rehash = checked.rehash.expect("a new hash");
        assert!(rehash.reveal().contains("m=128"));
        assert!(today.check(&secret("violin gravel"), &rehash, true).expect("ok").right);
        let wrong = today.check(&secret("wrong"), &kept, true).expect("ok");
        assert_eq!(wrong.rehash, None, "a wrong one costs no second hash");
    }

    #[test]
    fn a_stored_hash_cannot_ask_for_the_machines_memory() {
        let kept = secret(
            "$argon2id$v=19$m=4000000,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        );
        let refused = bench(64).check(&secret("password"), &kept, true);
        assert_eq!(refused, Err(HashError::TooCostly));
        for unreadable in ["", "x", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=64"] {
            let refused = bench(64).check(&secret("password"), &secret(unreadable), true);
            assert_eq!(refused, Err(HashError::Unreadable), "{unreadable}");
        }
    }

    #[test]
    fn nothing_matches_the_hash_of_nothing_at_the_same_work() {
        let mut bench = bench(64);
        let nothing = hash_of_nothing(&bench.params.clone(), &SeededEntropy::new(9));
        let kept = bench.make(&secret("violin gravel")).expect("hash");
        let before = bench.hashes_done.load(Ordering::Relaxed);
        assert!(!bench.check(&secret(""), &nothing, true).expect("readable").right);
        let between = bench.hashes_done.load(Ordering::Relaxed);
        assert!(!bench.check(&secret(""), &kept, true).expect("readable").right);
        assert_eq!(between - before, 1);
        assert_eq!(bench.hashes_done.load(Ordering::Relaxed) - between, 1);
    }
}
