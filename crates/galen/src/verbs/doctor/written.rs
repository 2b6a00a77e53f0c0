//! The report as a file: its form by its ending, never over another file by accident.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use galen_core::post::Language;
use galen_doctor::Report;

use crate::failure::{Exit, Failure, OrFail};
use crate::terminal;

/// Where the report goes, checked before the examination begins.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    form: Form,
    force: bool,
    language: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Markdown,
    Html,
    Json,
}

impl ReportFile {
    /// Chooses the form by the ending and refuses a file that exists.
    ///
    /// # Errors
    /// When the ending is none of the three, or the file exists and `force` is not given.
    pub fn plan(path: &Path, force: bool, language: Language) -> Result<Self, Failure> {
        let form = match path.extension().and_then(|ending| ending.to_str()) {
            Some("md") => Form::Markdown,
            Some("html") => Form::Html,
            Some("json") => Form::Json,
            _ => {
                return Err(Failure::new(format!("{} has no known form", path.display()))
                    .fix("end it in .md, .html or .json")
                    .exit(Exit::Usage));
            }
        };
        if path.exists() && !force {
            return Err(exists(path));
        }
        Ok(Self { path: path.to_owned(), form, force, language })
    }

    /// From now on the file is ours, and is written anew.
    pub fn overwrite(&mut self) {
        self.force = true;
    }

    /// Writes the report.
    ///
    /// # Errors
    /// When it cannot be written, or a file came to be there meanwhile.
    pub fn write(&self, report: &Report) -> Result<(), Failure> {
        let what = || format!("the report {} cannot be written", self.path.display());
        let text = match self.form {
            Form::Markdown => report.to_markdown_in(self.language).or_fail(what)?,
            Form::Html => report.to_html_in(self.language).or_fail(what)?,
            Form::Json => format!("{:#}\n", report.to_json()),
        };
        let mut options = OpenOptions::new();
        options.write(true);
        if self.force {
            options.create(true).truncate(true);
        } else {
            options.create_new(true);
        }
        let mut file = match options.open(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(exists(&self.path));
            }
            opened => opened.or_fail(what)?,
        };
        file.write_all(text.as_bytes()).or_fail(what)?;
        terminal::note(format_args!("the report is in {}", self.path.display()));
        Ok(())
    }
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!("{} exists", path.display()))
        .fix("name another file, or add --force to overwrite it")
        .exit(Exit::Usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_report_is_overwritten_only_by_force() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("report.md");
        assert_eq!(ReportFile::plan(&path, false, Language::En)?.form, Form::Markdown);
        std::fs::write(&path, "mine")?;
        let refused = ReportFile::plan(&path, false, Language::En).map(|_| ()).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(ReportFile::plan(&path, true, Language::En).is_ok());
        Ok(())
    }

    #[test]
    fn an_unknown_ending_is_refused() {
        assert!(ReportFile::plan(Path::new("report.pdf"), false, Language::En).is_err());
    }
}
