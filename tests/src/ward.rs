//! A ward: a patient that is ready to be examined, what a user would tell the doctor of it, and what the
//! doctor must name, which nobody tells it.

use std::any::Any;
use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::patients::Patient;
use crate::python::source;
use crate::report::{Report, examine};
use crate::sickroom::Sick;

/// The exact thing a cause must be named with.
#[derive(Clone, Debug)]
pub enum Object {
    /// This text.
    Is(String),
    /// A text that ends so: a file or a table, whose folder is the patient's own.
    Ends(String),
    /// A text with all of these in it: a source line and its function.
    Has(Vec<String>),
    /// One of these, or several of them: PIDs that do the same.
    Among(Vec<String>),
    /// One of these programs that compute beside the patient; or another one, where the machine has
    /// others that do the same.
    Neighbour(Vec<String>),
    /// Processes that were seen as children of the patient, and no other.
    Started(Family),
    /// One of these.
    Either(Vec<Self>),
}

impl Object {
    /// A process.
    #[must_use]
    pub fn pid(pid: u32) -> Self {
        Self::Is(pid.to_string())
    }

    /// The line of a file below `tests/patients` that contains a text, and a word beside it.
    ///
    /// # Errors
    /// When no line does.
    pub fn line(file: &str, text: &str, function: &str) -> Result<Self> {
        let path = source(&format!("patients/{file}"));
        let whole = fs::read_to_string(&path)?;
        let number = whole.lines().position(|line| line.contains(text));
        let number = number.with_context(|| format!("{file} has no line with {text}"))? + 1;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self::Has(vec![format!("{name}:{number} "), function.to_owned()]))
    }

    /// The same on a machine where others compute as well: of a neighbour, whoever is not one of
    /// these, the patient's and the bench's own.
    #[must_use]
    pub fn is_beside_others(&self, named: &str, own: &BTreeSet<u32>) -> bool {
        let other = || named.parse().is_ok_and(|pid: u32| !own.contains(&pid));
        self.is(named) || (matches!(self, Self::Neighbour(_)) && other())
    }

    /// Whether this is what was named.
    #[must_use]
    pub fn is(&self, named: &str) -> bool {
        let each = || named.split(", ").filter(|part| !part.is_empty());
        match self {
            Self::Is(text) => named == text,
            Self::Ends(end) => named.ends_with(end.as_str()),
            Self::Has(parts) => parts.iter().all(|part| named.contains(part.as_str())),
            Self::Among(all) | Self::Neighbour(all) => {
                each().next().is_some() && each().all(|one| all.iter().any(|known| known == one))
            }
            Self::Either(all) => all.iter().any(|one| one.is(named)),
            Self::Started(family) => {
                let seen = family.seen();
                each().next().is_some() && each().all(|one| seen.contains(one))
            }
        }
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Is(text) => out.write_str(text),
            Self::Ends(end) => write!(out, "…{end}"),
            Self::Has(parts) => out.write_str(&parts.join(" … ")),
            Self::Among(all) | Self::Neighbour(all) => out.write_str(&all.join(" or ")),
            Self::Started(_) => out.write_str("a child of the patient"),
            Self::Either(all) => {
                out.write_str(&all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))
            }
        }
    }
}

/// The children of a process, watched as long as the value or a copy of it lives.
#[derive(Clone, Debug)]
pub struct Family {
    seen: Arc<Mutex<BTreeSet<String>>>,
    _watch: Arc<Watch>,
}

#[derive(Debug)]
struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Family {
    /// Watches who a process starts from now on.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (learnt, stopped) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
                let mut learnt = learnt.lock().unwrap_or_else(PoisonError::into_inner);
                learnt.extend(
                    children.unwrap_or_default().split_ascii_whitespace().map(str::to_owned),
                );
                drop(learnt);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { seen, _watch: Arc::new(Watch { stop, thread: Some(thread) }) }
    }

    fn seen(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A watcher that panicked has nothing left to stop.
            let _ended = thread.join();
        }
    }
}

/// A patient that is ready. What it keeps is given up in the opposite order.
pub struct Ward {
    url: String,
    paths: Vec<String>,
    words: Vec<String>,
    enter: Vec<String>,
    objects: Vec<Object>,
    keeps: Vec<Box<dyn Any>>,
}

impl Ward {
    /// An address to be examined.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            paths: Vec::new(),
            words: Vec::new(),
            enter: Vec::new(),
            objects: Vec::new(),
            keeps: Vec::new(),
        }
    }

    /// A patient of the sickroom by this host, asked for these paths.
    #[must_use]
    pub fn of(sick: Sick, host: &str, paths: &[&str]) -> Self {
        Self::empty().around(sick, host, paths)
    }

    /// A ward that keeps what its patient needs before there is one.
    #[must_use]
    pub fn empty() -> Self {
        Self::at(String::new())
    }

    /// Takes a patient of the sickroom in.
    #[must_use]
    pub fn around(mut self, sick: Sick, host: &str, paths: &[&str]) -> Self {
        self.url = format!("http://{host}:{}", sick.port());
        self.enter = sick.enter().to_vec();
        self.asking(paths).keeping(sick)
    }

    /// One of the patients on SQLite or without a database, whose paths the doctor finds by itself.
    #[must_use]
    pub fn with(patient: Patient) -> Self {
        Self::empty().taking(patient)
    }

    /// Takes such a patient in.
    #[must_use]
    pub fn taking(mut self, patient: Patient) -> Self {
        self.url = patient.url();
        self.keeping(patient)
    }

    /// The paths the user names.
    #[must_use]
    pub fn asking(mut self, paths: &[&str]) -> Self {
        self.paths = paths.iter().map(|path| (*path).to_owned()).collect();
        self
    }

    /// What else the user tells on the command line.
    #[must_use]
    pub fn telling(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// What must be named, in the order of the scenario's faults.
    #[must_use]
    pub fn named(mut self, object: Object) -> Self {
        self.objects.push(object);
        self
    }

    /// Lets the doctor look with the rights of nobody.
    #[must_use]
    pub fn as_another_user(mut self) -> Self {
        let words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        self.enter.extend(words.map(str::to_owned));
        self
    }

    /// Keeps something alive as long as the patient, and gives it up before what was kept earlier.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any) -> Self {
        self.keeps.push(Box::new(guard));
        self
    }

    /// Where it is served.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What must be named.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// What a user types after `galen doctor`.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let paths = self.paths.iter().flat_map(|path| ["--path".to_owned(), path.clone()]);
        std::iter::once(self.url.clone()).chain(self.words.clone()).chain(paths).collect()
    }

    /// The words that run the doctor where the patient is.
    #[must_use]
    pub fn enter(&self) -> &[String] {
        &self.enter
    }

    /// Examines it as the tests do: by the library, in a process of its own where the patient is.
    ///
    /// # Errors
    /// When the examination itself fails.
    pub fn examine(&self) -> Result<Report> {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        examine(&self.enter, &self.url, &paths)
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        while let Some(last) = self.keeps.pop() {
            drop(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_exactly_or_not_at_all() {
        assert!(Object::pid(41).is("41") && !Object::pid(41).is("410"));
        assert!(Object::Ends("#orders".to_owned()).is("/a.db#orders"));
        let among = Object::Among(vec!["7".to_owned(), "8".to_owned()]);
        assert!(among.is("7, 8") && among.is("8") && !among.is("8, 9") && !among.is(""));
    }

    #[test]
    fn any_neighbour_is_one_but_never_the_patient_itself() {
        let burner = Object::Neighbour(vec!["7".to_owned()]);
        let own = BTreeSet::from([5, 7]);
        assert!(burner.is_beside_others("7", &own) && burner.is_beside_others("99", &own));
        assert!(!burner.is_beside_others("5", &own));
        assert!(!Object::pid(7).is_beside_others("99", &own));
    }

    #[test]
    fn a_line_is_found_by_what_stands_in_it() {
        let line = Object::line("fastapi/app.py", "time.sleep(3.9)", "gather_entropy").unwrap();
        assert!(!line.is("app.py:1 gather_entropy"));
        assert!(Object::line("fastapi/app.py", "no such text", "x").is_err());
    }

    #[test]
    fn what_is_kept_last_goes_first() {
        struct Said(Arc<Mutex<Vec<u8>>>, u8);
        impl Drop for Said {
            fn drop(&mut self) {
                self.0.lock().unwrap().push(self.1);
            }
        }
        let order = Arc::new(Mutex::new(Vec::new()));
        let said = |number| Said(Arc::clone(&order), number);
        drop(Ward::at("http://127.0.0.1:1").keeping(said(1)).keeping(said(2)));
        assert_eq!(*order.lock().unwrap(), [2, 1]);
    }
}
