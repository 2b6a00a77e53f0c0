//! Turns the configuration into the rooms' own plain settings.

use galen_account::{
    CategoryPolicy, HashPolicy, LimitPolicy, LinkPolicy, NoticePolicy, PasswordPolicy, Policy,
    Rate, RegistrationPolicy, SessionPolicy, SetupPolicy,
};
use galen_core::{Secret, TraceShare};
use galen_http::{ConfiguredKey, ConfiguredSection, HttpSettings, Limits, RequestsLog};
use serde_json::Value;

use crate::config::quantity;
use crate::config::{
    Category, Config, Field, Loaded, Origin, Registration, Requests, Section, token,
};
use crate::failure::{Exit, Failure};

/// What the account room is to hold people to.
pub fn policy(config: &Config) -> Policy {
    let accounts = &config.accounts;
    Policy {
        registration: match accounts.registration {
            Registration::Open => RegistrationPolicy::Open,
            Registration::Invite => RegistrationPolicy::Invite,
            Registration::Closed => RegistrationPolicy::Closed,
        },
        password: PasswordPolicy {
            min_chars: accounts.password_min_length,
            context: password_context(config),
            ..PasswordPolicy::default()
        },
        hash: hash(config),
        limits: limits(config),
        session: SessionPolicy {
            idle_ms: config.sessions.idle.as_signed_ms(),
            absolute_ms: config.sessions.absolute.as_signed_ms(),
            fresh_ms: config.sessions.fresh.as_signed_ms(),
            touch_ms: config.sessions.touch.as_signed_ms(),
            cache_sessions: config.sessions.cache,
            sessions_per_user_max: config.sessions.per_user_max,
        },
        setup: SetupPolicy { lifetime_ms: accounts.setup_link.as_signed_ms() },
        notices: notices(config),
        links: LinkPolicy {
            verify_ms: accounts.verify_link.as_signed_ms(),
            reset_ms: accounts.reset_link.as_signed_ms(),
            invitation_ms: accounts.invitation_link.as_signed_ms(),
            not_me_ms: accounts.not_me_link.as_signed_ms(),
            unproven_may_sign_in: accounts.unproven_may_sign_in,
            unproven_kept_ms: accounts.unproven_kept.as_signed_ms(),
            ..LinkPolicy::default()
        },
    }
}

fn notices(config: &Config) -> NoticePolicy {
    let notifications = &config.notifications;
    let category = |category: &Category| CategoryPolicy {
        name: category.name.clone(),
        keep_ms: category.keep.map(quantity::Lapse::as_signed_ms),
    };
    NoticePolicy {
        categories: notifications.categories.iter().map(category).collect(),
        keep_ms: notifications.keep.as_signed_ms(),
        key_rate: rate(notifications.key_rate),
        email: notifications.email.clone(),
        push: notifications.push.clone(),
        webhooks: config.webhooks.categories.clone(),
        phone: config.ntfy.categories.clone(),
    }
}

fn hash(config: &Config) -> HashPolicy {
    let defaults = HashPolicy::default();
    let permits = match config.accounts.hash_permits {
        0 => defaults.permits,
        permits => u32::from(permits),
    };
    HashPolicy { permits, queue: config.accounts.hash_queue, ..defaults }
}

fn limits(config: &Config) -> LimitPolicy {
    let limits = &config.limits;
    LimitPolicy {
        enabled: limits.enabled,
        account: rate(limits.account),
        account_long: rate(limits.account_long),
        address: rate(limits.address),
        strangers: rate(limits.strangers),
        registrations: rate(limits.registrations),
        mails: rate(limits.mails),
        ..LimitPolicy::default()
    }
}

const fn rate(rate: quantity::Rate) -> Rate {
    Rate { attempts: rate.attempts, per_ms: rate.per.as_ms() }
}

/// The words an attacker of this installation tries first: the configured ones and its host.
fn password_context(config: &Config) -> Vec<String> {
    let mut words = config.accounts.password_context.clone();
    if let Some(url) = &config.server.public_url {
        let host = url.0.as_str().split_once("://").map_or("", |(_, host)| host);
        let labels = host.split(['.', ':']).filter(|label| label.len() > 3);
        words.extend(labels.map(str::to_owned));
    }
    words
}

/// Keys whose value is a secret: whoever knows the URL of the signs of life can send false ones.
const SECRET: [&str; 1] = ["monitor.heartbeat_url"];

/// The configuration as it is shown to admins: every value and where it comes from.
pub fn configured(loaded: &Loaded) -> Vec<ConfiguredSection> {
    let section = |section: &dyn Section| ConfiguredSection {
        name: section.name(),
        about: section.about(),
        keys: section.fields().iter().filter_map(|field| key(loaded, section, field)).collect(),
    };
    loaded.config.sections().into_iter().map(section).collect()
}

/// A key; nothing when nobody may set it by accident and nobody has.
fn key(loaded: &Loaded, section: &dyn Section, field: &Field) -> Option<ConfiguredKey> {
    let shown = section.get(field.name)?;
    let origin = loaded.origin(section.name(), field.name);
    if field.hidden && origin == Origin::Default {
        return None;
    }
    let (word, place) = match &origin {
        Origin::Default => ("default", None),
        Origin::File { .. } => ("file", Some(origin.to_string())),
        Origin::Environment(_) => ("environment", Some(origin.to_string())),
        Origin::Flag(_) => ("flag", Some(origin.to_string())),
    };
    let full = format!("{}.{}", section.name(), field.name);
    let is_secret = SECRET.contains(&full.as_str());
    Some(ConfiguredKey {
        name: field.name,
        about: field.doc,
        is_set: shown.toml.is_some(),
        value: if is_secret { Value::Null } else { shown.json },
        toml: shown.toml.filter(|_| !is_secret),
        is_secret,
        origin: word,
        place,
    })
}

/// What the HTTP room is to take.
///
/// # Errors
/// When the token of the metrics cannot be read.
pub fn http(config: &Config) -> Result<HttpSettings, Failure> {
    let http = &config.http;
    Ok(HttpSettings {
        metrics_token: metrics_token(config)?,
        traces: config.monitor.otlp_endpoint.as_ref().map(|_| traces(config)),
        requests_log: match config.log.requests {
            Requests::Notable => RequestsLog::Notable,
            Requests::All => RequestsLog::All,
            Requests::None => RequestsLog::None,
        },
        public_url: config.server.public_url.as_ref().map(|url| url.0.clone()),
        allowed_origins: http.allowed_origins.iter().map(|origin| origin.0.clone()).collect(),
        trusted_proxies: http.trusted_proxies.iter().map(|proxy| proxy.0).collect(),
        limits: Limits {
            header_timeout_ms: http.header_timeout.as_ms(),
            body_timeout_ms: http.body_timeout.as_ms(),
            idle_timeout_ms: http.idle_timeout.as_ms(),
            write_timeout_ms: http.write_timeout.as_ms(),
            request_deadline_ms: http.deadline.as_ms(),
            drain_deadline_ms: config.server.drain.as_ms(),
            max_header_bytes: bytes(http.max_header),
            max_body_bytes: bytes(http.max_body),
            max_connections: http.max_connections as usize,
            max_connections_per_address: http.max_connections_per_address as usize,
            slow_request_ms: http.slow_request.as_ms(),
            ..Limits::default()
        },
    })
}

/// How many of the traces that begin here are recorded.
pub fn traces(config: &Config) -> TraceShare {
    TraceShare::of(config.monitor.otlp_sample.0)
}

fn metrics_token(config: &Config) -> Result<Option<Secret<String>>, Failure> {
    let file = config.monitor.metrics_token_file.as_deref();
    let wrong = |says: String| {
        Failure::new(format!("`monitor.metrics_token_file`: {says}")).exit(Exit::Config)
    };
    file.map(token::read).transpose().map_err(wrong)
}

fn bytes(size: quantity::Size) -> usize {
    usize::try_from(size.as_bytes()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_said_to_be_set_and_never_shown() {
        let environment = vec![(
            "GALEN__MONITOR__HEARTBEAT_URL".to_owned(),
            "https://beats.example.org/4711".to_owned(),
        )];
        let sources = crate::config::Sources { environment, ..Default::default() };
        let loaded = crate::config::load(&sources).unwrap_or_default();
        let sections = configured(&loaded);
        let keys = sections.iter().flat_map(|section| &section.keys);
        let beat = keys.clone().find(|key| key.name == "heartbeat_url");
        assert!(beat.is_some_and(|key| key.is_set && key.is_secret && key.value.is_null()));
        assert_eq!(beat.map(|key| key.origin), Some("environment"));
        assert!(!format!("{sections:?}").contains("4711"));
        assert!(keys.clone().any(|key| key.name == "listen" && key.origin == "default"));
    }

    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_rooms() {
        let config = Config::default();
        assert_eq!(policy(&config), Policy::default());
        assert_eq!(http(&config).map(|http| http.limits), Ok(Limits::default()));
    }
}
