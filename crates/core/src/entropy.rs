//! Randomness as a parameter: the operating system's, or a test's seeded one.

/// A cryptographically secure source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` whole. An implementation that cannot do so ends the process rather than
    /// returning predictable bytes: every secret in the house hangs on it.
    fn fill(&self, bytes: &mut [u8]);
}
