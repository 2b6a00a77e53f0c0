//! The real source of randomness: the one place where the kernel is asked for it.

use galen_core::Entropy;
use rustix::rand::GetRandomFlags;

/// The kernel's random bytes.
#[derive(Clone, Copy, Debug)]
pub struct RealEntropy;

impl Entropy for RealEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where randomness is read")]
    fn fill(&self, bytes: &mut [u8]) {
        let mut filled = 0;
        while filled < bytes.len() {
            match rustix::rand::getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                // Going on with predictable bytes would give every secret away.
                Err(_) => std::process::abort(),
            }
        }
    }
}
