//! Layers the configuration: defaults, then the file, then the environment, then flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeArray, DeTable, DeValue};

use super::section::Section;
use super::target::Target;
use super::value::Given;
use super::{Config, TARGET};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of the file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value given by a flag.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The flag as it is written, with its dashes.
    pub name: &'static str,
    /// The section and key it sets.
    pub key: (&'static str, &'static str),
    /// Its value.
    pub value: String,
}

/// Everything a configuration is made of.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file the caller named; it must exist.
    pub named_file: Option<PathBuf>,
    /// The file that is read when no other is named and it exists.
    pub usual_file: Option<PathBuf>,
    /// The environment variables whose names begin with `GALEN__`.
    pub environment: Vec<(String, String)>,
    /// What the command line says.
    pub flags: Vec<Flag>,
}

/// Something wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where: `galen.toml:12`, `$GALEN__SERVER__LISTEN`, `--listen`; empty when nowhere in particular.
    pub place: String,
    /// What is wrong and what to do.
    pub says: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.says),
            place => write!(f, "{place}: {}", self.says),
        }
    }
}

/// A configuration and where each of its values came from.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    origins: BTreeMap<String, Origin>,
}

impl Loaded {
    /// Where the value of a key came from.
    pub fn origin(&self, section: &str, key: &str) -> Origin {
        self.origins.get(&format!("{section}.{key}")).cloned().unwrap_or(Origin::Default)
    }
}

/// Reads all layers.
///
/// # Errors
/// Everything that is wrong with any of them, not only the first thing.
pub fn load(sources: &Sources) -> Result<Loaded, Vec<Complaint>> {
    let mut loader = Loader::default();
    loader.file(sources);
    for (name, value) in &sources.environment {
        loader.variable(name, value);
    }
    for flag in &sources.flags {
        let (section, key) = flag.key;
        loader.set(section, key, &Given::Text(&flag.value), Origin::Flag(flag.name));
    }
    if loader.complaints.is_empty() { Ok(loader.loaded) } else { Err(loader.complaints) }
}

#[derive(Default)]
struct Loader {
    loaded: Loaded,
    complaints: Vec<Complaint>,
}

impl Loader {
    fn complain(&mut self, place: String, says: String) {
        self.complaints.push(Complaint { place, says });
    }

    fn file(&mut self, sources: &Sources) {
        let (path, is_named) = match (&sources.named_file, &sources.usual_file) {
            (Some(path), _) => (path, true),
            (None, Some(path)) => (path, false),
            (None, None) => return,
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_named => return,
            Err(error) => {
                let says = format!("the configuration cannot be read: {error}");
                return self.complain(path.display().to_string(), says);
            }
        };
        self.loaded.file = Some(path.clone());
        match DeTable::parse(&text) {
            Ok(table) => self.tables(table.get_ref(), &FileText { path, text: &text }),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                let place = FileText { path, text: &text }.place(at);
                self.complain(place, format!("this is not TOML: {}", error.message()));
            }
        }
    }

    fn tables(&mut self, root: &DeTable<'_>, file: &FileText<'_>) {
        for (name, value) in root {
            let place = file.place(name.span().start);
            let section = name.get_ref().as_ref();
            let is_section = self.loaded.config.sections().iter().any(|s| s.name() == section);
            match value.get_ref() {
                DeValue::Table(keys) if is_section => self.keys(section, keys, file),
                DeValue::Array(tables) if section == TARGET => self.targets(tables, file),
                _ if section == TARGET => {
                    self.complain(place, "each target is a table: write `[[target]]`".to_owned());
                }
                _ if is_section => {
                    let says =
                        format!("`{section}` is a section: write `[{section}]` and its keys below");
                    self.complain(place, says);
                }
                DeValue::Table(_) => {
                    let says = unknown_section(&self.loaded.config, section);
                    self.complain(place, says);
                }
                _ => {
                    let says = unknown_key(&self.loaded.config, "", section);
                    self.complain(place, says);
                }
            }
        }
    }

    fn keys(&mut self, section: &str, keys: &DeTable<'_>, file: &FileText<'_>) {
        for (key, value) in keys {
            let line = file.line(key.span().start);
            let origin = Origin::File { path: file.path.to_owned(), line };
            self.set(section, key.get_ref().as_ref(), &Given::Toml(value.get_ref()), origin);
        }
    }

    fn targets(&mut self, tables: &DeArray<'_>, file: &FileText<'_>) {
        for table in tables {
            let DeValue::Table(keys) = table.get_ref() else {
                let place = file.place(table.span().start);
                self.complain(place, "each target is a table: write `[[target]]`".to_owned());
                continue;
            };
            let mut target = Target::default();
            let at = self.loaded.config.targets.len();
            for (key, value) in keys {
                let line = file.line(key.span().start);
                let origin = Origin::File { path: file.path.to_owned(), line };
                let (key, given) = (key.get_ref().as_ref(), Given::Toml(value.get_ref()));
                match set(&mut target, key, &given) {
                    Ok(()) => {
                        self.loaded.origins.insert(format!("{TARGET}[{at}].{key}"), origin);
                    }
                    Err(says) => self.complain(origin.to_string(), says),
                }
            }
            self.loaded.config.targets.push(target);
        }
    }

    fn variable(&mut self, name: &str, value: &str) {
        let path = name.strip_prefix(super::env::PREFIX).unwrap_or(name).to_ascii_lowercase();
        let (section, key) = path.split_once("__").unwrap_or(("", &path));
        let origin = Origin::Environment(name.to_owned());
        self.set(section, key, &Given::Text(value), origin);
    }

    fn set(&mut self, section: &str, key: &str, given: &Given<'_>, origin: Origin) {
        let place = origin.to_string();
        let mut sections = self.loaded.config.sections_mut();
        let Some(target) = sections.iter_mut().find(|target| target.name() == section) else {
            let says = unknown_key(&self.loaded.config, section, key);
            return self.complain(place, says);
        };
        let is_unknown = target.get(key).is_none();
        match set(*target, key, given) {
            Ok(()) => {
                self.loaded.origins.insert(format!("{section}.{key}"), origin);
            }
            Err(_) if is_unknown => {
                let says = unknown_key(&self.loaded.config, section, key);
                self.complain(place, says);
            }
            Err(says) => self.complain(place, says),
        }
    }
}

/// Sets a key of a section, or says what is wrong.
fn set(section: &mut dyn Section, key: &str, given: &Given<'_>) -> Result<(), String> {
    let name = section.name();
    match section.set(key, given) {
        Some(Ok(())) => Ok(()),
        Some(Err(reason)) => {
            let fields = section.fields();
            let expected = fields.iter().find(|field| field.name == key).map(|f| f.expected);
            Err(wrong_value(&format!("{name}.{key}"), given, expected, &reason))
        }
        None => {
            let fields = section.fields().iter().map(|field| field.name.to_owned());
            Err(match nearest(key, fields.map(|field| (field.clone(), field))) {
                Some(near) => {
                    format!("there is no key `{name}.{key}`: did you mean `{name}.{near}`?")
                }
                None => format!("there is no key `{name}.{key}`: `galen config example` lists all"),
            })
        }
    }
}

/// A file's text with its name, to find lines by byte.
struct FileText<'a> {
    path: &'a Path,
    text: &'a str,
}

impl FileText<'_> {
    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path.display(), self.line(at))
    }
}

fn wrong_value(key: &str, given: &Given<'_>, expected: Option<&str>, reason: &str) -> String {
    let expected = expected.unwrap_or("a value of another type");
    let tail = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    format!("`{key}` must be {expected}, not {}{tail}", given.quoted())
}

fn unknown_section(config: &Config, section: &str) -> String {
    let sections = config.sections();
    let names = sections.iter().map(|known| known.name().to_owned());
    let near = nearest(section, names.map(|name| (name.clone(), name)));
    match near {
        Some(name) => format!("there is no section `[{section}]`: did you mean `[{name}]`?"),
        None => format!("there is no section `[{section}]`: `galen config example` lists all"),
    }
}

fn unknown_key(config: &Config, section: &str, key: &str) -> String {
    let given = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
    // A key is looked for in its own section first, then under the same name in another one.
    let mut own = Vec::new();
    let mut all = Vec::new();
    for known in config.sections() {
        for field in known.fields() {
            let full = format!("{}.{}", known.name(), field.name);
            if known.name() == section {
                own.push((field.name.to_owned(), full.clone()));
            }
            all.push((field.name.to_owned(), full.clone()));
            all.push((full.clone(), full));
        }
    }
    let near = nearest(key, own.into_iter())
        .or_else(|| nearest(key, all.clone().into_iter()))
        .or_else(|| nearest(&given, all.into_iter()));
    match near {
        Some(name) => format!("there is no key `{given}`: did you mean `{name}`?"),
        None => format!("there is no key `{given}`: `galen config example` lists all"),
    }
}

/// The answer whose name is nearest to `given`, when one is near: at most every third letter differs.
fn nearest(given: &str, names: impl Iterator<Item = (String, String)>) -> Option<String> {
    let limit = (given.len() / 3).max(2);
    names
        .map(|(name, answer)| (strsim::damerau_levenshtein(given, &name), answer))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, answer)| answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_environment(name: &str, value: &str) -> Result<Loaded, Vec<Complaint>> {
        let environment = vec![(name.to_owned(), value.to_owned())];
        load(&Sources { environment, ..Sources::default() })
    }

    fn first_complaint(outcome: Result<Loaded, Vec<Complaint>>) -> String {
        outcome.map_or_else(|all| all[0].to_string(), |_| "nothing".to_owned())
    }

    #[test]
    fn a_flag_is_stronger_than_the_environment() {
        let sources = Sources {
            environment: vec![("GALEN__SERVER__LISTEN".to_owned(), "127.0.0.1:1".to_owned())],
            flags: vec![Flag {
                name: "--listen",
                key: ("server", "listen"),
                value: "127.0.0.1:2".to_owned(),
            }],
            ..Sources::default()
        };
        let loaded = load(&sources).unwrap_or_default();
        assert_eq!(loaded.config.server.listen.port(), 2);
        assert_eq!(loaded.origin("server", "listen"), Origin::Flag("--listen"));
        assert_eq!(loaded.origin("server", "drain"), Origin::Default);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_one() {
        let says = first_complaint(of_environment("GALEN__SERVER__LISTN", "x"));
        assert_eq!(
            says,
            "$GALEN__SERVER__LISTN: there is no key `server.listn`: did you mean `server.listen`?"
        );
    }

    #[test]
    fn a_key_in_the_wrong_section_is_found_where_it_belongs() {
        let says = first_complaint(of_environment("GALEN__HTTP__PUBLIC_URL", "x"));
        assert!(says.ends_with("did you mean `server.public_url`?"), "{says}");
    }

    #[test]
    fn targets_are_read_table_by_table_and_what_is_wrong_with_them_is_said() {
        let of = |text: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            load(&Sources { named_file: Some(file.path().to_owned()), ..Sources::default() })
        };
        let two = "[[target]]\nname = \"a\"\npid = 7\n[[target]]\nname = \"b\"\npaths = [\"/x\"]\n";
        let loaded = of(two).unwrap_or_default();
        let names: Vec<&str> = loaded.config.targets.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(loaded.config.targets[0].pid, Some(7));
        assert!(matches!(loaded.origin("target[1]", "paths"), Origin::File { line: 6, .. }));
        let says = first_complaint(of("[[target]]\nnam = \"a\"\n"));
        assert!(says.ends_with("did you mean `target.name`?"), "{says}");
        let says = first_complaint(of("[target]\nname = \"a\"\n"));
        assert!(says.ends_with("write `[[target]]`"), "{says}");
        let says = first_complaint(of("[[target]]\npid = \"a\"\n"));
        assert!(says.contains("`target.pid` must be a whole number"), "{says}");
    }

    #[test]
    fn a_wrong_type_is_refused_with_what_was_expected() {
        let says = first_complaint(of_environment("GALEN__SERVER__DRAIN", "10"));
        assert!(says.contains("`server.drain` must be a time such as"), "{says}");
        assert!(says.ends_with("not \"10\" (say the unit)"), "{says}");
    }
}
