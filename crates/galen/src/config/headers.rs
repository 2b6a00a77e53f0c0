//! Headers that prove who we are to somebody outside, read from a file that nobody else can read.

use std::path::Path;

use galen_doctor::http::{HeaderName, HeaderValue};

use super::token::private_text;

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: usize = 16 << 10;
/// The most headers.
const HEADERS_MAX: usize = 16;
/// Headers that the connection itself needs, and that a file cannot set.
const OURS: [&str; 6] =
    ["host", "content-length", "content-type", "transfer-encoding", "connection", "user-agent"];

/// Reads the headers, one `Name: value` a line. Empty lines and those that begin with `#` are left
/// out. The values never show themselves in a log.
///
/// # Errors
/// What is wrong with the file, with the way out; nothing of what is in it.
pub fn read(path: &Path) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let shown = path.display();
    let text = private_text(path, FILE_BYTES_MAX + 1)?;
    let lines = text.lines().enumerate().map(|(nth, line)| (nth + 1, line.trim()));
    let mut headers = Vec::new();
    for (nth, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let header = header(line).ok_or_else(|| {
            format!("{shown}:{nth} is no header that can be set, such as `Authorization: Bearer …`")
        })?;
        headers.push(header);
    }
    if headers.is_empty() || headers.len() > HEADERS_MAX || text.len() > FILE_BYTES_MAX {
        return Err(format!(
            "{shown} must hold from 1 to {HEADERS_MAX} headers, 16 KiB at the most"
        ));
    }
    Ok(headers)
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let name: HeaderName = name.trim().parse().ok()?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    (!OURS.contains(&name.as_str()) && !value.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn headers_are_read_line_by_line_and_hide_their_values() {
        let text = "# of the collector\nAuthorization: Bearer a:b\n\nx-scope: one\n";
        let headers = read(file(text, 0o600).path()).unwrap();
        let plain: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
        assert_eq!(plain, [("authorization", &b"Bearer a:b"[..]), ("x-scope", b"one")]);
        assert!(!format!("{headers:?}").contains("Bearer"));
    }

    #[test]
    fn what_is_no_header_or_could_be_read_by_all_is_refused_without_being_quoted() {
        for (text, mode, part) in [
            ("secret", 0o600, ":1 is no header"),
            ("a: secret\nhost: secret", 0o600, ":2 is no header"),
            ("a:", 0o600, ":1 is no header"),
            ("# nothing\n", 0o600, "from 1 to 16"),
            (&"a: secret\n".repeat(17), 0o600, "from 1 to 16"),
            (&"# secret\n".repeat(4_000), 0o600, "from 1 to 16"),
            ("a: secret", 0o644, "chmod 600"),
        ] {
            let says = read(file(text, mode).path()).unwrap_err();
            assert!(says.contains(part) && !says.contains("secret"), "{says}");
        }
        assert!(read(Path::new("/nonexistent")).unwrap_err().contains("cannot be read"));
    }
}
