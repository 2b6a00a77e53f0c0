//! What the doctor is sent to: this installation, a configured target, or what was named on the command
//! line; and what it needs of the house for it.

mod database;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use galen_core::{Clock, Entropy};
use galen_doctor::http::HeaderMap;
use galen_doctor::repairs::hand::Hands;
use galen_doctor::repairs::port::Repairer;
use galen_doctor::{Caps, Intended, Ports, Progress, Target, Thresholds, Witness};
use serde::{Deserialize, Serialize};

use self::database::Database;
use super::clock::RealClock;
use super::entropy::RealEntropy;
use super::lock::{self, Holder};
use super::place::Place;
use super::repairer::ControlRepairer;
use super::witness::ControlWitness;
use crate::config::{self, Config, headers, url_of};
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Where a target is, with the files that hold its secrets and never the secrets themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patient {
    /// Where it answers.
    pub url: Option<String>,
    /// The paths to ask.
    pub paths: Vec<String>,
    /// The origin of the web page that calls it.
    pub origin: Option<String>,
    /// The file with headers that prove who we are.
    pub headers_file: Option<PathBuf>,
    /// Its database: a file, or a PostgreSQL URL.
    pub database: Option<String>,
    /// The file with that user's password.
    pub database_password_file: Option<PathBuf>,
    /// Its process.
    pub pid: Option<u32>,
    /// The systemd unit that runs it.
    pub unit: Option<String>,
}

impl From<&config::target::Target> for Patient {
    fn from(it: &config::target::Target) -> Self {
        Self {
            url: it.url.as_ref().map(|url| url.as_str().to_owned()),
            paths: it.paths.clone(),
            origin: it.origin.clone(),
            headers_file: it.headers_file.clone(),
            database: it.database.clone(),
            database_password_file: it.database_password_file.clone(),
            pid: it.pid,
            unit: it.unit.clone(),
        }
    }
}

impl Patient {
    /// Whether nothing says where it is: then it is this installation.
    pub fn is_nowhere(&self) -> bool {
        self.url.is_none() && self.database.is_none() && self.pid.is_none() && self.unit.is_none()
    }

    /// This one, with what was typed in its place or added.
    pub fn with(self, typed: Self) -> Self {
        Self {
            url: self.url,
            paths: if typed.paths.is_empty() { self.paths } else { typed.paths },
            origin: typed.origin.or(self.origin),
            headers_file: typed.headers_file.or(self.headers_file),
            database: typed.database.or(self.database),
            database_password_file: typed.database_password_file.or(self.database_password_file),
            pid: typed.pid.or(self.pid),
            unit: typed.unit.or(self.unit),
        }
    }

    /// Where it is, in a few words, without credentials.
    pub fn place(&self) -> String {
        let pid = self.pid.map(|pid| format!("process {pid}"));
        let unit = self.unit.as_ref().map(|unit| format!("unit {unit}"));
        let shown = self.url.clone().or(unit).or(pid).or_else(|| self.database.clone());
        galen_doctor::evidence::redact::text(&shown.unwrap_or_default())
    }

    /// The target, with its secrets read and its unit's process found.
    ///
    /// # Errors
    /// What is wrong with it; all of it is wrong usage.
    pub fn target(&self) -> Result<Target, Failure> {
        if let Some(path) = self.paths.iter().find(|path| !path.starts_with('/')) {
            return Err(usage(format!("`{}` is not a path", terminal::plain(path)))
                .fix(format!("write it as /{path}")));
        }
        let database =
            database::named(self.database.as_deref(), self.database_password_file.as_deref())?;
        let (file, postgres) = match database {
            Database::Unnamed => (None, None),
            Database::File(path) => (Some(path), None),
            Database::Postgres(access) => (None, Some(*access)),
        };
        let pid = match (&self.unit, self.pid) {
            (_, Some(pid)) => Some(pid),
            (Some(unit), None) => {
                Some(galen_doctor::probes::unit::main_pid(unit).map_err(|says| {
                    usage(format!("the unit {}: {says}", terminal::plain(unit)))
                        .fix("name its process with --pid, or start the unit")
                })?)
            }
            (None, None) => None,
        };
        let mut sent = HeaderMap::new();
        if let Some(file) = &self.headers_file {
            sent.extend(headers::read(file).map_err(usage)?);
        }
        Ok(Target {
            url: self.url.as_deref().map(with_scheme).transpose()?,
            database: file,
            postgres,
            pid,
            paths: self.paths.clone(),
            own: false,
            intended: None,
            child_exe: None,
            headers: sent,
            origin: self.origin.clone(),
            caps: Caps::default(),
        })
    }
}

/// This installation: what its lock says of it, and where it listens if the lock says nothing.
pub fn own(target: Target, listen: SocketAddr, place: &Place) -> Target {
    let holder = lock::current_holder(place);
    // Where a server that was killed listened is where its clients still knock.
    let last = lock::last_holder(place).and_then(|holder| holder.listen);
    let listen = last.and_then(|text| text.parse().ok()).unwrap_or(listen);
    let pid = holder.as_ref().map(|holder: &Holder| holder.pid);
    Target {
        url: Some(url_of(reachable(listen))),
        database: place.has_database().then(|| place.database.clone()),
        own: true,
        pid,
        intended: Some(Intended {
            pid,
            exe: std::env::current_exe().ok(),
            origin: format!("instance lock {}", place.lock().display()),
        }),
        ..target
    }
}

/// The address to ask for a server that listens on this one: `0.0.0.0` and `[::]` are no addresses
/// to connect to, though Linux takes them for its own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), v4.port())
        }
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            SocketAddr::new(Ipv6Addr::LOCALHOST.into(), v6.port())
        }
        other => other,
    }
}

/// A URL as it was typed: `127.0.0.1:9000` means `http://127.0.0.1:9000`, and `9000` that port here.
fn with_scheme(text: &str) -> Result<String, Failure> {
    let wrong = |what: &str| {
        Err(usage(format!("`{}` {what}", terminal::plain(text)))
            .fix("write it as http://127.0.0.1:9000, or the port alone"))
    };
    match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() => Ok(text.to_owned()),
        Some(_) => wrong("is not an http or https URL"),
        None if text.parse::<u16>().is_ok_and(|port| port > 0) => {
            Ok(format!("http://127.0.0.1:{text}"))
        }
        None if text.contains(':') || text.contains('.') || text == "localhost" => {
            Ok(format!("http://{text}"))
        }
        None => wrong("is neither a URL, a port nor a configured target"),
    }
}

/// What counts as sick here.
pub fn thresholds(config: &Config) -> Thresholds {
    let doctor = &config.doctor;
    let ms = |lapse: config::quantity::Lapse| lapse.as_duration().as_secs_f64() * 1e3;
    Thresholds {
        response_target_ms: ms(doctor.response_target),
        response_alert_ms: ms(doctor.response_alert),
        query_target_ms: ms(doctor.query_target),
        error_rate_percent: f64::from(doctor.error_rate_percent),
        concurrency: doctor.concurrency,
    }
}

/// What an examination needs from outside; the witness and the repairer only for this installation.
pub fn ports(place: &Place, is_own: bool, progress: Arc<dyn Progress>) -> Ports {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let entropy: Arc<dyn Entropy> = Arc::new(RealEntropy);
    let witness = ControlWitness::new(place.clone(), Arc::clone(&clock));
    let repairer = ControlRepairer::new(place.clone(), Arc::clone(&clock));
    Ports {
        clock,
        entropy,
        progress,
        witness: is_own.then(|| Arc::new(witness) as Arc<dyn Witness>),
        repairer: is_own.then(|| Arc::new(repairer) as Arc<dyn Repairer>),
    }
}

/// The same with the hands of the doctor itself, for what a person orders at a terminal.
pub fn with_hands(ports: Ports) -> Ports {
    let hands = Hands::new(ports.repairer, Arc::clone(&ports.clock));
    Ports { repairer: Some(Arc::new(hands)), ..ports }
}

fn usage(what: impl Into<String>) -> Failure {
    Failure::new(what).exit(Exit::Usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_doctor() {
        assert_eq!(thresholds(&Config::default()), Thresholds::default());
    }

    #[test]
    fn a_server_on_every_address_is_asked_on_loopback() {
        let url = |text: &str| text.parse().map(|listen| url_of(reachable(listen)));
        assert_eq!(url("0.0.0.0:8000").as_deref(), Ok("http://127.0.0.1:8000"));
        assert_eq!(url("[::]:8000").as_deref(), Ok("http://[::1]:8000"));
        assert_eq!(url("10.0.0.1:80").as_deref(), Ok("http://10.0.0.1"));
    }

    #[test]
    fn a_url_may_be_typed_without_its_scheme_and_must_be_one() {
        let typed = |text: &str| with_scheme(text).ok();
        assert_eq!(typed("127.0.0.1:9000").as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(typed("9000").as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(typed("https://example.org").as_deref(), Some("https://example.org"));
        assert_eq!(typed("ftp://example.org"), None);
        assert_eq!(typed("serve"), None);
    }

    #[test]
    fn a_configured_target_sends_its_headers_and_shows_none_of_them()
    -> Result<(), Box<dyn std::error::Error>> {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), "Authorization: Bearer hunter2\n")?;
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600))?;
        let patient = Patient {
            url: Some("127.0.0.1:9000".to_owned()),
            headers_file: Some(file.path().to_owned()),
            ..Patient::default()
        };
        let target = patient.target()?;
        assert_eq!(target.headers.len(), 1);
        assert!(!format!("{target:?}").contains("hunter2"));
        assert_eq!(patient.place(), "127.0.0.1:9000");
        Ok(())
    }
}
