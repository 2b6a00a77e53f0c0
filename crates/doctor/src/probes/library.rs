//! Which version of the SQLite library a process has mapped, read from the library's own file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use procfs::process::{MMapPath, Process};

use super::scene::Scene;
use crate::evidence::{FactKey, Source, object, redact};

/// A library or executable up to this size is searched.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Publishes the version, or why it is not known.
pub fn publish(scene: &Scene<'_>, pid: u32) {
    let name = object::process(pid);
    let Some(files) = mapped(pid) else {
        scene.missing(
            FactKey::SqliteLibraryVersion,
            name,
            format!("no right to read /proc/{pid}/maps"),
        );
        return;
    };
    for file in &files {
        let seen_by_process =
            PathBuf::from(format!("/proc/{pid}/root")).join(file.strip_prefix("/").unwrap_or(file));
        if let Some(version) = version_in(&seen_by_process) {
            let path = redact::text(&file.display().to_string());
            let source = Source::new(
                "library",
                format!("version string in {path}, mapped by process {pid}"),
                format!("strings {path} | grep -E '^3\\.[0-9]+\\.[0-9]+$'"),
            );
            scene.fact(FactKey::SqliteLibraryVersion, &name, version, &source);
            return;
        }
    }
    scene.missing(FactKey::SqliteLibraryVersion, name, "no mapped file carries a SQLite version");
}

/// The mapped files that can hold the library: those named after it, and the executable itself.
fn mapped(pid: u32) -> Option<Vec<PathBuf>> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    let mut named = Vec::new();
    for map in process.maps().ok()? {
        let MMapPath::Path(path) = map.pathname else { continue };
        let is_library =
            path.file_name().is_some_and(|name| name.to_string_lossy().contains("sqlite"));
        if is_library
            && !named.contains(&path)
            && path.extension().is_some_and(|extension| extension != "db")
        {
            named.push(path);
        }
    }
    // libsqlite3 itself before a binding that only links to it.
    named.sort_by_key(|path| !path.to_string_lossy().contains("libsqlite3"));
    named.extend(process.exe().ok());
    Some(named)
}

fn version_in(file: &Path) -> Option<String> {
    if !std::fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(file).ok()?.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    find_version(&bytes)
}

/// `sqlite3_version` is a C string of its own; it counts only in a file that also has the library's
/// magic for new databases, so that another library's number is not taken for it. Two different
/// numbers are no answer.
fn find_version(bytes: &[u8]) -> Option<String> {
    bytes.windows(16).position(|window| window == b"SQLite format 3\0")?;
    let mut found: Option<&str> = None;
    for at in bytes.windows(2).enumerate().filter_map(|(at, two)| (two == b"3.").then_some(at)) {
        // The constant before it can end in any byte, but not in one that would make one text of both.
        let begins = at == 0 || !matches!(bytes[at - 1], b' '..=b'~');
        let Some(text) = c_string(&bytes[at..]).filter(|text| begins && is_version(text)) else {
            continue;
        };
        if found.is_some_and(|first| first != text) {
            return None;
        }
        found = Some(text);
    }
    found.map(str::to_owned)
}

/// A short text up to its final NUL.
fn c_string(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().take(12).position(|byte| *byte == 0)?;
    std::str::from_utf8(&bytes[..end]).ok()
}

fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_number = |part: &&str| {
        !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    (3..=4).contains(&parts.len()) && parts.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together at run time, so that this test's own executable carries no second version.
    fn file_with(versions: &[(u8, u8)], magic: bool) -> Vec<u8> {
        let mut bytes =
            if magic { [b"SQLite format ".as_slice(), b"3\0"].concat() } else { Vec::new() };
        for (minor, patch) in versions {
            bytes.extend_from_slice(format!("\0{}.{minor}.{patch}\0", 3).as_bytes());
        }
        bytes
    }

    #[test]
    fn the_version_is_found_only_beside_the_magic_of_the_library() {
        assert_eq!(find_version(&file_with(&[(40, 1)], true)), Some(format!("{}.40.1", 3)));
        assert_eq!(find_version(&file_with(&[(40, 1)], false)), None);
    }

    #[test]
    fn two_different_numbers_are_no_answer() {
        assert_eq!(find_version(&file_with(&[(40, 1), (11, 7)], true)), None);
    }

    #[test]
    fn the_library_linked_into_this_test_is_found_in_its_executable() {
        let linked = rusqlite::version();
        let found = version_in(&std::env::current_exe().unwrap());
        assert_eq!(found.as_deref(), Some(linked));
    }
}
