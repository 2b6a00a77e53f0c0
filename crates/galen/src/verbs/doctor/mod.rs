//! `galen doctor`: names the measured cause of a slow or failing backend, this one or any other.

mod asking;
mod progress;
mod reference;
mod watch;
mod written;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use galen_core::examinations::OWN_TARGET;
use galen_core::post::Language;
use galen_doctor::repairs::run::{Ask, Orders};
use galen_doctor::{DoctorError, ExamineRequest, Previous, Report, Thresholds, examine_and_repair};
use galen_doctor::{checks, repairs};

use crate::cli::{Common, place};
use crate::config::{self, Config};
use crate::failure::{Exit, Failure, OrFail};
use crate::terminal;
use crate::wire::examiner;
use crate::wire::patient::{self, Patient};
use crate::wire::place::Place;

use asking::AtTerminal;
use progress::Shown;
pub use reference::checks_reference;
use written::ReportFile;

/// Find the measured cause of a slow or failing backend, or say that it cannot be told.
///
/// Without a target it examines this installation. It sends GET, HEAD and OPTIONS requests only, opens databases
/// read-only, and changes nothing unless --apply is given: then it carries out what is safe on this installation, and, once
/// agreed to or named with --yes, what its report offers as ASK.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  galen doctor\n  galen doctor http://127.0.0.1:9000 --db app.db --report report.html\n  \
                        galen doctor http://127.0.0.1:9000 --db postgres://galen_doctor@127.0.0.1/app \\\n      \
                          --db-password-file /run/secrets/galen_doctor\n  \
                        galen doctor shop billing          two [[target]] tables of the configuration\n  \
                        galen doctor --unit shop.service --path /api/me\n  \
                        galen doctor --apply               repair what is safe, and prove that it helped\n  \
                        galen doctor 9000 --apply --yes F41\n  \
                        galen doctor --watch 30s           look again and again, and say what changed\n  \
                        galen doctor --explain F13         what a cause is, and what proves it\n\n\
                        Exit codes: 0 healthy, 1 finding, 2 inconclusive, 3 the doctor failed,\n            \
                        4 repaired and proven, 64 wrong usage; of several targets the gravest"
)]
pub struct Doctor {
    /// What to examine: a URL, a port of this machine, or the names of configured targets, which are
    /// examined one after the other; this installation when nothing is named.
    #[arg(value_name = "URL|PORT|NAME")]
    targets: Vec<String>,
    /// Examine this installation and every configured target.
    #[arg(long, conflicts_with_all = ["targets", "db", "pid", "unit"])]
    all: bool,
    /// The database it works with: a SQLite file that is not found by itself, or
    /// postgres://USER@HOST:5432/DATABASE, looked at in one read-only session.
    #[arg(long, value_name = "FILE|URL")]
    db: Option<String>,
    /// A file that holds the PostgreSQL user's password and that nobody else can read.
    #[arg(long, value_name = "FILE")]
    db_password_file: Option<PathBuf>,
    /// The process that serves it, when it is not found by itself.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// The systemd unit that runs it.
    #[arg(long, value_name = "UNIT", conflicts_with = "pid")]
    unit: Option<String>,
    /// A path to request; can be given several times. Found by itself when not given.
    #[arg(long = "path", value_name = "/PATH")]
    paths: Vec<String>,
    /// A file with headers to send along, one `Name: value` a line, that nobody else can read.
    #[arg(long, value_name = "FILE")]
    headers_file: Option<PathBuf>,
    /// The origin of the web page that calls it, which CORS must allow.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// Carry out the safe repairs, one at a time, each proven by measuring again.
    #[arg(long)]
    apply: bool,
    /// With --apply: also carry out the repair of this cause that a person must ask for (F37, or its
    /// name); can be given several times. At a terminal each one is asked about without it.
    #[arg(long = "yes", value_name = "CAUSE", requires = "apply")]
    yes: Vec<String>,
    /// Also write the report: .md, .html or .json.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Overwrite an existing report.
    #[arg(long, requires = "report")]
    force: bool,
    /// The language of what is printed and written.
    #[arg(long, value_name = "LANGUAGE", default_value = "en", value_parser = ["en", "fa"])]
    language: String,
    /// A report.json of an earlier run, to say what is new, gone and the same since.
    #[arg(long, value_name = "FILE", alias = "previous")]
    compare: Option<PathBuf>,
    /// Examine again and again, this long after each end, and say what changed; Ctrl-C ends it.
    #[arg(
        long,
        value_name = "PAUSE",
        num_args = 0..=1,
        default_missing_value = "30s",
        conflicts_with = "apply"
    )]
    watch: Option<String>,
    /// Explain a cause by its number or name, and examine nothing; `list` names all.
    #[arg(long, value_name = "CAUSE", exclusive = true)]
    explain: Option<String>,
}

/// Hands over to the doctor's child when this process was started as one.
pub fn child() -> Option<std::process::ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let verb = words.next()?;
    if verb == galen_doctor::probes::child::VERB {
        Some(galen_doctor::probes::child_main(&words.collect::<Vec<_>>()))
    } else if verb == examiner::child::VERB {
        Some(examiner::child::main())
    } else {
        None
    }
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
        if let Some(cause) = &self.explain {
            return explain(cause);
        }
        self.yes.iter().map(String::as_str).try_for_each(known_cause)?;
        let loaded = common.load(Vec::new())?;
        let place = place(&loaded.config)?;
        let patients = self.patients(&loaded.config)?;
        let one = patients.len() == 1;
        if !one && (self.report.is_some() || self.compare.is_some() || self.watch.is_some()) {
            return Err(Failure::new("--report, --compare and --watch go with one target")
                .fix("name one target, or leave them out")
                .exit(Exit::Usage));
        }
        let round = Round {
            thresholds: patient::thresholds(&loaded.config),
            listen: loaded.config.server.listen,
            apply: self.apply,
            yes: self.yes.clone(),
            language: Language::asked_for(&self.language),
            place,
            runtime: tokio::runtime::Runtime::new()
                .or_fail(|| "the runtime cannot be started".to_owned())?,
        };
        let pause = self.watch.as_deref().map(watch::pause).transpose()?;
        let file = self.report.as_deref();
        let file = file.map(|path| ReportFile::plan(path, self.force, round.language));
        let file = file.transpose()?;
        let previous = self.compare.as_deref().map(read_previous).transpose()?;
        match (patients.as_slice(), pause) {
            ([one], Some(pause)) => watch::run(&round, one, previous, (pause, file)),
            ([one], None) => {
                let report = round.examine(one, previous)?;
                terminal::answer(&round.printed(&report));
                file.map(|file| file.write(&report)).transpose()?;
                Ok(exit_of(report.exit_code()))
            }
            (several, _) => round.one_after_the_other(several),
        }
    }

    /// What is to be examined, each with its name.
    fn patients(&self, config: &Config) -> Result<Vec<(String, Patient)>, Failure> {
        let known = |one: &config::target::Target| (one.name.clone(), Patient::from(one));
        let own = || (OWN_TARGET.to_owned(), Patient::default());
        if self.all {
            return Ok(std::iter::once(own()).chain(config.targets.iter().map(known)).collect());
        }
        let typed = Patient {
            url: self.targets.first().cloned(),
            paths: self.paths.clone(),
            origin: self.origin.clone(),
            headers_file: self.headers_file.clone(),
            database: self.db.clone(),
            database_password_file: self.db_password_file.clone(),
            pid: self.pid,
            unit: self.unit.clone(),
        };
        let by_name = |name: &String| match config.targets.iter().find(|one| one.name == *name) {
            Some(target) => Some(known(target)),
            None => (name == OWN_TARGET).then(own),
        };
        match self.targets.as_slice() {
            [] => Ok(vec![(OWN_TARGET.to_owned(), typed)]),
            [one] => Ok(vec![match by_name(one) {
                Some((name, known)) => (name, known.with(typed)),
                None => (one.clone(), typed),
            }]),
            several => {
                several.iter().map(|name| by_name(name).ok_or_else(|| unknown(name))).collect()
            }
        }
    }
}

/// Refuses a name after --yes that is of no cause and no repair: it would be agreed to in vain.
fn known_cause(name: &str) -> Result<(), Failure> {
    let is_repair = || repairs::ALL.iter().any(|repair| repair.id == name);
    if checks::by_name(name).is_some() || is_repair() {
        return Ok(());
    }
    Err(Failure::new(format!("--yes: no cause is called `{}`", terminal::plain(name)))
        .fix("`galen doctor --explain list` names all")
        .exit(Exit::Usage))
}

fn unknown(name: &str) -> Failure {
    Failure::new(format!("no target is called `{}`", terminal::plain(name)))
        .fix("several targets are `[[target]]` tables of the configuration; a URL stands alone")
        .exit(Exit::Usage)
}

/// What holds for every examination of one call.
struct Round {
    thresholds: Thresholds,
    listen: SocketAddr,
    apply: bool,
    yes: Vec<String>,
    language: Language,
    place: Place,
    runtime: tokio::runtime::Runtime,
}

impl Round {
    /// Examines one target, showing how it goes on. Ctrl-C ends it in order: nothing is left behind.
    fn examine(
        &self,
        (_, patient): &(String, Patient),
        previous: Option<Previous>,
    ) -> Result<Report, Failure> {
        let target = patient.target()?;
        let is_own = patient.is_nowhere();
        let target = if is_own { patient::own(target, self.listen, &self.place) } else { target };
        let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
        let request = ExamineRequest {
            target,
            thresholds: self.thresholds.clone(),
            apply: false,
            previous,
            arguments: words.collect(),
        };
        let shown = Arc::new(Shown::begin());
        let ports = patient::ports(&self.place, is_own, Arc::clone(&shown) as _);
        let ports = if self.apply { patient::with_hands(ports) } else { ports };
        let orders = self.orders(&shown);
        let examined = self.unless_interrupted(examine_and_repair(request, orders, ports));
        shown.end();
        let examined = examined.ok_or_else(|| Failure::new("interrupted"))?;
        examined.map_err(|error| refused(&error))
    }

    /// What may be changed: what is safe, what was named, and at a terminal what is agreed to.
    fn orders(&self, shown: &Arc<Shown>) -> Orders {
        let is_asked = self.apply && self.yes.is_empty() && terminal::answers_can_be_given();
        let ask = AtTerminal { shown: Arc::clone(shown), language: self.language };
        Orders {
            automatic: self.apply,
            named: self.yes.clone(),
            ask: is_asked.then(|| Arc::new(ask) as Arc<dyn Ask>),
        }
    }

    /// Waits for something, unless Ctrl-C comes first; what was under way is dropped in order then.
    fn unless_interrupted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async {
            tokio::select! {
                done = work => Some(done),
                _ = tokio::signal::ctrl_c() => None,
            }
        })
    }

    fn printed(&self, report: &Report) -> String {
        report.to_terminal_in(self.language, true, terminal::width())
    }

    /// Examines several, and ends as the gravest of them.
    fn one_after_the_other(&self, patients: &[(String, Patient)]) -> Result<Exit, Failure> {
        let mut gravest = Exit::Success;
        for (at, one) in patients.iter().enumerate() {
            let blank = if at == 0 { "" } else { "\n" };
            terminal::line(format_args!("{blank}{}", terminal::bold(format_args!("== {}", one.0))));
            let exit = match self.examine(one, None) {
                Ok(report) => {
                    terminal::answer(&self.printed(&report));
                    exit_of(report.exit_code())
                }
                // The others are examined all the same.
                Err(failure) => {
                    terminal::fail(&failure);
                    Exit::DoctorFailed
                }
            };
            gravest = graver(gravest, exit);
        }
        Ok(gravest)
    }
}

/// The graver of two endings: the doctor failed, a finding, inconclusive, repaired, healthy.
fn graver(one: Exit, other: Exit) -> Exit {
    const ORDER: [Exit; 4] = [Exit::DoctorFailed, Exit::Failed, Exit::Inconclusive, Exit::Repaired];
    ORDER.into_iter().find(|exit| [one, other].contains(exit)).unwrap_or(Exit::Success)
}

fn explain(cause: &str) -> Result<Exit, Failure> {
    let lines = if cause == "list" {
        Some(galen_doctor::explain::list())
    } else {
        galen_doctor::explain::cause(cause)
    };
    let lines = lines.ok_or_else(|| {
        Failure::new(format!("no cause is called `{}`", terminal::plain(cause)))
            .fix("`galen doctor --explain list` names all")
            .exit(Exit::Usage)
    })?;
    lines.into_iter().for_each(terminal::line);
    Ok(Exit::Success)
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
        DoctorError::ApplyOnStranger(_) => failure
            .fix("read what the report says to do; add --yes CAUSE for a repair it offers as ASK"),
        DoctorError::NoTarget | DoctorError::Flaw(_) => failure,
    }
}

fn exit_of(code: u8) -> Exit {
    let known = Exit::ALL.iter().find(|(_, known, _)| *known == code);
    known.map_or(Exit::DoctorFailed, |(exit, ..)| *exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_targets_end_as_the_gravest_of_them() {
        assert_eq!(graver(Exit::Success, Exit::Inconclusive), Exit::Inconclusive);
        assert_eq!(graver(Exit::Failed, Exit::Inconclusive), Exit::Failed);
        assert_eq!(graver(Exit::DoctorFailed, Exit::Failed), Exit::DoctorFailed);
        assert_eq!(graver(Exit::Success, Exit::Success), Exit::Success);
    }

    #[test]
    fn only_what_exists_is_agreed_to() {
        for name in ["F41", "create-index", "sqlite-missing-index"] {
            assert_eq!(known_cause(name), Ok(()), "{name}");
        }
        assert!(known_cause("F99").is_err());
    }

    #[test]
    fn an_unknown_cause_is_wrong_usage_and_every_known_one_is_explained() {
        assert_eq!(explain("F99").unwrap_err().exit, Exit::Usage);
        assert_eq!(explain("F13"), Ok(Exit::Success));
    }
}
