//! Randomness as a parameter: the operating system's, or a test's seeded one.

/// A cryptographically secure source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` whole. An implementation that cannot do so ends the process rather than
    /// returning predictable bytes: every secret in the house hangs on it.
    fn fill(&self, bytes: &mut [u8]);
}

/// Bytes that hang on what is named, in place of random ones: a name that is derived is the same
/// whenever it is asked for.
pub struct Derived(pub [u8; 32]);

impl Entropy for Derived {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, derived) in bytes.iter_mut().zip(self.0.iter().cycle()) {
            *byte = *derived;
        }
    }
}
