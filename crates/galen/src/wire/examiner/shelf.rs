//! Where examinations are kept: a private folder beside the database, a few files each.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use galen_core::ExaminationId;
use galen_core::examinations::{Examination, ReportFormat};
use galen_core::post::Language;

use super::child::Finished;
use crate::failure::{Failure, OrFail};
use crate::wire::private;

/// The largest file that is read back, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// The most files that are looked at: five of each of as many examinations as may be kept, and some.
const FILES_MAX: usize = 10_000;
/// How the file with what is known of an examination ends.
const ROW: &str = ".examination.json";

/// The folder.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The folder, made when something is first kept.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What is kept; files that cannot be read are left out, and said.
    pub fn rows(&self) -> Vec<Examination> {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let paths = files.take(FILES_MAX).map(|file| file.path());
        let rows =
            paths.filter(|path| path.as_os_str().as_encoded_bytes().ends_with(ROW.as_bytes()));
        rows.filter_map(|path| {
            let read = read(&path).map_err(|error| error.to_string());
            let row = read
                .and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
            row.inspect_err(|error| {
                tracing::warn!(file = %path.display(), error, "a kept examination cannot be read");
            })
            .ok()
        })
        .collect()
    }

    /// Keeps what is known of an examination.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, row: &Examination) -> Result<(), Failure> {
        let text =
            serde_json::to_string(row).or_fail(|| "an examination cannot be kept".to_owned())?;
        self.write(&self.file(row.id, ROW), &text)
    }

    /// Keeps a report with all its pages.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn keep_report(&self, id: ExaminationId, finished: &Finished) -> Result<(), Failure> {
        for page in &finished.pages {
            let ending = format!(".{}.{}", page.language, page.ending);
            self.write(&self.file(id, &ending), &page.text)?;
        }
        self.write(&self.document(id), &finished.document.to_string())
    }

    /// The file of a report's document.
    pub fn document(&self, id: ExaminationId) -> PathBuf {
        self.file(id, ".report.json")
    }

    /// A report; `None` when there is none.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn report(
        &self,
        id: ExaminationId,
        format: ReportFormat,
        language: Language,
    ) -> io::Result<Option<Vec<u8>>> {
        let path = match format {
            ReportFormat::Json => self.document(id),
            _ => self.file(id, &format!(".{}.{}", language.tag(), format.ending())),
        };
        match read(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets an examination with all its files.
    pub fn forget(&self, id: ExaminationId) {
        let pages = Language::ALL.into_iter().flat_map(|language| {
            [ReportFormat::Html, ReportFormat::Markdown]
                .map(|format| format!(".{}.{}", language.tag(), format.ending()))
        });
        // The row goes last: what a crash leaves is found again by it.
        let endings = pages.chain([".report.json".to_owned(), ROW.to_owned()]);
        for path in endings.map(|ending| self.file(id, &ending)) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(file = %path.display(), %error, "an old report cannot be removed");
                }
                _ => {}
            }
        }
    }

    fn file(&self, id: ExaminationId, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}{ending}"))
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), Failure> {
        let made = std::fs::DirBuilder::new().mode(0o700).create(&self.folder);
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).or_fail(|| format!("{} cannot be made", self.folder.display()));
            }
            _ => {}
        }
        private::write(path, text)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut text)?;
    Ok(text)
}
