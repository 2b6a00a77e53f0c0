//! Who carries mail, as the configuration has it.

use std::path::PathBuf;
use std::sync::Arc;

use galen_core::post::{Courier, Renderer};
use galen_core::{Clock, Secret};
use galen_post::{
    Letters, Ntfy, Outward, Push, Reach, Security, Smtp, SmtpLogin, SmtpSettings, VapidKey,
    Webhooks,
};

use crate::config::{Config, MailSecurity, token};
use crate::failure::{Exit, Failure};
use crate::wire::rooms::Rooms;

/// The courier of mail; nobody when no server is named.
///
/// # Errors
/// When the settings would show a mail or a password to others, or cannot be used.
pub fn of(
    config: &Config,
    house: &str,
    renderer: Arc<dyn Renderer>,
) -> Result<Option<Arc<dyn Courier>>, Failure> {
    let mail = &config.mail;
    let Some(host) = &mail.host else { return Ok(None) };
    let wrong =
        |key: &str, says: String| Failure::new(format!("`mail.{key}`: {says}")).exit(Exit::Config);
    let password = mail.password_file.as_deref().map(token::password).transpose();
    let password = password.map_err(|says| wrong("password_file", says))?;
    let roots = mail.trusted_certificates.as_deref().map(std::fs::read).transpose();
    let roots_pem = roots.map_err(|error| wrong("trusted_certificates", error.to_string()))?;
    let (security, usual_port) = match mail.security {
        MailSecurity::StartTls => (Security::StartTls, 587),
        MailSecurity::Tls => (Security::Tls, 465),
        MailSecurity::None => (Security::PlainLoopback, 25),
    };
    let settings = SmtpSettings {
        host: host.clone(),
        port: if mail.port == 0 { usual_port } else { mail.port },
        security,
        login: mail.user.clone().zip(password).map(|(user, password)| SmtpLogin { user, password }),
        from: mail.from.clone().unwrap_or_default(),
        hello: hello(house),
        roots_pem,
        timeout: mail.timeout.as_duration(),
    };
    let smtp = Smtp::new(settings, renderer).map_err(|error| wrong("host", error.to_string()))?;
    Ok(Some(Arc::new(smtp)))
}

/// The phone that is told of alerts: a topic's URL, and the token its server wants.
#[derive(Clone)]
pub struct Phone {
    /// The topic's URL.
    pub topic: Secret<String>,
    /// The token.
    pub token: Option<Secret<String>>,
}

/// The phone, when one is named.
///
/// # Errors
/// When a file cannot be read, or others can read it.
pub fn phone(config: &Config) -> Result<Option<Phone>, Failure> {
    let read = |key: &str, path: &Option<PathBuf>| {
        let read = path.as_deref().map(token::password).transpose();
        read.map_err(|says| Failure::new(format!("`ntfy.{key}`: {says}")).exit(Exit::Config))
    };
    let token = read("token_file", &config.ntfy.token_file)?;
    let topic = read("topic_file", &config.ntfy.topic_file)?;
    Ok(topic.map(|topic| Phone { topic, token }))
}

/// The key towards push services: derived, so that it is the same at every start. `None`: it is not
/// known whom a push service could write to, and without that it takes nothing.
pub fn push_key(config: &Config, rooms: &Rooms, url: &str) -> Option<VapidKey> {
    let subject = match &config.mail.from {
        Some(from) => format!("mailto:{}", bare(from)),
        None if url.starts_with("https://") => url.to_owned(),
        None => return None,
    };
    let number = |attempt| rooms.accounts.push_number(attempt);
    // One number in 2^32 is no key; the next one is.
    (0..=u8::MAX).find_map(|attempt| VapidKey::new(&number(attempt), &subject).ok())
}

/// The address of `Name <address>`.
fn bare(from: &str) -> &str {
    let inside = from.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    inside.unwrap_or(from).trim()
}

/// Who carries what goes over HTTP: webhooks always, messages to the phone and to browsers where that
/// was set up.
///
/// # Errors
/// When certificates cannot be read.
pub fn abroad(
    config: &Config,
    rooms: &Rooms,
    (reach, letters): (&Reach, &Arc<Letters>),
    (has_phone, push_key): (bool, Option<VapidKey>),
) -> Result<Vec<Arc<dyn Courier>>, Failure> {
    let roots = config.mail.trusted_certificates.as_deref().map(std::fs::read).transpose();
    let wrong = |says: String| {
        Failure::new(format!("`mail.trusted_certificates`: {says}")).exit(Exit::Config)
    };
    let roots = roots.map_err(|error| wrong(error.to_string()))?;
    let outward = Outward::new(reach.clone(), roots.as_deref());
    let outward = Arc::new(outward.map_err(|error| wrong(error.to_string()))?);
    let clock = Arc::clone(&rooms.clock) as Arc<dyn Clock>;
    let mut couriers: Vec<Arc<dyn Courier>> =
        vec![Arc::new(Webhooks::new(Arc::clone(&outward), Arc::clone(&clock)))];
    if let Some(key) = push_key {
        couriers.push(Arc::new(Push {
            outward: Arc::clone(&outward),
            letters: Arc::clone(letters),
            key,
            clock,
            entropy: Arc::clone(&rooms.entropy),
        }));
    }
    if has_phone {
        couriers.push(Arc::new(Ntfy::new(outward, Arc::clone(letters))));
    }
    Ok(couriers)
}

/// What this machine calls itself towards the server: the host of its own address, without the port.
fn hello(house: &str) -> String {
    let host = house.split(':').next().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if host.is_empty() || !host.chars().all(is_name) {
        "localhost".to_owned()
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_services_write_to_the_bare_address() {
        assert_eq!(bare("Galen <galen@example.org>"), "galen@example.org");
        assert_eq!(bare(" galen@example.org "), "galen@example.org");
    }

    #[test]
    fn the_name_for_the_greeting_is_the_host_of_the_public_address() {
        assert_eq!(hello("accounts.example.org"), "accounts.example.org");
        assert_eq!(hello("127.0.0.1:8000"), "127.0.0.1");
        assert_eq!(hello("[::1]:8000"), "localhost");
    }
}
