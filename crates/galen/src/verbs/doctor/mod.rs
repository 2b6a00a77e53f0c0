//! `galen doctor`: names the measured cause of a slow or failing backend, this one or any other.

mod progress;
mod reference;
mod written;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use galen_core::{Clock, Entropy};
use galen_doctor::repairs::port::Repairer;
use galen_doctor::{
    Caps, DoctorError, ExamineRequest, Intended, Ports, Previous, Report, Target, Thresholds,
    Witness, examine,
};

use crate::cli::{Common, place};
use crate::config::{Config, url_of};
use crate::failure::{Exit, Failure, OrFail};
use crate::terminal;
use crate::wire::clock::RealClock;
use crate::wire::entropy::RealEntropy;
use crate::wire::lock::{self, Holder};
use crate::wire::place::Place;
use crate::wire::repairer::ControlRepairer;
use crate::wire::witness::ControlWitness;

use progress::Shown;
pub use reference::checks_reference;
use written::ReportFile;

/// Find the measured cause of a slow or failing backend, or say that it cannot be told.
///
/// Without a URL it examines this installation. It sends GET, HEAD and OPTIONS requests only, opens databases
/// read-only, and changes nothing unless --apply is given, which works on this installation only.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  galen doctor\n  galen doctor http://127.0.0.1:9000 --db app.db --report report.html\n  \
                        galen doctor --apply               repair what is safe, and prove that it helped\n  \
                        galen doctor --pid 4242 --path /api/me --path /api/notifications\n\n\
                        Exit codes: 0 healthy, 1 finding, 2 inconclusive, 3 the doctor failed,\n            \
                        4 repaired and proven, 64 wrong usage"
)]
pub struct Doctor {
    /// The backend to examine; this installation when no target is given.
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// The SQLite database it works with, when it is not found by itself.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// The process that serves it, when it is not found by itself.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// A path to request; can be given several times. Found by itself when not given.
    #[arg(long = "path", value_name = "/PATH")]
    paths: Vec<String>,
    /// The origin of the web page that calls it, which CORS must allow.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// Carry out the safe repairs, one at a time, each proven by measuring again.
    #[arg(long)]
    apply: bool,
    /// Also write the report: .md, .html or .json.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Overwrite an existing report.
    #[arg(long, requires = "report")]
    force: bool,
    /// A report.json of an earlier run, to say what changed since.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
}

/// Hands over to the doctor's child when this process was started as one.
pub fn child() -> Option<std::process::ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != galen_doctor::probes::child::VERB {
        return None;
    }
    Some(galen_doctor::probes::child_main(&words.collect::<Vec<_>>()))
}

impl Doctor {
    /// Examines, prints and writes.
    pub fn run(self, common: &Common) -> Result<Exit, Failure> {
        let outcome = self.examine(common);
        // Whatever is not wrong usage is the doctor's own failure: 1 and 78 would say something of
        // the patient, or of nobody.
        outcome.map_err(|failure| match failure.exit {
            Exit::Usage => failure,
            _ => failure.exit(Exit::DoctorFailed),
        })
    }

    fn examine(self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load(Vec::new())?;
        let report = self.report.as_deref().map(|path| ReportFile::plan(path, self.force));
        let report = report.transpose()?;
        let previous = self.previous.as_deref().map(read_previous).transpose()?;
        let place = place(&loaded.config)?;
        let ports = self.ports(&place);
        let request = ExamineRequest {
            target: self.target(&loaded.config, &place)?,
            thresholds: thresholds(&loaded.config),
            apply: self.apply,
            previous,
            arguments: std::env::args_os()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
        };
        let runtime = tokio::runtime::Runtime::new()
            .or_fail(|| "the runtime cannot be started".to_owned())?;
        let shown = Arc::new(Shown::begin());
        let ports = Ports { progress: Arc::clone(&shown) as _, ..ports };
        let examined = runtime.block_on(examine(request, ports));
        shown.end();
        let examined = examined.map_err(|error| refused(&error))?;
        conclude(&examined, report)
    }

    fn is_own(&self) -> bool {
        self.url.is_none() && self.db.is_none() && self.pid.is_none()
    }

    fn target(&self, config: &Config, place: &Place) -> Result<Target, Failure> {
        for path in &self.paths {
            if !path.starts_with('/') {
                return Err(Failure::new(format!("`{path}` is not a path"))
                    .fix(format!("write it as /{path}"))
                    .exit(Exit::Usage));
            }
        }
        let stranger = Target {
            url: self.url.as_deref().map(with_scheme).transpose()?,
            database: self.db.clone(),
            pid: self.pid,
            paths: self.paths.clone(),
            own: self.is_own(),
            intended: None,
            child_exe: None,
            origin: self.origin.clone(),
            caps: Caps::default(),
        };
        Ok(if self.is_own() { own(stranger, config, place) } else { stranger })
    }

    fn ports(&self, place: &Place) -> Ports {
        let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(RealEntropy);
        let witness = ControlWitness::new(place.clone(), Arc::clone(&clock));
        let repairer = ControlRepairer::new(place.clone(), Arc::clone(&clock));
        let is_own = self.is_own();
        Ports {
            clock,
            entropy,
            progress: Arc::new(galen_doctor::Silent),
            witness: is_own.then(|| Arc::new(witness) as Arc<dyn Witness>),
            repairer: is_own.then(|| Arc::new(repairer) as Arc<dyn Repairer>),
        }
    }
}

/// This installation: what its lock and its configuration say of it.
fn own(target: Target, config: &Config, place: &Place) -> Target {
    let holder = lock::current_holder(place);
    // Where a server that was killed listened is where its clients still knock.
    let listen = lock::last_holder(place).and_then(|holder| holder.listen);
    let listen = listen.and_then(|text| text.parse().ok()).unwrap_or(config.server.listen);
    let pid = holder.as_ref().map(|holder: &Holder| holder.pid);
    Target {
        url: Some(url_of(reachable(listen))),
        database: place.has_database().then(|| place.database.clone()),
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

/// A URL as it was typed: `127.0.0.1:9000` means `http://127.0.0.1:9000`.
fn with_scheme(text: &str) -> Result<String, Failure> {
    let wrong = |what: &str| {
        Err(Failure::new(format!("`{}` {what}", terminal::plain(text)))
            .fix("write it as http://127.0.0.1:9000")
            .exit(Exit::Usage))
    };
    match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() => Ok(text.to_owned()),
        Some(_) => wrong("is not an http or https URL"),
        None if text.contains(':') || text.contains('.') || text == "localhost" => {
            Ok(format!("http://{text}"))
        }
        None => wrong("is not a URL"),
    }
}

fn thresholds(config: &Config) -> Thresholds {
    let doctor = &config.doctor;
    let ms = |lapse: crate::config::quantity::Lapse| lapse.as_duration().as_secs_f64() * 1e3;
    Thresholds {
        response_target_ms: ms(doctor.response_target),
        response_alert_ms: ms(doctor.response_alert),
        query_target_ms: ms(doctor.query_target),
        error_rate_percent: f64::from(doctor.error_rate_percent),
        concurrency: doctor.concurrency,
    }
}

fn read_previous(path: &Path) -> Result<Previous, Failure> {
    let text = std::fs::read_to_string(path)
        .or_fail(|| format!("the previous report {} cannot be read", path.display()))
        .map_err(|failure| failure.exit(Exit::Usage))?;
    let read = Previous::read(&text);
    read.map_err(|error| Failure::new(error.to_string()).exit(Exit::Usage))
}

fn refused(error: &DoctorError) -> Failure {
    let code = error.exit_code();
    let failure = Failure::new(error.to_string()).exit(exit_of(code));
    match error {
        DoctorError::ApplyOnStranger(_) => {
            failure.fix("leave --apply out, and read what the report says to do")
        }
        DoctorError::NoTarget | DoctorError::Flaw(_) => failure,
    }
}

fn conclude(report: &Report, file: Option<ReportFile>) -> Result<Exit, Failure> {
    terminal::answer(&report.to_terminal(true, terminal::width()));
    if let Some(file) = file {
        file.write(report)?;
    }
    Ok(exit_of(report.exit_code()))
}

fn exit_of(code: u8) -> Exit {
    let known = Exit::ALL.iter().find(|(_, known, _)| *known == code);
    known.map_or(Exit::DoctorFailed, |(exit, ..)| *exit)
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
        assert_eq!(typed("https://example.org").as_deref(), Some("https://example.org"));
        assert_eq!(typed("ftp://example.org"), None);
        assert_eq!(typed("serve"), None);
    }
}
