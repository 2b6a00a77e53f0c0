//! Secrets of the configuration, each read from a file that others cannot read.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use galen_core::Secret;

/// The shortest token: 32 characters from a random source are out of reach of guessing.
const TOKEN_BYTES_MIN: usize = 32;
/// The longest token, far above what anybody needs; more of the file is not read.
const TOKEN_BYTES_MAX: usize = 1_024;

/// Reads a token from the first line of the file.
///
/// # Errors
/// What is wrong with the file, with the way out.
pub fn read(path: &Path) -> Result<Secret<String>, String> {
    let line = first_line(path)?;
    let token = line.reveal().trim();
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    if !(TOKEN_BYTES_MIN..=TOKEN_BYTES_MAX).contains(&token.len()) || !is_plain {
        return Err(format!(
            "{} must hold a token of {TOKEN_BYTES_MIN} to {TOKEN_BYTES_MAX} letters, digits and \
             signs in its first line: make one with `openssl rand -hex 32`",
            path.display()
        ));
    }
    Ok(Secret::new(token.to_owned()))
}

/// Reads somebody else's password from the first line of the file, as it stands there.
///
/// # Errors
/// What is wrong with the file, with the way out.
pub fn password(path: &Path) -> Result<Secret<String>, String> {
    let line = first_line(path)?;
    let length = line.reveal().len();
    if (1..=TOKEN_BYTES_MAX).contains(&length) {
        return Ok(line);
    }
    Err(format!(
        "{} must hold a password of at most {TOKEN_BYTES_MAX} bytes in its first line",
        path.display()
    ))
}

/// The first line of a file that others cannot read.
fn first_line(path: &Path) -> Result<Secret<String>, String> {
    let text = private_text(path, TOKEN_BYTES_MAX + 2)?;
    Ok(Secret::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// Reads a file that nobody else can read, up to so many bytes.
///
/// # Errors
/// What is wrong with the file, with the way out.
pub fn private_text(path: &Path, bytes_max: usize) -> Result<String, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    if !meta.is_file() {
        return Err(format!("{shown} is no file"));
    }
    let mode = meta.mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(format!(
            "{shown} can be read by everybody (mode {mode:04o}): `chmod 600 {shown}`"
        ));
    }
    let mut text = String::new();
    file.by_ref().take(bytes_max as u64).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_is_long_and_private() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("token");
        let token = "0123456789abcdef0123456789abcdef";
        std::fs::write(&path, format!("{token}\n"))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640))?;
        assert_eq!(read(&path).map(|read| read.reveal().clone()).as_deref(), Ok(token));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
        assert!(read(&path).is_err_and(|says| says.contains("chmod 600")));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        std::fs::write(&path, "short")?;
        assert!(read(&path).is_err_and(|says| says.contains("openssl rand")));
        assert!(read(&folder.path().join("none")).is_err());
        Ok(())
    }
}
