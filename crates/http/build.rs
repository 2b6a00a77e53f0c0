//! Packs what `web/dist` holds into the program: each file as it is, as gzip and as brotli, with its SHA-256.

use std::fmt::Write as _;
use std::io::{Error, ErrorKind, Result, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What the built pages begin with, for the server to put language and theme in its place.
const ROOT: &str = "<html lang=\"en\" dir=\"ltr\">";
/// Brotli's best quality, and the window that goes with the largest file by far.
const QUALITY: u32 = 11;
const WINDOW: u32 = 22;

fn main() -> Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    #[expect(clippy::disallowed_methods, reason = "cargo names the folder of a build script so")]
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut files = Vec::new();
    walk(&dist, "", &mut files)
        .map_err(|error| said(format!("web/dist: {error}; make it with `cargo xtask web`")))?;
    files.sort();
    let mut code = String::from("pub(super) const ALL: &[Asset] = &[\n");
    for (number, (path, file)) in files.iter().filter(|(path, _)| !is_page(path)).enumerate() {
        println!("cargo::rerun-if-changed={}", file.display());
        code.push_str(&packed(path, &std::fs::read(file)?, &out.join(number.to_string()))?);
    }
    code.push_str("];\n");
    for (name, page) in [("USER", "index.html"), ("ADMIN", "admin.html")] {
        println!("cargo::rerun-if-changed={}", dist.join(page).display());
        code.push_str(&split(name, &std::fs::read_to_string(dist.join(page))?)?);
    }
    std::fs::write(out.join("dist.rs"), code)
}

fn said(text: String) -> Error {
    Error::new(ErrorKind::InvalidData, text)
}

fn is_page(path: &str) -> bool {
    path.ends_with(".html")
}

/// All files below `folder`, with the paths they are asked for under.
fn walk(folder: &Path, at: &str, files: &mut Vec<(String, PathBuf)>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{at}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &path, files)?;
        } else {
            files.push((path, entry.path()));
        }
    }
    Ok(())
}

/// The row of a file; its three forms are written beside `to`.
fn packed(path: &str, plain: &[u8], to: &Path) -> Result<String> {
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4_096, QUALITY, WINDOW).write_all(plain)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(plain)?;
    let gzip = gzip.finish()?;
    let mut row = format!("    Asset {{ path: {path:?}, ");
    for (form, bytes) in [("plain", plain), ("brotli", &brotli), ("gzip", &gzip)] {
        let file = to.with_extension(form);
        std::fs::write(&file, bytes)?;
        said_by(
            &mut row,
            format_args!("{form}: include_bytes!({:?}), ", file.display().to_string()),
        );
    }
    let hash = Sha256::digest(plain);
    let mut tag = String::new();
    hash.iter().for_each(|byte| said_by(&mut tag, format_args!("{byte:02x}")));
    // Vite puts a hash of the content into the names of what it makes: such a file never changes.
    let never_changes = path.starts_with("/assets/");
    said_by(
        &mut row,
        format_args!(
            "media_type: {:?}, etag: \"W/\\\"{tag}\\\"\", never_changes: {never_changes} }},\n",
            media_type(path)?
        ),
    );
    Ok(row)
}

/// Writing into a `String` does not fail.
fn said_by(text: &mut String, said: std::fmt::Arguments<'_>) {
    text.write_fmt(said).unwrap_or_default();
}

fn media_type(path: &str) -> Result<&'static str> {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => Ok("text/javascript; charset=utf-8"),
        Some("css") => Ok("text/css; charset=utf-8"),
        Some("svg") => Ok("image/svg+xml"),
        Some("png") => Ok("image/png"),
        Some("woff2") => Ok("font/woff2"),
        Some("txt") => Ok("text/plain; charset=utf-8"),
        Some("webmanifest") => Ok("application/manifest+json"),
        _ => Err(said(format!("web/dist{path}: crates/http/build.rs knows no media type for it"))),
    }
}

/// A page, as what stands before and after its root element.
fn split(name: &str, page: &str) -> Result<String> {
    let parts = page.split_once(ROOT).filter(|(_, after)| !after.contains(ROOT));
    let (before, after) =
        parts.ok_or_else(|| said(format!("web/dist: a page without one `{ROOT}`")))?;
    Ok(format!("pub(super) const {name}: (&str, &str) = ({before:?}, {after:?});\n"))
}
