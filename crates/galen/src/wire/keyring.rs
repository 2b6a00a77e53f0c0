//! The keys of this installation: made on first start, kept in a file of mode 0600.

use galen_core::{Entropy, Secret};
use serde::{Deserialize, Serialize};

use super::place::Place;
use super::private;
use crate::failure::{Exit, Failure, OrFail};

/// Bytes of a key: 256 bits.
const KEY_BYTES: usize = 32;

/// The keys.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// Signs CSRF tokens (HMAC-SHA-256).
    pub csrf: Secret<[u8; KEY_BYTES]>,
}

/// The file's content.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    csrf_key: String,
}

impl Keyring {
    /// Reads the keys, or makes them where there is no file yet. To be called under the instance
    /// lock, so that two starts cannot make two sets.
    ///
    /// # Errors
    /// When the file can be read by others, is damaged, or cannot be read or made.
    pub fn open(place: &Place, entropy: &dyn Entropy) -> Result<Self, Failure> {
        let path = &place.keys;
        if !path.exists() {
            let mut csrf = [0_u8; KEY_BYTES];
            entropy.fill(&mut csrf);
            let hex: String = csrf.iter().map(|byte| format!("{byte:02x}")).collect();
            let text = format!(
                "# The keys of this Galen installation. Keep them secret, and with the database's \
                 backups.\n# Without them open pages must be loaded again; nobody is signed out.\n\
                 csrf_key = \"{hex}\"\n"
            );
            private::write(path, &text)?;
            return Ok(Self { csrf: Secret::new(csrf) });
        }
        private::check(path)?;
        let text = std::fs::read_to_string(path)
            .or_fail(|| format!("the keys {} cannot be read", path.display()))?;
        // The words of the parser could quote the file, and the file is secret.
        let file: Option<KeyFile> = toml::from_str(&text).ok();
        let csrf = file.and_then(|file| decode(&file.csrf_key)).ok_or_else(|| {
            Failure::new(format!("the keys in {} are damaged", path.display()))
                .fix("restore the file from a backup, or delete it: new keys are made")
                .exit(Exit::Config)
        })?;
        Ok(Self { csrf: Secret::new(csrf) })
    }
}

fn decode(hex: &str) -> Option<[u8; KEY_BYTES]> {
    if hex.len() != 2 * KEY_BYTES || !hex.is_ascii() {
        return None;
    }
    let mut key = [0_u8; KEY_BYTES];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::entropy::RealEntropy;

    #[test]
    fn the_keys_are_the_same_at_the_next_start() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = Place::of(&folder.path().join("a.db"), None)?;
        let first = Keyring::open(&place, &RealEntropy)?;
        let second = Keyring::open(&place, &RealEntropy)?;
        assert_eq!(first.csrf.reveal(), second.csrf.reveal());
        assert_ne!(first.csrf.reveal(), &[0; KEY_BYTES]);
        Ok(())
    }

    #[test]
    fn damaged_keys_are_refused_without_being_quoted() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = Place::of(&folder.path().join("a.db"), None)?;
        private::write(&place.keys, "csrf_key = \"half of a secret\"")?;
        let failure = Keyring::open(&place, &RealEntropy).map(|_| ()).unwrap_err();
        assert!(!failure.what.contains("half"), "{failure}");
        Ok(())
    }
}
