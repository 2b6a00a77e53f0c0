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
    /// Derives the secrets of mailed links (HMAC-SHA-256).
    pub links: Secret<[u8; KEY_BYTES]>,
}

/// The file's content.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    csrf_key: String,
    /// Missing in files of before there was mail.
    link_key: Option<String>,
}

impl Keyring {
    /// Reads the keys, or makes those that are missing. To be called under the instance lock, so that
    /// two starts cannot make two sets.
    ///
    /// # Errors
    /// When the file can be read by others, is damaged, or cannot be read or made.
    pub fn open(place: &Place, entropy: &dyn Entropy) -> Result<Self, Failure> {
        let path = &place.keys;
        if !path.exists() {
            let keys = Self { csrf: made(entropy), links: made(entropy) };
            private::write(path, &keys.text())?;
            return Ok(keys);
        }
        private::check(path)?;
        let text = std::fs::read_to_string(path)
            .or_fail(|| format!("the keys {} cannot be read", path.display()))?;
        // The words of the parser could quote the file, and the file is secret.
        let damaged = || {
            Failure::new(format!("the keys in {} are damaged", path.display()))
                .fix("restore the file from a backup, or delete it: new keys are made")
                .exit(Exit::Config)
        };
        let file: KeyFile = toml::from_str(&text).map_err(|_| damaged())?;
        let csrf = Secret::new(decode(&file.csrf_key).ok_or_else(damaged)?);
        let Some(link_key) = file.link_key else {
            let keys = Self { csrf, links: made(entropy) };
            private::write(path, &keys.text())?;
            return Ok(keys);
        };
        Ok(Self { csrf, links: Secret::new(decode(&link_key).ok_or_else(damaged)?) })
    }

    /// The file's text.
    fn text(&self) -> String {
        let hex = |key: &Secret<[u8; KEY_BYTES]>| -> String {
            key.reveal().iter().map(|byte| format!("{byte:02x}")).collect()
        };
        format!(
            "# The keys of this Galen installation. Keep them secret, and with the database's \
             backups.\n# Without them open pages must be loaded again, and links in mails open \
             nothing;\n# nobody is signed out.\ncsrf_key = \"{}\"\nlink_key = \"{}\"\n",
            hex(&self.csrf),
            hex(&self.links)
        )
    }
}

fn made(entropy: &dyn Entropy) -> Secret<[u8; KEY_BYTES]> {
    let mut key = [0_u8; KEY_BYTES];
    entropy.fill(&mut key);
    Secret::new(key)
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
        assert_eq!(first.links.reveal(), second.links.reveal());
        assert_ne!(first.links.reveal(), first.csrf.reveal());
        Ok(())
    }

    #[test]
    fn a_file_of_before_there_was_mail_keeps_its_key_and_gets_one_more()
    -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = Place::of(&folder.path().join("a.db"), None)?;
        private::write(&place.keys, &format!("csrf_key = \"{}\"", "ab".repeat(KEY_BYTES)))?;
        let first = Keyring::open(&place, &RealEntropy)?;
        assert_eq!(first.csrf.reveal(), &[0xab; KEY_BYTES]);
        let second = Keyring::open(&place, &RealEntropy)?;
        assert_eq!(first.links.reveal(), second.links.reveal());
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
